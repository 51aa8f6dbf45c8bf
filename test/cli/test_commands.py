"""The ``medllm`` command as a person uses it, without ROS."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.events import DeliveryArrived, DeliveryDispatched, TranscriptHeard
from medllm_ros.bedside.recorder import RecordedVisits
from medllm_ros.cli.chat_command import load_order
from medllm_ros.cli.demo_command import load_script
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.main import COMMANDS, main
from medllm_ros.delivery import Locale
from medllm_ros.journal import Journal
from medllm_ros.paths import config_dir

EXAMPLES = config_dir() / "examples"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_itself(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("locale", list(Locale))
def test_the_demo_has_a_script_in_every_language(locale):
    steps = load_script(config_dir() / "demo" / "script.yaml", locale.value)
    assert sum("say" in step for step in steps) >= 7 and steps[-1]["staff"] == "handover"


def test_a_broken_script_is_a_sentence(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text("zh_TW:\n  - {topic: x}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="say"):
        load_script(path, "zh_TW")


def test_chat_goes_through_a_visit(monkeypatch, capsys):
    words = "我叫王春嬌，民國四十五年三月二號生\n這個藥是治療什麼的？\n我胸口好痛\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(words))
    assert main(["chat", "--json", str(EXAMPLES / "ward_order.fhir.json")]) == 0
    greeting, match, purpose, emergency = map(json.loads, capsys.readouterr().out.splitlines())
    assert greeting["held"] and not match["held"]
    assert "高血壓" in "".join(purpose["spoken"])
    assert emergency["held"] and emergency["alerts"] == ["chest_pain"]


def test_an_order_is_checked_without_ros(capsys):
    assert main(["deliver", "--check", "--json", str(EXAMPLES / "ward_order.fhir.json")]) == 0
    assert "Amlodipine" in json.loads(capsys.readouterr().out)["medications"][0]


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "JSON"), (b"\xff\xfe{}", "UTF-8"), (b"{", "JSON"), (b'{"resourceType": "Patient"}', "Bundle")],
)
def test_an_order_that_cannot_be_right_is_a_sentence(tmp_path, content, word, capsys):
    path = tmp_path / "order.json"
    path.write_bytes(content)
    assert main(["deliver", "--check", str(path)]) == 1
    error = capsys.readouterr().err
    assert word in error and "Traceback" not in error


def test_each_delivery_of_the_same_file_has_its_own_id():
    path = EXAMPLES / "ward_order.fhir.json"
    assert load_order(path).delivery_id != load_order(path).delivery_id


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        visits = RecordedVisits(journal, SessionContext.load())
        delivery = load_order(EXAMPLES / "ward_order.fhir.json")
        head = {"at": 1.0, "delivery_id": delivery.delivery_id}
        visits.handle(DeliveryDispatched(event_id="1", delivery=delivery, **head))
        visits.handle(DeliveryArrived(event_id="2", **head))
        visits.handle(TranscriptHeard(event_id="3", text="我叫王春嬌", **head))
    return path


def test_a_past_visit_is_replayed_step_by_step(journal, capsys):
    assert main(["replay", str(journal), "--json"]) == 0  # the only visit needs no name
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"robot", "patient", "lock"} <= {line["who"] for line in lines}
    assert any(line["text"] == "我叫王春嬌" for line in lines)


def test_of_several_visits_replay_lists_the_names(journal, capsys):
    with Journal(journal) as opened:
        opened.append("another", "event.X")
    assert main(["replay", str(journal), "--json"]) == 0
    names = [json.loads(line)["visit"] for line in capsys.readouterr().out.splitlines()]
    assert len(names) == 2 and names[-1] == "another"


def test_an_unknown_visit_names_the_known_ones(journal, capsys):
    assert main(["replay", str(journal), "nobody"]) == 1
    assert "ward-order" in capsys.readouterr().err


def test_the_journal_is_verified_and_a_cut_is_found(journal, capsys):
    assert main(["journal", "verify", "--json", str(journal)]) == 0
    head = json.loads(capsys.readouterr().out)["head"]
    assert main(["journal", "verify", "--expected-head", head, str(journal)]) == 0
    assert main(["journal", "verify", "--expected-head", "0" * 63 + "1", str(journal)]) == 1


def test_an_export_holds_no_patient_text(journal, capsys):
    assert main(["journal", "export", str(journal)]) == 0
    text = capsys.readouterr().out
    assert "王春嬌" not in text and "1956" not in text
    assert main(["journal", "export", "--with-patient-text", str(journal)]) == 0
    assert "王春嬌" in capsys.readouterr().out


def test_a_file_that_is_no_journal_is_a_sentence(tmp_path, capsys):
    path = tmp_path / "journal.sqlite"
    path.write_text("hello")
    assert main(["journal", "verify", str(path)]) == 1
    assert "Traceback" not in capsys.readouterr().err
