"""When the next doses of an order are due, by the order's own times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from medllm_ros.delivery import Delivery

# A medicine taken only when needed, or on other than a daily rhythm, is never reminded of.
NOT_DAILY = frozenset({"PRN", "QW", "Q2W", "QMO", "QOD", "BIW", "TIW", "STAT", "ONCE"})


@dataclass(frozen=True)
class Due:
    """The doses of one moment: which medicines (indices), and when (seconds since the epoch)."""

    medications: tuple[int, ...]
    at: float


def next_doses(delivery: Delivery, after: dt.datetime) -> Due | None:
    """Return the first doses later than ``after`` (aware local time); None where the order gives no daily times.

    Medicines that are due at the same moment come together.
    """
    moments: dict[float, set[int]] = {}
    for index, medication in enumerate(delivery.medications):
        if medication.as_needed or NOT_DAILY & set(medication.frequency.split()):
            continue
        for time in medication.times:
            for days in (0, 1):
                due = dt.datetime.combine(after.date() + dt.timedelta(days=days), time, tzinfo=after.tzinfo)
                if due > after:
                    moments.setdefault(due.timestamp(), set()).add(index)
    if not moments:
        return None
    first = min(moments)
    return Due(tuple(sorted(moments[first])), first)
