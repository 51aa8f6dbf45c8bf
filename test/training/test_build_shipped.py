"""What is shipped: as much and as varied as its cards say. A change of guard or formulary that breaks it shows here."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.delivery import Delivery, Locale
from medllm_ros.orders.text import parse_order_text
from training.data import gate, read
from training.data.build.questions import HELD_OUT
from training.data.build.visit import Visit
from training.data.build.worse import Kind
from training.data.medllm_format import by_label, spoken_sentences
from training.data.rows import PairRow, Row
from training.data.wording import skeleton

SHIPPED = Path(__file__).resolve().parents[2] / "training/data/shipped"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def records(name: str) -> list[dict]:
    packed = (SHIPPED / name).read_bytes()
    text = gzip.decompress(packed) if name.endswith(".gz") else packed
    return [json.loads(line) for line in text.decode().splitlines()]


@pytest.fixture(scope="module")
def dialogues() -> list[dict]:
    return records("med_dataset.jsonl.gz")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read([SHIPPED / "med_dataset.jsonl.gz"])


@pytest.fixture(scope="module")
def pairs() -> list[PairRow]:
    return [row for row in read([SHIPPED / "dpo_dataset.jsonl"]) if isinstance(row, PairRow)]


def test_there_are_five_thousand_dialogues_in_the_wanted_shares(dialogues: list[dict]) -> None:
    assert len(dialogues) >= 5000
    locales = Counter(record["locale"] for record in dialogues)
    for locale, share in (("zh_TW", 0.50), ("en_US", 0.27), ("zh_CN", 0.23)):
        assert locales[locale] / len(dialogues) == pytest.approx(share, abs=0.02)
    assert set(Counter(record["scenario"] for record in dialogues)) == {"ward", "emergency", "pharmacy", "home"}
    assert sum(len(record["turns"]) > 1 for record in dialogues) / len(dialogues) == pytest.approx(0.35, abs=0.03)
    patients = [record["patient"] for record in dialogues]
    for sort in (
        lambda patient: patient.get("pregnant"),
        lambda patient: patient.get("hard_of_hearing"),
        lambda patient: patient["age"] >= 65,
        lambda patient: patient["age"] < 18,
    ):
        assert sum(bool(sort(patient)) for patient in patients) > 0.03 * len(dialogues)


def asked_about(dialogues: list[dict]) -> tuple[set[str], set[str]]:
    """Return the real medicines and the invented ones."""
    asked = {fact.split(".")[0] for record in dialogues for turn in record["turns"] for fact in turn["facts"]}
    invented = {drug["id"] for record in dialogues for drug in record.get("drug", ())}
    return asked - invented - {"order"}, invented


def test_every_medicine_of_the_formulary_is_asked_about_and_many_invented_ones(dialogues: list[dict]) -> None:
    real, invented = asked_about(dialogues)
    tested, _ = asked_about(records("test_dataset.jsonl"))
    assert len(real | tested) > 175
    assert len(invented) > 1500


def test_more_than_830_dialogues_to_train_on_were_written_singly(dialogues: list[dict]) -> None:
    assert sum(record["origin"] == "written" for record in dialogues) >= 830


def test_no_medicine_and_no_question_family_of_the_test_set_is_trained_on(dialogues: list[dict]) -> None:
    tested = records("test_dataset.jsonl")
    kept = {f"cell-{cell:02}" for cell in HELD_OUT}
    assert {record["group"] for record in tested} == kept
    assert not kept & {record["group"] for record in (*dialogues, *records("dpo_dataset.jsonl"))}
    assert not asked_about(tested)[0] & asked_about(dialogues)[0]


def test_wordings_are_distinct_after_masking_names_and_numbers(dialogues: list[dict], rows: list[Row]) -> None:
    names = {row.where: row.tags.names for row in rows}
    texts = Counter()
    for number, record in enumerate(dialogues, start=1):
        where = f"{SHIPPED / 'med_dataset.jsonl.gz'}:{number}"
        texts[skeleton("\n".join(t["user"] + t["assistant"] for t in record["turns"]), names[where])] += 1
    assert len(texts) / len(dialogues) >= 0.70
    assert max(texts.values()) / len(dialogues) <= 0.01


def test_the_dialogues_pass_the_gate(rows: list[Row]) -> None:
    gate.check(rows)


def test_there_are_eight_hundred_pairs_of_every_kind_that_pass_the_gate(pairs: list[PairRow]) -> None:
    assert len(pairs) >= 800
    assert set(Counter(pair.kind for pair in pairs)) == {str(kind) for kind in Kind}
    gate.check(pairs)


@pytest.mark.parametrize("kind", list(Kind))
def test_length_does_not_tell_chosen_from_rejected(pairs: list[PairRow], kind: Kind) -> None:
    own = [pair for pair in pairs if pair.kind == kind]
    chosen, rejected = (
        sum(len(text) for text in side) for side in zip(*((p.chosen, p.rejected) for p in own), strict=True)
    )
    assert abs(chosen - rejected) <= 0.15 * chosen


@pytest.mark.parametrize("name", ["med_dataset", "dpo_dataset", "corpus"])
def test_every_part_has_a_card_with_the_hash_of_its_files(name: str) -> None:
    card = (SHIPPED / f"{name}.md").read_text(encoding="utf-8")
    files = sorted((SHIPPED / "corpus").glob("*.txt.gz")) if name == "corpus" else [*SHIPPED.glob(f"{name}.jsonl*")]
    assert files
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in card, f"{path.name} is newer than its card"


def test_the_guard_still_passes_every_sentence_about_a_real_medicine(dialogues: list[dict]) -> None:
    context = SessionContext.load()
    real = [record for record in dialogues if "drug" not in record][::5]
    refused = []
    for record in real:
        ordered = [record["order"]] if isinstance(record["order"], str) else record["order"]
        delivery = Delivery(
            delivery_id="d", locale=Locale(record["locale"]), medications=tuple(map(parse_order_text, ordered))
        )
        visit = Visit(delivery, context)
        for turn in record["turns"]:
            label = {line.ref: line.label for line in visit.sheet.lines}
            said = by_label(turn["assistant"], [label[fact] for fact in turn["facts"]])
            refused += [text for text in spoken_sentences(said) if not visit.passes(text)]
    assert not refused, f"{len(refused)} sentences: build the data again (medllm-train data build); {refused[:3]}"
