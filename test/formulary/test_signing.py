"""A pharmacist signs in the hospital's own folder; our files stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from medllm_ros.formulary import PACKAGED, Formulary, FormularyError, ReviewStatus
from medllm_ros.formulary.lint import lint
from medllm_ros.formulary.signing import sign

FACT = "warfarin.purpose.1"


def fact(formulary: Formulary, name: str = FACT):
    return next(fact for drug in formulary.drugs.values() for fact in drug.facts if fact.id == name)


def test_a_signed_fact_reaches_the_highest_status_and_keeps_its_words_and_source(tmp_path: Path) -> None:
    before = fact(Formulary.load())
    path = sign(FACT, by="Lin Mei, 012345", on="2026-11-26", folder=tmp_path / "own")
    after = fact(Formulary.load(PACKAGED, tmp_path / "own", minimum=ReviewStatus.PHARMACIST_SIGNED))

    assert after.status is ReviewStatus.PHARMACIST_SIGNED and after.speakable(ReviewStatus.PHARMACIST_SIGNED)
    assert after.text == before.text and after.source == before.source
    assert lint(path.parent, over=(PACKAGED,)) == []


def test_a_second_signature_joins_the_first_and_a_repeated_one_replaces_it(tmp_path: Path) -> None:
    sign(FACT, by="A", on="2026-11-26", folder=tmp_path)
    sign("warfarin.side_effect.1", by="B", on="2026-11-26", folder=tmp_path)
    path = sign(FACT, by="C", on="2026-11-27", folder=tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.count(FACT) == 1 and "signed_by: C" in text and "signed_by: B" in text and "signed_by: A" not in text


def test_an_unknown_fact_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FormularyError, match=r"formulary show warfarin"):
        sign("warfarin.purpose.99", by="A", on="2026-11-26", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disputed_fact_is_settled_before_it_is_signed(tmp_path: Path) -> None:
    disputed = next(f.id for drug in Formulary.load().drugs.values() for f in drug.facts if f.conflict)
    with pytest.raises(FormularyError, match="settle it"):
        sign(disputed, by="A", on="2026-11-26", folder=tmp_path)


def test_a_broken_file_of_the_hospital_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "warfarin.yaml"
    path.write_text("id: warfarin\nfacts: [", encoding="utf-8")
    with pytest.raises(FormularyError, match=r"warfarin\.yaml:3"):
        sign(FACT, by="A", on="2026-11-26", folder=tmp_path)
    assert path.read_text(encoding="utf-8") == "id: warfarin\nfacts: ["
