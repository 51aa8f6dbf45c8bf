"""Numbers wherever they stand in a text: Arabic digits here, Chinese and English words in their own modules.

All functions work on a folded text (see :mod:`medllm_ros.quantities.fold`) and return spans of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from medllm_ros.quantities.units import unit_after

MATH: Final = Context(prec=50)  # the caller's decimal context must not change what a dose means


@dataclass(frozen=True)
class Number:
    """One number at ``text[start:end]`` of a folded text.

    ``joined`` marks the first of two numbers said as one: 兩三天 is two to three days, both in days.
    ``needs_unit`` marks a word that is a number only before a unit or next to another number (半, 參).
    """

    value: Decimal
    start: int
    end: int
    joined: bool = False
    needs_unit: bool = False
    unit: str = ""  # set where the word itself carries it: "twice" is 2 {time}, 百分之五 is 5 %


_PLAIN = r"\d{1,3}(?:,\d{3})+(?!,?\d)(?:\.\d{1,40})?|\d{1,40}(?:\.\d{1,40})?|(?<![a-z])\.\d{1,40}"
_ARABIC: Final = re.compile(
    rf"(?P<whole>\d{{1,3}})(?:\s+|-|\s+and\s+)(?P<part>1\s?[/⁄]\s?[2-9]|[23]\s?[/⁄]\s?[34])(?![\d/⁄]|\.\d)"  # 1 1/2
    rf"|(?<![\d/.])(?P<top>\d{{1,2}})\s?[/⁄]\s?(?P<bottom>\d{{1,2}})(?![\d/]|\.\d)"  # 1/2
    rf"|(?P<plain>{_PLAIN})"
    rf"(?:(?P<exp>e[+-]?\d{{1,2}}(?![a-z0-9])|\^[+-]?\d{{1,2}})|(?P<thousand>k(?![a-z0-9])(?!\s*\+)))?"
)
_TIMES: Final = re.compile(
    r"\s*(?P<word>hundred|thousand|million|百萬|百万|千萬|千万|千(?![克卡])|[百萬万億亿])(?![a-z])"
)
_ADDED: Final = re.compile(r"\s*(?P<digit>\d{1,4})\s*(?P<word>[百千萬万])")
_POINT: Final = re.compile(r"\s?[點点]\s?(?P<digits>\d{1,10})")  # 2點5
_HALF_MORE: Final = re.compile(r"\s+and\s+(?:a\s+)?(?P<part>half|quarter)(?![a-z])")
FACTORS: Final[dict[str, Decimal]] = {
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
    "million": Decimal(10**6),
    "十": Decimal(10),
    "百": Decimal(100),
    "千": Decimal(1000),
    "萬": Decimal(10**4),
    "万": Decimal(10**4),
    "百萬": Decimal(10**6),
    "百万": Decimal(10**6),
    "千萬": Decimal(10**7),
    "千万": Decimal(10**7),
    "億": Decimal(10**8),
    "亿": Decimal(10**8),
}
_SIMPLE_BELOW: Final = frozenset({2, 3, 4, 5, 6, 8, 10})  # the parts tablets are cut into; 120/80 is not a fraction


def ratio(top: Decimal | int, bottom: Decimal | int) -> Decimal:
    """Return top / bottom with the grammar's own precision."""
    return MATH.divide(Decimal(top), Decimal(bottom))


def _read_plain(found: re.Match[str]) -> Decimal:
    value = Decimal(found["plain"].replace(",", ""))
    exponent = found["exp"]
    if exponent and exponent[0] == "^":
        power = int(exponent[1:])
        digits = value.adjusted() + 1
        return MATH.power(value, power) if digits * abs(power) <= 60 else value
    if exponent:
        return MATH.multiply(value, MATH.power(Decimal(10), int(exponent[1:])))
    if found["thousand"]:
        return MATH.multiply(value, Decimal(1000))
    return value


def _sign(text: str, start: int, previous_end: int) -> int:
    """Return the place of a minus sign that belongs to a number at ``start``; -1 where there is none.

    A hyphen after another number or unit is a range, after a bullet it stands apart from the digits.
    """
    if start == 0 or text[start - 1] != "-":
        return -1
    if start == 1:
        return 0
    if not (text[start - 2].isspace() or text[start - 2] in "([{<>=≤≥:於于到在"):
        return -1
    if previous_end < 0 or start - previous_end > 40:
        return start - 1
    unit = unit_after(text, previous_end)
    after_unit = unit[1] if unit else previous_end
    return -1 if text[after_unit : start - 1].strip() == "" else start - 1


def find_arabic(text: str) -> list[Number]:
    """Return every number written with digits, with its multiplier word and its minus sign."""
    numbers: list[Number] = []
    position, previous_end = 0, -1
    while (found := _ARABIC.search(text, position)) is not None:
        start, end = found.span()
        if found["whole"]:
            top, bottom = (int(part) for part in re.split(r"\s?[/⁄]\s?", found["part"]))
            value = MATH.add(Decimal(found["whole"]), ratio(top, bottom))
        elif found["top"]:
            top, bottom = int(found["top"]), int(found["bottom"])
            vulgar = "⁄" in found.group() and bottom > 0  # ⅐: one character is always one fraction
            if not vulgar and not (0 < top < bottom and bottom in _SIMPLE_BELOW):
                value, end = Decimal(found["top"]), start + len(found["top"])
            else:
                value = ratio(top, bottom)
        else:
            value = _read_plain(found)
            value, end = _grow(text, value, end)
        sign = _sign(text, start, previous_end)
        if sign >= 0:
            value, start = -value, sign
        numbers.append(Number(value, start, end))
        position = previous_end = end
    return numbers


def _grow(text: str, value: Decimal, end: int) -> tuple[Decimal, int]:
    """Return value and end with what follows the digits: 萬, hundred, 2點5, "and a half"."""
    point = _POINT.match(text, end)
    if point and value == value.to_integral_value():
        return MATH.add(value, Decimal(f"0.{point['digits']}")), point.end()
    while (factor := _TIMES.match(text, end)) is not None:
        value, end = MATH.multiply(value, FACTORS[factor["word"]]), factor.end()
    while value >= 1000 and (more := _ADDED.match(text, end)) is not None:
        value, end = MATH.add(value, Decimal(more["digit"]) * FACTORS[more["word"]]), more.end()
    half = _HALF_MORE.match(text, end)
    if half:
        value, end = MATH.add(value, Decimal("0.5") if half["part"] == "half" else Decimal("0.25")), half.end()
    return value, end
