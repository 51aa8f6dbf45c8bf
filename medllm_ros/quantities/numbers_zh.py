"""Numbers in Chinese characters: 一百二十, 零點五, 兩, 半, 廿, 三分之一, 百分之五, and 一九五六 digit by digit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from medllm_ros.quantities.numbers import FACTORS, MATH, Number, ratio

DIGITS: Final[dict[str, int]] = {
    **dict.fromkeys("零〇○", 0),
    **dict.fromkeys("一壹弌幺", 1),
    **dict.fromkeys("二兩两貳贰", 2),
    **dict.fromkeys("三參叁叄参", 3),
    **dict.fromkeys("四肆", 4),
    **dict.fromkeys("五伍", 5),
    **dict.fromkeys("六陸陆", 6),
    **dict.fromkeys("七柒", 7),
    **dict.fromkeys("八捌", 8),
    **dict.fromkeys("九玖", 9),
}
_TENS: Final[dict[str, int]] = {"廿": 20, "卄": 20, "卅": 30, "卌": 40}
_SMALL: Final[dict[str, int]] = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE: Final[dict[str, int]] = {"萬": 10**4, "万": 10**4, "億": 10**8, "亿": 10**8}
_D = "".join(DIGITS)
_ANY = _D + "".join(_TENS) + "".join(_SMALL) + "".join(_LARGE)
RUN: Final = f"(?:(?!千[克卡])[{_ANY}])"  # 千克 and 千卡 are units
_FORMAL: Final = frozenset("參叁叄参肆伍陸陆柒捌玖拾佰仟○")  # rare as numbers, common as words or marks
_PIECE = re.compile(
    rf"(?P<percent>百分之)(?P<p>{RUN}{{1,30}}(?:[點点][{_D}]{{1,30}})?|\d{{1,30}}(?:\.\d{{1,30}})?)"
    rf"|(?P<bottom>{RUN}{{1,12}}|\d{{1,12}})分之(?P<top>{RUN}{{1,12}}|\d{{1,12}})"
    r"|(?P<onlyhalf>一半(?![天夜個个])|(?<![大多夜上下前後])半(?![夜途身路生數数]))"
    rf"|(?P<whole>{RUN}{{1,60}})(?:[點点](?P<decimals>[{_D}]{{1,30}}(?![十百萬万拾佰仟]|千(?![克卡]))|\d{{1,30}}))?(?P<half>[個个]半(?![夜途身路生天日數数]))?"
)


def _section(run: str) -> int | None:
    """Return the value of a run below 萬, or None where it is not well formed."""
    total, digit, last = 0, None, 10**5
    for place, char in enumerate(run):
        if char in _TENS:
            if digit is not None or last <= 10:
                return None
            total, last = total + _TENS[char], 10
        elif char in _SMALL:
            factor = _SMALL[char]
            if factor >= last:
                return None
            total, digit, last = total + (1 if digit is None else digit) * factor, None, factor
        elif DIGITS[char] == 0:
            if digit is not None:
                return None
        else:
            if digit is not None:
                return None
            digit = DIGITS[char]
            before = run[place - 1] if place else ""
            if place == len(run) - 1 and _SMALL.get(before, 0) >= 100:
                return total + digit * _SMALL[before] // 10  # 一百二 is 120
    return total + (digit or 0)


def read_run(run: str) -> int | None:
    """Return the number that a run of Chinese numerals spells, or None where it spells none."""
    if all(char in DIGITS for char in run):
        return int("".join(str(DIGITS[char]) for char in run))
    total, rest = 0, run
    for names in ("億亿", "萬万"):
        parts = re.split(f"[{names}]", rest)
        if len(parts) > 2:
            return None
        if len(parts) == 2:
            high = _section(parts[0]) if parts[0] else 1
            if high is None or not all(char in DIGITS or char in _SMALL or char in _TENS for char in parts[0]):
                return None
            factor = _LARGE[names[0]]
            total, rest = total + high * factor, parts[1]
            if len(rest) == 1 and rest in DIGITS and DIGITS[rest]:
                return total + DIGITS[rest] * factor // 10  # 兩萬五 is 25000
    low = _section(rest) if rest else 0
    return None if low is None else total + low


def _pair(run: str) -> tuple[int, int] | None:
    """Return both numbers of 兩三, 二三十, 十五六; None for any other run."""
    for size in range(len(run) - 1):
        first, second = run[size], run[size + 1]
        if DIGITS.get(first, 0) > 0 and DIGITS.get(second, 0) == DIGITS[first] + 1:
            low, high = read_run(run[: size + 1] + run[size + 2 :]), read_run(run[:size] + run[size + 1 :])
            if (size and run[size - 1] in DIGITS) or (size + 2 < len(run) and run[size + 2] in DIGITS):
                return None  # digits said one by one
            return (low, high) if low is not None and high is not None else None
    return None


def find_chinese(text: str) -> list[Number]:
    """Return every number in Chinese characters; idioms are not sorted out here."""
    numbers: list[Number] = []
    for found in _PIECE.finditer(text):
        start, end = found.span()
        if found["percent"]:
            numbers.append(Number(_decimal(found["p"]), start, end, unit="%"))
        elif found["bottom"]:
            top, bottom = _decimal(found["top"]), _decimal(found["bottom"])
            numbers.append(Number(ratio(top, bottom) if bottom else top, start, end))
        elif found["onlyhalf"]:
            numbers.append(Number(Decimal("0.5"), start, end, needs_unit=found["onlyhalf"] == "半"))
        else:
            numbers.extend(_read_whole(found, start, end))
    return numbers


def _decimal(text: str) -> Decimal:
    if text[0].isdigit() and text.isascii():
        return Decimal(text)
    whole, _, decimals = text.replace("点", "點").partition("點")
    value = read_run(whole)
    tail = "".join(str(DIGITS[char]) for char in decimals)
    return Decimal(f"{value or 0}.{tail}" if tail else str(value or 0))


def _read_whole(found: re.Match[str], start: int, end: int) -> list[Number]:
    run, decimals, half = found["whole"], found["decimals"], found["half"]
    formal = len(run) == 1 and run in _FORMAL
    pair = _pair(run) if len(run) in (2, 3) and not decimals else None
    if pair and not half:
        middle = start + 1
        return [Number(Decimal(pair[0]), start, middle, joined=True), Number(Decimal(pair[1]), middle, end)]
    value = read_run(run)
    if value is None:  # not a number anyone says: report what each character is worth, so that nothing is missed
        return [
            Number(
                Decimal(DIGITS.get(char, _TENS.get(char, 0)) or FACTORS.get(char, Decimal(10))),
                start + place,
                start + place + 1,
            )
            for place, char in enumerate(run)
        ]
    number = Decimal(value)
    if decimals:
        number = MATH.add(number, Decimal("0." + "".join(c if c.isascii() else str(DIGITS[c]) for c in decimals)))
    if half:
        number = MATH.add(number, Decimal("0.5"))
    only_factor = len(run) == 1 and run in "百千萬万億亿"
    return [Number(number, start, end, needs_unit=(formal or only_factor) and not decimals and not half)]
