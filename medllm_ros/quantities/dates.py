"""Calendar dates: 1956-03-02, 民國四十五年三月二號, 45/3/2, March 2nd 1956, 3/2/1956 (month first, as in the US)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from medllm_ros.quantities.fold import Folded, fold
from medllm_ros.quantities.model import FoundDate
from medllm_ros.quantities.numbers_en import find_english
from medllm_ros.quantities.numbers_zh import RUN, read_run
from medllm_ros.quantities.units import unit_after

ROC_OFFSET: Final = 1911  # 民國 1 is 1912
_FIRST_YEAR, _LAST_YEAR = 1850, 2150
_NUMBER = rf"(?:{RUN}{{1,5}}|\d{{1,4}})"
_CHINESE: Final = re.compile(
    rf"(?:(?P<era>(?:中華|中华)?民[國国]|西元|公元|roc)\s*(?:(?P<before>前)\s*)?)?"
    rf"(?P<year>{_NUMBER})\s*年(?:[,，、 ]|的)*"
    rf"(?P<month>{RUN}{{1,2}}|\d{{1,2}})\s*月(?:份)?(?:[,，、 ]|的)*"
    rf"(?P<day>{RUN}{{1,3}}|\d{{1,2}})\s*(?:日|號|号|(?={_NUMBER}))?"
)
_YEAR_FIRST: Final = re.compile(
    r"(?:(?P<era>民國|民国|西元|公元|roc)\s*)?(?<![\d./-])(?P<year>\d{2,4})\s?(?P<sep>[-/.])\s?"
    r"(?P<month>\d{1,2})\s?(?P=sep)\s?(?P<day>\d{1,2})(?![\d/-]|\.\d)"
)
_MONTH_FIRST: Final = re.compile(
    r"(?<![\d./-])(?P<month>\d{1,2})\s?(?P<sep>[-/.])\s?(?P<day>\d{1,2})\s?(?P=sep)\s?(?P<year>\d{4})(?![\d/-]|\.\d)"
)
_COMPACT: Final = re.compile(
    r"(?<![\d.,/-])(?:(?P<year>(?:19|20)\d\d)|(?P<roc>0\d\d))"
    r"(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])(?![\d,/-]|\.\d)"
)
_MONTHS: Final = (
    "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|"
    "september sept sep|october oct|november nov|december dec"
)
_MONTH_OF: Final = {name: place for place, names in enumerate(_MONTHS.split("|"), 1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_ORDINAL_WORDS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ORDINALS: Final = _ORDINAL_WORDS.split()
_DAY_OF: Final = {
    **{word: place for place, word in enumerate(_ORDINALS, 1)},
    **{f"twenty{join}{word}": 20 + place for place, word in enumerate(_ORDINALS[:9], 1) for join in ("-", " ")},
    "thirtieth": 30,
    "thirty-first": 31,
    "thirty first": 31,
}
_DAY_WORD = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_CARDINAL = (
    r"(?:twenty|thirty)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_DAY_WORD}|{_CARDINAL})"
_TENS = (
    r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
)
_ONE = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_YEAR = (
    rf"(?:\d{{4}}|(?:eighteen|nineteen|twenty)[ -](?:hundred(?:[ -]and)?[ -])?(?:oh[ -]{_ONE}|{_TENS}(?:[ -]{_ONE})?)|"
    rf"two[ -]thousand(?:(?:[ -]and)?[ -](?:{_TENS}(?:[ -]{_ONE})?|{_ONE}))?|nineteen[ -]hundred)"
)
_ENGLISH: Final = re.compile(
    rf"(?<![a-z])(?:(?P<month>{_MONTH})\.?\s{{1,3}}(?:the\s{{1,3}})?(?P<day>{_DAY})"
    rf"|(?<!\d)(?P<day2>{_DAY})(?:\s{{0,3}}-\s{{0,3}}|\s{{1,3}})(?:day\s{{1,3}})?(?:of\s{{1,3}})?(?P<month2>{_MONTH})\.?)"
    rf"(?:\s{{0,3}},\s{{0,3}}|\s{{0,3}}-\s{{0,3}}|\s{{1,3}})(?:in\s{{1,3}}|of\s{{1,3}})?"
    rf"(?:the\s{{1,3}}year\s{{1,3}})?(?P<year>{_YEAR})(?![a-z0-9])"
)


def make_date(year: int, month: int, day: int) -> dt.date | None:
    """Return the date, or None where there is none (February 30) or the year is out of the plausible range."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _read(text: str) -> int:
    if text.isascii():
        return int(text)
    value = read_run(text)
    return -1 if value is None else value


def _year(value: int, era: str | None, digits: int, before: bool = False) -> int:
    if before:
        return ROC_OFFSET + 1 - value
    if (era and "國" in era) or (era and "国" in era) or era == "roc":
        return value + ROC_OFFSET
    if era or value >= 1000 or digits >= 4:
        return value
    return value + ROC_OFFSET


def _english_year(text: str) -> int:
    if text.isdigit():
        return int(text)
    numbers = [int(number.value) for number in find_english(text.replace("-", " ").replace("oh ", "zero "))]
    if len(numbers) == 3 and numbers[1] == 0:  # nineteen oh five
        return numbers[0] * 100 + numbers[2]
    if len(numbers) == 2 and numbers[0] in (18, 19, 20) and numbers[1] < 100:  # twenty twenty-four
        return numbers[0] * 100 + numbers[1]
    return numbers[0] if len(numbers) == 1 else -1


def _english_day(text: str) -> int:
    if text in _DAY_OF:
        return _DAY_OF[text]
    digits = re.match(r"\d+", text)
    return int(digits.group()) if digits else int(find_english(text)[0].value)


def find_dates_folded(folded: Folded) -> list[tuple[dt.date, int, int]]:
    """Return dates with spans of the folded text, in order, without overlaps."""
    text = folded.text
    found: list[tuple[dt.date, int, int]] = []

    def add(date: dt.date | None, start: int, end: int) -> None:
        if date is not None:
            found.append((date, start, end))

    for match in _CHINESE.finditer(text):
        year = _year(
            _read(match["year"]),
            match["era"],
            len(match["year"]) if match["year"].isascii() else 0,
            bool(match["before"]),
        )
        add(make_date(year, _read(match["month"]), _read(match["day"])), *match.span())
    for match in _YEAR_FIRST.finditer(text):
        value = int(match["year"])
        if match["era"] or len(match["year"]) >= 3 or value > 31:
            add(
                make_date(_year(value, match["era"], len(match["year"])), int(match["month"]), int(match["day"])),
                *match.span(),
            )
    for match in _MONTH_FIRST.finditer(text):
        add(make_date(int(match["year"]), int(match["month"]), int(match["day"])), *match.span())
    for match in _COMPACT.finditer(text):
        if unit_after(text, match.end()):
            continue  # 20,240,101 units written without commas
        year = int(match["year"]) if match["year"] else int(match["roc"]) + ROC_OFFSET
        add(make_date(year, int(match["month"]), int(match["day"])), *match.span())
    for match in _ENGLISH.finditer(text):
        month = _MONTH_OF[match["month"] or match["month2"]]
        add(make_date(_english_year(match["year"]), month, _english_day(match["day"] or match["day2"])), *match.span())
    found.sort(key=lambda item: (item[1], -(item[2] - item[1])))
    kept: list[tuple[dt.date, int, int]] = []
    for item in found:
        if not kept or item[1] >= kept[-1][2]:
            kept.append(item)
    return kept


def find_dates(text: str) -> list[FoundDate]:
    """Return every complete date (year, month and day) in ``text``; a year below 1000 counts from 民國 1 = 1912."""
    folded = fold(text)
    return [FoundDate(date, *folded.span(start, end)) for date, start, end in find_dates_folded(folded)]
