"""Lines made of the halves of two facts, with numbers drawn anew: a sentence that nobody can know, only copy.

A small model soon knows the formulary's sentences by heart and then says the familiar one instead of the one that it was
given. What is made here is for copying alone: it is often nonsense, and never leaves a curriculum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.sheet import FactSheet, SheetLine
from training.data.build.pieces import Pieces

_DIGIT = re.compile(r"\d")
_CUT = re.compile(r"(?<=[\u3400-\u9fff，；])(?=[\u3400-\u9fff])|(?<=[a-z,]) ")  # between characters, between words
NUMBERS = 0.5  # share of lines whose digits are drawn anew
OWN = 0.4  # share of lines whose end is of the same sheet: the same words stand there twice
WHOLE = 0.3  # share of lines that keep more than their first sentence
EXCHANGED = 0.7  # share of lines with words that are drawn from ``pieces``


def pool(drugs: Iterable[Drug]) -> Mapping[Locale, tuple[str, ...]]:
    """Return every first sentence of the facts of these medicines."""
    facts = [fact for drug in drugs for fact in drug.facts]
    return {locale: tuple(_sentence(fact.text[locale], locale) for fact in facts) for locale in Locale}


def spliced(random: Random, sheet: FactSheet, texts: tuple[str, ...], pieces: Pieces | None = None) -> FactSheet:
    """Return the sheet with the end of another text on each fact, and words of ``pieces`` in it; orders stay."""
    own = tuple(line.text for line in sheet.lines if line.fact is not None)
    lines = tuple(
        line if line.fact is None else _line(random, line, sheet, own if random.random() < OWN else texts, pieces)
        for line in sheet.lines
    )
    return FactSheet(sheet.locale, lines, sheet.drugs)


def _line(
    random: Random, line: SheetLine, sheet: FactSheet, texts: tuple[str, ...], pieces: Pieces | None
) -> SheetLine:
    whole = random.random() < WHOLE
    head, tail = (text if whole else _sentence(text, sheet.locale) for text in (line.text, random.choice(texts)))
    if random.random() < 0.5:
        head, tail = tail, head
    text = _half(random, head, first=True) + _half(random, tail, first=False)
    if random.random() < NUMBERS:
        text = _DIGIT.sub(lambda _: str(random.randint(1, 9)), text)
    if pieces is not None and random.random() < EXCHANGED:
        text = pieces.sprinkled(random, text, sheet.locale)
    return replace(line, text=text)


def _half(random: Random, text: str, *, first: bool) -> str:
    cuts = [match.start() for match in _CUT.finditer(text)]
    if not cuts:
        return text if first else ""
    cut = random.choice(cuts)
    return text[:cut] if first else text[cut:]


def _sentence(text: str, locale: Locale) -> str:
    stop = ". " if locale is Locale.EN_US else "。"
    return text.split(stop)[0].rstrip("。. ") + stop.strip()
