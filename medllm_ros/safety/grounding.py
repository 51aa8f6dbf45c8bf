"""Numbers, times and medicine names of a sentence, against the cited lines and the order."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.quantities import Quantity, find_dates, find_quantities, find_times

# A text without any of these and without a numeric character is not searched further: speed only.
_MAY_HOLD_A_NUMBER = re.compile(
    r"[兩两雙双倍半幾几單单整午夜點点廿卅]|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twel|thir|four|"
    r"fif|twen|for|eigh|nine|hundred|thousand|half|quarter|double|triple|once|twice|thrice|dozen|couple|noon|midnight|an?\b|"
    r"first|second|single|both|pair|third|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Numbers:
    """Every number of a text; ``masked`` is the text with each of them replaced by "#"."""

    quantities: tuple[Quantity, ...]
    times: tuple[dt.time, ...]
    dates: tuple[dt.date, ...]
    masked: str
    text: str = ""


@lru_cache(maxsize=4096)
def numbers(text: str) -> Numbers:
    """Return the numbers, clock times and dates of a text."""
    if not _MAY_HOLD_A_NUMBER.search(text) and all(unicodedata.numeric(char, None) is None for char in text):
        return Numbers((), (), (), text, text)
    quantities, times, dates = find_quantities(text), find_times(text), find_dates(text)
    spans = sorted(
        [(q.start, q.end) for q in quantities] + [(t.start, t.end) for t in times] + [(d.start, d.end) for d in dates]
    )
    pieces, at = [], 0
    for start, end in spans:
        if start >= at:
            pieces += [text[at:start], "#"]
        at = max(at, end)
    pieces.append(text[at:])
    return Numbers(
        tuple(found.quantity for found in quantities),
        tuple(found.time for found in times),
        tuple(found.date for found in dates),
        "".join(pieces),
        text,
    )


def ungrounded(said: Numbers, sources: Iterable[Numbers]) -> Iterator[str]:
    """Yield a rule for every number of ``said`` that occurs in none of the sources."""
    sources = list(sources)
    if any(not known(quantity, sources) for quantity in said.quantities):
        yield "guard.number"
    bare = {digits for source in sources for digits in _DIGITS.findall(source.text)}
    if any(digits not in bare for digits in _DIGITS.findall(said.masked)):  # "type 2", "B12": names with a number
        yield "guard.number"
    if any(all(time not in source.times for source in sources) for time in said.times):
        yield "guard.time"
    if any(all(date not in source.dates for source in sources) for date in said.dates):
        yield "guard.date"


def known(quantity: Quantity, sources: Iterable[Numbers]) -> bool:
    """Return True where one of the sources has the same number with the same unit."""
    return any(quantity.same(other) for source in sources for other in source.quantities)
