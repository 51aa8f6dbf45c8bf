"""What one turn says: sentences with the facts they rest on, and what else has to happen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from medllm_ros.bedside.effects import Behaviour, Level
from medllm_ros.quantities import protected_spans

# A full stop only ends a sentence before a blank and a capital: "0.125 mg" and "p.o." go on.
_END = re.compile(r"(?:[。！？!?…]+[」』”’）)》〉】]*|\.[”’)\"]?(?=\s+[A-Z\u4e00-\u9fff]))\s*")


@dataclass(frozen=True)
class Cited:
    """One spoken sentence. ``labels`` are those of the fact sheet ("F3"), empty for pure wording."""

    labels: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The approved reply to one utterance.

    ``ask_model`` is True where the model may put the same facts into its own words; the sentences are then
    what engine ``none`` speaks and what a late or wrong model falls back to. ``alert`` calls staff; with
    ``hold`` the compartment stays locked for that reason until they release it.
    """

    behaviour: Behaviour
    sentences: tuple[Cited, ...]
    rules: tuple[str, ...]
    ask_model: bool = False
    alert: tuple[Level, str] | None = None
    hold: str | None = None


def one_sentence_each(parts: Iterable[Cited]) -> tuple[Cited, ...]:
    """Return ``parts`` cut into single sentences with the same labels: a reply is judged sentence by sentence."""
    return tuple(Cited(part.labels, piece) for part in parts for piece in split(part.text))


def split(text: str) -> list[str]:
    """Return the sentences of a finished text; never cuts inside a number, a unit or a sig code."""
    spans = protected_spans(text)
    pieces, start = [], 0
    for match in _END.finditer(text):
        if any(first < match.start() < last for first, last in spans):
            continue
        pieces.append(text[start : match.end()].strip())
        start = match.end()
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]
