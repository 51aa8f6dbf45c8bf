"""Numbers, times and dates of a sentence, each in its place."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.quantities import Quantity
from medllm_ros.quantities.dates import find_dates_folded
from medllm_ros.quantities.find import find_folded
from medllm_ros.quantities.fold import fold
from medllm_ros.quantities.times import find_times_folded

NUMBER = "\ue000"  # stands for a number in a masked text; no engine can write it, folding leaves it out

# A text without any of these and without a numeric character holds no number and is not searched further: speed only.
_MAY_HOLD_A_NUMBER = re.compile(
    r"[兩两雙双倍半午廿卅]|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twel|thir|fift|fif|twen|fort|eigh|"
    r"hundred|thousand|million|half|halv|quarter|double|triple|once|twice|thrice|dozen|couple|pair|noon|midday|midnight)|"
    r"\b(?:an?|another)\s+(?:\w+\s+)?(?:tablet|capsule|caplet|pill|lozenge|puff|spray|patch|sachet|suppositor|teaspoon|"
    r"tablespoon|drop)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Numbers:
    """A text with each of its numbers replaced by :data:`NUMBER`, and those numbers in order of appearance."""

    marked: str
    items: tuple[Quantity | dt.time | dt.date, ...] = ()

    @property
    def masked(self) -> str:
        """Return the text with "#" for each number, for comparing wordings."""
        return self.marked.replace(NUMBER, "#")


@lru_cache(maxsize=4096)
def numbers(text: str) -> Numbers:
    """Return the numbers, clock times and dates of a text."""
    if not _MAY_HOLD_A_NUMBER.search(text) and all(unicodedata.numeric(char, None) is None for char in text):
        return Numbers(text)
    folded = fold(text)  # once for all three
    found: list[tuple[Quantity | dt.time | dt.date, int, int]] = [
        *find_folded(folded), *find_times_folded(folded), *find_dates_folded(folded),
    ]  # fmt: skip
    spans = sorted(((*folded.span(start, end), item) for item, start, end in found), key=lambda span: span[:2])
    pieces: list[str] = []
    at = 0
    for start, end, _ in spans:  # a part of another one keeps a mark of its own: none may get lost
        pieces += [text[at : max(start, at)], NUMBER]
        at = max(at, end)
    pieces.append(text[at:])
    return Numbers("".join(pieces), tuple(item for _, _, item in spans))
