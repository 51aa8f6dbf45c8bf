"""Clauses and their polarity: the common ground of the guard's checks. Everything here is folded text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from medllm_ros.safety.folding import load_data, simplified

_CUT = re.compile(
    r"(?<![0-9]),|,(?![0-9])|[。;!?:\n()\[\]\"“”「」『』]|(?<![0-9])\.|\.(?![0-9])|--|\bbut\b|但是?|不过(?!敏)|可是|然后"
)
_LIST_ITEM = re.compile(r"\s*(?:[a-z-]+ ){0,3}(?:or|nor) [a-z -]{1,30}|\s*[a-z-]+(?: [a-z-]+)?\s*", re.ASCII)
_OWN_VERB = re.compile(r"\s*(?:you|it|please|tell|ask|take|do|dont|call|then|if|when|i|we|they|the|this|so|just|and)\b")


class Polarity(StrEnum):
    """What a clause does with its content."""

    POSITIVE = "positive"
    NEGATIVE = "negative"  # forbidden, denied
    NO_NEED = "no_need"  # allowed to be left out


@dataclass(frozen=True)
class Clause:
    """One clause with what its operators say."""

    text: str
    polarity: Polarity
    permits: bool
    obliges: bool


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


@lru_cache(maxsize=8192)
def read(text: str) -> Clause:
    """Return a folded clause with its polarity."""
    words = operators()
    bare = words.lexical.sub(lambda found: "~" * len(found.group()), text)
    no_need = bool(words.no_need.search(bare))
    count = len(words.negators.findall(words.no_need.sub("", bare)))
    if no_need:
        polarity = Polarity.NO_NEED if count % 2 == 0 else Polarity.POSITIVE
    else:
        polarity = Polarity.NEGATIVE if count % 2 else Polarity.POSITIVE
    return Clause(text, polarity, bool(words.permission.search(bare)), bool(words.obligation.search(bare)))


class Operators:
    """The compiled words that turn a clause around."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.lexical, self.negators, self.no_need, self.permission, self.obligation = (
            re.compile(str(data[key]).translate(simplified()), re.ASCII)
            for key in ("lexical", "negators", "no_need", "permission", "obligation")
        )
        self.condition = re.compile(str(data["condition"]).translate(simplified()), re.ASCII)

    def turns(self, text: str) -> bool:
        """Return True where ``text`` holds a word that turns a clause around."""
        bare = self.lexical.sub("~", text)
        return bool(self.negators.search(bare) or self.no_need.search(bare))


@lru_cache(maxsize=1)
def guard_words() -> dict[str, Any]:
    """Return the guard's vocabulary as read from the data file."""
    data: dict[str, Any] = load_data("guard_words.yaml")
    return data


@lru_cache(maxsize=1)
def operators() -> Operators:
    """Return the words of ``guard_words.yaml``, ``polarity``."""
    return Operators(guard_words()["polarity"])
