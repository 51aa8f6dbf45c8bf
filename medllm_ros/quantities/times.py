"""Wall-clock times: 08:00, 8 am, half past eight, 早上八點半, 下午三點十五分, 中午. 睡前 and 飯後 are no times."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from medllm_ros.quantities.fold import Folded, fold
from medllm_ros.quantities.model import FoundTime
from medllm_ros.quantities.numbers_en import find_english
from medllm_ros.quantities.numbers_zh import RUN, read_run
from medllm_ros.quantities.units import unit_after

_MORNING = ("上午", "早上", "早晨", "清晨", "凌晨", "清早", "今早", "明早", "一早", "早")
_NOON = ("中午", "正午", "午間")
_AFTERNOON = ("下午", "午後", "午后", "傍晚")
_NIGHT = ("晚上", "晚間", "晚间", "夜裡", "夜里", "夜間", "夜间", "今晚", "明晚", "半夜", "深夜", "午夜")
_PERIODS: Final = _MORNING + _NOON + _AFTERNOON + _NIGHT
_PERIOD = "|".join(
    [*sorted(_PERIODS, key=len, reverse=True), r"(?<![\da-z])(?<!\d )(?:am|pm|a\.m\.?|p\.m\.?)"]
)  # "AM 8:00"
_MERIDIEM = r"[ap]\.?\s?m\.?(?![a-z])"
_CLOCK: Final = re.compile(
    rf"(?:(?P<period>{_PERIOD})\s*)?(?<![\d.:/])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:]|\.\d)"
    rf"(?:\s*(?P<mer>{_MERIDIEM}))?"
)
_CHINESE: Final = re.compile(
    rf"(?:(?P<period>{_PERIOD})的?\s*)?(?<![\d.:/])(?P<hour>{RUN}{{1,3}}|\d{{1,2}})\s?[點点时時](?!間|间|候|常|刻|建議|建议|注意|提醒|原因|理由|事)"
    rf"(?P<rest>(?:整|鐘整|钟整|鐘|钟|半(?![顆颗錠锭片粒個个])|(?P<quarter>[一三])刻(?:鐘|钟)?|過?(?P<minute>{RUN}{{1,3}}|\s?\d{{1,2}}(?![\d:.]))(?P<fen>\s?分(?![之鐘钟升]))?))?"
)
_LATIN: Final = re.compile(
    rf"(?<![\d.:/a-z])(?P<hour>1[0-2]|0?[1-9])(?:[.](?P<minute>[0-5]\d))?\s*(?:(?P<mer>{_MERIDIEM})|o'?\s?clock(?![a-z])(?:\s*(?P<mer2>{_MERIDIEM}))?)"
)
_MILITARY: Final = re.compile(r"(?<![\d.:/a-z])(?P<hour>0\d)(?P<minute>[0-5]\d)\s*(?:hours|hrs)(?![a-z])")
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_ONES = "(?:one|two|three|four|five|six|seven|eight|nine)"
_WORDS: Final = re.compile(
    rf"(?<![a-z])(?:(?P<past>half|(?:a\s+)?quarter|five|ten|twenty|twenty[ -]five)\s+(?P<way>past|after|to)\s+)?"
    rf"(?P<hour>{_HOURS}|1[0-2]|[1-9])"
    rf"(?:\s+(?P<minute>oh[ -]{_ONES}|(?:ten|fifteen|thirty|twenty|forty|fifty)(?:[ -]{_ONES})?))?"
    rf"(?:\s*(?P<clock>o'?\s?clock)(?![a-z]))?"
    rf"(?:\s*(?P<mer>{_MERIDIEM})|\s+(?P<part>(?:in\s+the\s+(?:morning|afternoon|evening))|at\s+night))?(?![a-z0-9])"
)
_SINGLE: Final = re.compile(
    r"(?P<noon>正午|中午|(?<![a-z])(?:noon|midday)(?![a-z]))|(?P<midnight>午夜|(?<![a-z])midnight(?![a-z]))"
)
_NOT_A_CLOCK: Final = re.compile(r"(?:[這这那有下列幾几以重要三共前後后]|以下|下面)$")
_PAST: Final = {"half": 30, "quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty five": 25}


def _in_period(hour: int, period: str | None) -> int | None:
    """Return the hour of the day, or None where hour and period cannot go together."""
    if not 0 <= hour <= 24:
        return None
    if not period:
        return hour % 24 if hour < 25 else None
    if period.startswith("p"):
        return hour + 12 if hour < 12 else hour
    if period in _MORNING or re.fullmatch(r"a\.?\s?m\.?", period):
        return 0 if hour == 12 else hour if hour < 12 else None
    if period in _NOON:
        return hour if hour in (11, 12) else hour + 12 if hour in (1, 2) else None
    if period in _NIGHT:
        if hour == 12 or hour == 0:
            return 0
        if period in ("半夜", "深夜", "午夜"):
            return hour if hour < 6 else hour + 12 if hour < 12 else hour
        return hour + 12 if 5 <= hour < 12 else hour
    return hour + 12 if hour < 12 else hour


def _read_hour(text: str) -> int | None:
    return int(text) if text.strip().isascii() else read_run(text)


def _clock(found: re.Match[str]) -> dt.time | None:
    hour = _in_period(int(found["hour"]), found["mer"] or found["period"])
    if hour is None or (int(found["hour"]) == 24 and found["minute"] != "00"):
        return None
    return dt.time(hour, int(found["minute"]))


def _chinese(found: re.Match[str], text: str) -> tuple[dt.time, int] | None:
    hour_text, period, rest = found["hour"], found["period"], (found["rest"] or "").strip()
    hour, end = _read_hour(hour_text), found.end()
    if hour is None or hour > 24:
        return None
    minute = 0
    if rest == "半":
        minute = 30
    elif found["quarter"]:
        minute = 15 * {"一": 1, "三": 3}[found["quarter"]]
    elif found["minute"]:
        value = _read_hour(found["minute"])
        plain_decimal = not found["fen"] and not (period and re.search("[十廿卅]|^\\d\\d$", found["minute"]))
        if found["fen"] is None and unit_after(text, end):
            if not period:
                return None  # 三點五毫克, 兩點五小時
            value, end = 0, found.start("rest")  # 早上八點兩顆: at eight, two tablets
        elif plain_decimal and not re.search("十|廿|卅", found["minute"]):
            if not period or value is None:
                return None  # 三點五 is a decimal
            value, end = 0, found.start("rest")
        elif value is None or value > 59:
            return None
        minute = value
    if not period and not rest:
        before = text[max(0, found.start() - 4) : found.start()]
        if hour_text in ("一", "1") or _NOT_A_CLOCK.search(before) or unit_after(text, end):
            return None  # 一點 is "a little", 以下三點 are three points
    if not period and rest == "" and not found["minute"] and text[found.end("hour") :].lstrip()[:1] in "时時":
        return None  # 八時 only with its minutes or its part of the day
    final = _in_period(hour, period)
    return None if final is None else (dt.time(final, minute), end)


def _words(found: re.Match[str]) -> dt.time | None:
    if not (found["mer"] or found["clock"] or found["part"]):
        plain = found["way"] and re.search("half|quarter", found["past"])  # "five to ten tablets" is no time
        if not plain or found["minute"] or unit_after(found.string, found.end()):
            return None
    number = find_english(found["hour"])
    hour = int(number[0].value) if number else int(found["hour"])
    minute = 0
    if found["minute"]:
        minute = int(sum(n.value for n in find_english(found["minute"].replace("oh", "zero"))))
    if found["way"]:
        shift = _PAST[found["past"].replace("a ", "").replace("-", " ")]
        hour, minute = (hour, shift) if found["way"] != "to" else (hour - 1 or 12, 60 - shift)
    part = found["part"] or ""
    period = found["mer"] or ("a.m." if "morning" in part else "晚上" if "night" in part else "p.m." if part else None)
    final = _in_period(hour, period)
    return None if final is None or minute > 59 else dt.time(final, minute)


def find_times_folded(folded: Folded) -> list[tuple[dt.time, int, int]]:
    """Return times with spans of the folded text, in order, without overlaps."""
    text = folded.text
    found: list[tuple[dt.time, int, int]] = []
    for match in _CLOCK.finditer(text):
        time = _clock(match)
        if time is not None:
            found.append((time, *match.span()))
    for match in _CHINESE.finditer(text):
        read = _chinese(match, text)
        if read is not None:
            found.append((read[0], match.start(), read[1]))
    for match in _LATIN.finditer(text):
        hour = _in_period(int(match["hour"]), match["mer"] or match["mer2"])
        if hour is not None:
            found.append((dt.time(hour, int(match["minute"] or 0)), *match.span()))
    for match in _MILITARY.finditer(text):
        found.append((dt.time(int(match["hour"]), int(match["minute"])), *match.span()))
    for match in _WORDS.finditer(text):
        time = _words(match)
        if time is not None:
            found.append((time, *match.span()))
    for match in _SINGLE.finditer(text):
        found.append((dt.time(12) if match["noon"] else dt.time(0), *match.span()))
    found.sort(key=lambda item: (item[1], -(item[2] - item[1])))
    kept: list[tuple[dt.time, int, int]] = []
    for item in found:
        if not kept or item[1] >= kept[-1][2]:
            kept.append(item)
    return kept


def find_times(text: str) -> list[FoundTime]:
    """Return every wall-clock time in ``text``; 下午三點 is 15:00, noon is 12:00, 24:00 is 00:00."""
    folded = fold(text)
    return [FoundTime(time, *folded.span(start, end)) for time, start, end in find_times_folded(folded)]
