"""Numbers as words of a language."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

DIGITS: Final = "零一二三四五六七八九"
_SMALL = ("", "十", "百", "千")
_LARGE: Final = {"zh_TW": ("", "萬", "億", "兆"), "zh_CN": ("", "万", "亿", "兆")}
_TWO: Final = {"zh_TW": "兩", "zh_CN": "两"}
POINT: Final = {"zh_TW": "點", "zh_CN": "点"}
LARGEST: Final = Decimal(10) ** 12


def chinese_number(value: Decimal, locale: str = "zh_TW", *, counting: bool = False) -> str:
    """Return ``value`` (0 <= value < 10**12) as a person says it: 零點一二五, 一百二十, 兩千.

    ``counting`` says that a measure word follows: then 2 is 兩 and not 二. Trailing zeros are not said.
    Raises :class:`ValueError` outside that range.
    """
    if not 0 <= value < LARGEST:
        raise ValueError(f"The number {value} cannot be read out; it must be 0 or more and less than 10**12.")
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0")
    if decimals:
        return chinese_integer(int(whole), locale) + POINT[locale] + chinese_digits(decimals)
    if counting and int(whole) == 2:
        return _TWO[locale]
    return chinese_integer(int(whole), locale)


def chinese_digits(digits: str) -> str:
    """Return digits one by one: 125 -> 一二五."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def chinese_integer(value: int, locale: str = "zh_TW") -> str:
    """Return a whole number: 10 十, 105 一百零五, 2000 兩千, 12000 一萬兩千."""
    if value == 0:
        return DIGITS[0]
    sections: list[int] = []
    while value:
        value, section = divmod(value, 10_000)
        sections.append(section)
    words, gap = "", False
    for power in range(len(sections) - 1, -1, -1):
        section = sections[power]
        if section == 0:
            gap = bool(words)
            continue
        if words and (gap or section < 1000):
            words += DIGITS[0]
        spoken = _section(section, locale)
        if spoken == DIGITS[2] and power:  # 兩萬
            spoken = _TWO[locale]
        words, gap = words + spoken + _LARGE[locale][power], False
    return words.removeprefix("一") if words.startswith("一十") else words


def _section(value: int, locale: str) -> str:
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit == 0:
            gap = bool(words)
            continue
        if gap:
            words, gap = words + DIGITS[0], False
        words += (_TWO[locale] if digit == 2 and place >= 2 else DIGITS[digit]) + _SMALL[place]
    return words
