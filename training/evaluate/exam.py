"""``medllm-train exam``: multiple-choice questions of CMB-Exam, with and without an adapter.

    medllm-train exam CMB-val-merge.json --model models/Llama-3.1-8B-Instruct --adapter runs/robot-dpo --nf4 --compare
    medllm-train exam CMB-test-choice-question-merge.json --answers CMB-test-choice-answer.json --model models/...

CMB (Wang et al. 2023, arXiv:2308.08833; Apache-2.0) is not part of this repository. An item is right where the letters
named are exactly those of the key: all or nothing where several are right. As there, the mean over the items of a class
is taken first, then over the classes of an examination, then over examinations. What a model knows here says nothing of
what the robot may say: that rests on its facts alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from training.data.records import Record, files, sound, thinned
from training.errors import TrainingError
from training.infer import Talk, add_model

# "答案是ABD", "A、B、D", "选 C。": the first letters by themselves, after the word for answer where it is said.
_ANSWER = re.compile(r"(?:答案|answer)[^A-Za-z]{0,6}", re.IGNORECASE)
_LETTERS = re.compile(r"(?<![A-Za-z])[A-H](?:[、,，/和及 ]*[A-H])*(?![A-Za-z])")
_FIELDS = ("question", "option")
MULTIPLE = "多项选择题"


@dataclass(frozen=True)
class Item:
    """One question. ``key`` holds the right letters, ``""`` where none is known."""

    id: str
    exam: str
    group: str  # the class of the examination
    kind: str
    question: str
    options: Mapping[str, str]
    key: str

    @property
    def prompt(self) -> str:
        """Return the question as the model is asked."""
        several = "，正确答案可能不止一个" if self.kind == MULTIPLE else ""
        options = "\n".join(f"{letter}. {text}" for letter, text in self.options.items())
        return f"{self.exam}，{self.kind}{several}。请只回答选项的字母。\n{self.question}\n{options}\n答案："


@dataclass(frozen=True)
class Given:
    """What one system answered to one item."""

    system: str
    item: Item
    text: str

    @property
    def letters(self) -> str:
        """Return the letters named, in order; ``""`` where there are none."""
        return letters(self.text, self.item.options)

    @property
    def right(self) -> bool:
        """Return True where they are exactly those of the key."""
        return self.letters == self.item.key


def add(parsers: Any) -> None:
    """Add the sub-command."""
    text = "multiple-choice questions of CMB-Exam, with and without an adapter"
    parser = parsers.add_parser(
        "exam", help=text, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="questions, JSON as CMB publishes them")
    parser.add_argument("--answers", type=Path, help="the keys by id, where they are not in the questions")
    parser.add_argument("--limit", type=int, metavar="N", help="every n-th question, so that about N are asked")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write every answer here")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    add_model(parser, max_new_tokens=24)


def run(args: argparse.Namespace) -> int:
    """Ask, score and print."""
    if args.limit is not None and args.limit < 1:
        raise TrainingError("--limit must be at least 1.")
    items = thinned(read(args.file, args.answers), args.limit)
    talk = Talk(args)
    console = Console(stderr=args.json)
    given = [answer for item in track(items, "questions", console=console) for answer in _asked(talk, item)]
    scores = {name: score([a for a in given if a.system == name]) for name in talk.said}
    if args.out:
        _write(args.out, given)
    if args.json:
        print(json.dumps(scores, ensure_ascii=False))
    else:
        console.print(_table(scores))
    return 0


def read(path: Path, answers: Path | None = None) -> list[Item]:
    """Return the questions of a file that have a key; raise :class:`TrainingError` where none has."""
    keys = {}
    if answers is not None:
        keys = {str(record.value.get("id")): str(record.value.get("answer", "")) for record in _records(answers)}
    items = [item for record in _records(path) if (item := _item(record, keys)).key]
    if not items:
        raise TrainingError(f"No question of {path} has an answer; name the file of the keys with --answers.")
    return items


def letters(text: str, options: Iterable[str]) -> str:
    """Return the letters of ``options`` that an answer names, in alphabetical order."""
    said = _ANSWER.search(text)
    found = _LETTERS.search(text, said.end() if said else 0) or _LETTERS.search(text)
    return "".join(sorted(set(found.group()) & set(options))) if found else ""


def score(given: Sequence[Given]) -> dict[str, Any]:
    """Return the mean over examinations, and what it is made of."""
    classes: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for answer in given:
        classes[answer.item.exam][answer.item.group].append(answer.right)
    exams = {exam: fmean(fmean(marks) for marks in groups.values()) for exam, groups in classes.items()}
    several = [answer.right for answer in given if answer.item.kind == MULTIPLE]
    single = [answer.right for answer in given if answer.item.kind != MULTIPLE]
    return {
        "questions": len(given),
        "score": fmean(exams.values()),
        "one answer": fmean(single) if single else None,
        "several answers": fmean(several) if several else None,
        "no letter named": fmean(not answer.letters for answer in given),
        "by examination": exams,
    }


def _asked(talk: Talk, item: Item) -> Iterator[Given]:
    talk.forget()
    for name, text in talk.ask(item.prompt):
        yield Given(name, item, text)


def _records(path: Path) -> Iterator[Record]:
    for record in sound(files([path])[0]):
        if not isinstance(record.value, dict):
            raise TrainingError(f"{record.where}: expected a question or a key of CMB, a JSON object.")
        yield record


def _item(record: Record, keys: Mapping[str, str]) -> Item:
    value = record.value
    missing = [name for name in _FIELDS if not value.get(name)]
    if missing or not isinstance(value["option"], dict):
        raise TrainingError(f"{record.where}: a question of CMB has {' and '.join(missing or ['a table of options'])}.")
    options = {letter: str(text) for letter, text in value["option"].items() if text}
    id_ = str(value.get("id", record.where))
    return Item(
        id_, str(value.get("exam_type", "")), str(value.get("exam_class", "")), str(value.get("question_type", "")),
        str(value["question"]), options, "".join(sorted(str(value.get("answer") or keys.get(id_, "")))),
    )  # fmt: skip


def _write(path: Path, given: Sequence[Given]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("system", "id", "examination", "class", "type", "key", "letters", "right", "answer"))
        for a in given:
            item = a.item
            rows.writerow(
                (a.system, item.id, item.exam, item.group, item.kind, item.key, a.letters, int(a.right), a.text)
            )


def _table(scores: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("", *(name or "model" for name in scores))
    rows = [key for key in next(iter(scores.values())) if key != "by examination"]
    for key in rows:
        table.add_row(key, *(_shown(found[key]) for found in scores.values()))
    for exam in next(iter(scores.values()))["by examination"]:
        table.add_row(exam, *(_shown(found["by examination"][exam]) for found in scores.values()))
    return table


def _shown(value: float | int | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.1%}"
