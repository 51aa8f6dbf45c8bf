"""Routes and frequencies in an order text. Several frequencies may apply ("TID PC", "TIDPC")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from medllm_ros.orders.code_lists import FREQUENCIES, HOURS, ROUTES, Code

__all__ = ["FREQUENCIES", "HOURS", "ROUTES", "Code", "Coded", "find_frequencies", "find_routes", "join_frequencies"]

_HOURLY: Final = re.compile(
    r"(?<![a-z0-9])q\.?\s?(?P<a>\d{1,3})\.?\s?(?:h|hr|hrs|hours?)\.?(?![a-z0-9])|every\s(?P<b>\d{1,3})\s?h(?:ou)?rs?(?![a-z])"
    r"|每\s?(?P<c>\d{1,3}|[一二三四六八兩两]|十二|二十四)\s?個?小[時时](?:[一1]次)?"
    r"|every\s(?P<d>two|three|four|six|eight|twelve|twenty-four)\shours"
)
_WORDS: Final = {
    "一": 1,
    "二": 2,
    "兩": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "六": 6,
    "八": 8,
    "十二": 12,
    "二十四": 24,
    "two": 2,
    "three": 3,
    "four": 4,
    "six": 6,
    "eight": 8,
    "twelve": 12,
    "twenty-four": 24,
}
_TIMING: Final = re.compile(r"(?<![a-z])(?P<rate>qd|bid|tid|qid|qod)(?P<meal>ac|pc|cc)(?![a-z])")  # TIDPC, BIDAC
_ORDER: Final = {code.code: place for place, code in enumerate(FREQUENCIES)}


def _compile(codes: tuple[Code, ...]) -> list[tuple[str, re.Pattern[str]]]:
    compiled = []
    for code in codes:
        parts = [
            f"(?<![a-z0-9]){text}(?![a-z0-9])" if re.match(r"[a-z(]|\\?[a-z]", text) else text for text in code.written
        ]
        compiled.append((code.code, re.compile("|".join(f"(?:{part})" for part in parts))))
    return compiled


_ROUTES: Final = _compile(ROUTES)
_FREQUENCIES: Final = _compile(FREQUENCIES)


@dataclass(frozen=True)
class Coded:
    """A code found at ``text[start:end]`` of a folded text; ``hours`` is set for Q<n>H."""

    code: str
    start: int
    end: int
    hours: int | None = None


def _longest(found: list[Coded]) -> list[Coded]:
    """Keep the longest of overlapping finds, in order."""
    kept: list[Coded] = []
    for item in sorted(found, key=lambda item: (item.start - item.end, item.start)):
        if all(item.end <= other.start or item.start >= other.end for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)


def find_routes(folded: str) -> list[Coded]:
    """Return the routes named in a folded text, in order."""
    return _longest([Coded(code, *hit.span()) for code, pattern in _ROUTES for hit in pattern.finditer(folded)])


def find_frequencies(folded: str, taken: Sequence[tuple[int, int]] = ()) -> list[Coded]:
    """Return the frequencies named outside ``taken``, in order; Q<n>H comes with its hours, possible or not."""
    found = [Coded(code, *hit.span()) for code, pattern in _FREQUENCIES for hit in pattern.finditer(folded)]
    for hit in _HOURLY.finditer(folded):
        number = hit["a"] or hit["b"] or hit["c"] or hit["d"]
        hours = int(number) if number.isascii() and number.isdigit() else _WORDS[number]
        found.append(Coded(f"Q{hours}H", *hit.span(), hours=hours))
    kept = _longest([item for item in found if all(item.end <= left or right <= item.start for left, right in taken)])
    for hit in _TIMING.finditer(folded):
        middle = hit.end("rate")
        kept += [Coded(hit["rate"].upper(), hit.start(), middle), Coded(hit["meal"].upper(), middle, hit.end())]
    return sorted(kept, key=lambda item: item.start)


def join_frequencies(codes: list[str]) -> str:
    """Return codes as one text in a fixed order: how often, then meals and bedtime, then PRN."""
    unique = list(dict.fromkeys(codes))
    return " ".join(sorted(unique, key=lambda code: _ORDER.get(code, 8)))
