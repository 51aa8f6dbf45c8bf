"""A hospital's folder over ours: it corrects, adds and signs without touching our files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.formulary import PACKAGED, FactField, Formulary, FormularyError, ReviewStatus
from medllm_ros.formulary.lint import lint

Make = Callable[..., Path]

SIGNED = """\
id: testol
facts:
- id: testol.purpose.1
  zh_TW: 用來降血壓。
  zh_CN: 用来降血压。
  en_US: It lowers blood pressure.
  status: pharmacist_signed
  signed_by: L. Chen
  signed_on: 2026-11-02
"""


def test_a_later_folder_signs_one_fact_and_leaves_the_rest(changed: Make, folder: Make) -> None:
    base, ours = changed(name="base"), folder("ours", {"testol.yaml": SIGNED})
    drug = Formulary.load(base, ours).drugs["testol"]

    purpose = drug.about(FactField.PURPOSE, ReviewStatus.PHARMACIST_SIGNED)
    assert [fact.text[Locale.ZH_TW] for fact in purpose] == ["用來降血壓。"]
    assert purpose[0].source is not None
    assert len(drug.about(FactField.MISSED_DOSE, ReviewStatus.SOURCE_OPENED)) == 1


def test_who_signs_repeats_the_text_that_is_signed(changed: Make, folder: Make) -> None:
    text = SIGNED.replace("  zh_CN: 用来降血压。\n", "")

    with pytest.raises(FormularyError, match="repeat the texts") as caught:
        Formulary.load(changed(name="base"), folder("ours", {"testol.yaml": text}))
    assert caught.value.line == 3


def test_a_signature_falls_when_a_later_folder_changes_the_text(changed: Make, folder: Make) -> None:
    third = "id: testol\nfacts:\n- id: testol.purpose.1\n  zh_TW: 用來升血壓。\n"
    folders = (changed(name="base"), folder("a", {"t.yaml": SIGNED}), folder("b", {"t.yaml": third}))

    fact = Formulary.load(*folders).drugs["testol"].facts[0]
    assert fact.status is ReviewStatus.RECALL


def test_a_later_folder_adds_a_fact_a_source_and_a_brand(changed: Make, folder: Make) -> None:
    more = """\
id: testol
brands: [好測, 院內名]
facts:
- id: testol.storage.1
  zh_TW: 放在室溫。
  zh_CN: 放在室温。
  en_US: Keep it at room temperature.
  status: source_opened
  source: leaflet
  section: Storage
sources:
  leaflet: {publisher: H, title: T, address: "https://example.org/h", date: 2026-01-01}
"""
    formulary = Formulary.load(changed(name="base"), folder("ours", {"any_name.yaml": more}))

    assert formulary.find("院內名錠") is formulary.drugs["testol"]
    assert [fact.id for fact in formulary.drugs["testol"].facts][-1] == "testol.storage.1"


def test_a_later_folder_adds_a_whole_drug(formulary: Formulary, changed: Make) -> None:
    assert len(Formulary.load(PACKAGED, changed()).drugs) == len(formulary.drugs) + 1


def test_an_error_names_the_file_that_made_it(changed: Make, folder: Make) -> None:
    base = changed(name="base")
    over = folder("ours", {"testol.yaml": "id: testol\nmissed_dose:\n  policy: perhaps\n  why: x\n"})

    with pytest.raises(FormularyError) as caught:
        Formulary.load(base, over)
    assert (caught.value.file, caught.value.line) == (str(over / "testol.yaml"), 3)


def test_two_files_of_one_folder_cannot_be_about_one_drug(folder: Make) -> None:
    with pytest.raises(FormularyError, match=r"a\.yaml is about testol as well"):
        Formulary.load(folder("ours", {"a.yaml": "id: testol\n", "b.yaml": "id: testol\n"}))


def test_the_linter_checks_a_hospital_folder_over_ours(changed: Make, folder: Make) -> None:
    base = changed(name="base")
    over = folder("ours", {"testol.yaml": SIGNED})

    assert lint(over, over=[base]) == []
    assert lint(over) != []  # alone it is no whole drug
