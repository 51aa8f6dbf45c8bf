"""A sentence as a row of words: free words out, synonyms in one form, numbers by their amount.

The words are data (``guard_words.yaml``). Chinese is read character by character with the longest known word
first, English word by word; a character or word that no list knows stands for itself. So a row leaves nothing out that
the lists do not name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

from medllm_ros.quantities import Quantity
from medllm_ros.quantities.units import convert_to_base
from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.folding import fold, is_cjk
from medllm_ros.safety.grounding import NUMBER, numbers

NAME = "\ue001"  # stands for a name of the medicine itself
IF, WHEN, TAKE = "IF", "WHEN", "TAKE"
_CHUNK = re.compile(r"[a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)?|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]+|[^\s]")
_ORDINAL = re.compile(r"第\s*([一二三四五六七八九])(?![十百千]|时间)")
_HAN = {char: str(value) for value, char in enumerate("一二三四五六七八九", start=1)}
_ENDINGS = ("ing", "ies", "ied", "es", "ed", "s", "e")
_TIMES = "{time}"


class Gap(IntEnum):
    """What stands between two words; the strongest one counts."""

    NONE = 0
    LIST = 1
    COMMA = 2
    STOP = 3
    AND = 4
    OR = 5


_MARKS = {
    **dict.fromkeys("、/", Gap.LIST), **dict.fromkeys(",:()[]\"“”「」『』·—–-", Gap.COMMA),
    **dict.fromkeys("。.;!?\n…", Gap.STOP), "&": Gap.AND,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word that counts, with what stands before it."""

    text: str
    gap: Gap
    paused: bool = False  # a comma stands there too: ", or"


Row = tuple[Word, ...]


class _Kind(StrEnum):
    """What a listed word does."""

    COUNTS = "counts"  # as the words of its entry; free ones have none
    LINKS = "links"
    OPENS = "opens"  # free at the beginning of a clause
    CONDITION = "condition"  # makes one of the words before it
    USES = "uses"  # free beside other words
    TAKES = "takes"  # the same, for what is swallowed


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: _Kind
    words: tuple[str, ...] = ()
    gap: Gap = Gap.NONE


@dataclass(frozen=True)
class _Language:
    entries: dict[str, _Entry]
    longest: dict[str, int]  # by first character or word: the length of the longest entry
    rewrite: tuple[tuple[re.Pattern[str], str], ...]


@lru_cache(maxsize=4096)
def read_row(folded: str, names: tuple[str, ...], by_mouth: bool) -> Row:
    """Return the row of a folded text; ``names`` are the folded names of the medicine, ``by_mouth`` its route."""
    return tuple(_once_if(_Reader(folded, names, by_mouth).row))


def _once_if(row: list[Word]) -> Iterable[Word]:
    """Return the words with "if A, if B, or if C" written as "if A, B, or C"."""
    again: set[int] = set()
    since: list[int] = []  # the conditions of the present sentence
    for at, word in enumerate(row):
        if at and word.gap is Gap.STOP:
            since = []
        if word.text == IF:
            since.append(at)
            if word.gap in (Gap.OR, Gap.AND) and len(since) > 1:
                again.update(since[1:])
    return without(row, again) if again else row


def without(row: Sequence[Word], dropped: Container[int]) -> Iterator[Word]:
    """Yield the words but those at the places ``dropped``; the marks before a dropped one stay."""
    gap, paused = Gap.NONE, False
    for at, word in enumerate(row):
        gap, paused = max(gap, word.gap), paused or word.paused
        if at not in dropped:
            yield Word(word.text, gap, paused)
            gap, paused = Gap.NONE, False


def texts(row: Row) -> tuple[str, ...]:
    """Return the words alone."""
    return tuple(word.text for word in row)


def steers(text: str) -> bool:
    """Return True for a word that steers a sentence: a condition, a negation, a call (capitals in the data)."""
    return text.isupper() and not text.startswith("#")


def stem(word: str) -> str:
    """Return an English word without the endings of its grammar."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def mask_names(text: str, names: tuple[str, ...], mark: str = NAME) -> str:
    """Return a folded text with ``names`` replaced by a mark."""
    return _name_pattern(names).sub(mark, text) if names else text


def folded_names(*names: str) -> tuple[str, ...]:
    """Return names folded, longest first; very short ones left out."""
    folded = {fold(name) for name in names}
    return tuple(sorted((name for name in folded if len(name) >= 2), key=len, reverse=True))


@lru_cache(maxsize=1024)
def _name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<![a-z]){re.escape(name)}(?![a-z])" for name in names), re.ASCII)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, folded: str, names: tuple[str, ...], by_mouth: bool) -> None:
        self.row: list[Word] = []
        self._by_mouth = by_mouth
        self._gap = Gap.NONE
        self._paused = False
        self._at_start = True  # of a clause: nothing but free words since the last mark
        self._clause = 0  # index of the first word of the present clause
        self._told_to_take = False  # in the present clause
        for language in (_chinese(), _english()):
            for pattern, written in language.rewrite:
                folded = pattern.sub(written, folded)
        folded = _ORDINAL.sub(lambda found: f"第{_HAN[found.group(1)]}", folded)
        said = numbers(mask_names(folded, names))
        self._numbers = iter(said.items)
        chunks = _CHUNK.findall(said.marked.replace("\n", " . "))
        at = 0
        while at < len(chunks):
            chunk = chunks[at]
            if chunk[0].isascii() and chunk[0].isalpha():
                at += self._english(chunks, at)
                continue
            if is_cjk(chunk[0]):
                self._chinese(chunk)
            else:
                self._other(chunk)
            at += 1
        self._end_clause()

    def _other(self, chunk: str) -> None:
        if chunk == NUMBER:
            self._number(next(self._numbers, None))
        elif chunk in _MARKS:
            self._boundary(_MARKS[chunk])
        elif chunk != NAME:
            self._word(f"#{chunk}" if chunk[0].isdigit() else chunk)

    def _boundary(self, gap: Gap) -> None:
        if gap in (Gap.COMMA, Gap.STOP):
            self._end_clause()
            self._paused = True
            if self._gap in (Gap.AND, Gap.OR):  # "iodine or this medicine," joins nothing that counts
                self._gap = gap
        self._gap = max(self._gap, gap)
        self._at_start = True

    def _end_clause(self) -> None:
        """ "請吃藥" alone is an instruction, though each of its words is free."""
        if self._told_to_take and len(self.row) == self._clause:
            self._word(TAKE)
        self._clause, self._told_to_take = len(self.row), False

    def _word(self, text: str) -> None:
        self.row.append(Word(text, self._gap, self._paused))
        self._gap, self._paused, self._at_start = Gap.NONE, False, False

    def _number(self, item: Quantity | dt.time | dt.date | None) -> None:
        if isinstance(item, Quantity):
            value, unit = convert_to_base(item.value, item.unit)
            if unit == _TIMES and self.row and self.row[-1].text == _ONE_DAY:  # 一天一次 is 每天一次
                self.row[-1] = replace(self.row[-1], text="daily")
            self._word(f"#{value} {unit}")
        else:
            self._word(f"#{item}")

    def _known(self, entry: _Entry | None) -> bool:
        """Take a listed word; return False where there is none, or where it is none at this place."""
        if entry is None:
            return False
        if entry.kind is _Kind.COUNTS:
            for text in entry.words:
                self._word(text)
        elif entry.kind is _Kind.LINKS:
            self._gap, self._at_start = max(self._gap, entry.gap), True
        elif entry.kind is _Kind.OPENS:
            return self._at_start
        elif entry.kind is _Kind.CONDITION:
            self._condition_before()
        else:
            if entry.kind is _Kind.TAKES and not self._by_mouth:
                self._word(TAKE)
            self._told_to_take = True
        return True

    def _chinese(self, run: str) -> None:
        language = _chinese()
        at = 0
        while at < len(run):
            for size in range(min(language.longest.get(run[at], 0), len(run) - at), 0, -1):
                if self._known(language.entries.get(run[at : at + size])):
                    at += size
                    break
            else:
                self._word(run[at])
                at += 1

    def _condition_before(self) -> None:
        """Make a condition of the present clause; "when taking this" alone adds nothing."""
        self._told_to_take = False
        first = self.row[self._clause] if self._clause < len(self.row) else None
        if first and first.text != IF:
            self.row[self._clause : self._clause + 1] = [replace(first, text=IF), Word(first.text, Gap.NONE)]

    def _english(self, chunks: list[str], at: int) -> int:
        language = _english()
        for size in range(min(language.longest.get(chunks[at], 0), len(chunks) - at), 0, -1):
            if self._known(language.entries.get(" ".join(chunks[at : at + size]))):
                return size
        self._word(stem(chunks[at]))
        return 1


_ONE_DAY = "#86400 s"
_LISTED = (
    ("opening", _Kind.OPENS), ("condition", _Kind.CONDITION), ("using", _Kind.USES), ("taking", _Kind.TAKES),
)  # fmt: skip


def _language(data: dict[str, Any], separator: str | None) -> _Language:
    def listed(text: str) -> list[str]:
        return [fold(word.strip()) for word in text.split(separator) if word.strip()]

    entries = {word: _Entry(_Kind.COUNTS, (word,)) for word in listed(data["plain"])}
    entries |= {word: _Entry(_Kind.COUNTS) for word in listed(data["free"])}
    for group, members in data["same"].items():
        entries |= {word: _Entry(_Kind.COUNTS, (str(group),)) for word in listed(members)}
    for key, gap in (("and", Gap.AND), ("or", Gap.OR), ("pause", Gap.COMMA)):
        entries |= {word: _Entry(_Kind.LINKS, gap=gap) for word in listed(data[key])}
    for key, kind in _LISTED:
        entries |= {word: _Entry(kind) for word in listed(data[key])}
    longest: dict[str, int] = {}
    for word in entries:
        parts = word.split(" ") if separator else word
        longest[parts[0]] = max(longest.get(parts[0], 0), len(parts))
    rewrite = tuple((re.compile(pattern, re.ASCII), written) for pattern, written in data["rewrite"])
    return _Language(entries, longest, rewrite)


@lru_cache(maxsize=1)
def _chinese() -> _Language:
    return _language(guard_words()["zh"], None)


@lru_cache(maxsize=1)
def _english() -> _Language:
    return _language(guard_words()["en"], ",")
