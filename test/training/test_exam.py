"""Multiple-choice questions of CMB: what counts as right, how the mean is taken, what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from training.cli import main
from training.errors import TrainingError
from training.evaluate.exam import MULTIPLE, Given, Item, letters, read, score

OPTIONS = {"A": "青霉素", "B": "阿司匹林", "C": "华法林", "D": "胰岛素"}


def question(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_, "exam_type": "药师考试", "exam_class": "执业药师", "exam_subject": "药理学", "question": "抗凝药是",
        "answer": "C", "question_type": "单项选择题", "option": OPTIONS, **changes,
    }  # fmt: skip


def item(exam: str, group: str, key: str, kind: str = "单项选择题") -> Item:
    return Item("1", exam, group, kind, "抗凝药是", OPTIONS, key)


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("C", "C"), ("答案：C。华法林", "C"), ("A、B 都不对，答案是 C", "C"), ("BD", "BD"), ("D,B", "BD"),
        ("A、C、D", "ACD"), ("选C", "C"), ("Answer: B", "B"), ("华法林", ""), ("", ""), ("E", ""), ("DNA", ""),
    ],
)  # fmt: skip
def test_the_letters_of_an_answer_are_read_as_people_write_them(text: str, wanted: str) -> None:
    assert letters(text, OPTIONS) == wanted


def test_of_several_right_answers_all_must_be_named_and_no_other() -> None:
    several = item("医师考试", "执业医师", "AC", MULTIPLE)
    assert Given("", several, "CA").right
    assert not any(Given("", several, text).right for text in ("A", "ABC", ""))


def test_the_mean_is_over_classes_then_examinations_and_not_over_questions() -> None:
    right, wrong = "C", "A"
    given = [Given("", item("护理考试", "护士", "C"), right)] + [
        Given("", item("医师考试", group, "C"), text)
        for group, text in (("住院", wrong), ("住院", wrong), ("住院", right), ("执业", right))
    ]
    found = score(given)
    assert found["by examination"] == {"护理考试": 1.0, "医师考试": pytest.approx((1 / 3 + 1) / 2)}
    assert found["score"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["no letter named"] == 0


def test_keys_come_from_the_questions_or_from_a_file_of_their_own(tmp_path: Path) -> None:
    bare = [{key: value for key, value in question(id_).items() if key != "answer"} for id_ in ("1", "2")]
    path = written(tmp_path / "questions.json", bare)
    keys = written(tmp_path / "keys.json", [{"id": "2", "answer": "DC"}])
    assert [(found.id, found.key) for found in read(path, keys)] == [("2", "CD")]
    with pytest.raises(TrainingError, match="--answers"):
        read(path)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([question("1", option=None)], "a question of CMB has option"),
        ([question("1", option=["A"])], "a table of options"),
        (["A"], "a JSON object"),
    ],
)
def test_what_is_no_question_is_refused_by_line(tmp_path: Path, rows: list[Any], reason: str) -> None:
    with pytest.raises(TrainingError, match=rf"questions\.json:1.*{reason}"):
        read(written(tmp_path / "questions.json", rows))


def test_a_model_sits_the_examination(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [question("1"), question("2", answer="AB", question_type=MULTIPLE)]
    path, out = written(tmp_path / "questions.json", rows), tmp_path / "answers.csv"
    words = ["exam", str(path), "--model", str(tiny), "--dtype", "float32", "--template", "plain", "--out", str(out)]
    assert main([*words, "--json", "--max-new-tokens", "4"]) == 0
    found = json.loads(capsys.readouterr().out)[""]
    assert found["questions"] == 2
    assert 0 <= found["score"] <= 1
    with out.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["id"], line["key"]) for line in lines] == [("1", "C"), ("2", "AB")]
    assert all(line["right"] == str(int(line["letters"] == line["key"])) for line in lines)
