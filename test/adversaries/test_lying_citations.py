"""Engines that cite the right fact and say something else; and honest ones, which must be let through.

How many lies were told and how many were spoken stands in the test's report (``-rP`` shows it).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from adversary_visits import QUESTIONS, Visit, delivered, judged, order
from fake_engines import FakeEngine, FakeLyingEngine
from honest import crafted_lies, made_from_facts, written_by_hand
from lies import KINDS, Lie, drugs_to_lie_about, lies_about

from medllm_ros.bedside.effects import Origin
from medllm_ros.delivery import Locale
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.model import Drug
from medllm_ros.safety.guard import GuardContext, check, prepare


def other_than(drug: Drug, formulary: Formulary) -> Drug:
    """Return a medicine to be taken for ``drug``."""
    ids = sorted(formulary.drugs)
    return formulary.drugs[ids[(ids.index(drug.id) + 7) % len(ids)]]


def spoken_lies(of: GuardContext, lies: Iterator[Lie]) -> Iterator[tuple[str, str, str]]:
    prepare(of)
    approved = {line.text for line in of.sheet.lines}
    for lie in lies:
        verdict = check(f"[{lie.label}] {lie.text}", of)
        if verdict.passed and verdict.text not in approved:
            yield lie.kind, lie.fact, lie.text


def told(formulary: Formulary, drugs: Sequence[Drug], every: int) -> tuple[Counter[str], list[tuple[str, str, str]]]:
    """Return how many lies of each kind were told, every ``every``-th of all, and those that were spoken."""
    count: Counter[str] = Counter()
    spoken: list[tuple[str, str, str]] = []
    for number, drug in enumerate(drugs):
        for locale in Locale:
            of = judged(drug, locale, formulary)
            lies = lies_about(of.sheet, other_than(drug, formulary), formulary)
            chosen = list(itertools.islice(lies, number % every, None, every))
            count.update(lie.kind for lie in chosen)
            spoken += spoken_lies(of, iter(chosen))
    return count, spoken


def test_a_thousand_lies_about_a_few_medicines_are_not_spoken(formulary):
    drugs = [formulary.drugs[name] for name in ("amlodipine", "warfarin", "insulin_aspart", "salbutamol")]
    count, spoken = told(formulary, drugs, every=17)
    assert count.total() > 1000
    assert not spoken, spoken[:5]


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_thousands_of_lies_about_every_fourth_medicine_in_three_languages_are_not_spoken(formulary, record_property):
    drugs = drugs_to_lie_about(formulary, every=4)
    count, spoken = told(formulary, drugs, every=13)
    record_property("lies", count.total())
    print(f"{count.total()} lies about {len(drugs)} medicines, {len(spoken)} spoken: {dict(count)}")
    assert len(drugs) >= 40 and count.total() > 10_000
    assert set(count) == set(KINDS)
    assert not spoken, spoken[:5]


def test_no_lie_that_was_crafted_against_the_guard_is_spoken(formulary):
    lies = list(crafted_lies(formulary))
    spoken = []
    for lie in lies:
        verdict = check(f"[{lie.label}] {lie.text}", lie.context)
        if verdict.passed and verdict.text != lie.fact:
            spoken.append((lie.fact, lie.text, verdict))
    assert len(lies) > 250
    assert not spoken


@pytest.mark.parametrize("locale", list(Locale))
def test_a_lying_engine_is_heard_in_no_turn_of_a_visit(context, locale):
    drug = context.formulary.drugs["metformin"]
    of = judged(drug, locale, context.formulary)
    lies = list(lies_about(of.sheet, other_than(drug, context.formulary), context.formulary))[::23]
    visit = Visit(context, of.delivery, FakeLyingEngine(lies))
    for question in itertools.islice(itertools.cycle(QUESTIONS[locale]), 16):
        visit.ask(question)
    approved = {line.text for line in of.sheet.lines}
    for speak in visit.said:
        assert speak.origin is Origin.APPROVED or speak.text in approved, speak.text
    false = {lie.text for lie in lies} - approved
    assert not [speak.text for speak in visit.said if speak.text in false]


def test_a_fact_of_the_other_medicine_does_not_answer_for_this_one(context):
    formulary = context.formulary
    both = delivered(order(formulary.drugs["amlodipine"]), order(formulary.drugs["metformin"]))

    def write(request):
        return "[F99] 請隨餐或飯後馬上吃，可減少腸胃不適。請隨餐或飯後馬上吃，可減少腸胃不適。"

    visit = Visit(context, both, FakeEngine(write))
    said = "".join(speak.text for speak in visit.ask("安脈狄平是飯前還是飯後吃？"))
    assert "隨餐" not in said


def test_where_two_medicines_are_asked_about_each_sentence_names_its_own(context):
    formulary = context.formulary
    both = delivered(order(formulary.drugs["amlodipine"]), order(formulary.drugs["metformin"]))
    labels = {}

    def write(request):
        lines = [line for line in request.messages[-1].content.splitlines() if line.startswith("F")]
        labels.update(line.split(" ", 1) for line in lines)
        return "".join(f"[{line.split()[0]}] {line.split(': ', 1)[1]}" for line in lines)

    visit = Visit(context, both, FakeEngine(write))
    said = [speak.text for speak in visit.ask("這兩個藥是治療什麼的？") if speak.facts]
    assert labels, "the model was asked"
    assert any("高血壓" in text for text in said) and any("糖尿病" in text for text in said)
    for text in said:
        assert "安脈狄平" in text or "二甲雙胍" in text, said


def test_a_cited_fact_that_was_not_said_does_not_count_as_said(formulary):
    of = judged(formulary.drugs["amlodipine"], Locale.ZH_TW, formulary)
    timing = next(line for line in of.sheet.lines if "空腹" in line.text)
    purpose = next(line for line in of.sheet.lines if line.key == "purpose")
    verdict = check(f"[{purpose.label}][{timing.label}] 這個藥{timing.text}", of)
    assert verdict.passed and verdict.facts == (timing.label,)


def test_honest_sentences_written_by_hand_pass_whole(formulary):
    sentences = list(written_by_hand(formulary))
    failed = [
        (sentence.fact, sentence.text) for sentence in sentences
        if not check(f"[{sentence.label}] {sentence.text}", sentence.context).passed
    ]  # fmt: skip
    print(f"{len(sentences) - len(failed)} of {len(sentences)} honest sentences pass")
    assert len(sentences) >= 150
    assert {sentence.context.locale for sentence in sentences} == set(Locale)
    assert len(failed) <= 0.05 * len(sentences), failed


@pytest.mark.slow
def test_light_rephrasings_of_every_eighth_medicines_facts_pass_whole(formulary):
    passed = total = 0
    for drug in drugs_to_lie_about(formulary, every=8):
        for locale in Locale:
            for sentence in made_from_facts(judged(drug, locale, formulary)):
                total += 1
                passed += check(f"[{sentence.label}] {sentence.text}", sentence.context).passed
    print(f"{passed} of {total} rephrasings pass")
    assert total > 5000 and passed >= 0.99 * total


def test_every_approved_answer_passes_where_a_model_repeats_it(context):
    """The session's own sentences, word for word from a model, are not held against it."""
    for name in ("amlodipine", "warfarin", "metformin", "salbutamol"):
        drug = context.formulary.drugs[name]
        for locale in Locale:
            engine = FakeEngine(lambda request: "\n".join(request.approved))
            visit = Visit(context, delivered(order(drug), locale=locale), engine)
            for question in QUESTIONS[locale]:
                visit.ask(question)
            assert engine.asked
            for request in engine.asked:
                for sentence in request.approved:
                    assert sentence.split("] ")[-1].split("]")[-1] in visit.text
