"""Numbers, times and medicine names of a sentence, against the cited lines and the order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.quantities import Quantity, find_dates, find_quantities, find_times


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
    quantities, times, dates = find_quantities(text), find_times(text), find_dates(text)
    spans = sorted((found.start, found.end) for found in (*quantities, *times, *dates))
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
