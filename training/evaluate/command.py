"""``medllm-train evaluate``: systems side by side on dialogues that none of them saw.

    medllm-train evaluate shipped:test_dataset.jsonl --system none --system base=runs/nano/base \\
        --system sft=runs/nano/base:runs/nano/sft --system dpo=runs/nano/base:runs/nano/dpo --out runs/nano/evaluation

A system is ``NAME=MODEL[:ADAPTER]`` or ``none``, the approved wording without a model, right by definition. Differences
are taken against the first one. Each dialogue is played through the real session; a reply is right where it states
every line that is owed and every sentence passes the guard. A deferral states nothing and is a miss.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from medllm_ros.bedside.context import SessionContext
from medllm_ros.engine.chat import ChatEngine
from medllm_ros.engine.factory import create_engine
from training.data.errors import DataError
from training.data.medllm_format import Dialogue, dialogue
from training.data.records import files, sound, thinned
from training.errors import TrainingError
from training.rows import places
from training.run_folder import resolve, sha256

_COLUMNS = (
    ("right", "right"), ("right_95", "95 %"), ("passes_whole", "passes whole"), ("states_all", "states all"),
    ("language_right", "language"), ("first_sentence_ms", "1st sentence"), ("tokens_per_second", "tokens/s"),
    ("bleu", "BLEU"), ("rouge_l", "ROUGE-L"), ("meteor", "METEOR"),
)  # fmt: skip
_PLAIN = ("tokens_per_second", "bleu", "rouge_l", "meteor")
SHEET = ("fluent 1-5", "warm 1-5", "right 1-5", "remark")  # left empty for people


def add(parsers: Any) -> None:
    """Add the sub-command."""
    parser = parsers.add_parser(
        "evaluate", help="systems side by side on dialogues that none of them saw", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("files", nargs="+", metavar="FILE", help="dialogues of format medllm, or shipped:NAME")
    parser.add_argument(
        "--system", action="append", required=True, metavar="NAME=MODEL[:ADAPTER]", help="or none; again for another"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the report, the plot and every answer here")
    parser.add_argument("--limit", type=int, metavar="N", help="every n-th dialogue, so that about N are played")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Play, judge, write and print."""
    from training.evaluate.play import play
    from training.evaluate.report import guard_hash, plot, summary

    lines = _dialogues(args.files, args.limit)
    systems = dict(_system(text) for text in args.system)
    context = SessionContext.load()
    answers = {}
    for name, folders in systems.items():
        engine = _engine(folders)
        console = Console(stderr=True)
        answers[name] = [
            answer
            for line in track(lines, f"{name:>8}", console=console, disable=args.json)
            for answer in play(line, context, engine)
        ]
        engine.close()
        if not answers[name]:
            raise TrainingError("The session asked no model in any of these dialogues; there is nothing to measure.")
    report = {
        "files": {path.name: sha256(path) for path in files(places(args.files))},
        "dialogues": len(lines),
        "guard_sha256": guard_hash(),
        "formulary": context.formulary.hash,
        "systems": summary(answers),
    }
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "evaluation.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
        plot(report["systems"], args.out / "evaluation.png")
        _sheet(answers, args.out / "answers.csv")
    if args.json:
        print(json.dumps(report, indent=2))
        return 0
    for name, measured in report["systems"].items():
        Console().print(_table(name, measured))
    if args.out:
        print(f"{args.out}: evaluation.json, evaluation.png, answers.csv (every answer, with columns for people).")
    return 0


def _dialogues(names: Sequence[str], limit: int | None) -> list[Dialogue]:
    found = []
    for path in files(places(names)):
        for item in sound(path):
            line = dialogue(item.value)
            if line.is_pair:
                raise DataError(f"{item.where}: this is a pair; evaluate reads dialogues.")
            found.append(line)
    return list(thinned(found, limit))


def _system(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, folders = text.partition("=")
    if not equals:
        if name != "none":
            raise TrainingError(f"--system {text!r} is neither none nor NAME=MODEL[:ADAPTER].")
        return name, ()
    return name, tuple(part for part in folders.split(":") if part)


def _engine(folders: Sequence[str]) -> ChatEngine:
    """Return the robot's own engine, loaded."""
    if not folders:
        return create_engine("none")
    engine = create_engine("local", **dict(zip(("model_dir", "adapter_dir"), map(resolve, folders), strict=False)))
    engine.load()
    return engine


def _sheet(answers: Any, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:  # the mark lets spreadsheets read Chinese
        out = csv.writer(stream)
        out.writerow(
            ("system", "dialogue", "turn", "language", "question", "answer", "reference", "right", "refused", "missing",
             *SHEET)
        )  # fmt: skip
        for name, given in answers.items():
            for a in given:
                out.writerow(
                    (name, a.dialogue, a.turn, a.locale, a.question, a.text, a.reference, int(a.right),
                     " | ".join(a.refused), " ".join(a.missing), *("" for _ in SHEET))
                )  # fmt: skip


def _table(name: str, measured: Any) -> Table:
    table = Table("", "replies", *(title for _, title in _COLUMNS), title=name, title_justify="left")
    for column in table.columns:
        column.no_wrap = True
    for part, values in measured.items():
        cells = (_cell(key, values[key]) if key in values else "" for key, _ in _COLUMNS)
        table.add_row(part, str(values["replies"]), *cells)
    return table


def _cell(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "-".join(f"{100 * share:.0f}" for share in value)
    if key == "first_sentence_ms":
        return f"{value} ms"
    return f"{value:.0f}" if key in _PLAIN else f"{100 * value:.1f} %"
