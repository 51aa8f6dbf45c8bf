"""The curriculum: fast, in the robot's own layout, and its answers pass the guard."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from medllm_ros.bedside.chat import Role
from medllm_ros.delivery import Delivery, Locale, Medication
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.safety.guard import GuardContext
from training.data import read
from training.data.build import answers, invented
from training.data.build.curriculum import Curriculum, write
from training.data.build.visit import passes
from training.data.gate import inspect


@pytest.fixture(scope="module")
def curriculum() -> Curriculum:
    return Curriculum.load()


def test_the_same_seed_gives_the_same_rows_and_another_one_others(curriculum: Curriculum) -> None:
    first, again, other = (list(islice(curriculum.rows(seed), 50)) for seed in (1, 1, 2))
    assert first == again != other


def test_rows_are_made_faster_than_they_are_learned(curriculum: Curriculum) -> None:
    list(islice(curriculum.rows(3), 50))
    start = time.process_time()
    list(islice(curriculum.rows(4), 300))
    assert 300 / (time.process_time() - start) > 150  # 600 and more a second on an idle core


def test_the_answer_states_lines_that_stand_in_the_prompt_under_their_labels(curriculum: Curriculum) -> None:
    for row in islice(curriculum.rows(5), 300):
        prompt = "\n".join(message.content for message in row.messages if message.role is not Role.ASSISTANT)
        assert row.facts
        for fact in row.facts:
            assert f"{fact.label} {fact.key}: {fact.text}" in prompt
            assert f"[{fact.label}]" in row.messages[-1].content


def test_the_gate_finds_no_number_and_no_citation_without_a_fact(curriculum: Curriculum) -> None:
    found = inspect(list(islice(curriculum.rows(6), 300))).counts
    assert found["number"] == found["citation"] == found["text"] == 0


def test_spliced_lines_are_said_word_for_word_and_are_no_sentence_of_the_formulary(curriculum: Curriculum) -> None:
    known = {text for drug in curriculum.formulary.drugs.values() for fact in drug.facts for text in fact.text.values()}
    drawn = replace(curriculum, spliced=1.0, real=1.0, stages={"copy": 1.0})
    facts = [fact for row in islice(drawn.rows(11), 200) for fact in row.facts if fact.key not in ("name", "order")]
    assert sum(fact.text not in known for fact in facts) > 0.9 * len(facts)
    for row in islice(drawn.rows(12), 200):
        for fact in row.facts:
            assert f"{fact.label} {fact.key}: {fact.text}" in row.messages[-2].content


def test_plain_forms_pass_the_guard(curriculum: Curriculum) -> None:
    random = Random(7)
    tried = passed = 0
    for number in range(120):
        locale = list(Locale)[number % 3]
        drug = invented.invent(random, avoid=curriculum.formulary).drug
        if number % 2:
            drug = random.choice(list(curriculum.formulary.drugs.values()))
        formulary = invented.formulary_of(drug)
        ordered = Medication(name=drug.names[Locale.EN_US][0])
        delivery = Delivery(delivery_id="d", locale=locale, medications=(ordered,))
        sheet = FactSheet.of_delivery(delivery, formulary)
        context = GuardContext(sheet, delivery, locale, formulary)
        for line in sheet.lines:
            tried += 1
            passed += passes(answers.say(random, line, sheet), context)
    assert passed > 0.99 * tried, f"{passed} of {tried}"


def test_held_out_cells_are_never_drawn(curriculum: Curriculum) -> None:
    kept = Curriculum(
        curriculum.formulary, curriculum.scenarios, curriculum.bank, real=1.0, held_out=frozenset(range(1, 24))
    )
    assert {row.group for row in islice(kept.rows(8), 60)} == {"cell-00"}


def test_a_shard_is_read_back(curriculum: Curriculum, tmp_path: Path) -> None:
    write(curriculum.rows(9), tmp_path / "shard.jsonl", 20)
    rows = read([tmp_path / "shard.jsonl"])
    assert [row.messages for row in rows] == [row.messages for row in islice(curriculum.rows(9), 20)]
