"""All of the shipped data: dialogues, preference pairs and corpus, each judged by the data gate before it is written.

Every line is drawn from its own number, so the result is the same with one process or with many. What the gate finds
(a repetition, a number without a fact) is left out, and further numbers take its place.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from medllm_ros.delivery import Locale
from medllm_ros.whole_file import whole_file
from training.data import gate, medllm_format
from training.data.build import corpus, dialogues, pairs
from training.data.build.dialogues import Builder
from training.data.build.questions import HELD_OUT
from training.data.build.worse import Kind
from training.data.duplicates import duplicates
from training.data.rows import Row, TextRow
from training.hearing.corpus import FOLDER

WRITTEN = Path(__file__).parents[1] / "written" / "dialogues.jsonl"
MORE = 1.1  # numbers drawn for each line that is wanted: some come to nothing
PAIR_LOCALES = (Locale.ZH_TW, Locale.EN_US, Locale.ZH_TW, Locale.ZH_CN)  # in turn: half zh_TW, a quarter each


@dataclass
class Made:
    """How many lines there are, and what was left out, by reason."""

    lines: dict[str, int] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


def make(
    out: Path, *, count: int, count_pairs: int, seed: int, folders: Sequence[Path] = (FOLDER,), processes: int = 2,
    quiet: bool = False, more: Sequence[dict[str, Any]] = (),
) -> Made:  # fmt: skip
    """Write ``med_dataset.jsonl.gz``, ``dpo_dataset.jsonl`` and ``corpus/<locale>.txt.gz`` to the folder ``out``.

    The dialogues are ``count`` made ones and ``more``.
    Dialogues of the held-out cells go to ``test_dataset.jsonl``; pairs of these are not written.
    """
    made = Made()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with (
        ProcessPoolExecutor(processes, initializer=_start, initargs=(tuple(folders),)) as pool,
        Progress(*columns, disable=quiet) as progress,
    ):

        def draw(task: Callable[..., Any], numbers: Iterable[Any], title: str, wanted: int) -> list[dict[str, Any]]:
            bar = progress.add_task(title, total=wanted)
            kept: list[dict[str, Any]] = []
            source = iter(numbers)
            while len(kept) < wanted:
                batch = list(islice(source, round((wanted - len(kept)) * MORE) + 1))
                found = []
                for record, dropped in pool.map(task, batch, chunksize=8):
                    made.dropped.update(dropped)
                    if record is not None:
                        found.append(record)
                        progress.update(bar, completed=min(wanted, len(kept) + len(found)))
                kept = _judged([*kept, *found], made)[:wanted]
                progress.update(bar, completed=len(kept))
            return kept

        lines = [*draw(_dialogue, dialogues.plans_without_end(seed), "dialogues", count), *more]
        preferences = draw(_pair, _pair_numbers(seed), "pairs", count_pairs)
        for name, kept in (
            ("med_dataset.jsonl.gz", [line for line in lines if not held_out(line)]),
            ("test_dataset.jsonl", [line for line in lines if held_out(line)]),
            ("dpo_dataset.jsonl", [pair for pair in preferences if not held_out(pair)]),
        ):
            made.lines[name] = _write(out / name, kept)
        for locale in Locale:
            made.lines[f"corpus/{locale}.txt.gz"] = _text(out / "corpus" / f"{locale}.txt.gz", locale, seed, folders)
    return made


def written() -> list[dict[str, Any]]:
    """Return the dialogues that were written singly."""
    return [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]


def held_out(record: Mapping[str, Any]) -> bool:
    """Return True for a line of a cell that models are judged on."""
    return record["group"] in {f"cell-{cell:02}" for cell in HELD_OUT}


def _pair_numbers(seed: int) -> Iterator[tuple[int, int, Kind, Locale]]:
    """Yield the numbers of pairs, the kinds in turn, each with the languages in turn."""
    number = 0
    while True:
        for kind in Kind:
            yield number, seed, kind, PAIR_LOCALES[number % len(PAIR_LOCALES)]
        number += 1


def _judged(records: Sequence[dict[str, Any]], made: Made) -> list[dict[str, Any]]:
    """Return the lines that the gate lets through."""
    rows: list[Row] = []
    for number, record in enumerate(records):
        rows += medllm_format.rows(record, f"made:{number}")
    bad: dict[int, str] = {}
    for finding in gate.inspect(rows).findings:
        bad.setdefault(int(finding.problem.where.rpartition(":")[2]), str(finding.check))
    made.dropped.update(f"gate: {check}" for check in bad.values())
    return [record for number, record in enumerate(records) if number not in bad]


def _write(path: Path, records: Sequence[dict[str, Any]]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records]
    if path.suffix == ".gz":
        _pack(path, "".join(lines))
    else:
        with whole_file(path) as stream:
            stream.writelines(lines)
    return len(records)


def _pack(path: Path, text: str) -> None:
    """Write ``text`` packed, the same bytes for the same text; whole, or nothing."""
    scratch = path.with_name(f".{path.name}.partial")
    scratch.write_bytes(gzip.compress(text.encode(), mtime=0))
    scratch.replace(path)


def _text(path: Path, locale: Locale, seed: int, folders: Sequence[Path]) -> int:
    builder = Builder.load(folders)
    found = list(corpus.paragraphs(builder.context.formulary, builder.bank, locale, seed))
    repeated = {item.row for item in duplicates([TextRow(text, f"{path}:{n}") for n, text in enumerate(found)])}
    kept = [text for number, text in enumerate(found) if number not in repeated]
    path.parent.mkdir(parents=True, exist_ok=True)
    _pack(path, "\n\n".join(kept) + "\n")
    return len(kept)


# In a process of the pool, which makes its own builder once.

_builder: Builder | None = None


def _start(folders: tuple[Path, ...]) -> None:
    global _builder
    _builder = Builder.load(folders)


def _dialogue(plan: dialogues.Plan) -> tuple[dict[str, Any] | None, Counter[str]]:
    assert _builder
    _builder.dropped.clear()
    return _builder.dialogue(plan), Counter(_builder.dropped)


def _pair(numbers: tuple[int, int, Kind, Locale]) -> tuple[dict[str, Any] | None, Counter[str]]:
    assert _builder
    _builder.dropped.clear()
    return pairs.pair(_builder, *numbers), Counter(_builder.dropped)
