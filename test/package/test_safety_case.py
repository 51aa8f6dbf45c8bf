"""The safety case: hazards that name real code and real tests, and a document that says what the results say."""

from __future__ import annotations

import copy
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import safety_case  # noqa: E402

from hazards.document import document, outcomes_in  # noqa: E402
from hazards.evidence import Outcome, Results, missing  # noqa: E402
from hazards.schema import HazardError, HazardFile, load  # noqa: E402
from toolchain import checks  # noqa: E402

CASE = load(ROOT / safety_case.SOURCE)
PLAIN: dict[str, Any] = yaml.load((ROOT / safety_case.SOURCE).read_text(encoding="utf-8"), yaml.BaseLoader)
TEST = "test/a/test_a.py::test_it"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def small(**changes: Any) -> dict[str, Any]:
    """Return a file of one hazard with one control and one test; ``changes`` are the hazard's."""
    control = {"text": "It is locked.", "kind": "inherent", "code": "code.py", "tests": [TEST]}
    hazard = {**copy.deepcopy(PLAIN["hazards"][0]), "controls": [control], **changes}
    return {**PLAIN, "hazards": [hazard]}


def results(folder: Path, *cases: str) -> Results:
    """Return the results of cases ``class|name|how it went`` as pytest writes them."""
    written = ""
    for case in cases:
        classname, name, outcome = case.split("|")
        child = "" if outcome == "passed" else f"<{outcome}/>"
        written += f'<testcase classname="{classname}" name="{name}">{child}</testcase>'
    write(folder / "a.xunit.xml", f"<testsuites><testsuite>{written}</testsuite></testsuites>")
    return Results(folder)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one hazard, its code and its test."""
    write(tmp_path / "code.py", "")
    write(tmp_path / "test" / "a" / "test_a.py", "def test_it(): ...\n")
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_the_hazards_are_numbered_without_a_gap() -> None:
    assert len(CASE.hazards) >= 35
    assert [hazard.id for hazard in CASE.hazards] == [f"H-{number:02}" for number in range(1, len(CASE.hazards) + 1)]


def test_every_file_and_test_that_a_hazard_names_exists() -> None:
    assert safety_case.references(CASE) == []


def test_the_document_is_up_to_date_but_for_the_results() -> None:
    text = (ROOT / safety_case.TARGET).read_text(encoding="utf-8")
    assert safety_case.up_to_date(text, CASE, {}), f"run {safety_case.GENERATE}"


def test_every_link_of_the_document_leads_somewhere() -> None:
    text = document(CASE, {})
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert len(anchors) == len(headings)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target[1:] in anchors if target.startswith("#") else (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "H-1"}, "id: String should match"),
        ({"severity": "bad"}, "severity: .*'catastrophic'"),
        ({"owner": "me"}, "owner: Extra inputs"),
        ({"controls": []}, "controls: .*at least 1"),
        ({"causes": ["no end mark"]}, "causes"),
        ({"probability": {"before": "remote", "after": "improbable", "basis": "measured"}}, "estimate, not measured"),
        ({"probability": {"before": "remote", "after": "frequent", "basis": "estimate, not measured"}}, "than before"),
        ({"controls": [{"text": "It is.", "kind": "inherent", "code": "c.py", "tests": []}]}, "tests: .*at least 1"),
        ({"controls": [{"text": "It is.", "kind": "inherent", "code": "c.py", "tests": ["test_x"]}]}, "tests.0"),
    ],
)
def test_what_a_hazard_may_not_hold_is_refused_with_its_line(tmp_path: Path, changes: dict, problem: str) -> None:
    path = write(tmp_path / "hazards.yaml", yaml.safe_dump(small(**changes), allow_unicode=True, sort_keys=False))
    with pytest.raises(HazardError, match=rf"hazards\.yaml:\d+: .*{problem}"):
        load(path)


def test_an_id_and_a_key_are_given_once_and_every_level_is_explained(tmp_path: Path) -> None:
    twice = small()
    twice["hazards"].append(copy.deepcopy(twice["hazards"][0]))
    with pytest.raises(HazardError, match="the id H-01 is given twice"):
        load(write(tmp_path / "a.yaml", yaml.safe_dump(twice, sort_keys=False)))
    with pytest.raises(HazardError, match="severity explains these levels, in this order: negligible"):
        load(write(tmp_path / "b.yaml", yaml.safe_dump({**small(), "severity": {"minor": "Little."}})))
    with pytest.raises(HazardError, match="`scope` is given twice"):
        load(write(tmp_path / "c.yaml", "scope: One.\nscope: Two.\n"))


@pytest.mark.parametrize(
    ("cases", "outcome"),
    [
        (["passed"], "passed"),
        (["passed", "skipped"], "passed"),
        (["passed", "failure"], "failed"),
        (["error", "passed"], "failed"),
        (["skipped"], "skipped"),
        ([], "not run"),
    ],
)
def test_the_cases_of_a_test_count_together(tmp_path: Path, cases: list[str], outcome: str) -> None:
    found = results(tmp_path, *(f"test.a.test_a|test_it[{number}]|{case}" for number, case in enumerate(cases)))
    assert found.of(TEST) == outcome


def test_colcon_and_pytest_name_a_test_differently_and_a_class_stands_for_its_tests(tmp_path: Path) -> None:
    found = results(
        tmp_path, "medllm_ros.test.a.test_a|test_it|passed", "test.a.test_b|test_it|skipped",
        "medllm_ros.test.a.test_c.TestC|test_one|passed", "medllm_ros.test.a.test_c.TestC|test_two|failure",
        "|medllm_ros.test.a.test_d|error",
    )  # fmt: skip
    assert found.of(TEST) is Outcome.PASSED
    assert found.of("test/a/test_b.py::test_it") is Outcome.SKIPPED
    assert found.of("test/a/test_c.py::TestC") is Outcome.FAILED
    assert found.of("test/a/test_c.py::TestC::test_one") is Outcome.PASSED
    assert found.of("test/a/test_d.py::test_it") is Outcome.NOT_RUN


def test_cases_may_be_chosen_by_how_they_begin(tmp_path: Path) -> None:
    found = results(tmp_path, "test.a.test_a|test_it[fall-1]|passed", "test.a.test_a|test_it[fallen]|failure")
    assert found.of(f"{TEST}[fall-*]") is Outcome.PASSED
    assert found.lacks(f"{TEST}[stroke-*]") and not found.lacks(f"{TEST}[fall-*]") and not found.lacks(TEST)


def test_a_test_that_vanished_is_a_sentence(tree: Path) -> None:
    write(tree / "test" / "b" / "test_b.py", "class TestB:\n    def test_it(self): ...\nTestC = TestB\n")
    there = [TEST, f"{TEST}[x-*]", *(f"test/b/test_b.py::{name}" for name in ("TestB", "TestB::test_it", "TestC"))]
    assert missing(there, tree) == []
    gone = missing(["test/a/test_a.py::test_gone", "test/z/test_z.py::test_it"], tree)
    assert "test/a/test_a.py has no test_gone" in gone[0] and "test/z/test_z.py does not exist" in gone[1]


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [("passed", ""), ("skipped", "has no passing test"), ("failure", "failed: test/a"), ("", "has no passing test")],
)
def test_a_hazard_needs_a_passing_test_and_bears_no_failing_one(tmp_path: Path, outcome: str, sentence: str) -> None:
    case = HazardFile.model_validate(small())
    cases = [f"test.a.test_a|test_it|{outcome}"] if outcome else ["test.a.test_a|test_other|passed"]
    found = " ".join(safety_case.unproven(case, results(tmp_path, *cases)))
    assert sentence in found and bool(found) == bool(sentence)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(Outcome), min_size=len(CASE.tests), max_size=len(CASE.tests)))
def test_the_document_states_every_result_so_that_it_can_be_read_back(outcomes: list[Outcome]) -> None:
    stated = dict(zip(CASE.tests, outcomes, strict=True))
    assert outcomes_in(document(CASE, stated)) == stated


def test_a_result_that_changed_makes_the_document_stale_and_one_that_is_missing_here_does_not() -> None:
    case = HazardFile.model_validate(small())
    text = document(case, {TEST: Outcome.PASSED})
    assert safety_case.up_to_date(text, case, {TEST: Outcome.PASSED})
    assert safety_case.up_to_date(text, case, {TEST: Outcome.SKIPPED})
    assert not safety_case.up_to_date(text, case, {TEST: Outcome.FAILED})
    assert not safety_case.up_to_date(text + "\nMore.\n", case, {TEST: Outcome.PASSED})
    assert not safety_case.up_to_date("", case, {})


def test_it_is_generated_and_then_whole_until_something_changes(tree: Path) -> None:
    case = HazardFile.model_validate(small())
    assert "run `make test` first" in safety_case.check(case, tree)[0]
    assert "run `make test` first" in safety_case.generate(case, tree)[0]
    results(tree / safety_case.RESULTS, "medllm_ros.test.a.test_a|test_it|passed")
    assert "out of date; run" in safety_case.check(case, tree)[0]
    assert safety_case.generate(case, tree) == []
    assert safety_case.check(case, tree) == []
    (tree / "code.py").unlink()
    assert "code.py does not exist" in safety_case.check(case, tree)[0]


@pytest.mark.parametrize("status", [0, 1])
def test_make_test_asks_for_the_check_and_minds_its_answer(tmp_path: Path, status: int) -> None:
    answer = f"import sys; sys.exit({status} if sys.argv[1:] == ['check'] else 2)"
    write(tmp_path / "scripts" / "safety_case.py", answer)
    assert checks.safety_case(tmp_path, Path(sys.executable)) == (status == 0)
