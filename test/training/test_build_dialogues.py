"""Dialogues: what the real session wants said is said, and the guard passes all of it."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from medllm_ros.bedside.chat import Role
from medllm_ros.delivery import Locale, Scenario
from medllm_ros.safety.guard import citations
from training.data import medllm_format
from training.data.build.dialogues import SHARES, Builder, plans_without_end
from training.data.build.questions import cell_of
from training.data.gate import inspect

pytestmark = pytest.mark.slow  # many visits are played


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder.load()


@pytest.fixture(scope="module")
def made(builder: Builder) -> list[dict]:
    found = [builder.dialogue(plan) for plan in islice(plans_without_end(11), 60)]
    return [record for record in found if record is not None]


def test_nearly_every_plan_becomes_a_dialogue(made: list[dict]) -> None:
    assert len(made) >= 57


def test_a_dialogue_is_the_same_whichever_was_made_before_it(builder: Builder, made: list[dict]) -> None:
    plan = list(islice(plans_without_end(11), 30))[29]
    assert builder.dialogue(plan) == next(record for record in made if record["id"].endswith("000029"))


def test_plans_keep_the_shares_of_languages_places_and_lengths() -> None:
    plans = list(islice(plans_without_end(1), 2000))
    locales = Counter(plan.locale for plan in plans)
    for locale, share in SHARES.items():
        assert locales[locale] == pytest.approx(2000 * share, abs=1)
    assert set(Counter(plan.scenario for plan in plans)) == set(Scenario)
    assert sum(plan.turns > 1 for plan in plans) == pytest.approx(700, abs=60)


def test_every_line_is_read_and_every_owed_fact_is_cited_once(made: list[dict]) -> None:
    for record in made:
        for row, turn in zip(medllm_format.rows(record, "t:1"), record["turns"], strict=True):
            assert row.messages[-1].role is Role.ASSISTANT
            wanted = {fact.label for fact in row.facts or () if fact.asked and fact.key != "name"}
            said = medllm_format.spoken_sentences(row.messages[-1].content)
            cited = [label for sentence in said for label in citations(sentence)[0]]
            assert wanted <= set(cited) and "[F" not in turn["assistant"]
            assert len(cited) == len(set(cited)) or len(said) > 1


def test_the_gate_has_nearly_nothing_against_them(made: list[dict]) -> None:
    rows = [row for number, record in enumerate(made) for row in medllm_format.rows(record, f"t:{number}")]
    report = inspect(rows)
    assert len(report.findings) <= 0.08 * len(rows), report.sentence()  # making.py leaves those out


def test_real_medicines_and_their_questions_share_a_cell(builder: Builder, made: list[dict]) -> None:
    for record in made:
        if "drug" not in record and isinstance(record["order"], str):
            drug = builder.context.formulary.find(record["order"].split(" PO")[0]) or None
            assert drug is None or record["group"] == f"cell-{cell_of(drug.id):02}"


def test_all_languages_are_there(made: list[dict]) -> None:
    assert {record["locale"] for record in made} == {str(locale) for locale in Locale}


def test_the_history_of_a_later_turn_is_what_the_patient_heard(made: list[dict]) -> None:
    told = [record for record in made if any("spoken" in turn for turn in record["turns"][:-1])]
    assert told
    for record in told:  # in the turn after it: later ones may have forgotten it
        rows = list(medllm_format.rows(record, "t:1"))
        for turn, following in zip(record["turns"], rows[1:], strict=False):
            if "spoken" in turn:
                assert turn["spoken"] in [message.content for message in following.messages]
