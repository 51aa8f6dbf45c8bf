"""Sentences and clauses of a text, and the guard's vocabulary."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from medllm_ros.safety.folding import load_data

_CUT = re.compile(
    r"(?<![0-9]),|,(?![0-9])|[。;!?:\n()\[\]\"“”「」『』]|(?<![0-9])\.|\.(?![0-9])|--|\bbut\b|但是?|不过(?!敏)|可是|然后"
)
_LIST_ITEM = re.compile(r"\s*(?:[a-z-]+ ){0,3}(?:or|nor) [a-z -]{1,30}|\s*[a-z-]+(?: [a-z-]+)?\s*", re.ASCII)
_OWN_VERB = re.compile(r"\s*(?:you|it|please|tell|ask|take|do|dont|call|then|if|when|i|we|they|the|this|so|just|and)\b")


def sentences(text: str) -> list[str]:
    """Return the sentences of an approved text."""
    return [piece for piece in re.split(r"(?<=[。！？!?；;])|(?<=[.])\s+(?=[A-Z])", text) if piece.strip()] or [text]


def split(text: str) -> list[str]:
    """Return the clauses of a folded text; an English list after a negation stays with it ("crush, chew or suck")."""
    pieces: list[str] = []
    start = 0
    cuts = [(found.start(), found.end()) for found in _CUT.finditer(text)]
    for left, right in [*cuts, (len(text), len(text))]:
        piece = text[start:left]
        joins = bool(pieces) and start > 0 and text[start - 1] == ","
        if joins and _LIST_ITEM.fullmatch(piece) and not _OWN_VERB.match(piece) and " or " in f" {text[start:]} ":
            pieces[-1] += "," + piece
        elif piece.strip():
            pieces.append(piece)
        start = right
    return pieces


@lru_cache(maxsize=1)
def guard_words() -> dict[str, Any]:
    """Return the guard's vocabulary as read from the data file."""
    data: dict[str, Any] = load_data("guard_words.yaml")
    return data
