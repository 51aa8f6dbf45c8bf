"""Words around the facts: everything that is said without a citation is in the guard's closed list."""

from __future__ import annotations

from random import Random

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.delivery import Delivery, Locale, Medication
from training.data.build import answers
from training.data.build.visit import Visit
from training.data.medllm_format import spoken_sentences

CONTEXT = SessionContext.load()


def visit(name: str, locale: Locale) -> Visit:
    return Visit(Delivery(delivery_id="d", locale=locale, medications=(Medication(name=name),)), CONTEXT)


@pytest.mark.parametrize("locale", list(Locale))
def test_the_guard_passes_every_opening_closing_and_referral(locale: Locale) -> None:
    at = visit("amlodipine", locale)
    parts = [(part, kind) for part in ("openings", "elsewhere") for kind in answers.load("answers")[part]]
    for part, kind in [*parts, ("closings", "")]:
        for text in answers.texts(part, kind, locale):
            for sentence in spoken_sentences(text):
                assert at.passes(sentence), (part, kind, sentence)


@pytest.mark.parametrize("locale", list(Locale))
def test_every_fact_of_the_formulary_passes_as_one_sentence(locale: Locale) -> None:
    for drug in CONTEXT.formulary.drugs.values():
        at = visit(drug.names[Locale.EN_US][0], locale)
        for line in at.sheet.lines:
            sentence = f"[{line.label}] {answers.plain(line, locale)}"
            assert spoken_sentences(sentence) == [sentence]
            assert at.passes(sentence), sentence


@pytest.mark.parametrize("locale", list(Locale))
def test_bold_forms_put_most_facts_in_many_ways_that_pass(locale: Locale) -> None:
    random = Random(3)
    tried = passed = 0
    wordings = set()
    for name in ("amlodipine", "metformin", "warfarin", "omeprazole", "sertraline", "ibuprofen"):
        at = visit(name, locale)
        for line in at.sheet.lines:
            for _ in range(12):
                sentence = answers.say(random, line, at.sheet, bold=True)
                tried += 1
                if at.passes(sentence):
                    passed += 1
                    wordings.add(sentence)
    assert passed > 0.4 * tried
    assert len(wordings) > 0.25 * tried
