"""Questions: many ways to ask, each in one cell, filled in without anything left open."""

from __future__ import annotations

import re
from random import Random

import pytest

from medllm_ros.bedside.intents import Intent, classify
from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from training.data.build.questions import ASKED, CELLS, Bank, ask, cell_of
from training.data.script import foreign

FORMULARY = Formulary.load()
SLOTS = {
    Locale.ZH_TW: {"drug": "安脈狄平", "food": "牛奶", "symptom": "頭暈", "med": "魚油"},
    Locale.ZH_CN: {"drug": "氨氯地平", "food": "牛奶", "symptom": "头晕", "med": "鱼油"},
    Locale.EN_US: {"drug": "amlodipine", "food": "milk", "symptom": "dizziness", "med": "fish oil"},
}


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.load(FORMULARY)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("intent", ASKED)
def test_every_question_can_be_filled_in_and_keeps_to_its_script(bank: Bank, intent: Intent, locale: Locale) -> None:
    random = Random(1)
    assert len({question.family for question in bank.of(intent, locale)}) >= 25
    for question in (*bank.of(intent, locale), *bank.of(intent, locale, later=True)):
        for _ in range(3):
            text = ask(random, question, locale, SLOTS[locale])
            assert text and not re.search(r"[<>()|]", text), question.text
            assert not foreign(text, locale), text


def test_no_family_stands_in_two_cells_whatever_the_language(bank: Bank) -> None:
    cells: dict[str, set[int]] = {}
    for questions in (*bank.questions.values(), *bank.follow.values(), *bank.asides.values()):
        for question in questions:
            cells.setdefault(question.family, set()).add(question.cell)
    assert all(found == {cell_of(family)} for family, found in cells.items())
    assert set().union(*cells.values()) == set(range(CELLS))


def test_utterances_that_name_a_real_medicine_get_the_delivered_ones_name(bank: Bank) -> None:
    for (intent, _), questions in bank.questions.items():
        for question in questions:
            assert not FORMULARY.mentioned(question.text), (intent, question.text)


@pytest.mark.parametrize("locale", list(Locale))
def test_most_frames_are_understood_as_what_they_ask(bank: Bank, locale: Locale) -> None:
    random = Random(2)
    asked = understood = 0
    for intent in ASKED:
        for question in bank.of(intent, locale):
            if question.family.startswith("frame."):
                found = classify(ask(random, question, locale, SLOTS[locale], dress=0), formulary=FORMULARY)
                asked, understood = asked + 1, understood + (intent in found)
    assert understood > 0.75 * asked, f"{understood} of {asked}"
