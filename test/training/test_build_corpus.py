"""The corpus: every clinical sentence of it is a fact that may be spoken."""

from __future__ import annotations

from collections import Counter

import pytest

from medllm_ros.bedside.fact_words import with_subject
from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from training.data.build.corpus import paragraphs, spoken
from training.data.build.questions import Bank
from training.data.script import foreign

FORMULARY = Formulary.load()


@pytest.fixture(scope="module", params=list(Locale))
def text(request: pytest.FixtureRequest) -> tuple[Locale, list[str]]:
    return request.param, list(paragraphs(FORMULARY, Bank.load(FORMULARY), request.param, 1))


def test_there_is_a_good_deal_of_it_and_nothing_twice(text: tuple[Locale, list[str]]) -> None:
    locale, found = text
    assert len(found) > 650 and len(set(found)) == len(found)
    assert sum(map(len, found)) > (550_000 if locale is Locale.EN_US else 180_000)


def test_it_is_written_in_its_script(text: tuple[Locale, list[str]]) -> None:
    locale, found = text
    assert not [paragraph for paragraph in found if foreign(paragraph, locale)]


def test_every_fact_that_may_be_spoken_is_in_it_and_no_other(text: tuple[Locale, list[str]]) -> None:
    locale, found = text
    whole = "\n".join(found)
    may = {fact.text[locale] for drug in FORMULARY.drugs.values() for fact in spoken(drug, FORMULARY)}
    assert all(said in whole or with_subject(said, locale) in whole for said in may)
    all_facts = [fact.text[locale] for drug in FORMULARY.drugs.values() for fact in drug.facts]
    heard = {with_subject(said, locale) for said in may} | may
    silent = [said for said in all_facts if not any(said in other for other in heard)]
    assert silent and not [said for said in silent if said in whole]


def test_the_order_is_drawn(text: tuple[Locale, list[str]]) -> None:
    _, found = text
    assert len(Counter(paragraph[:1] for paragraph in found[:100])) > 10
