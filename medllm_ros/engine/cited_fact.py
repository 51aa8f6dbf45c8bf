"""While a reply is written, the next word of the fact that it has just cited is favoured.

A small model says a sentence of the prompt rightly but for its seldom words ("light-headed" becomes "light-hearted").
The sentence is at hand, so the word that follows there gets a bonus: the copying of pointer-generator networks (See et
al. 2017, "Get To The Point"), while decoding and without weights of its own. The model still chooses, and the guard
still judges.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from medllm_ros.engine.prompt_tokens import whole

BONUS = "cited_fact_bonus"  # the field of a model's config.json, in logits
_CITATION = re.compile(r"(?:\[F\d+\]\s*)+$")
_LABEL = re.compile(r"F\d+")
_WORD_START = "Ġ▁ "  # how tokenizers write the space before a word
_LONGEST_CITATION = 24  # tokens: "[F10][F11][F12]" in small pieces
_MARK = "."  # stands for every mark: a full stop in a fact is often spoken as a semicolon


class Alike:
    """The tokens of a tokenizer that say the same: with or without a space before them, in small or large letters."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        size = len(tokenizer)
        texts = tokenizer.batch_decode([[index] for index in range(size)])
        pieces = tokenizer.convert_ids_to_tokens(list(range(size)))
        self.key = [_key(piece, text) for piece, text in zip(pieces, texts, strict=True)]
        self._same: dict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(self.key):
            self._same[key].append(index)

    def of(self, token: int) -> list[int]:
        """Return all tokens that say the same as ``token``, itself among them."""
        return self._same[self.key[token]]

    def ids_of(self, text: str) -> list[int]:
        """Return the tokens of a text that stands after a space; spaces alone say nothing and are left out."""
        ids = self._tokenizer.encode(f" {whole(text)}", add_special_tokens=False)
        return [index for index in ids if self.key[index]]

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of tokens."""
        return str(self._tokenizer.decode(list(ids)))


class CitedFact:
    """What may well come next in one reply. ``facts``: the lines that stand beside the question, label -> text."""

    def __init__(self, alike: Alike, facts: Mapping[str, str]) -> None:
        self._alike = alike
        self._lines = {label: alike.ids_of(text) for label, text in facts.items()}
        self._reply: list[int] = []
        self._cited: list[list[int]] = []
        self._said: list[str] = []  # keys since the citation
        self._at = -1  # place in the cited lines, counted through

    def push(self, token: int) -> None:
        """Take the next token of the reply."""
        self._reply.append(token)
        citation = _CITATION.search(self._alike.text(self._reply[-_LONGEST_CITATION:]))
        if citation:
            labels = _LABEL.findall(citation[0])
            self._cited = [self._lines[label] for label in labels if self._lines.get(label)]
            self._said, self._at = [], -1
        elif key := self._alike.key[token]:
            self._said.append(key)

    def favoured(self) -> Sequence[int]:
        """Return the tokens that go on with the cited fact from where the reply has come to, if it follows it."""
        if not self._said:
            return [index for line in self._cited for index in self._alike.of(line[0])]
        longest, places = 0, list[tuple[int, int]]()
        start = 0
        for line in self._cited:
            for place in range(len(line) - 1):
                length = self._common(line[: place + 1])
                if length > longest:
                    longest, places = length, []
                if length and length == longest:
                    places.append((start + place, line[place + 1]))
            start += len(line)
        after_mark = self._said[-1] == _MARK
        if not longest or (longest == 1 and after_mark):
            return ()
        self._at, following = next((found for found in places if found[0] > self._at), places[0])
        if self._alike.key[following] == _MARK:
            return ()
        return self._alike.of(following) if after_mark else [following]

    def _common(self, before: Sequence[int]) -> int:
        """Return how many keys at the end of what was said also end ``before``."""
        length = 0
        for said, stands in zip(reversed(self._said), reversed(before), strict=False):
            if said != self._alike.key[stands]:
                break
            length += 1
        return length


def _key(piece: str | None, text: str) -> str:
    if text.strip() and all(unicodedata.category(letter)[0] == "P" for letter in text.strip()):
        return _MARK
    return (piece or "").lstrip(_WORD_START).lower()
