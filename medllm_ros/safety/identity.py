"""Who answers: compare what was said with the record, by open question and tolerant of recognisers.

Two identifiers, neither of them the bed (Joint Commission NPSG.01.01.01 EP 1). A bare "yes" never matches
anything, and no recorded value leaves this module: only which kinds matched and which differed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from medllm_ros.delivery import PatientProfile
from medllm_ros.safety.birth_date import compare_birth_date, without_dates
from medllm_ros.safety.chart_number import compare_chart_number
from medllm_ros.safety.folding import fold, fold_characters, load_data, simplified
from medllm_ros.safety.person_name import compare_name, named_by_relative

MAX_CHARS = 600  # an answer to "what is your name?" is short; the rest is not read
MAX_TEXTS = 12
_CHINESE_BLANK = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff0-9])|(?<=[0-9])\s+(?=[\u3400-\u9fff])")


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
    other = any(speaks_for_another(text) or named_by_relative(text, patient.name) for text in pieces)
    for text in pieces:
        for kind, same in _each(text, patient, other):
            (matched if same else differing).add(kind)
    return Comparison(frozenset(matched), frozenset(differing - matched), other)


def speaks_for_another(text: str) -> bool:
    """Return True where the speaker says that they are not the patient ("我是他太太", "I'm her son")."""
    words = _words()
    return any(
        words.other_person.search(words.own_title.sub("", spelling)) for spelling in _spellings(text[:MAX_CHARS])
    )


def gave_own_name(text: str, patient: PatientProfile) -> bool:
    """Return True where the speaker gives the recorded name as their own, and nothing beside it speaks against them."""
    said = compare((text,), patient)
    doubt = said.other_person or said.mismatched or any(map(_words().mistaken.search, _spellings(text[:MAX_CHARS])))
    return Identifier.NAME in said.matched and not doubt


def asked_to_say(text: str) -> bool:
    """Return True where the speaker wants the record read aloud: "你先念我的名字給我聽", "you tell me my name"."""
    words, folded = _words(), fold(text[:MAX_CHARS])
    return bool(words.asked_to_say.search(folded)) and not words.not_asked_to_say.search(folded)


def gave_bed(text: str) -> bool:
    """Return True where the speaker answers with a bed or a room: "十二床", "I'm in room 412". It identifies nobody."""
    return any(_words().gave_bed.search(spelling) for spelling in _spellings(text[:MAX_CHARS]))


def _spellings(text: str) -> tuple[str, str]:
    """Return the folded text without the blanks between Chinese characters, and with commas in their place."""
    return fold(text), fold(_CHINESE_BLANK.sub(",", text))


def _each(text: str, patient: PatientProfile, other: bool) -> Iterator[tuple[Identifier, bool]]:
    if patient.name and (same := compare_name(text, patient.name, by_other=other)) is not None:
        yield Identifier.NAME, same
    if patient.date_of_birth and (same := compare_birth_date(text, patient.date_of_birth)) is not None:
        yield Identifier.DATE_OF_BIRTH, same
    if patient.chart_number:
        rest = without_dates(fold_characters(text), patient.date_of_birth)
        same = compare_chart_number(rest, patient.chart_number, _words().chart)
        if same is not None:
            yield Identifier.CHART_NUMBER, same


class _Words:
    def __init__(self) -> None:
        data: dict[str, Any] = load_data("identity.yaml")
        surnames = str(data["surnames"]).replace(" ", "")

        def one(pattern: str) -> str:
            for name in ("relations", "erelations"):
                pattern = pattern.replace(f"<{name}>", data[name])
            return pattern.replace("<surnames>", surnames).translate(simplified())

        def several(name: str) -> re.Pattern[str]:
            return re.compile("|".join(f"(?:{one(p)})" for p in data[name]), re.ASCII)

        self.other_person = several("other_person")
        self.asked_to_say, self.gave_bed, self.mistaken = map(several, ("asked_to_say", "gave_bed", "mistaken"))
        self.not_asked_to_say = re.compile(one(data["not_asked_to_say"]))
        self.own_title = re.compile(one(data["own_title"]))
        self.chart = re.compile(one(data["chart"]))


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
