"""Birth dates as they are spoken: in 民國 or 西元, digit by digit, year last, corrected in mid-sentence.

A year alone, a month and day alone, an age and a day of the lunar calendar are no birth date: they neither
match nor differ. A two-digit year is read as 民國 and as 19xx and 20xx, 3/2 as March 2 and as February 3.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.quantities import find_dates
from medllm_ros.quantities.dates import ROC_OFFSET, make_date
from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.self_correction import pieces
from medllm_ros.safety.spoken_chain import NUMERAL, number_chains, read_number

_N = NUMERAL
_DAY = rf"({_N}{{1,3}}|[0-9]{{1,2}})\s*(?:日|号)?"
_MONTH_DAY = rf"({_N}{{1,2}}|[0-9]{{1,2}})\s*月份?\s*{_DAY}"
_YEAR = rf"(民国|西元|公元)?\s*({_N}{{1,5}}|[0-9]{{1,4}})\s*年"
_YEAR_ALONE = re.compile(_YEAR)
_YEAR_APART = re.compile(rf"{_YEAR}(?:次|出生|生)?(?:的|啦|啊|喔|哦|,|、|\s)*{_MONTH_DAY}")
_YEAR_LAST = re.compile(rf"{_MONTH_DAY}(?:生|的|,|、|\s)*{_YEAR}")
_SHORT = re.compile(_MONTH_DAY)
_SPACED_OUT = re.compile(r"(?:[\u3400-\u9fff]\s+){4,}[\u3400-\u9fff]")
_FILLERS = re.compile(r"\b(?:uh+|um+|er+m?|hm+|ah+)\b", re.ASCII)
_HESITATION = re.compile(rf"(?<=[年月])\s*(?:那个|呃|嗯|欸|诶|啊|哦|喔|就是|好像)+\s*(?={_N}|[0-9])")
_ELLIPSIS = re.compile(r"\.{2,}|…+")
_STUTTER = re.compile(rf"({_N}{{1,3}})(?:\.{{2,}}|…+)\s*(?=\1)")  # "五十…五十五年"
_LAST_NUMBER = re.compile(rf"(?:{_N}+[年月日号]?|[a-z0-9'-]+)\W*$")
_TWICE = re.compile(r"^([a-z0-9 -]{3,}?)[ ,]+\1\b")  # "no no, forty five, forty five"
_NOT_LUNAR = re.compile("(?:不|毋)是(?:农历|農曆|旧历|舊曆|阴历|陰曆)")
_EARLY_DAY = re.compile(r"(?<=月)初([一二三四五六七八九十])")
_EXACT_YEAR = re.compile(
    r"(?<![0-9])(?:18|19|20)[0-9]{2}|[一二]\s*[零〇八九][零〇一二三四五六七八九]{2}|民国|roc|[a-z]{4}"
)


@dataclass(frozen=True)
class Said:
    """One date as it was said: every day it may mean, its span, and whether another date would be a mismatch."""

    days: frozenset[dt.date]
    start: int
    end: int
    clear: bool


# "三月 那個 三月九號": the month is said again, in search of the day.
_MONTH_AGAIN = re.compile(
    r"([0-9〇零一二三四五六七八九十]{1,3}月)[\s,，、]*(?:那個|那个|呃|嗯|就是|這個|这个|啊|欸)*[\s,，、]*\1"
)


def compare_birth_date(text: str, recorded: dt.date) -> bool | None:
    """Return True where ``recorded`` was said, False where another full date clearly was, None otherwise."""
    parts = pieces(_MONTH_AGAIN.sub(r"\1", _NOT_LUNAR.sub("国历", text)))
    verdict: bool | None = None
    before: list[Said] = []
    year: list[re.Match[str]] = []
    earlier = ""
    for part in parts:
        said = list(birth_dates(part))
        if not any(date.clear for date in said):
            changed = _changed_day(part, before[-1]) if before and _SHORT.search(part) else None
            said = [changed] if changed else _continued(earlier, part) or said
        earlier = part
        if said:
            before = said
            verdict = _verdict(said, recorded)
        elif before and (changed := _changed_day(part, before[-1])):
            before = [changed]
            verdict = _verdict(before, recorded)
        elif not before and year and _SHORT.search(part):  # "三十八年九月 啊不對 十月二號": the year stands
            before = list(birth_dates(f"{year[-1].group()} {_words().solar.sub('', part).lstrip()}"))
            verdict = _verdict(before, recorded) if before else verdict
        year = list(_YEAR_ALONE.finditer(_one_spelling(part))) or year
    return verdict


def _continued(earlier: str, part: str) -> list[Said]:
    """Return the date of "august the tenth | eleventh nineteen ten": what corrects takes the last words' place."""
    part = _TWICE.sub(r"\1", _one_spelling(part).strip())
    for _ in range(2):
        earlier, cut = _LAST_NUMBER.subn("", _one_spelling(earlier).rstrip())
        said = list(birth_dates(f"{earlier} {part}")) if cut else []
        if any(date.start < len(earlier) < date.end for date in said):
            return said
    return []


def birth_dates(text: str) -> Iterator[Said]:
    """Yield the dates of ``text`` (characters folded) that may be a birthday; appointments and lunar days are not."""
    words = _words()
    text = _one_spelling(text)
    for said in spans(text):
        ahead, behind = text[max(0, said.start - 14) : said.start], text[said.end : said.end + 10]
        if words.lunar.search(behind[:5]) or _lunar_last(ahead) or words.denied.search(ahead):
            continue
        if words.number_of.search(ahead):
            continue
        born = words.birth.search(ahead + "|" + behind)
        yield Said(
            said.days,
            said.start,
            said.end,
            bool(born) or (said.clear and not words.not_birth.search(ahead + "|" + behind)),
        )


def spans(text: str) -> list[Said]:
    """Return every full date of ``text`` in order, without overlaps; spans are those of ``text``."""
    found = [
        Said(frozenset(readings(item.date, text[item.start : item.end])), item.start, item.end, True)
        for item in find_dates(text)
    ]
    for match in _YEAR_APART.finditer(text):
        found.extend(_said(match, *match.groups()))
    for match in _YEAR_LAST.finditer(text):
        month, day, era, year = match.groups()
        found.extend(_said(match, era, year, month, day))
    found.extend(_chains(text))
    found.sort(key=lambda item: (item.start, item.start - item.end))
    kept: list[Said] = []
    for item in found:
        if item.days and (not kept or item.start >= kept[-1].end):
            kept.append(item)
    return kept


def without_dates(text: str, recorded: dt.date | None) -> str:
    """Return ``text`` without its clear dates and the recorded one: no date counts as a chart number."""
    for said in reversed(spans(text)):
        if said.clear or (recorded and recorded in said.days):
            text = f"{text[: said.start]}|{text[said.end :]}"
    return text


def readings(date: dt.date, said: str) -> Iterator[dt.date]:
    """Yield every day that a date found by the calendar reader may mean to the person who said it."""
    folded = fold(said)
    years = [date.year]
    if not _EXACT_YEAR.search(folded):
        short = date.year - ROC_OFFSET
        years += [1900 + short, 2000 + short] if 0 < short < 100 else []
    both = re.fullmatch(r"\s*[0-9]{1,2}\s*[/.-]\s*[0-9]{1,2}\s*[/.-]\s*[0-9]{2,4}\s*", folded)
    yield from _days(years, date.month, date.day, bool(both))


def _days(years: list[int], month: int, day: int, both_orders: bool = False) -> Iterator[dt.date]:
    for year in dict.fromkeys(years):
        for first, second in ((month, day), (day, month))[: 2 if both_orders else 1]:
            if date := make_date(year, first, second):
                yield date


def _years(value: int, era: str | None = None) -> list[int]:
    if era == "民国":
        return [value + ROC_OFFSET] if value < 200 else [value]
    if value >= 1000:
        return [value]
    if value >= 200 or value < 1:
        return []
    return ([value + ROC_OFFSET] if era is None else []) + ([1900 + value, 2000 + value] if value < 100 else [])


def _said(match: re.Match[str], era: str | None, year: str, month: str, day: str) -> Iterator[Said]:
    value = read_number(year)
    while value < 0 and len(year) > 1:  # 張三三十七年: the name ends in a number
        year = year[1:]
        value = read_number(year)
    days = frozenset(_days(_years(value, era), read_number(month), read_number(day)))
    if days:
        yield Said(days, match.start(), match.end(), True)


def _changed_day(part: str, before: Said) -> Said | None:
    """Return the earlier date with the month and day of a correction that names no year."""
    match = _SHORT.search(part)
    month, day = (read_number(match[1]), read_number(match[2])) if match else (0, 0)
    if not match:
        for groups, _, _ in number_chains(part):
            named = [value for value, kind in groups if kind == "month"]
            numbers = [value for value, kind in groups if kind != "month"]
            if len(named) == 1 and len(numbers) == 1:
                month, day = named[0], numbers[0]
    if not month:
        return None
    days = frozenset(_days([date.year for date in before.days], month, day))
    return Said(days, 0, len(part), True) if days else None


def _verdict(said: list[Said], recorded: dt.date) -> bool | None:
    if any(recorded in item.days for item in said):
        return True
    return False if any(item.clear for item in said) else None


def _one_spelling(text: str) -> str:
    text = _ELLIPSIS.sub(" ", _STUTTER.sub("", _FILLERS.sub(" ", text)))
    text = _HESITATION.sub("", text).replace("元月", "一月")
    for holiday, day in _words().holidays:
        text = text.replace(holiday, day)
    if _words().solar.search(text):  # "二月初九，國曆": the day is meant, whatever it is called
        text = _EARLY_DAY.sub(r"\1号", text)
    return re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", text) if _SPACED_OUT.search(text) else text


def _lunar_last(ahead: str) -> bool:
    found = list(_words().calendar.finditer(ahead))
    return bool(found) and bool(_words().lunar.fullmatch(found[-1].group()))


def _chains(text: str) -> Iterator[Said]:
    for groups, start, end in number_chains(text):
        values = [value for value, _ in groups]
        named = [place for place, (_, kind) in enumerate(groups) if kind == "month"]
        days = set(_from_values(values, named))
        clear = bool(days) and (bool(named) or any(value >= 1800 for value in values) or _century(values))
        clear |= bool(days) and bool(re.fullmatch(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2,4}", text[start:end]))
        written = "".join(kind for _, kind in groups)
        if not named and written.isdigit() and 6 <= len(written) <= 8:
            run = set(_from_run(written))
            clear |= bool(run) and len(written) == 8
            days |= run
        if days:
            yield Said(frozenset(days), start, end, clear)


def _century(values: list[int]) -> bool:
    return len(values) == 4 and (values[2] in (18, 19, 20) or values[0] in (18, 19, 20))


def _from_values(values: list[int], named: list[int]) -> Iterator[dt.date]:
    if len(values) == 5 and values[3] in (18, 19, 20) and values[2] == values[4]:  # fifty six, nineteen fifty six
        values = [*values[:2], *values[3:]]
    if len(values) == 4:  # nineteen, fifty six
        if values[2] in (18, 19, 20) and values[3] < 100:
            values = [*values[:2], values[2] * 100 + values[3]]
        elif values[0] in (18, 19, 20) and values[1] < 100 and not named:
            values = [values[0] * 100 + values[1], *values[2:]]
    if len(values) != 3 or len(named) > 1:
        return
    first, second, third = values
    if named:
        if named[0] < 2:
            month, day = (first, second) if named[0] == 0 else (second, first)
            yield from _days(_years(third, "西元"), month, day)
        return
    if third >= 1000 or first < 32:
        yield from _days(_years(third, "西元"), first, second, True)
    if third < 32:
        yield from _days(_years(first), second, third)


def _from_run(run: str) -> Iterator[dt.date]:
    if len(run) == 8:
        yield from _days([int(run[:4])], int(run[4:6]), int(run[6:]))
        yield from _days([int(run[4:])], int(run[:2]), int(run[2:4]), True)
    elif len(run) == 7:
        yield from _days([int(run[:3]) + ROC_OFFSET], int(run[3:5]), int(run[5:]))
    else:
        yield from _days(_years(int(run[:2])), int(run[2:4]), int(run[4:]))
        yield from _days(_years(int(run[4:]), "西元"), int(run[:2]), int(run[2:4]), True)


class _Words:
    def __init__(self) -> None:
        data = load_data("identity.yaml")

        def one(name: str) -> re.Pattern[str]:
            return re.compile(str(data[name]).translate(simplified()))

        self.birth, self.not_birth, self.lunar = one("birth"), one("not_birth"), one("lunar")
        self.denied, self.number_of = one("denied_date"), one("number_of")
        self.solar = one("solar")
        days = data["holidays"].items()
        self.holidays = [(name.translate(simplified()), day.translate(simplified())) for name, day in days]
        self.calendar = re.compile(f"{self.lunar.pattern}|{self.solar.pattern}")


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
