"""The data gate: what must hold before anything is learned. A run stops where it fails, naming file and line.

Reading is the first part of it (schema). Here: empty or garbled text, duplicates, groups and questions that stand on
both sides of the split, numbers and citations without a fact, forbidden advice, and training on the validation file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from medllm_ros.bedside.chat import Role
from training.data import grounded
from training.data.duplicates import NEAR, duplicates
from training.data.errors import DataError, Problem, listed
from training.data.garbled import faults
from training.data.leaks import SHARE, leaks, probe
from training.data.records import files
from training.data.rows import PairRow, Row, TextRow, answers, asked

MOST_LOOKED_AT = 2000  # public conversations, for the note on what they say


class Check(StrEnum):
    """One part of the gate."""

    TEXT = "text"  # empty, garbled, another language than marked
    PAIR = "pair"  # chosen and rejected are the same
    DUPLICATE = "duplicate"
    SPLIT = "split"  # a group on two sides
    LEAK = "leak"  # a held-out question in training
    NUMBER = "number"
    CITATION = "citation"
    ADVICE = "advice"


@dataclass(frozen=True)
class Limits:
    """How strict the gate is."""

    near: float | None = NEAR  # None: exact duplicates only
    leak: float = SHARE


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    check: Check
    problem: Problem


@dataclass(frozen=True)
class Report:
    """What the gate found. ``notes`` are worth knowing and stop nothing."""

    rows: int
    held_out: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return True where nothing is wrong."""
        return not self.findings

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of findings of each check."""
        found = Counter(finding.check for finding in self.findings)
        return {check.value: found[check] for check in Check}

    def sentence(self) -> str:
        """Return what is wrong, one finding a line, the first ones of each check."""
        problems = [
            Problem(f"[{finding.check}] {finding.problem.where}", finding.problem.why) for finding in self.findings
        ]
        return f"The data gate found {len(problems)} faults; mend them and run again.\n{listed(problems)}"


def check(rows: Sequence[Row], *, held_out: Sequence[Row] = (), limits: Limits | None = None) -> Report:
    """Return the report of rows that may be trained on; raise :class:`DataError` with file and line where not."""
    report = inspect(rows, held_out=held_out, limits=limits)
    if not report.passed:
        raise DataError(report.sentence())
    return report


def inspect(rows: Sequence[Row], *, held_out: Sequence[Row] = (), limits: Limits | None = None) -> Report:
    """Return what is wrong with the rows and with the held-out rows beside them."""
    limits = limits or Limits()
    findings: list[Finding] = []
    notes: list[str] = []
    for side in (rows, held_out):
        findings += [Finding(check, Problem(row.where, why)) for row in side for check, why in _row(row)]
        findings += _duplicates(side, limits)
    findings += _sides(rows, held_out)
    if held_out:
        report = leaks(rows, held_out, limit=limits.leak)
        for leak in report.leaks:
            row, trained = held_out[leak.test], rows[leak.train]
            why = f"{_short(probe(row))!r} is trained on at {trained.where} ({leak.share:.0%} of its n-grams)"
            findings.append(Finding(Check.LEAK, Problem(row.where, why)))
        notes.append(
            f"{report.same_question} of {report.tested} held-out questions are asked in training in the same words; "
            f"of its n-grams the average one shares {report.mean_share:.0%} with one training row."
        )
    notes += _public(rows)
    return Report(len(rows), len(held_out), tuple(dict.fromkeys(findings)), tuple(notes))


def different_files(train: Sequence[Path | str], held_out: Sequence[Path | str]) -> None:
    """Raise :class:`DataError` where a file to validate on is also trained on, by name or by content."""
    known = {_digest(path): path for path in files(train)}
    for path in files(held_out):
        if _digest(path) in known:
            raise DataError(
                f"{path} is held out and trained on ({known[_digest(path)]}): the loss would say nothing. "
                "Split the data: medllm-train data split."
            )


def _row(row: Row) -> Iterator[tuple[Check, str]]:
    for what, text in _texts(row):
        for why in faults(text, None if what == "rejected" else row.tags.locale):  # another language may be its fault
            yield Check.TEXT, f"{what}: {why}."
    if isinstance(row, TextRow):
        return
    if isinstance(row, PairRow) and row.chosen.split() == row.rejected.split():
        yield Check.PAIR, "chosen and rejected are the same."
    for answer in answers(row):
        if row.facts is not None:
            for why in grounded.number_faults(answer, row.facts):
                yield Check.NUMBER, f"{why}."
            for why in grounded.citation_faults(answer, row.facts):
                yield Check.CITATION, f"{why}."
        if row.facts is not None or isinstance(row, PairRow):
            for why in grounded.advice_faults(answer, row.facts or ()):
                yield Check.ADVICE, f"{why}."


def _texts(row: Row) -> Iterator[tuple[str, str]]:
    """Yield what stands in a row, with a name for each. The system message is ours or the user's own: not judged."""
    if isinstance(row, TextRow):
        yield "the text", row.text
        return
    for message in row.prompt if isinstance(row, PairRow) else row.messages:
        if message.role is not Role.SYSTEM:
            yield f"the {message.role}'s message", asked(message.content)
    if isinstance(row, PairRow):
        yield "chosen", row.chosen
        yield "rejected", row.rejected


def _duplicates(rows: Sequence[Row], limits: Limits) -> Iterator[Finding]:
    for item in duplicates(rows, limits.near):
        again = "repeats" if item.similarity == 1 else f"nearly repeats ({item.similarity:.2f})"
        yield Finding(Check.DUPLICATE, Problem(rows[item.row].where, f"{again} {rows[item.first].where}."))


def _sides(rows: Sequence[Row], held_out: Sequence[Row]) -> Iterator[Finding]:
    groups = {row.group: row.where for row in reversed(rows) if row.group}
    told = set()
    for row in held_out:
        if row.group in groups and row.group not in told:
            told.add(row.group)
            why = f"its group {row.group} is trained on as well, at {groups[row.group]}."
            yield Finding(Check.SPLIT, Problem(row.where, why))


def _public(rows: Sequence[Row]) -> Iterator[str]:
    """Say how much of what brings no facts could not be judged, and what in it the robot could never say."""
    open_rows = [row for row in rows if not isinstance(row, TextRow) and row.facts is None]
    if not open_rows:
        return
    yield f"{len(open_rows)} rows bring no facts: their numbers cannot be judged."
    chats = [row for row in open_rows if not isinstance(row, PairRow)][:MOST_LOOKED_AT]
    advice = [row for row in chats if any(True for answer in answers(row) for _ in grounded.advice_faults(answer))]
    if advice:
        yield (
            f"{len(advice)} of the first {len(chats)} conversations say what the robot may never say, the first at "
            f"{advice[0].where}; they teach language, not the robot's replies."
        )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "..."


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
