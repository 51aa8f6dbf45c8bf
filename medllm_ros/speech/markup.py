"""What is written for the eye only: citations, markdown, emoji."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

CITATION: Final = re.compile(r"[\[【]\s*F\d{1,3}(?:\s*[,，、]\s*F\d{1,3})*\s*[\]】]")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*\)")
_LINE_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•·][ \t]+|-{3,}[ \t]*$)", re.MULTILINE)
_EMPHASIS = (
    re.compile(r"(\*\*\*|\*\*|__|~~|`{1,3})(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])"),
)
_KEEP = frozenset("°℃℉©®™")
_GONE: Final = "\x00"  # stands where something was removed, until it is known whether a blank is needed there


def strip_markup(text: str) -> str:
    """Return ``text`` as plain words; what goes between two words or numbers leaves a blank, so nothing joins up."""
    text = text.replace(_GONE, " ")
    text = CITATION.sub(_GONE, text)
    text = _LINK.sub(rf"{_GONE}\1{_GONE}", text)
    text = _LINE_START.sub("", text)
    for pattern in _EMPHASIS:
        for _ in range(3):  # nested emphasis
            text = pattern.sub(rf"{_GONE}\2{_GONE}", text)
    text = re.sub(r"\*\*+|__+|~~+|`+", _GONE, text).replace("|", "，")
    text = "".join(_GONE if _is_picture(char) else char for char in text)
    text = re.sub(rf"{_GONE}+", _blank_or_nothing, text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _blank_or_nothing(found: re.Match[str]) -> str:
    before, after = found.string[: found.start()][-1:], found.string[found.end() : found.end() + 2]
    word_before = before.isalnum() or before in tuple(".,")
    word_after = after[:1].isalnum() or (after[:1] in tuple(".,") and not after[1:].isspace() and after[1:] != "")
    return " " if word_before and word_after else ""


def _is_picture(char: str) -> bool:
    """Return whether ``char`` is an emoji, a dingbat, part of one, or no character at all."""
    if 0x1F000 <= ord(char) < 0x20000 or char in "\ufe0f\u200d":
        return True
    return unicodedata.category(char) in {"So", "Cs", "Co", "Cn"} and char not in _KEEP
