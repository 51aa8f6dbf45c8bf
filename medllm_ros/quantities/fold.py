"""Folding: one spelling for all the ways a character is written, with the way back to the original place."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

_INVISIBLE: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")
_SUPERSCRIPTS: Final = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")
_DASHES: Final = frozenset("‐‑‒–—―−﹣－")


@dataclass(frozen=True)
class Folded:
    """A folded text; ``origin[i]`` is the place in the original of folded character ``i`` (one extra: the end)."""

    text: str
    origin: tuple[int, ...]
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the original text of ``text[start:end]``."""
        last = self.origin[end - 1] + 1 if end > start else self.origin[start]
        return self.origin[start], last

    def slice(self, start: int, end: int) -> str:
        """Return what the original text has at ``text[start:end]``."""
        first, last = self.span(start, end)
        return self.original[first:last]


def _is_wide_digit(char: str) -> bool:
    return "０" <= char <= "９"


def _fold_char(text: str, index: int) -> str:
    char = text[index]
    if char < "\x80":
        return char
    if char in _INVISIBLE:
        return ""
    if char in _DASHES:
        return "-"
    before = text[index - 1] if index else ""
    if char in _SUPERSCRIPTS:
        digit = unicodedata.normalize("NFKC", char)
        return digit if before.isalpha() else (digit if before in _SUPERSCRIPTS else "^" + digit)
    if char == "，":  # a thousands mark only between full-width digits; else it ends a clause
        after = text[index + 1] if index + 1 < len(text) else ""
        return "," if before and _is_wide_digit(before) and after and _is_wide_digit(after) else char
    decimal = unicodedata.decimal(char, None)
    if decimal is not None:
        return str(decimal)
    folded = unicodedata.normalize("NFKC", char)
    if any("0" <= part <= "9" for part in folded):  # ½, ①, ⒈: "1½" is not 11/2, "½0" not 1/20, "⒈5" not 1.5
        return f" {folded} "
    return folded


def fold(text: str) -> Folded:
    """Return ``text`` in lower case, NFKC character by character, with digits of all scripts as 0-9."""
    pieces: list[str] = []
    origin: list[int] = []
    for index in range(len(text)):
        piece = _fold_char(text, index).lower()
        pieces.append(piece)
        origin.extend([index] * len(piece))
    origin.append(len(text))
    return Folded("".join(pieces), tuple(origin), text)


def normalise(text: str) -> str:
    """Return ``text`` in NFKC with invisible characters removed; case and Chinese numerals are untouched.

    Unlike plain NFKC it never joins digits that belong apart: "1½" becomes "1 1⁄2", not "11⁄2".
    """
    pieces: list[str] = []
    after_vulgar = False
    for char in text:
        if char in _INVISIBLE:
            continue
        before = pieces[-1][-1] if pieces else ""
        vulgar = not char.isascii() and "\u2044" in unicodedata.normalize("NFKC", char)
        if (vulgar and before.isdecimal()) or (char.isdecimal() and after_vulgar):
            pieces.append(" ")
        elif before.isdecimal() and char in _SUPERSCRIPTS:
            pieces.append("^")
        after_vulgar = vulgar
        pieces.append(char)
    return unicodedata.normalize("NFKC", "".join(pieces))
