"""From the spoken form to what a voice is given: runs of one language each, Mandarin as pinyin with tone numbers.

The ``cmn`` voice of espeak-ng 1.51 as Debian ships it has no character dictionary and says "Chinese letter" for every
character, so it is never given any: Mandarin goes as pinyin to the voice ``cmn-latn-pinyin``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from medllm_ros.speech.numerals import DIGITS
from medllm_ros.speech.spoken_form import read_digits
from medllm_ros.speech.tables import read_table

HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇"
_LATIN = r"A-Za-zÀ-ɏ"
_TOKEN = re.compile(
    rf"(?P<en>[{_LATIN}][{_LATIN}\d]*(?:[ '’.&/-]{{0,2}}[{_LATIN}\d]+)*(?:-\d+)?"
    rf"|\d[\d.,:/%-]*(?=[ ]?[{_LATIN}])[ ]?[{_LATIN}\d]+)"
    rf"|(?P<zh>[{HAN}]+)|(?P<digits>\d+(?:\.\d+)*)|(?P<mark>[^{_LATIN}\d{HAN}])"
)
_MARKS: Final = {
    **dict.fromkeys("，、,：:；;（）()「」『』《》—–~～/…", ","),
    **dict.fromkeys("。.．", "."), **dict.fromkeys("？?", "?"), **dict.fromkeys("！!", "!"),
}  # fmt: skip
_PAUSES: Final = {",": 0.18, ".": 0.35, "?": 0.35, "!": 0.35}
_BEFORE_ONE: Final = frozenset(DIGITS + "十點点第〇")  # 一 after these keeps its tone: 十一, 第一, 零點一
_AFTER_ONE: Final = frozenset(DIGITS + "十點点月號号日樓楼〇")


@dataclass(frozen=True)
class SpeechRun:
    """One piece for one voice. ``language`` is "zh" (``text`` is pinyin) or "en"; ``pause`` in seconds follows it."""

    language: str
    text: str
    pause: float = 0.0


def speech_runs(spoken: str, locale: str = "zh_TW") -> list[SpeechRun]:
    """Return the runs of a spoken form in order; an empty list where nothing can be said."""
    runs: list[SpeechRun] = []
    for language, words in _segments(spoken, locale):
        pause = _PAUSES.get(words[-1:], 0.0)
        text = _to_pinyin_with_marks(words, locale) if language == "zh" else words.strip()
        if any(char.isalnum() for char in text):
            runs.append(SpeechRun(language, text, pause))
        elif runs and pause > runs[-1].pause:
            runs[-1] = SpeechRun(runs[-1].language, runs[-1].text, pause)
    return runs


def to_pinyin(han: str, locale: str = "zh_TW") -> list[str]:
    """Return one syllable with a tone number (1-5) for each Chinese character; others are dropped."""
    han = "".join(re.findall(f"[{HAN}]", han))
    return _one_and_not(han, _read(han, locale))


def _segments(spoken: str, locale: str) -> Iterator[tuple[str, str]]:
    """Yield (language, text); marks stay with the run they follow, digits go with the locale's language."""
    home = "zh" if locale.startswith("zh") else "en"
    language, words = "", ""
    for token in _TOKEN.finditer(spoken):
        text = token.group()
        if token["mark"] is not None:
            mark = _MARKS.get(text)
            words += text if language == "en" and text.isascii() else (mark or " ")
            continue
        kind = "zh" if token["zh"] else "en" if token["en"] else home
        if kind == "zh" and token["digits"]:
            text = read_digits(text, locale)
        if kind != language and words.strip():
            yield language, words.strip()
            words = ""
        language, words = kind, words + text
    if language and words.strip():
        yield language, words.strip()


def _to_pinyin_with_marks(words: str, locale: str) -> str:
    pieces: list[str] = []
    for piece in re.findall(rf"[{HAN}]+|[^{HAN}]+", words):
        if re.match(f"[{HAN}]", piece):
            pieces.append(" ".join(to_pinyin(piece, locale)))
        else:
            marks = re.sub(r"[^,.?!]", "", piece)
            if pieces and marks:
                pieces[-1] += marks[0]
    return " ".join(pieces)


@lru_cache(maxsize=512)
def _read(han: str, locale: str) -> tuple[str, ...]:
    """Return the readings of ``han``: our own words first, pypinyin's phrases between them."""
    own, characters, longest = _readings(locale)
    simple = _simplify(han)
    syllables: list[str] = []
    start = position = 0
    while position < len(simple):
        for length in range(min(longest, len(simple) - position), 0, -1):
            found = own.get(simple[position : position + length])
            if found:
                syllables += _dictionary(han[start:position], simple[start:position], characters)
                syllables += [characters.get(char, one) for char, one in zip(han[position:], found, strict=False)]
                position += length
                start = position
                break
        else:
            position += 1
    return tuple(syllables + _dictionary(han[start:], simple[start:], characters))


def _dictionary(han: str, simple: str, characters: Mapping[str, str]) -> list[str]:
    """Return pypinyin's readings, phrase by phrase on the simplified text, where its dictionary is richer.

    A traditional character with a single reading (髮, 隻) keeps that one: simplifying merged it with another (发, 只).
    """
    if not han:
        return []
    from pypinyin import Style, lazy_pinyin, pinyin

    options: Any = {"style": Style.TONE3, "neutral_tone_with_five": True, "v_to_u": True, "errors": "ignore"}
    phrase = lazy_pinyin(simple, **options)
    alone = [pinyin(char, heteronym=True, **options) for char in han]
    if len(phrase) != len(han):  # a character without a reading: leave it out
        phrase = [readings[0][0] if readings else "" for readings in alone]
    syllables = []
    for char, plain, from_phrase, own in zip(han, simple, phrase, alone, strict=True):
        single = own[0][0] if char != plain and own and len(own[0]) == 1 else ""
        syllables.append(characters.get(char) or single or from_phrase)
    return syllables


def _one_and_not(han: str, syllables: tuple[str, ...]) -> list[str]:
    """Return ``syllables`` with the tones of 一 and 不 as they change in speech (二聲 before a fourth tone)."""
    spoken = list(syllables)
    for index, char in enumerate(han[: len(spoken)]):
        after = spoken[index + 1] if index + 1 < len(spoken) else ""
        next_char = han[index + 1 : index + 2]
        if char == "不" and after:
            spoken[index] = "bu2" if after.endswith("4") else "bu4"
        elif char == "一" and after and spoken[index].startswith("yi"):
            if (index and han[index - 1] in _BEFORE_ONE) or next_char in _AFTER_ONE:
                spoken[index] = "yi1"
            else:
                spoken[index] = "yi2" if after.endswith("4") or next_char in "個个" else "yi4"
    return [syllable for syllable in spoken if syllable]


@cache
def _readings(locale: str) -> tuple[dict[str, tuple[str, ...]], dict[str, str], int]:
    """Return (words on simplified keys, readings of single characters in this locale, length of the longest word)."""
    data = read_table("readings.yaml")
    words = {**data["words"], **data["names"]}
    own = {_simplify(word): tuple(reading.split()) for word, reading in words.items()}
    characters = data.get(locale) or {}
    both = {**{_simplify(char): reading for char, reading in characters.items()}, **characters}
    return own, both, max(map(len, own))


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _simplify(text: str) -> str:
    """Return ``text`` in Simplified characters, of the same length."""
    simple = str(_converter().convert(text))
    return simple if len(simple) == len(text) else text
