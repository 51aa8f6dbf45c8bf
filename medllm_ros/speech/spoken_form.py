"""The words a person would say for a written sentence. Captions keep the written form; only sound uses this.

Numbers are read by ``medllm_ros.quantities`` and by nothing else. After rendering, the amounts of the spoken form are
compared with those of the written one; where they differ, digits are read out one by one instead.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from fractions import Fraction

from medllm_ros.quantities import (
    Found,
    FoundDate,
    FoundTime,
    find_dates,
    find_quantities,
    find_times,
    normalise,
)
from medllm_ros.quantities.units import convert_to_base
from medllm_ros.speech.markup import strip_markup
from medllm_ros.speech.numerals import POINT, chinese_digits
from medllm_ros.speech.spoken_quantity import say_date, say_quantity, say_time
from medllm_ros.speech.spoken_words import SpokenWords, spoken_words

log = logging.getLogger(__name__)

_RANGE = re.compile(r"\s*[-‐‑‒–—―−~～〜﹣－至到]\s*")
_PAIR = re.compile(r"\s*[/／]\s*")
_HAN = "\u3400-\u9fff"
_NARROW = {ord(char): ord(char) - 0xFEE0 for char in "％／" + "".join(map(chr, range(0xFF10, 0xFF5B)))}
for _char in "：；＜＝＞？＠":
    _NARROW.pop(ord(_char))
_TO = {"zh_TW": "到", "zh_CN": "到", "en_US": " to "}
_OVER = {"zh_TW": "、", "zh_CN": "、", "en_US": "/"}  # English voices say "slash"
_ENDS = "。.！!？?；;：:，,、…」』"
_NUMERALS = "零〇一二兩两三四五六七八九十百千萬万億亿點点半"


def spoken_form(text: str, locale: str = "zh_TW") -> str:
    """Return ``text`` as it is said aloud in ``locale`` ("zh_TW", "zh_CN" or "en_US"; others are read as English)."""
    locale = locale if locale in _TO else "en_US"
    words = spoken_words(locale)
    plain = words.expand_codes(_break_lines(strip_markup(text.translate(_NARROW)), locale))
    spoken = _tidy(_render(plain, words), locale)
    if amounts(spoken) == amounts(plain):
        return spoken
    log.warning("Reading a sentence digit by digit: its spoken form would not have kept every amount.")
    return _tidy(words.plain(read_digits(plain, locale)), locale)


def amounts(text: str) -> Counter[tuple[Fraction, str]]:
    """Return every amount of ``text`` in base units and how often it occurs.

    A rate ("mg/day") counts by its numerator, a negative number by its size ("-5" is said "minus 5" and heard as 5).
    Times and dates are counted under the units "time" and "date", and their numbers not again.
    """
    found: Counter[tuple[Fraction, str]] = Counter()
    for mark in _marks(text):
        if isinstance(mark, Found):
            found[convert_to_base(abs(mark.quantity.value), mark.quantity.unit.partition("/")[0])] += 1
        elif isinstance(mark, FoundTime):
            found[Fraction(mark.time.hour * 60 + mark.time.minute), "time"] += 1
        else:
            found[Fraction(mark.date.toordinal()), "date"] += 1
    return found


def read_digits(text: str, locale: str) -> str:
    """Return ``text`` with every number said digit by digit in Chinese; English voices do that themselves."""
    if not locale.startswith("zh"):
        return text
    return re.sub(
        r"(?<![A-Za-z\d.])\d+(?:\.\d+)*(?![A-Za-z\d])",
        lambda found: POINT[locale].join(chinese_digits(part) for part in found.group().split(".")),
        text,
    )


Mark = Found | FoundTime | FoundDate


def _marks(text: str) -> list[Mark]:
    """Return dates, times and quantities of ``text`` in order, none over another; dates and times come first."""
    taken: list[Mark] = []
    for group in (find_dates(text), find_times(text), find_quantities(text)):
        for mark in group:
            if all(mark.end <= other.start or other.end <= mark.start for other in taken):
                taken.append(mark)
    return sorted(taken, key=lambda mark: mark.start)


def _render(text: str, words: SpokenWords) -> str:
    marks = _marks(text)
    pieces: list[str] = []
    position = 0
    for index, mark in enumerate(marks):
        following = text[mark.end : marks[index + 1].start] if index + 1 < len(marks) else text[mark.end :]
        joined = index + 1 < len(marks) and (_RANGE.fullmatch(following) or _PAIR.fullmatch(following))
        between = text[position : mark.start]
        if index and _RANGE.fullmatch(between):
            pieces.append(_TO[words.locale])
        elif index and _PAIR.fullmatch(between):
            pieces.append(_OVER[words.locale])
        else:
            pieces.append(words.plain(between))
        pieces.append(_say(mark, text, following, words, shared_unit=bool(joined)))
        position = mark.end
    pieces.append(words.plain(text[position:]))
    return "".join(pieces)


def _say(mark: Mark, text: str, following: str, words: SpokenWords, *, shared_unit: bool) -> str:
    written = normalise(text[mark.start : mark.end])
    if not re.search(r"[A-Za-z\d%°μ]", written):
        return text[mark.start : mark.end]  # already words: 兩顆, 早上八點半
    if _inside_word(text, mark.start, mark.end):
        return written  # B12, COVID-19: part of a name
    if isinstance(mark, FoundDate):
        return say_date(mark.date, written, words.locale)
    if isinstance(mark, FoundTime):
        return say_time(mark.time, written, words.locale)
    return say_quantity(mark.quantity, written, following, words, shared_unit=shared_unit)


def _inside_word(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    if re.search(r"[A-Za-z]-?\Z", before) and text[start : start + 1].isdigit():
        return True
    return bool(text[end - 1 : end].isdigit() and re.match(r"[A-Za-z]", after))


def _break_lines(text: str, locale: str) -> str:
    """Return ``text`` on one line; a line that ends without a mark gets a full stop, for the pause."""
    stop = "。" if locale.startswith("zh") else ". "
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    blank = "" if locale.startswith("zh") else " "
    return "".join([line + (blank if line[-1] in _ENDS else stop) for line in lines[:-1]] + lines[-1:])


def _tidy(text: str, locale: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    if locale.startswith("zh"):
        text = re.sub(rf"(?<=[{_NUMERALS}]) (?=[{_NUMERALS}])", "，", text)  # two numbers must not become one
        text = re.sub(rf"(?<=[{_HAN}，、。！？；：]) (?=[{_HAN}，、。！？；：])", "", text)
        text = re.sub(r"([，、])[，、]+", r"\1", text)
    return text
