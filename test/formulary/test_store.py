"""Loading: broken files are refused with file, line and reason; the result cannot change."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.formulary import PACKAGED, FactField, Formulary, FormularyError, MissedDosePolicy, ReviewStatus

Changed = Callable[..., Path]


def test_a_right_file_loads_with_its_source(changed: Changed) -> None:
    drug = Formulary.load(changed()).drugs["testol"]

    fact = drug.about(FactField.PURPOSE, ReviewStatus.SOURCE_OPENED)[0]
    assert fact.text[Locale.ZH_TW] == "用來治療高血壓。"
    assert fact.source is not None
    assert (fact.source.address, fact.source.section, fact.source.date) == ("https://example.org/testol", "Uses", "")
    assert drug.missed_dose is MissedDosePolicy.ANSWER


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("id: testol\n", "id: testol\nbrand: [x]\n", "brand: [x]", "brand: Extra inputs are not permitted"),
        ("  zh_CN: 用于治疗高血压。\n", "", "testol.purpose.1", "facts.0.zh_CN: Field required"),
        ("en_US: It treats high blood pressure.", "en_US: ''", "en_US: ''", "at least 1 character"),
        ("status: source_opened", "status: sure", "status: sure", "recall"),
        ("code: C08CA01", "code: C8CA1", "C8CA1", "pattern"),
        ("source: page", "source: pag", "source: pag", "pag is not listed under `sources`"),
        ("  section: Uses\n", "", "testol.purpose.1", "names no section"),
        ("    address: https://example.org/testol\n", "", "publisher:", "no address"),
        ("    date: not shown\n", "", "publisher:", "write `date: not shown`"),
        ("  source: page\n", "", "testol.purpose.1", "names no source"),
        ("testol.purpose.1", "other.purpose.1", "other.purpose.1", "must be testol.<field>.<number>"),
        ("testol.purpose.1", "testol.uses.1", "testol.uses.1", "uses is no field"),
        ("testol.purpose.1", "testol.missed_dose.1", "testol.missed_dose.1", "used twice"),
        ("C08CA01", "B01AA03", "policy: answer", "defer list"),
        ("route: PO", "route: IV", "policy: answer", "defer list"),
        ("  section: Missed dose", "  section: Missed dose\n  conflict: true", "policy: answer", "must be defer"),
        ("status: source_opened", "status: pharmacist_signed", "testol.purpose.1", "name the pharmacist"),
        ("  zh_CN: [测试醇]\n", "", "zh_TW: [", "A name in zh_CN is missing"),
        ("route: PO", "route: PO\nroute: SC", "route: SC", "given twice"),
        ("route: PO", "route: [", "policy: answer", "not YAML"),
        ("brands: [好測]", "brands: &b [好測]\ncolloquial: *b", "colloquial: *b", "aliases"),
    ],
)
def test_a_broken_file_is_refused_with_file_line_and_reason(
    changed: Changed, old: str, new: str, at: str, reason: str
) -> None:
    folder = changed(old, new)

    with pytest.raises(FormularyError) as caught:
        Formulary.load(folder)

    assert caught.value.file == str(folder / "testol.yaml")
    assert reason in caught.value.reason
    line = caught.value.line
    assert at in (folder / "testol.yaml").read_text(encoding="utf-8").splitlines()[line - 1]
    assert str(caught.value).startswith(f"{folder / 'testol.yaml'}:{line}: ")


def test_a_signed_conflict_is_refused(changed: Changed) -> None:
    folder = changed(
        "status: source_opened\n",
        "status: pharmacist_signed\n  signed_by: L. Chen\n  signed_on: 2026-11-02\n  conflict: true\n",
    )

    with pytest.raises(FormularyError, match="a signed fact is settled"):
        Formulary.load(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfeid: x", "not UTF-8"),
        (b"", "empty"),
        (b"- a\n- b\n", "must be a mapping"),
        (b"just words", "must be a mapping"),
        (b"names: {}\n", "which drug it is about"),
        (b"id: [a]\n", "which drug it is about"),
        (b"id: a\n---\nid: b\n", "must hold one drug"),
        (b"id: a\n? [x, y]\n: 1\n", "A key must be a word"),
        (b"id: a\nnames: " + b"[" * 40 + b"]" * 40 + b"\n", "nested too deeply"),
        (b"id: a\x00b\n", "not YAML"),
        (b"#" * 1_000_001, "at most"),
    ],
)
def test_a_file_that_is_no_drug_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)

    with pytest.raises(FormularyError, match=re.escape(reason)) as caught:
        Formulary.load(tmp_path)

    assert caught.value.file == str(tmp_path / "bad.yaml")


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormularyError, match="does not exist"):
        Formulary.load(tmp_path / "nowhere")
    with pytest.raises(FormularyError, match="no drug file"):
        Formulary.load(tmp_path)


def test_two_drugs_cannot_share_a_name(changed: Changed) -> None:
    folder = changed("brands: [好測]", "brands: [好測, Ａmlodipine]")

    with pytest.raises(FormularyError, match="belongs to amlodipine as well"):
        Formulary.load(PACKAGED, folder)


def test_the_hash_follows_the_content(changed: Changed) -> None:
    first = Formulary.load(changed()).hash

    assert first == Formulary.load(changed()).hash
    assert first != Formulary.load(changed("高血壓", "低血壓")).hash
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_the_minimum_decides_what_is_spoken(changed: Changed) -> None:
    folder = changed()
    strict = Formulary.load(folder, minimum=ReviewStatus.PHARMACIST_SIGNED)

    assert strict.minimum is ReviewStatus.PHARMACIST_SIGNED
    assert strict.drugs["testol"].about(FactField.PURPOSE, strict.minimum) == ()


def test_it_cannot_be_changed_and_a_copy_is_itself(formulary: Formulary) -> None:
    drug = formulary.drugs["amlodipine"]

    with pytest.raises(TypeError, match="cannot be changed"):
        formulary.drugs["x"] = drug  # type: ignore[index]
    with pytest.raises(TypeError, match="cannot be changed"):
        drug.names[Locale.ZH_TW] = ("x",)  # type: ignore[index]
    with pytest.raises(TypeError, match="cannot be changed"):
        drug.facts[0].text.update({})  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        formulary.hash = ""  # type: ignore[misc]
    assert copy.deepcopy(formulary) is formulary
    assert pickle.loads(pickle.dumps(drug)) == drug
    assert hash(drug.facts[0]) == hash(copy.deepcopy(drug.facts[0]))


def test_an_error_survives_pickling(tmp_path: Path) -> None:
    error = FormularyError(tmp_path / "a.yaml", 3, "No.")

    assert str(pickle.loads(pickle.dumps(error))) == str(error)
