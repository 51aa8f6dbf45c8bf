"""Checks on the sentences of a fact: script, punctuation, units, and the same numbers in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medllm_ros.delivery import Locale
from medllm_ros.formulary.schema import FactEntry

# Characters of drug names that Big5 or GB 2312 lack although both scripts write them alike.
_CHEMISTRY = frozenset("哌吡萘嗪呋苷噁嘌呤啶噻喹唑嘧胍脲酰膦䓬肼腙肟肽酞吲哚苄芐")
# Simplified forms that happen to stand in Big5, so that the encoding alone does not show them.
_SIMPLIFIED_IN_BIG5 = frozenset("万与么价优体听坏复怀惊愿扑扰据机极构气洁痒确离种网胜触赶适郁霉")
# Forms the safety design (section 5) forbids in speech: they are read wrongly as a number or a unit.
_FORBIDDEN = re.compile(r"(?<![A-Za-z])(?:IU|QD|QOD|[0-9]\s*U)(?![A-Za-z])|[µμ]g|\d+\.0(?!\d)|(?<!\d)\.\d")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
_REASSURANCE = re.compile(r"無害|无害|不用擔心|不用担心|harmless|no need to worry|nothing to worry", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORDS = {
    "1": "一|one|once", "2": "二|兩|两|雙|双|two|twice|both|double", "3": "三|three", "4": "四|four", "5": "五|five",
    "6": "六|six", "7": "七|seven", "8": "八|eight", "9": "九|nine", "10": "十|ten",
}  # fmt: skip
_FOOD = {
    "with or without food": r"with or without food|before or after food",
    "with food": r"(?:with|after) (?:a )?(?:food|meals?|breakfast)|with or (?:just |right )?after food",
    "on an empty stomach": r"(?<!not )on an empty stomach|before (?:food|eating|a meal|meals)",
}


def by_locale(fact: FactEntry) -> dict[Locale, str]:
    """Return the fact's sentences."""
    return {Locale.ZH_TW: fact.zh_TW, Locale.ZH_CN: fact.zh_CN, Locale.EN_US: fact.en_US}


def script_problems(text: str, locale: Locale) -> Iterator[str]:
    """Yield a sentence for characters of the wrong script."""
    if locale is Locale.EN_US:
        foreign = sorted(set(re.findall(r"[\u3400-\u9fff\uff00-\uffef]", text)))
        if foreign:
            yield f"{''.join(foreign)} is not English."
        return
    encoding, extra = ("cp950", _SIMPLIFIED_IN_BIG5) if locale is Locale.ZH_TW else ("gb2312", frozenset[str]())
    wrong = [
        char
        for char in dict.fromkeys(re.findall(r"[\u3400-\u9fff]", text))
        if char not in _CHEMISTRY and (char in extra or not _encodes(char, encoding))
    ]
    if wrong:
        script = "Traditional" if locale is Locale.ZH_TW else "Simplified"
        yield f"{''.join(wrong)} is not {script} Chinese."


def wording_problems(text: str) -> Iterator[str]:
    """Yield a sentence for wording that the robot must not say or cannot say well."""
    if match := _FORBIDDEN.search(text):
        yield f"`{match[0].strip()}` must not be spoken; write the unit out, without a bare or trailing zero."
    if match := _HALF_WIDTH.search(text):
        yield f"`{match[0]}` has half-width punctuation; use the full-width form."
    if match := _REASSURANCE.search(text):
        yield f"`{match[0]}` calls a symptom safe; the robot never does."
    if not text.rstrip("」』)）\"'").endswith(("。", "！", "？", ".", "!", "?")):
        yield "a sentence ends with a full stop."


def number_problems(fact: FactEntry) -> Iterator[str]:
    """Yield a sentence for a number that one language has and another lacks, as digits or as a word."""
    sentences = by_locale(fact)
    for locale, text in sentences.items():
        for number in dict.fromkeys(_NUMBER.findall(text)):
            for other, other_text in sentences.items():
                if number not in _NUMBER.findall(other_text) and not _as_word(number, other_text):
                    yield f"the number {number} is in {locale} but not in {other}."


def food_stance(english: str) -> str | None:
    """Return what an English sentence says about food, None where it says nothing or more than one thing."""
    text = english.lower()
    if re.search(_FOOD["with or without food"], text):
        return "with or without food"
    found = [stance for stance, pattern in _FOOD.items() if re.search(pattern, text)]
    return found[0] if len(found) == 1 else None


def _as_word(number: str, text: str) -> bool:
    return number in _WORDS and re.search(_WORDS[number], text, re.IGNORECASE) is not None


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
