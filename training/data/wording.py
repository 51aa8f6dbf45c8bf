"""Texts made comparable: tokens, n-grams, and skeletons without names and numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from medllm_ros.safety.folding import fold
from medllm_ros.safety.grounding import numbers

_TOKEN = re.compile(r"[a-z]+|[0-9]+(?:[.,:][0-9]+)*|[^\W\d_a-z]")
_NUMERALS = re.compile(r"[0-9]+(?:[.,:][0-9]+)*|[零一二两三四五六七八九十百千半双]")
_CITATION = re.compile(r"\[[^\[\]]{0,12}\]")
_NOT_WORDS = re.compile(r"[\s\W_]+")


def tokens(text: str) -> tuple[str, ...]:
    """Return the folded words and numbers of a text; every Chinese character is one token."""
    return tuple(_TOKEN.findall(fold(text)))


def ngrams(words: tuple[str, ...], size: int) -> frozenset[tuple[str, ...]]:
    """Return the runs of ``size`` tokens; the whole text where it is shorter."""
    if not words:
        return frozenset()
    return frozenset(words[at : at + size] for at in range(max(1, len(words) - size + 1)))


def plain(text: str) -> str:
    """Return the folded text without blanks and punctuation: equal for texts that say the same in the same words."""
    return _NOT_WORDS.sub("", fold(text))


def written(text: str) -> str:
    """Return the same without folding the script: Traditional and Simplified wording are two things to learn."""
    return _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text).lower())


def numerals(text: str) -> tuple[str, ...]:
    """Return the numbers of a text in order, as written: texts that differ in them differ in what they say."""
    return tuple(_NUMERALS.findall(fold(text)))


def skeleton(text: str, names: Iterable[str] = ()) -> str:
    """Return the wording alone: names, numbers, times and citations masked, punctuation and blanks taken out."""
    text = unicodedata.normalize("NFC", _CITATION.sub("", text))
    wanted = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    if wanted:
        text = re.sub("|".join(map(re.escape, wanted)), "〇", text, flags=re.IGNORECASE)
    return re.sub("〇+", "〇", _NOT_WORDS.sub("", fold(numbers(text).masked.replace("#", "〇"))))
