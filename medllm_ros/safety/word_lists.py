"""The listed words of the guard, by what they do (``guard_words.yaml``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.folding import fold


class Gap(IntEnum):
    """What stands between two words; the strongest one counts."""

    NONE = 0
    LIST = 1
    COMMA = 2
    STOP = 3
    AND = 4
    OR = 5


class Kind(StrEnum):
    """What a listed word does."""

    COUNTS = "counts"  # as the words of its entry; free ones have none
    LINKS = "links"
    OPENS = "opens"  # free at the beginning of a clause
    AFTER_IF = "after_if"  # makes a condition of its clause
    AFTER_WHEN = "after_when"
    AFTER_MOMENT = "after_moment"  # of its own item in a list
    USES = "uses"  # free beside other words
    TAKES = "takes"  # the same, for what is swallowed


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word counts as."""

    kind: Kind
    words: tuple[str, ...] = ()
    gap: Gap = Gap.NONE


@dataclass(frozen=True)
class Language:
    """The listed words of one language, folded."""

    entries: dict[str, Entry]
    longest: dict[str, int]  # by first character or word: the length of the longest entry
    rewrite: tuple[tuple[re.Pattern[str], str], ...]


_LISTED = (
    ("opening", Kind.OPENS), ("after_if", Kind.AFTER_IF), ("after_when", Kind.AFTER_WHEN),
    ("after_moment", Kind.AFTER_MOMENT), ("using", Kind.USES), ("taking", Kind.TAKES),
)  # fmt: skip


def _language(data: dict[str, Any], separator: str | None) -> Language:
    def listed(text: str) -> list[str]:
        return [fold(word.strip()) for word in text.split(separator) if word.strip()]

    entries = {word: Entry(Kind.COUNTS, (word,)) for word in listed(data["plain"])}
    entries |= {word: Entry(Kind.COUNTS) for word in listed(data["free"])}
    for group, members in data["same"].items():
        entries |= {word: Entry(Kind.COUNTS, (str(group),)) for word in listed(members)}
    for key, gap in (("and", Gap.AND), ("or", Gap.OR), ("pause", Gap.COMMA)):
        entries |= {word: Entry(Kind.LINKS, gap=gap) for word in listed(data[key])}
    for key, kind in _LISTED:
        entries |= {word: Entry(kind) for word in listed(data[key])}
    longest: dict[str, int] = {}
    for word in entries:
        parts = word.split(" ") if separator else word
        longest[parts[0]] = max(longest.get(parts[0], 0), len(parts))
    rewrite = tuple((re.compile(pattern, re.ASCII), written) for pattern, written in data["rewrite"])
    return Language(entries, longest, rewrite)


@lru_cache(maxsize=1)
def chinese() -> Language:
    """Return the Chinese words, both scripts as one."""
    return _language(guard_words()["zh"], None)


@lru_cache(maxsize=1)
def english() -> Language:
    """Return the English words and phrases."""
    return _language(guard_words()["en"], ",")
