"""Neighbouring numbers of a sentence, in digits, Chinese numerals and English words: "three two nineteen fifty six"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from medllm_ros.quantities.numbers_zh import read_run

NUMERAL: Final = "[零〇○一二三四五六七八九十廿卅百两幺]"  # folded characters

_ONES = (
    "zero/oh/o one/first two/second three/third four/fourth five/fifth six/sixth seven/seventh eight/eighth "
    "nine/ninth ten/tenth eleven/eleventh twelve/twelfth thirteen/thirteenth fourteen/fourteenth fifteen/fifteenth "
    "sixteen/sixteenth seventeen/seventeenth eighteen/eighteenth nineteen/nineteenth"
)
_ROUND = "twenty/twentieth thirty/thirtieth forty/fourty fifty sixty seventy eighty ninety"
_NAMES = (
    "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sept/sep october/oct "
    "november/nov december/dec"
)
_ENGLISH = {word: value for value, words in enumerate(_ONES.split()) for word in words.split("/")}
_TENS = {word: value * 10 for value, words in enumerate(_ROUND.split(), 2) for word in words.split("/")}
_MONTHS = {name: place for place, names in enumerate(_NAMES.split(), 1) for name in names.split("/")}
_TOKEN = re.compile(rf"[0-9]+(?:st|nd|rd|th)?(?![a-z])|{NUMERAL}+|[a-z]+|\s+|.", re.DOTALL)
_JOINING = frozenset([*"-/.,、'’|", "the", "of", "in", "day", "year", "and", "slash", "dash", "point"])
_DIGITS = {**{char: str(n) for n, char in enumerate("零一二三四五六七八九")}, "〇": "0", "○": "0", "幺": "1", "两": "2"}


def number_chains(text: str) -> Iterator[tuple[list[tuple[int, str]], int, int]]:
    """Yield chains of neighbouring numbers and month names: [(value, written)], start, end."""
    chain: list[tuple[int, str]] = []
    start = end = 0
    tens = False
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word.isspace() or word in _JOINING:
            tens = tens and (word.isspace() or word == "-")
            continue
        item = _token(word)
        if item is None:
            if chain:
                yield chain, start, end
            chain, tens = [], False
            continue
        if not chain:
            start = token.start()
        value, kind = item
        if tens and kind == "word" and 0 < value < 10 and chain:
            chain[-1] = (chain[-1][0] + value, "word")
        elif chain and chain[-1] == (0, "word") and kind == "word" and 0 < value < 10:
            chain[-1] = (value, "pair")  # oh three
        else:
            chain.append((value, kind))
        tens = word in _TENS
        end = token.end()
    if chain:
        yield chain, start, end


def _token(word: str) -> tuple[int, str] | None:
    if word in _MONTHS:
        return _MONTHS[word], "month"
    if word in _TENS or word in _ENGLISH:
        return _TENS.get(word, _ENGLISH.get(word, 0)), "word"
    digits = re.match(r"[0-9]{1,8}", word)
    if digits:
        return (int(digits.group()), digits.group()) if len(digits.group()) == len(word.rstrip("stndrh")) else None
    if re.fullmatch(f"{NUMERAL}+", word):
        if all(char in _DIGITS for char in word):
            run = "".join(_DIGITS[char] for char in word)
            return (int(run), run) if len(run) <= 8 else None
        value = read_number(word)
        return (value, "word") if value >= 0 else None
    return None


def read_number(text: str) -> int:
    """Return the number that digits or Chinese numerals spell, -1 where they spell none."""
    if text.isdigit() and text.isascii():
        return int(text)
    value = read_run(text.replace("两", "二"))
    return -1 if value is None else value
