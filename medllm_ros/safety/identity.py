"""Who answers: compare what was said with the record, by open question and tolerant of recognisers.

Two identifiers, neither of them the bed (Joint Commission NPSG.01.01.01 EP 1). A bare "yes" never matches
anything, and no recorded value leaves this module: only which kinds matched and which differed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from medllm_ros.delivery import PatientProfile
from medllm_ros.quantities import find_dates
from medllm_ros.safety.chart_number import compare_chart_number
from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.person_name import compare_name

MAX_CHARS = 600  # an answer to "what is your name?" is short; the rest is not read
MAX_TEXTS = 12


class Identifier(StrEnum):
    """What identifies a patient. Room and bed never do."""

    NAME = "name"
    DATE_OF_BIRTH = "date_of_birth"
    CHART_NUMBER = "chart_number"


@dataclass(frozen=True)
class Comparison:
    """The outcome. A kind is in neither set where nothing of it was given, or nothing is recorded.

    Where ``other_person`` is True the speaker is a relative, carer or room-mate: ``matched`` then says
    only that they know the patient, never that they are the patient.
    """

    matched: frozenset[Identifier]
    mismatched: frozenset[Identifier]
    other_person: bool = False


def compare(texts: Sequence[str], patient: PatientProfile) -> Comparison:
    """Compare an answer (best hypothesis first, then alternatives) with the record.

    A kind matches where any hypothesis matches. It is mismatched where none does and somebody clearly
    gave another value.
    """
    pieces = [text[:MAX_CHARS] for text in texts[:MAX_TEXTS] if text]
    matched: set[Identifier] = set()
    differing: set[Identifier] = set()
    for text in pieces:
        folded = fold(text)
        for kind, same in _each(text, folded, patient):
            (matched if same else differing).add(kind)
    other = any(speaks_for_another(text) for text in pieces)
    return Comparison(frozenset(matched), frozenset(differing - matched), other)


def speaks_for_another(text: str) -> bool:
    """Return True where the speaker says that they are not the patient ("我是他太太", "I'm her son")."""
    return bool(_words().other_person.search(fold(text[:MAX_CHARS])))


def _each(text: str, folded: str, patient: PatientProfile) -> Iterator[tuple[Identifier, bool]]:
    words = _words()
    if patient.name and (same := compare_name(text, patient.name)) is not None:
        yield Identifier.NAME, same
    if patient.date_of_birth and (same := _compare_birth(text, patient.date_of_birth)) is not None:
        yield Identifier.DATE_OF_BIRTH, same
    if patient.chart_number:
        same = compare_chart_number(_without_dates(text), patient.chart_number, bool(words.chart.search(folded)))
        if same is not None:
            yield Identifier.CHART_NUMBER, same


def _compare_birth(text: str, recorded: dt.date) -> bool | None:
    """Return True for the recorded date in 民國 or 西元, False for another full date, None where none was said."""
    words = _words()
    given = None
    for found in find_dates(text):
        said = text[found.start : found.end]
        if recorded in readings(found.date, said):
            return True
        around = fold(text[max(0, found.start - 12) : found.end + 12])
        if words.birth.search(around) or not words.not_birth.search(around):
            given = False
    return given


def readings(date: dt.date, said: str) -> Iterator[dt.date]:
    """Yield every day that a spoken date may mean: a two-digit year as 民國 and as 19xx, 3/2 in both orders."""
    folded = fold(said)
    years = [date.year]
    if not re.search(r"(?<![0-9])(?:19|20)[0-9]{2}|[一二]\s*[零〇九][零〇一二三四五六七八九]{2}|民国", folded):
        short = date.year - 1911 if date.year - 1911 > 0 else date.year
        for base in (1900, 1911, 2000):
            years += [base + short % 100, base + date.year % 100]
    days = [(date.month, date.day)]
    if date.day <= 12 and re.fullmatch(r"\s*[0-9]{1,2}\s*[/.-]\s*[0-9]{1,2}\s*[/.-]\s*[0-9]{2,4}\s*", folded):
        days.append((date.day, date.month))
    for year in dict.fromkeys(years):
        for month, day in days:
            try:
                yield dt.date(year, month, day)
            except ValueError:
                continue


def _without_dates(text: str) -> str:
    for found in sorted(find_dates(text), key=lambda item: -item.start):
        text = f"{text[: found.start]},{text[found.end :]}"
    return text


class _Words:
    def __init__(self) -> None:
        data: dict[str, Any] = load_data("identity.yaml")

        def one(pattern: str) -> str:
            for name in ("relations", "erelations"):
                pattern = pattern.replace(f"<{name}>", data[name])
            return pattern.translate(simplified())

        self.other_person = re.compile("|".join(f"(?:{one(p)})" for p in data["other_person"]), re.ASCII)
        self.birth = re.compile(one(data["birth"]))
        self.not_birth = re.compile(one(data["not_birth"]))
        self.chart = re.compile(one(data["chart"]))


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
