"""The linter finds all that stops loading, and what a pharmacist should look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medllm_ros.formulary import PACKAGED
from medllm_ros.formulary.lint import Problem, lint

Changed = Callable[..., Path]


def test_a_right_file_has_no_problem(changed: Changed) -> None:
    assert lint(changed()) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("用來治療", "用来治療", "zh_TW: 用", "来 is not Traditional Chinese"),
        ("[測試醇]", "[测試醇]", "zh_TW: [", "测 is not Traditional Chinese"),
        ("高血壓。", "高血壓，万一。", "zh_TW: 用", "万 is not Traditional Chinese"),
        ("用于治疗高血压", "用于治療高血压", "zh_CN: 用", "療 is not Simplified Chinese"),
        ("It treats", "It 治 treats", "en_US: It", "治 is not English"),
        ("用來治療高血壓。", "用來治療高血壓,很好。", "zh_TW: 用", "half-width punctuation"),
        ("用來治療高血壓。", "用來治療高血壓", "zh_TW: 用", "full stop"),
        ("用來治療高血壓。", "用來治療高血壓，這是無害的。", "zh_TW: 用", "calls a symptom safe"),
        ("It treats", "One IU QD treats", "en_US: One", "must not be spoken"),
        ("It treats", "One µg treats", "en_US: One", "must not be spoken"),
        ("[testol]", "['testol (oral)']", "zh_TW: [", "more than a name"),
        ("[testol]", "[testol 5 mg]", "zh_TW: [", "more than a name"),
        ("brands: [好測]", "brands: [好測, 好測]", "brands:", "listed twice"),
        ("brands: [好測]", "not_this: [測試醇]", "not_this:", "listed as another medicine"),
        ("atc:\n- code: C08CA01\n", "", "id: testol", "no ATC code"),
        ("- code: C08CA01\n", "- code: C08CA01\n- code: C08CA01\n", "code: C08CA01", "listed twice"),
        ("sources:\n", "sources:\n  unused: {publisher: x, title: y}\n", "unused:", "remove it"),
        ("想起來就補吃。", "用來治療高血壓。", "testol.missed_dose.1", "says the same as testol.purpose.1"),
        ("  section: Uses\n", "  section: Uses\n  conflict: true\n", "testol.purpose.1", "the note must say with what"),
        ("  section: Uses\n", "", "testol.purpose.1", "names no section"),
        ("C08CA01", "A10AE04", "policy:", "defer list"),
    ],
)
def test_it_finds_one_wrong_thing_at_its_line(changed: Changed, old: str, new: str, at: str, message: str) -> None:
    folder = changed(old, new)
    found = lint(folder)

    assert [message in problem.message for problem in found] == [True], list(map(str, found))
    assert at in (folder / "testol.yaml").read_text(encoding="utf-8").splitlines()[found[0].line - 1]


@pytest.mark.parametrize("number", ["5.0", ".5"])
def test_a_number_with_a_trailing_zero_or_no_leading_one_must_not_be_spoken(changed: Changed, number: str) -> None:
    found = lint(changed("It treats", f"{number} mg treats"))

    assert any(f"`{number}` must not be spoken" in problem.message for problem in found)


def test_a_number_must_be_in_every_language_as_digits_or_word(changed: Changed) -> None:
    missing = lint(changed("用來治療高血壓。", "30 分鐘後治療高血壓。"))
    word = lint(changed("It treats", "2 times it treats"))
    same = lint(changed("用來治療高血壓。\n  zh_CN: 用于治疗高血压。", "一天兩次。\n  zh_CN: 一天 2 次。", name="b"))

    assert ["30 is in zh_TW but not in" in problem.message for problem in missing] == [True, True]
    assert len(word) == 2
    assert [problem.message for problem in same] == ["testol.purpose.1: the number 2 is in zh_CN but not in en_US."]


def test_it_finds_facts_about_food_that_contradict_each_other(changed: Changed) -> None:
    entry = """\
- id: testol.food_timing.{n}
  zh_TW: 句子{n}。
  zh_CN: 句子{n}。
  en_US: {text}
  status: source_opened
  source: page
  section: Food
"""
    facts = entry.format(n=1, text="Take it with food, 1.") + entry.format(n=2, text="Take it on an empty stomach, 2.")
    found = lint(changed("sources:\n", facts + "sources:\n"))

    assert len(found) == 1
    assert "testol.food_timing.2 (on an empty stomach) contradicts testol.food_timing.1" in found[0].message


def test_it_finds_every_problem_of_every_file_and_goes_on_after_a_broken_one(changed: Changed) -> None:
    folder = changed("用來治療", "用来治療")
    (folder / "broken.yaml").write_text("id: [\n", encoding="utf-8")
    (folder / "wrong.yaml").write_text("id: wrong\nroute: 1\nroutes: 2\n", encoding="utf-8")

    found = lint(folder)

    assert {Path(problem.file).name for problem in found} == {"broken.yaml", "testol.yaml", "wrong.yaml"}
    assert sum(Path(problem.file).name == "wrong.yaml" for problem in found) == 3  # routes, names, missed_dose


def test_it_finds_a_name_of_two_drugs_even_when_folded(changed: Changed) -> None:
    folder = changed("[testol]", "[testol, NORVASC]")

    found = lint(folder, over=[PACKAGED])

    assert ["belongs to amlodipine as well" in problem.message for problem in found] == [True]


def test_a_problem_reads_as_file_line_message() -> None:
    assert str(Problem("a.yaml", 3, "Too short.")) == "a.yaml:3: Too short."
