"""Quantities in running text, tuned so that no number slips through, and one quantity read strictly."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from medllm_ros.quantities.dates import find_dates_folded
from medllm_ros.quantities.fold import Folded, fold
from medllm_ros.quantities.idioms import idiom_spans
from medllm_ros.quantities.model import Found, Quantity, QuantityError
from medllm_ros.quantities.numbers import MATH, Number, find_arabic
from medllm_ros.quantities.numbers_en import find_english
from medllm_ros.quantities.numbers_zh import find_chinese
from medllm_ros.quantities.times import find_times_folded
from medllm_ros.quantities.units import unit_after

MAX_VALUE: Final = 10**9  # no order, age or date is larger; far above 10^8 units, the largest dose in use
_LONGEST_IDIOM: Final = 24  # characters; one idiom starts per character at most
_RANGE: Final = re.compile(r"[\s*_]{0,3}(?:-|~|〜|至|到|或是|或者|或|、|/|to|or|and|through|up\s+to)[\s*_]{0,3}")
_HALF_AFTER: Final = re.compile(r"半(?![夜途身路生天日數数])|\s+and\s+a\s+(?:half|quarter)(?![a-z])")
_PREFIX: Final = re.compile(r"(?:(?P<cel>攝氏|摄氏)|(?P<fahr>華氏|华氏))\s*(?:(?P<below>零下|負|负)\s*)?$")
_BELOW: Final = re.compile(r"(?:零下|負|负|(?<![a-z])minus\s)\s*$")


class _Candidate:
    """A number on its way to a quantity."""

    def __init__(self, number: Number, text: str) -> None:
        self.number = number
        self.value = number.value
        self.start = number.start
        self.end = number.end
        self.unit = number.unit
        self.bound = bool(number.unit)
        if not self.bound:
            found = unit_after(text, number.end)
            if found is not None:
                self.unit, self.end = found
                self.bound = True
                half = _HALF_AFTER.match(text, self.end)
                if half and self.value == self.value.to_integral_value() and not unit_after(text, half.end()):  # 一顆半
                    self.value = MATH.add(self.value, _HALF if "quarter" not in half.group() else _QUARTER)
                    self.end = half.end()
            elif text[number.end - 1] == "半" and text[number.end : number.end + 1] == "月":  # 三個半月
                self.unit, self.end, self.bound = "mo", number.end + 1, True
        before = text[max(0, self.start - 8) : self.start]
        prefix = _PREFIX.search(before)
        if prefix and self.unit in ("", "Cel"):
            self.unit = "Cel" if prefix["cel"] else "[degF]"
        if _BELOW.search(before) and self.value > 0:
            self.value = -self.value


_HALF = MATH.create_decimal("0.5")
_QUARTER = MATH.create_decimal("0.25")


def _masked(text: str, taken: list[tuple[int, int]]) -> str:
    """Return ``text`` with times and dates blotted out, so that 早上八點兩顆 keeps its two tablets."""
    pieces, position = [], 0
    for start, end in sorted(taken):
        if end > position:
            pieces += [text[position : max(start, position)], "\0" * (end - max(start, position))]
            position = end
    return "".join([*pieces, text[position:]])


def _candidates(text: str) -> list[_Candidate]:
    numbers = [*find_arabic(text), *find_chinese(text), *find_english(text)]
    numbers.sort(key=lambda number: (number.start, number.start - number.end))
    kept: list[Number] = []
    for number in numbers:
        if kept and number.start < kept[-1].end:
            continue
        kept.append(number)
    candidates: list[_Candidate] = []
    for number in kept:
        if not candidates or number.start >= candidates[-1].end:  # 1.73 is no number of its own in mL/min/1.73 m2
            candidates.append(_Candidate(number, text))
    return candidates


def _share_units(candidates: list[_Candidate], text: str) -> None:
    """Give "2.5" in "2.5-5 mg" the unit of what it ranges to."""
    for left, right in zip(reversed(candidates[:-1]), reversed(candidates[1:]), strict=True):
        if left.bound or not right.bound:
            continue
        if left.number.joined or _RANGE.fullmatch(text, left.end, right.start):
            left.unit, left.bound = right.unit, True


def find_folded(folded: Folded) -> list[tuple[Quantity, int, int]]:
    """Return quantities with spans of the folded text, in order; parts of times and dates are not quantities."""
    taken = [(start, end) for _, start, end in find_times_folded(folded)]
    taken += [(start, end) for _, start, end in find_dates_folded(folded)]
    text = _masked(folded.text, taken)
    candidates = _candidates(text)
    _share_units(candidates, text)
    idioms = idiom_spans(text)
    starts = [start for start, _ in idioms]
    found = []
    for item in candidates:
        if item.number.needs_unit and not item.bound and text[item.start - 1 : item.start] not in ("減", "减", "各"):
            continue
        near = idioms[max(0, bisect_right(starts, item.start) - _LONGEST_IDIOM) : bisect_right(starts, item.start)]
        if any(left <= item.start and item.end <= right for left, right in near):
            continue
        found.append((Quantity(item.value, item.unit, folded.slice(item.start, item.end)), item.start, item.end))
    return found


def find_quantities(text: str) -> list[Found]:
    """Return every number in ``text`` with its unit ("" for a bare one), in order of appearance.

    Both ends of a range carry the unit; 兩三天 gives 2 d and 3 d. Times, dates, ordinals (第一) and idioms (一起, 十分,
    "no one") are left out. Spans are of the original text.
    """
    folded = fold(text)
    return [Found(quantity, *folded.span(start, end)) for quantity, start, end in find_folded(folded)]


def parse_quantity(text: str) -> Quantity:
    """Return the one quantity that ``text`` is; raise :class:`QuantityError` for anything else, and for 0 and below."""
    stripped = text.strip()
    if not stripped:
        raise QuantityError("A quantity is empty; write a number and a unit such as 5 mg.")
    shown = stripped if len(stripped) <= 60 else stripped[:60] + "…"
    folded = fold(stripped)
    found = _candidates(folded.text)
    if not found:
        raise QuantityError(f"{shown!r} has no number; write a number and a unit such as 5 mg.")
    if len(found) > 1:
        raise QuantityError(f"{shown!r} has more than one number; write one amount such as 5 mg.")
    item = found[0]
    rest = (folded.text[: item.start] + " " + folded.text[item.end :]).strip()
    if rest and rest not in ("攝氏", "摄氏", "華氏", "华氏", "約", "约"):
        raise QuantityError(
            f"{shown!r} has the unknown unit {rest!r}; use one such as mg, mcg, g, mL, units, mEq, tablet, drop, puff."
        )
    if item.value <= 0:
        raise QuantityError(f"{shown!r} is not more than zero; an amount must be.")
    if item.value > MAX_VALUE:
        raise QuantityError(f"{shown!r} is larger than any amount in use (at most {MAX_VALUE}).")
    return Quantity(item.value, item.unit, stripped)
