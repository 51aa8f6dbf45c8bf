"""The fact nearest to a question in meaning: chosen among approved ones, where no list has the words."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from visits import delivery

from medllm_ros.bedside.intents import Intent
from medllm_ros.bedside.nearest import DATA, Nearest, chosen_from, nearest, read_ahead
from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from training.hearing.questions import digest, read

FORMULARY = Formulary.load()


def sheet(order: str, locale: Locale = Locale.EN_US) -> FactSheet:
    return FactSheet.of_delivery(delivery(order, locale=locale), FORMULARY)


def test_the_weights_were_fitted_to_the_questions_that_lie_here() -> None:
    """After a change there: python -m training.hearing.nearest"""
    assert nearest().corpus_hash == digest()


def test_every_fact_that_answers_a_question_may_be_spoken() -> None:
    spoken = {fact.id for drug in FORMULARY.drugs.values() for fact in drug.facts if fact.speakable(FORMULARY.minimum)}
    assert {fact for question in read() for fact in question.facts} <= spoken


@pytest.mark.parametrize(
    ("order", "locale", "text", "fact"),
    [
        ("Metformin 500 mg PO BID", Locale.EN_US, "My sister says I'll get low on B12 with this, is that true?", "B12"),
        ("Furosemide 40 mg PO QD", Locale.EN_US, "Can it make my ears ring?", "ring"),
        ("Nifedipine 30 mg PO QD", Locale.ZH_TW, "我上大號看到一整顆藥在馬桶裡，是不是沒吸收", "大便"),
        ("Digoxin 0.125 mg PO QD", Locale.ZH_CN, "吃药期间能喝牛奶吃麦片吗", "纤维"),
    ],
)
def test_a_question_in_words_of_no_list_finds_its_fact(order: str, locale: Locale, text: str, fact: str) -> None:
    ranked = nearest().ranked(text, Intent.SIDE_EFFECTS, chosen_from(sheet(order, locale), 0))
    assert any(fact in line.text for line, _ in ranked.lines[:2])


def test_the_shares_of_all_facts_and_of_none_are_one_and_the_best_comes_first() -> None:
    ranked = nearest().ranked("do I have to keep it in the fridge", Intent.STORAGE, chosen_from(sheet("Aspirin PO"), 0))
    shares = [share for _, share in ranked.lines]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) + ranked.none == pytest.approx(1, abs=1e-5)
    first, second = ranked.lines[0][0], ranked.lines[1][0]
    assert ranked.share([second, first]) == shares[0] and ranked.share([]) == 0


def test_the_order_of_the_facts_does_not_matter() -> None:
    facts = chosen_from(sheet("Warfarin 3 mg PO QD"), 0)
    mixed = facts[:]
    random.Random(1).shuffle(mixed)
    one, other = (dict(nearest().ranked("may I eat natto", Intent.FOOD, found).lines) for found in (facts, mixed))
    assert one.keys() == other.keys()
    assert all(one[line] == pytest.approx(other[line], abs=1e-5) for line in one)


def test_a_missed_dose_has_its_own_rule_and_is_never_chosen_by_meaning() -> None:
    for order in ("Metformin 500 mg PO BID", "Warfarin 3 mg PO QD"):
        kinds = {line.key for line in chosen_from(sheet(order), 0)}
        assert kinds and kinds.isdisjoint({FactField.MISSED_DOSE, FactField.PREGNANCY, "order", "name"})


def test_of_a_medicine_without_facts_nothing_is_chosen() -> None:
    unknown = sheet("Foozumab 5 mg PO QD")
    read_ahead(unknown)
    ranked = nearest().ranked("what is it for", Intent.PURPOSE, chosen_from(unknown, 0))
    assert ranked.lines == () and ranked.none == 1


def test_weights_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Restore them from the package"):
        Nearest.load(tmp_path)
    (tmp_path / "nearest.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="Restore them from the package"):
        Nearest.load(tmp_path)
    with np.load(DATA / "nearest.npz") as found:
        np.savez(tmp_path / "nearest.npz", **{name: found[name] for name in found.files if name != "fact"})
    with pytest.raises(ValueError, match="fact"):
        Nearest.load(tmp_path)
