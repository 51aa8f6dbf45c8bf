"""What the packaged drug files promise."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import timeit
from pathlib import Path

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.formulary import PACKAGED, Drug, FactField, Formulary, MissedDosePolicy, ReviewStatus
from medllm_ros.formulary.lint import lint

# The safety design, section 4: no missed-dose rule is spoken for these.
DEFER_LIST = (
    "warfarin", "apixaban", "rivaroxaban", "heparin", "insulin_glargine", "insulin_aspart", "digoxin", "lithium",
    "phenytoin", "methotrexate", "morphine", "prednisolone", "potassium_chloride", "vancomycin",
)  # fmt: skip
RULE = ("when you remember", "take it", "take a missed", "as soon as", "skip", "take only")
DRUGS = sorted(path.stem for path in PACKAGED.glob("*.yaml"))


def test_it_holds_what_a_hospital_delivers_with_most_facts_read_at_their_source(formulary: Formulary) -> None:
    facts = [fact for drug in formulary.drugs.values() for fact in drug.facts]

    assert len(formulary.drugs) >= 180
    assert sum(fact.status is ReviewStatus.SOURCE_OPENED for fact in facts) >= 2700
    assert sum(fact.speakable(ReviewStatus.SOURCE_OPENED) for fact in facts) >= 2600
    assert all(drug.forms and drug.atc and drug.drug_class for drug in formulary.drugs.values())


def test_the_linter_finds_nothing_in_it() -> None:
    assert [str(problem) for problem in lint(PACKAGED)] == []


def test_every_fact_has_an_id_of_its_own_and_a_text_in_every_language(formulary: Formulary) -> None:
    facts = [fact for drug in formulary.drugs.values() for fact in drug.facts]

    assert len({fact.id for fact in facts}) == len(facts)
    assert all(fact.text[locale].strip() for fact in facts for locale in Locale)


def test_every_speakable_fact_names_address_and_section(formulary: Formulary) -> None:
    for drug in formulary.drugs.values():
        for fact in drug.facts:
            if fact.speakable(ReviewStatus.SOURCE_OPENED):
                assert fact.source is not None
                assert fact.source.address.startswith("http"), fact.id
                assert fact.source.section, fact.id


@pytest.mark.parametrize("drug_id", DRUGS)
def test_a_drug_can_say_what_it_is_for_and_its_side_effects(drug_id: str, formulary: Formulary) -> None:
    drug = formulary.drugs[drug_id]

    assert drug.about(FactField.PURPOSE, formulary.minimum)
    assert drug.about(FactField.SIDE_EFFECT, formulary.minimum) or drug.about(FactField.RED_FLAG, formulary.minimum)


@pytest.mark.parametrize("drug_id", DEFER_LIST)
def test_no_missed_dose_rule_is_answered_for_the_defer_list(drug_id: str, formulary: Formulary) -> None:
    assert formulary.drugs[drug_id].missed_dose is not MissedDosePolicy.ANSWER


@pytest.mark.parametrize("drug_id", DRUGS)
def test_a_drug_that_defers_has_no_speakable_rule_for_a_missed_dose(drug_id: str, formulary: Formulary) -> None:
    drug = formulary.drugs[drug_id]
    if drug.missed_dose is MissedDosePolicy.ANSWER:
        assert drug.about(FactField.MISSED_DOSE, ReviewStatus.SOURCE_OPENED)
        return
    for fact in drug.about(FactField.MISSED_DOSE, ReviewStatus.SOURCE_OPENED):
        text = fact.text[Locale.EN_US].lower()
        assert not any(rule in text for rule in RULE), fact.id


def test_at_least_fifteen_drugs_answer_a_missed_dose(formulary: Formulary) -> None:
    answering = [drug.id for drug in formulary.drugs.values() if drug.missed_dose is MissedDosePolicy.ANSWER]

    assert len(answering) >= 15


@pytest.mark.parametrize("drug_id", ["heparin", "warfarin", "morphine", "insulin_glargine", "potassium_chloride"])
def test_the_high_alert_drugs_are_marked(drug_id: str, formulary: Formulary) -> None:
    assert formulary.drugs[drug_id].high_alert


def test_a_name_to_speak_is_only_a_name(formulary: Formulary) -> None:
    for drug in formulary.drugs.values():
        for locale in Locale:
            name = drug.name(locale)
            assert not set("()（）/、,，0123456789") & set(name), (drug.id, name)
        assert drug.name(Locale.EN_US).isascii()
        assert not drug.name(Locale.ZH_TW).isascii()
        assert not drug.name(Locale.ZH_CN).isascii()


def test_every_name_and_brand_is_found_and_mentioned_as_its_drug(formulary: Formulary) -> None:
    def check(drug: Drug, name: str) -> None:
        assert formulary.find(name) is drug, name
        assert [mention.drug for mention in formulary.mentioned(f"我有吃{name}，可以嗎？")] == [drug], name

    for drug in formulary.drugs.values():
        for name in {*(name for names in drug.names.values() for name in names), *drug.brands}:
            check(drug, name)


def test_a_colloquial_name_finds_nothing(formulary: Formulary) -> None:
    for drug in formulary.drugs.values():
        own = {name for names in drug.names.values() for name in names}
        for word in set(drug.colloquial) - own:
            assert formulary.find(word) is None, word
            assert formulary.mentioned(word) == (), word


def test_loading_everything_is_quick() -> None:
    """The limit of the design is 200 ms on this project's two-core machines; a parsed copy lies beside the files."""
    Formulary.load()
    taken = timeit.repeat(Formulary.load, number=1, repeat=5, timer=time.process_time)  # of this process alone
    assert min(taken) < 0.2  # s; 0.08 measured


def test_a_changed_file_is_parsed_again_and_a_broken_copy_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import sys, pathlib\n"
        "from medllm_ros.formulary import compiled, layers\n"
        "compiled.PACKAGED = folder = pathlib.Path(sys.argv[1])\n"
        "drugs, documents = layers.read_layers([folder])\n"
        "print(drugs['amlodipine'].data['class'], (folder / '__pycache__' / 'formulary.json').stat().st_size > 1e6)\n"
    )

    def loaded() -> str:
        return subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
        ).stdout.strip()

    assert loaded() == loaded() == "dihydropyridine calcium channel blocker True"
    path = folder / "amlodipine.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("class: dihydro", "class: another dihydro"))
    assert loaded() == "another dihydropyridine calcium channel blocker True"
    (folder / "__pycache__" / "formulary.json").write_text("{}")
    assert loaded() == "another dihydropyridine calcium channel blocker True"
