"""Numbers in English words: five, one hundred and twenty, two point five, half a, one and a half, twice."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from medllm_ros.quantities.numbers import MATH, Number, ratio

_ONES_WORDS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ONES: Final = {word: value for value, word in enumerate(_ONES_WORDS.split())}
_TENS: Final = {
    word: value
    for value, word in zip(
        range(20, 100, 10), ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], strict=True
    )
}
_BIG: Final = {"thousand": 1000, "million": 10**6}
_WORD = "|".join(sorted([*_ONES, *_TENS, *_BIG, "hundred", "dozen"], key=len, reverse=True))
_JOIN = r"(?:\s+|\s*-\s*)"
_PARTS: Final = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "tenth": 10,
    "tenths": 10,
}
# "a tablet", "another puff": one. "A dose" and "an injection" name the thing and are left alone.
_ARTICLE = r"(?:an?|another)(?:\s+(?:extra|additional|single|whole|further|second|more))?"
_PIECE = r"(?:tablet|capsule|caplet|pill|lozenge|puff|spray|patch|sachet|suppository|teaspoon|tablespoon|drop)"
_RUN: Final = re.compile(
    rf"(?<![a-z])(?:"
    rf"(?P<rate>once(?=\s*-?\s*(?:an?|per|daily|every|each|weekly|monthly|in|at)\b)|twice|thrice)"
    rf"|(?P<article>{_ARTICLE}(?=\s+{_PIECE}(?![a-z])))"
    rf"|(?P<couple>a{_JOIN}(?:couple|pair)(?:\s+of)?)"
    rf"|(?P<part>(?:an?{_JOIN})?(?:half|quarter)(?:(?={_JOIN}(?:of{_JOIN})?an?\b){_JOIN}(?:of{_JOIN})?an?)?(?![a-z]))"
    rf"|(?P<words>(?:a{_JOIN}(?=hundred|thousand|million|dozen))?(?:{_WORD})(?:(?:{_JOIN}and)?{_JOIN}(?:{_WORD})(?![a-z]))*)"
    rf"(?![a-z])(?:{_JOIN}point(?P<decimals>(?:{_JOIN}(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)(?![a-z]))+))?"
    rf"(?:{_JOIN}(?P<unitpart>halves|half|thirds|quarters|fourths|fifths|tenths|(?:third|quarter|fourth|fifth|tenth)(?=\s+of))(?![a-z]))?"
    rf"(?P<plus>{_JOIN}and{_JOIN}an?{_JOIN}(?:half|quarter)(?![a-z]))?"
    rf"|(?P<pointonly>point(?P<tail>(?:{_JOIN}(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)(?![a-z]))+))"
    rf")"
)
_TOKEN: Final = re.compile(rf"(?:{_WORD})(?![a-z])")
_DIGIT_WORD: Final = re.compile(r"zero|oh|one|two|three|four|five|six|seven|eight|nine")


def _decimals(words: str) -> str:
    return "".join(str(_ONES.get(word, 0)) for word in _DIGIT_WORD.findall(words))


def _split(words: list[tuple[str, int, int]]) -> list[tuple[Decimal, int, int]]:
    """Return (value, start, end) of the numbers that a run of number words spells, splitting where a new one starts."""
    numbers: list[tuple[Decimal, int, int]] = []
    total = group = 0
    kind, begin, last_end = "", 0, 0

    def close() -> None:
        if kind:
            numbers.append((Decimal(total + group), begin, last_end))

    for word, start, end in words:
        now = "ones" if _ONES.get(word, 99) < 10 else "teens" if word in _ONES else "tens" if word in _TENS else word
        value = _ONES.get(word, _TENS.get(word, 0))
        if now == "ones" and word == "zero":
            close()
            total = group = 0
            begin, kind, last_end = start, "zero", end
        elif now in ("ones", "teens", "tens"):
            joins = (now == "ones" and kind == "tens") or kind in ("hundred", "big")
            colloquial = now in ("tens", "teens") and kind in ("ones", "teens") and total == 0 and 0 < group < 100
            if joins:
                group += value
            elif colloquial:  # one twenty-five is 125, nineteen fifty-six is 1956
                group = group * 100 + value
            else:
                close()
                total, group, begin = 0, value, start
            kind, last_end = now, end
        elif word == "hundred":
            if not kind:
                begin, group = start, 1
            group, kind, last_end = (group or 1) * 100, "hundred", end
        elif word == "dozen":
            if not kind:
                begin, group = start, 1
            group, kind, last_end = (group or 1) * 12, "dozen", end
        else:
            if not kind:
                begin, group = start, 1
            total, group, kind, last_end = total + (group or 1) * _BIG[word], 0, "big", end
    close()
    return numbers


def find_english(text: str) -> list[Number]:
    """Return every number in English words; idioms are not sorted out here."""
    numbers: list[Number] = []
    for found in _RUN.finditer(text):
        start, end = found.span()
        if found["rate"]:
            times = {"once": 1, "twice": 2, "thrice": 3}[found["rate"]]
            numbers.append(Number(Decimal(times), start, end, unit="{time}"))
        elif found["article"]:
            numbers.append(Number(Decimal(1), start, end))
        elif found["couple"]:
            numbers.append(Number(Decimal(2), start, end))
        elif found["part"]:
            numbers.append(Number(Decimal("0.5") if "half" in found["part"] else Decimal("0.25"), start, end))
        elif found["pointonly"]:
            numbers.append(Number(Decimal("0." + _decimals(found["tail"])), start, end))
        else:
            numbers.extend(_read_words(found, text))
    return numbers


def _read_words(found: re.Match[str], text: str) -> list[Number]:
    tokens = [(hit.group(), *hit.span()) for hit in _TOKEN.finditer(text, found.start("words"), found.end("words"))]
    numbers = [Number(value, start, end) for value, start, end in _split(tokens)]
    last = numbers[-1]
    value = last.value
    if found["decimals"]:
        value = MATH.add(value, Decimal("0." + _decimals(found["decimals"])))
    if found["unitpart"]:
        value = ratio(value, _PARTS[found["unitpart"]])
    if found["plus"]:
        value = MATH.add(value, Decimal("0.5") if "half" in found["plus"] else Decimal("0.25"))
    numbers[-1] = Number(value, last.start, found.end())
    if len(numbers) == 1:
        numbers[0] = Number(value, found.start(), found.end())
    return numbers
