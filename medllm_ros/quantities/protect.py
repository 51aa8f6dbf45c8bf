"""Places in a text where a sentence must not be cut: "0.125 mg", "p.o. t.i.d.", "Dr. Lin", "q.6h."."""

from __future__ import annotations

import re
from typing import Final

from medllm_ros.quantities.dates import find_dates_folded
from medllm_ros.quantities.find import find_folded
from medllm_ros.quantities.fold import fold
from medllm_ros.quantities.times import find_times_folded

_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?(?:\s?-\s?\d[\d,]*(?:\.\d+)?)?|\.\d+")
# p.o., t.i.d., a.m., e.g., q.6h., q.h.s., c.c. and any other letters with dots between them
_DOTTED: Final = re.compile(
    r"(?<![a-z0-9.])(?:[a-z]\.\s?){1,4}[a-z]\.(?![a-z])|(?<![a-z0-9])q\.\s?\d{1,2}\s?\.?\s?h\.?(?![a-z])"
)
# Never the end of a sentence: the next word belongs to them.
_LEADING: Final = re.compile(
    r"(?<![a-z])(?:dr|mr|mrs|ms|prof|st|vs|approx|max|e\.g|i\.e|fig|esp|incl|resp|vol|tel|ext|dept|rx|cf)\.(?=\s*\S|\s*$)"
    r"|(?<![a-z])(?:no|nos|min|ca|p|pp)\.(?=\s*\d)"
)
# The end of a sentence only where a capital letter or nothing follows.
_TRAILING: Final = re.compile(
    r"(?<![a-z])(?:tab|tabs|cap|caps|amp|inj|susp|sol|oint|hr|hrs|wk|wks|mo|yr|yrs|gtt|tsp|tbsp|etc|mcg|mg|ml|min|wt|jr|sr|inc)\."
)


def _with_next(text: str, end: int) -> int:
    """Return the place after the next non-blank character, or the end of the text."""
    while end < len(text) and text[end].isspace():
        end += 1
    return min(end + 1, len(text))


def _continues(original: str, end: int) -> bool:
    """Return True where the sentence goes on after an abbreviation's dot."""
    rest = original[end:].lstrip()
    if not rest or rest[0] in "。！？!?…\"'”’」』）)":
        return False
    return not (rest[0].isupper() and not (len(rest) > 1 and rest[1] == "."))


def protected_spans(text: str) -> list[tuple[int, int]]:
    """Return sorted, disjoint spans of ``text`` inside which no sentence may be cut; cutting at an end is allowed.

    A span reaches past the dot of an abbreviation to the next word's first character where the sentence goes on.
    """
    folded = fold(text)
    lower = folded.text
    spans: list[tuple[int, int]] = [found.span() for found in _NUMBER.finditer(lower)]
    spans += [(start, end) for _, start, end in find_folded(folded)]
    spans += [(start, end) for _, start, end in find_times_folded(folded)]
    spans += [(start, end) for _, start, end in find_dates_folded(folded)]
    spans += [(found.start(), _with_next(lower, found.end())) for found in _LEADING.finditer(lower)]
    for pattern in (_DOTTED, _TRAILING):
        for found in pattern.finditer(lower):
            end = found.end()
            while end > found.start() and lower[end - 1].isspace():
                end -= 1
            original_end = folded.span(found.start(), end)[1]
            spans.append((found.start(), _with_next(lower, end) if _continues(text, original_end) else end))
    # the two ends of a range belong together: 2.5-5 mg
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and (start < merged[-1][1] or re.fullmatch(r"\s?[-~]\s?", lower[merged[-1][1] : start])):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return [folded.span(start, end) for start, end in merged]
