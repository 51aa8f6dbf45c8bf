"""Invented medicines: varied, in three languages, read back as they were made, and never taken for a real one."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.store import Formulary
from medllm_ros.orders.text import parse_order_text
from training.data.build import invented, orders
from training.data.script import foreign

FORMULARY = Formulary.load()


@given(st.integers())
@settings(max_examples=60, deadline=None)
def test_a_medicine_has_the_lines_that_questions_need_in_every_language_and_script(seed: int) -> None:
    drug = invented.invent(Random(seed), avoid=FORMULARY).drug
    fields = {fact.field for fact in drug.facts}
    assert {FactField.PURPOSE, FactField.SIDE_EFFECT, FactField.MISSED_DOSE, FactField.STORAGE} <= fields
    assert len({fact.id for fact in drug.facts}) == len(drug.facts)
    for fact in drug.facts:
        numbers = [re.findall(r"[0-9]+", fact.text[locale]) for locale in Locale]
        assert sorted(numbers[0]) == sorted(numbers[1]) == sorted(numbers[2])
        for locale in Locale:
            assert "{" not in fact.text[locale] and not foreign(fact.text[locale], locale), fact.text[locale]


@given(st.integers())
@settings(max_examples=40, deadline=None)
def test_its_order_can_be_read_and_finds_it_and_no_other(seed: int) -> None:
    random = Random(seed)
    drug = invented.invent(random, avoid=FORMULARY).drug
    ordered = parse_order_text(orders.text(random, drug))
    assert ordered.note == ""
    assert invented.formulary_of(drug).find(ordered.name) is drug
    assert FORMULARY.find(ordered.name) is None


def test_a_formulary_of_it_and_a_real_one_finds_both_by_their_names() -> None:
    drug, real = invented.invent(Random(1), avoid=FORMULARY).drug, FORMULARY.drugs["amlodipine"]
    both = invented.formulary_of(drug, real)
    assert [mention.drug for mention in both.mentioned(f"{drug.name(Locale.ZH_TW)}和脈優")] == [drug, real]


def test_names_and_facts_are_as_good_as_never_the_same() -> None:
    random = Random(2)
    drugs = [invented.invent(random).drug for _ in range(2000)]
    assert len({drug.id for drug in drugs}) > 1850
    texts = [fact.text[Locale.ZH_TW] for drug in drugs for fact in drug.facts if fact.field is FactField.PURPOSE]
    assert len(set(texts)) > 0.6 * len(texts)


@pytest.mark.parametrize("id_", sorted(FORMULARY.drugs))
def test_no_real_medicine_is_ordered_with_an_amount_or_with_a_frequency_that_its_facts_do_not_say(id_: str) -> None:
    drug = FORMULARY.drugs[id_]
    said = " ".join(fact.text[Locale.EN_US].lower() for fact in drug.facts)
    words = {"QD": "once", "BID": "twice|2 times", "TID": "three times|3 times", "QW": "once a week", "HS": "bedtime"}
    for seed in range(20):
        ordered = orders.medication(Random(seed), drug)
        assert ordered.strength is None and ordered.dose is None
        assert not ordered.frequency or re.search(words[ordered.frequency], said), ordered.frequency
