"""``medllm explain``: sentence -> facts -> sources, out of the journal of a real visit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import AskModel
from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryDispatched,
    IdentityScanned,
    ReplyEnded,
    ReplySentence,
    TranscriptHeard,
)
from medllm_ros.bedside.recorder import RecordedVisits
from medllm_ros.cli.chat_command import load_order
from medllm_ros.cli.main import main
from medllm_ros.delivery import Locale
from medllm_ros.journal import Journal
from medllm_ros.paths import config_dir


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return the journal of a visit in which the robot answered from approved facts."""
    path = tmp_path / "journal.sqlite"
    with Journal(path) as opened:
        visits = RecordedVisits(opened, SessionContext.load())
        delivery = replace(load_order(config_dir() / "examples" / "ward_order.fhir.json"), locale=Locale.EN_US)
        head = {"at": 1.0, "delivery_id": delivery.delivery_id}
        visits.handle(DeliveryDispatched(event_id="1", delivery=delivery, **head))
        visits.handle(IdentityScanned(event_id="2", verified_by_staff=True, staff_id="station", **head))
        visits.handle(DeliveryArrived(event_id="3", **head))
        effects = visits.handle(TranscriptHeard(event_id="4", text="What are the side effects?", **head))
        asked = next(effect for effect in effects if isinstance(effect, AskModel))
        for number, sentence in enumerate(asked.approved):
            visits.handle(
                ReplySentence(
                    event_id=f"s{number}", turn_id=asked.turn_id, epoch=asked.epoch, seq=number, text=sentence,
                    engine="none", **head,
                )
            )  # fmt: skip
        visits.handle(ReplyEnded(event_id="end", turn_id=asked.turn_id, epoch=asked.epoch, **head))
    return path


def explained(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict]:
    assert main(["explain", "--journal", str(path), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_fact_that_was_said_has_its_source_beside_it(journal, capsys):
    told = explained(journal, capsys)
    cited = [fact for line in told for fact in line["facts"] if not fact["id"].startswith("order.")]
    assert any(fact["id"].startswith("amlodipine.side_effect") for fact in cited)
    assert all(fact["source"]["address"].startswith("http") and fact["source"]["section"] for fact in cited)
    assert not any(line["formulary_changed"] for line in told)


def test_a_sentence_that_states_a_fact_is_the_text_of_that_fact(journal, capsys):
    stated = [line for line in explained(journal, capsys) if any("side_effect" in fact["id"] for fact in line["facts"])]
    assert stated
    for line in stated:
        texts = " ".join(fact["text"]["en_US"] for fact in line["facts"])
        assert set(line["spoken"].lower().split()) & set(texts.lower().split())


def test_people_get_a_page_with_the_address(journal, capsys):
    assert main(["explain", "--journal", str(journal)]) == 0
    printed = capsys.readouterr().out
    assert "amlodipine.side_effect" in printed and "https://" in printed


def test_an_unknown_visit_names_the_known_ones(journal, capsys):
    assert main(["explain", "nobody", "--journal", str(journal)]) == 1
    assert "ward-order" in capsys.readouterr().err


def test_without_a_journal_it_says_where_one_is_expected(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    assert main(["explain"]) == 1
    assert str(tmp_path / "medllm" / "journal.sqlite") in capsys.readouterr().err


def test_a_formulary_that_changed_since_is_said_so(journal, capsys, tmp_path):
    own = tmp_path / "own"
    assert main(["formulary", "sign", "warfarin.purpose.1", "--by", "Lin", "--folder", str(own)]) == 0
    capsys.readouterr()
    assert main(["explain", "--journal", str(journal), "--overlay", str(own)]) == 0
    assert "has changed since this visit" in capsys.readouterr().out.replace("\n", " ")
