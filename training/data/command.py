"""``medllm-train data build|curriculum|check|convert|split|stats``."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from medllm_ros.bedside.memory import estimate_tokens
from training.data import gate, report
from training.data.clean import clean
from training.data.duplicates import NEAR, unique
from training.data.errors import DataError, Problem
from training.data.formats import Format
from training.data.leaks import SHARE, leaks
from training.data.reading import AUTO, read, scan
from training.data.records import files
from training.data.rows import Row, RowKind, kind_of
from training.data.self_bleu import SAMPLE
from training.data.split import Split, split
from training.data.stats import ESTIMATE, stats
from training.data.templates import Template
from training.data.writing import WRITABLE, write

_BUILD = "training.data.build.command"


def add(commands: Any) -> None:
    """Add ``data`` and its own commands to the parsers of ``medllm-train``."""
    parser = commands.add_parser("data", help="read, check, convert, split and describe training data")
    own = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    if importlib.util.find_spec(_BUILD):
        importlib.import_module(_BUILD).add(own)
    check = _files(own, "check", "the data gate: exit code 1 where anything must not be learned")
    check.add_argument("--held-out", nargs="+", type=Path, default=[], metavar="FILE", help="validation or test files")
    check.add_argument("--near", type=_share, default=NEAR, help=f"similarity of near duplicates (default {NEAR})")
    check.add_argument("--exact-only", action="store_true", help="look for exact duplicates alone")
    check.add_argument("--leak", type=_share, default=SHARE, help=f"shared n-grams of a leak (default {SHARE})")
    check.add_argument("--kind", choices=list(RowKind), help="refuse other rows")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    convert = _files(own, "convert", "write the rows of any format in another one")
    convert.add_argument("--out", type=Path, required=True, help="the .jsonl file to write")
    convert.add_argument("--to", choices=list(WRITABLE), help="default: messages, prompt-chosen-rejected or text")
    convert.add_argument("--clean", action="store_true", help="tidy Unicode, control characters, HTML and blanks")
    convert.add_argument("--unique", action="store_true", help="leave exact and near duplicates out")
    convert.add_argument("--skip-bad", action="store_true", help="leave out lines that cannot be read, and say which")
    divide = _files(own, "split", "train, validation and test; groups and repetitions stay on one side")
    divide.add_argument("--out", type=Path, required=True, help="folder of train.jsonl, validation.jsonl, test.jsonl")
    divide.add_argument("--validation", type=_share, default=0.05, help="share of the rows (default 0.05)")
    divide.add_argument("--test", type=_share, default=0.05, help="share of the rows (default 0.05)")
    divide.add_argument("--seed", type=int, default=0)
    describe = _files(own, "stats", "counts, lengths, distinct wordings, self-BLEU")
    describe.add_argument("--tokenizer", type=Path, help="folder of the tokenizer that counts (default: an estimate)")
    describe.add_argument("--sample", type=int, default=SAMPLE, help=f"texts for self-BLEU (default {SAMPLE})")
    describe.add_argument("--seed", type=int, default=0)
    describe.add_argument("--json", action="store_true", help="print the numbers as JSON")
    describe.add_argument("--plot", type=Path, help="draw the lengths to this PNG file")
    describe.add_argument("--card", type=Path, help="write a data card to this Markdown file; needs --about")
    describe.add_argument("--about", type=Path, help=f"YAML file with the texts {', '.join(report.ABOUT)}")


def run(args: argparse.Namespace) -> int:
    """Run one command; a fault of the data is printed as it is and gives exit code 1."""
    command = args.data_command
    try:
        if command in ("build", "curriculum"):
            return int(importlib.import_module(_BUILD).run(args))
        return {"check": _check, "convert": _convert, "split": _split, "stats": _stats}[command](args)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1


def _files(own: Any, name: str, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = own.add_parser(name, help=help, description=help)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files or folders")
    parser.add_argument("--format", choices=[AUTO, *Format], default=AUTO, help="default: found from the keys")
    parser.add_argument("--template", help="instruction template: a JSON or YAML file, or the name of a packaged one")
    return parser


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("give a share from 0 to 1")
    return value


def _template(args: argparse.Namespace) -> Template | None:
    return Template.load(args.template) if args.template else None


def _rows(args: argparse.Namespace, kind: str | None = None) -> list[Row]:
    return read(args.files, kind, args.format, template=_template(args))


def _check(args: argparse.Namespace) -> int:
    rows = _rows(args, args.kind)
    held_out: list[Row] = []
    if args.held_out:
        gate.different_files(args.files, args.held_out)
        held_out = read(args.held_out, args.kind, args.format, template=_template(args))
    limits = gate.Limits(near=None if args.exact_only else args.near, leak=args.leak)
    found = gate.inspect(rows, held_out=held_out, limits=limits)
    if args.json:
        print(
            json.dumps(
                {
                    "passed": found.passed, "rows": found.rows, "held_out": found.held_out, "counts": found.counts,
                    "notes": list(found.notes),
                    "findings": [
                        {"check": item.check, "where": item.problem.where, "why": item.problem.why}
                        for item in found.findings
                    ],
                },
                ensure_ascii=False, indent=2,
            )
        )  # fmt: skip
    else:
        for note in found.notes:
            print(note)
        if found.passed:
            print(f"The data gate is passed: {found.rows} rows, {found.held_out} held out.")
        else:
            print(found.sentence(), file=sys.stderr)
    return 0 if found.passed else 1


def _convert(args: argparse.Namespace) -> int:
    rows: list[Row] = []
    if args.skip_bad:
        for item in scan(args.files, None, args.format, template=_template(args)):
            if isinstance(item, Problem):
                print(f"left out: {item}", file=sys.stderr)
            else:
                rows.append(item)
        if not rows:
            raise DataError("Nothing that can be read is left.")
    else:
        rows = _rows(args)
    if args.clean:
        rows = [clean(row) for row in rows]
    if args.unique:
        rows, dropped = unique(rows)
        print(f"{len(dropped)} rows repeat an earlier one and are left out.")
    count = write(rows, args.out, Format(args.to) if args.to else None)
    print(f"{args.out}: {count} rows.")
    return 0


def _split(args: argparse.Namespace) -> int:
    rows = _rows(args)
    if len({kind_of(row) for row in rows}) > 1:
        raise DataError("The files hold rows of several kinds; split each kind for itself.")
    found = split(rows, validation=args.validation, test=args.test, seed=args.seed)
    for name, numbers in found.sides.items():
        path = args.out / f"{name}.jsonl"
        if not numbers:
            path.unlink(missing_ok=True)
            continue
        side = [rows[number] for number in numbers]
        lines = _lines(side)
        if lines is None:
            write(side, path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(lines))
        print(f"{path}: {len(side)} rows in {len({row.group for row in side})} groups.")
    _print_leaks(rows, found)
    return 0


def _lines(rows: Sequence[Row]) -> list[bytes] | None:
    """Return the very lines that the rows stand in, None where a file is not one record a line."""
    places = [row.where.rpartition(":") for row in rows]
    if not all(path.endswith(".jsonl") for path, _, _ in places):
        return None
    wanted: dict[str, dict[int, None]] = {}
    for path, _, line in places:
        wanted.setdefault(path, {})[int(line)] = None
    found = []
    for path, numbers in wanted.items():
        with open(path, "rb") as stream:
            found += [line.strip() + b"\n" for number, line in enumerate(stream, start=1) if number in numbers]
    return [line.removeprefix(b"\xef\xbb\xbf") for line in found]


def _print_leaks(rows: Sequence[Row], found: Split) -> None:
    held = [rows[number] for number in (*found.validation, *found.test)]
    if held:
        told = leaks((rows[number] for number in found.train), held)
        print(
            f"Leaks: {len(told.leaks)} of {told.tested} held-out rows; {told.same_question} short or differently "
            "grounded questions are asked in training in the same words."
        )


def _stats(args: argparse.Namespace) -> int:
    if bool(args.card) != bool(args.about):
        raise DataError("A card needs both --card and --about.")
    rows = _rows(args)
    count, name = estimate_tokens, ESTIMATE
    if args.tokenizer:
        count, name = _tokenizer(args.tokenizer)
    found = stats(rows, count_tokens=count, tokenizer=name, sample=args.sample, seed=args.seed)
    if args.plot:
        report.histogram(found, args.plot)
    if args.card:
        text = report.card(found, report.about(args.about), [_described(path) for path in files(args.files)])
        args.card.parent.mkdir(parents=True, exist_ok=True)
        args.card.write_text(text, encoding="utf-8")
    if args.json:
        print(json.dumps(found.plain(), ensure_ascii=False, indent=2))
    else:
        Console().print(report.table(found))
    return 0


def _tokenizer(folder: Path) -> tuple[Any, str]:
    from transformers import AutoTokenizer

    if not folder.is_dir():
        raise DataError(f"There is no tokenizer folder {folder}.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise DataError(f"The tokenizer in {folder} cannot be loaded: {error}") from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False)), f"tokenizer {folder.name}"


def _described(path: Path) -> report.DataFile:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return report.DataFile(path.name, hashlib.sha256(data).hexdigest(), text.count(b"\n"))
