"""Say one quantity, time or date."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Final

from medllm_ros.quantities import Quantity
from medllm_ros.speech.numerals import LARGEST, chinese_digits, chinese_integer, chinese_number
from medllm_ros.speech.spoken_words import SpokenWords

SPELLED_FROM: Final = 7  # so many digits without a unit are no amount
_NUMBER = re.compile(r"[+-]?[\d,.]+(?:\s*[/⁄]\s*\d+)?(?:\s+\d+\s*[/⁄]\s*\d+)?")
_FRACTION = re.compile(r"(\d)\s*[/⁄]\s*(\d{1,2})")
_ORDINAL = re.compile(r"[號号樓楼月日分點点]")  # after these 2 stays 二: 二號, 二月
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAY_PARTS = (  # first hour, Chinese; how a day is parted follows everyday use
    (0, "凌晨"), (5, "早上"), (11, "上午"), (12, "中午"), (13, "下午"), (18, "晚上"),
)  # fmt: skip


def say_quantity(
    quantity: Quantity, written: str, following: str, words: SpokenWords, *, shared_unit: bool = False
) -> str:
    """Return the words for ``quantity``, written as ``written`` and followed by the text ``following``.

    ``shared_unit`` says that the unit stands behind the next number ("2.5–5 mg") and is not said twice.
    """
    number = _NUMBER.match(written)
    if number is None or abs(quantity.value) >= LARGEST:
        return written
    sign = ""
    if quantity.value < 0:
        sign, quantity = ("負" if words.locale == "zh_TW" else "负" if words.chinese else "minus "), _positive(quantity)
    digits = number.group().strip().lstrip("+-")
    rest = written[number.end() :].strip(" \t*_`-")
    if shared_unit and not rest:
        quantity = Quantity(quantity.value, "", quantity.text)
    if not words.chinese:
        return sign + _say_english(quantity, digits, rest, words)
    return sign + _say_chinese(quantity, digits, rest, following, words)


def _say_chinese(quantity: Quantity, digits: str, rest: str, following: str, words: SpokenWords) -> str:
    locale = words.locale
    if re.match(r"[百千萬万億亿點点]", rest):  # 5萬單位: the digits alone, then what is written
        return chinese_number(Decimal(digits.replace(",", "")), locale) + rest
    if quantity.unit == "%":
        return "百分之" + chinese_number(quantity.value, locale)
    measure = rest if rest and not re.search(r"[A-Za-z%°μ#/]", rest) else ""
    if not measure and quantity.unit:
        measure = words.unit(quantity.unit) or rest
    if measure == "年" and re.fullmatch(r"(?:19|20)\d\d", digits):
        return chinese_digits(digits) + measure
    if not quantity.unit and digits.isdigit() and (len(digits) >= SPELLED_FROM or digits[:1] == "0" != digits):
        return chinese_digits(digits)  # a telephone or chart number
    counted = bool(measure) and not _ORDINAL.match(measure) and quantity.unit not in {"Cel", "[degF]"}
    if not quantity.unit and re.match(r"\s?[個个種种位件類类項项]", measure or following):
        counted = True
    fraction = _FRACTION.fullmatch(digits)
    if fraction and quantity.value == Decimal("0.5") and measure:
        return "半" + measure
    if fraction:
        return f"{chinese_integer(int(fraction[2]))}分之{chinese_integer(int(fraction[1]))}{measure}"
    return chinese_number(quantity.value, locale, counting=counted) + measure


def _say_english(quantity: Quantity, digits: str, rest: str, words: SpokenWords) -> str:
    """Return digits (English voices read them) without thousands marks, and the unit as a word."""
    unit = words.unit(quantity.unit, quantity.value) if quantity.unit else None
    if quantity.unit == "%":
        unit = "percent"
    number = digits.replace(",", "")
    if quantity.value == Decimal("0.5") and "/" in digits and unit:
        return f"half a {unit}" if unit[0] not in "aeiou" else f"half an {unit}"
    if re.search(r"[^\x00-\x7f]", rest) and not re.fullmatch(r"[μ°][A-Za-z]*", rest):
        return number + rest
    return f"{number} {unit}" if unit else f"{number} {rest}".rstrip()


def _positive(quantity: Quantity) -> Quantity:
    return Quantity(-quantity.value, quantity.unit, quantity.text)


def say_time(time: dt.time, written: str, locale: str) -> str:
    """Return a wall-clock time: 早上八點半, 8:30 AM.

    One written with 點 keeps its words: "4點" may be in either half of the day.
    """
    if re.search(r"[點点]", written):
        if not locale.startswith("zh"):
            return written
        return re.sub(r"\d+", lambda found: chinese_number(Decimal(found.group()), locale, counting=True), written)
    if not locale.startswith("zh"):
        hour, half = time.hour % 12 or 12, "AM" if time.hour < 12 else "PM"
        return f"{hour}:{time.minute:02d} {half}" if time.minute else f"{hour} {half}"
    part = next(name for first, name in reversed(_DAY_PARTS) if time.hour >= first)
    point = "點" if locale == "zh_TW" else "点"
    hour = time.hour if time.hour <= 12 else time.hour - 12
    spoken = part + chinese_number(Decimal(hour or 12), locale, counting=True) + point
    if time.minute == 30:
        return spoken + "半"
    if time.minute:
        spoken += ("零" if time.minute < 10 else "") + chinese_integer(time.minute, locale) + "分"
    return spoken


def say_date(date: dt.date, written: str, locale: str) -> str:
    """Return a date; one that is written in words of its own calendar (民國45年3月2日) keeps its words."""
    if not locale.startswith("zh"):
        return written if re.search(r"[A-Za-z]", written) else f"{_MONTHS[date.month - 1]} {date.day}, {date.year}"
    if re.search(r"\d\s*年", written):
        spoken = re.sub(r"\d{4}(?=\s*年)", lambda found: chinese_digits(found.group()), written)
        return re.sub(r"\d+", lambda found: chinese_integer(int(found.group()), locale), spoken).replace(" ", "")
    return f"{chinese_digits(f'{date.year:04d}')}年{chinese_integer(date.month)}月{chinese_integer(date.day)}日"
