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
from functools import lru_cache

from medllm_ros.quantities import Quantity
from medllm_ros.quantities.units import convert_to_base
from medllm_ros.safety.folding import fold, is_cjk
from medllm_ros.safety.grounding import NUMBER, numbers
from medllm_ros.safety.word_lists import Entry, Gap, Kind, chinese, english

NAME = "\ue001"  # stands for a name of the medicine itself
IF, WHEN, TAKE = "IF", "WHEN", "TAKE"
NEGATIONS = frozenset({"NOT", "CANNOT", "DENY", "NO_NEED", "不", "none"})
_CONDITIONS = (Kind.AFTER_IF, Kind.AFTER_WHEN, Kind.AFTER_MOMENT)
_CHUNK = re.compile(r"[a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)?|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]+|[^\s]")
_ORDINAL = re.compile(r"第\s*([一二三四五六七八九])(?![十百千]|时间)")
_HAN = {char: str(value) for value, char in enumerate("一二三四五六七八九", start=1)}
_ENDINGS = ("ing", "ies", "ied", "es", "ed", "s", "e")
_TIMES = "{time}"
_ONE_DAY = "#86400 s"
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
        self._item = 0  # the same, of the present item of a list
        self._told_to_take = False  # in the present clause
        self._not_to_take = False  # "不要吃": nothing but that since the negation
        for language in (chinese(), english()):
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
        self._end_item()
        if gap in (Gap.COMMA, Gap.STOP):
            self._end_clause()
            self._paused = True
            if self._gap in (Gap.AND, Gap.OR):  # "iodine or this medicine," joins nothing that counts
                self._gap = gap
        self._gap = max(self._gap, gap)
        self._at_start = True

    def _end_item(self) -> None:
        """ "不要吃" is a prohibition, though "吃" is free."""
        if self._not_to_take:
            self._word(TAKE)
        self._item = len(self.row)

    def _end_clause(self) -> None:
        """ "請吃藥" alone is an instruction, though each of its words is free."""
        self._end_item()
        if self._told_to_take and len(self.row) == self._clause:
            self._word(TAKE)
        self._clause, self._told_to_take = len(self.row), False

    def _word(self, text: str) -> None:
        self.row.append(Word(text, self._gap, self._paused))
        self._gap, self._paused, self._at_start, self._not_to_take = Gap.NONE, False, False, False

    def _number(self, item: Quantity | dt.time | dt.date | None) -> None:
        if isinstance(item, Quantity):
            value, unit = convert_to_base(item.value, item.unit)
            if unit == _TIMES and self.row and self.row[-1].text == _ONE_DAY:  # 一天一次 is 每天一次
                self.row[-1] = replace(self.row[-1], text="daily")
            self._word(f"#{value} {unit}")
        else:
            self._word(f"#{item}")

    def _known(self, entry: Entry | None) -> bool:
        """Take a listed word; return False where there is none, or where it is none at this place."""
        if entry is None:
            return False
        if entry.kind is Kind.COUNTS:
            for text in entry.words:
                self._word(text)
        elif entry.kind is Kind.LINKS:
            self._end_item()
            self._gap, self._at_start = max(self._gap, entry.gap), True
        elif entry.kind is Kind.OPENS:
            return self._at_start
        elif entry.kind in _CONDITIONS:
            self._condition(entry.kind)
        elif entry.kind is Kind.TAKES and not self._by_mouth:
            self._word(TAKE)
        else:
            self._told_to_take = True
            self._not_to_take = len(self.row) > self._item and self.row[-1].text in NEGATIONS
        return True

    def _chinese(self, run: str) -> None:
        language = chinese()
        at = 0
        while at < len(run):
            for size in range(min(language.longest.get(run[at], 0), len(run) - at), 0, -1):
                if self._known(language.entries.get(run[at : at + size])):
                    at += size
                    break
            else:
                self._word(run[at])
                at += 1

    def _condition(self, kind: Kind) -> None:
        """Make a condition of the present clause or item; "when taking this" alone adds nothing."""
        start = self._item if kind is Kind.AFTER_MOMENT else self._clause
        self._told_to_take = False
        if start == len(self.row):
            if kind is Kind.AFTER_IF:
                self._word(IF)
        elif self.row[start].text != IF:
            first = self.row[start]
            self.row[start : start + 1] = [replace(first, text=IF), Word(first.text, Gap.NONE)]

    def _english(self, chunks: list[str], at: int) -> int:
        language = english()
        for size in range(min(language.longest.get(chunks[at], 0), len(chunks) - at), 0, -1):
            if self._known(language.entries.get(" ".join(chunks[at : at + size]))):
                return size
        self._word(stem(chunks[at]))
        return 1
