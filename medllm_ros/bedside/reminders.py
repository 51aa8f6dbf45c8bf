"""When the next dose of an order is due, by the order's own times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from medllm_ros.delivery import Delivery


@dataclass(frozen=True)
class Due:
    """A coming dose: which medicine, and how many seconds from now."""

    medication: int
    seconds: float


def seconds_to_next_dose(delivery: Delivery, now: dt.datetime) -> Due | None:
    """Return the next dose after ``now`` (aware local time); None where the order gives no times.

    A medicine taken only when needed, or on other than a daily rhythm, is never reminded of.
    """
    best: Due | None = None
    for index, medication in enumerate(delivery.medications):
        if medication.as_needed or any(code in medication.frequency.split() for code in ("PRN", "QW", "QOD", "STAT")):
            continue
        for time in medication.times:
            due = dt.datetime.combine(now.date(), time, tzinfo=now.tzinfo)
            if due <= now:
                due = dt.datetime.combine(now.date() + dt.timedelta(days=1), time, tzinfo=now.tzinfo)
            seconds = due.timestamp() - now.timestamp()
            if best is None or seconds < best.seconds:
                best = Due(index, seconds)
    return best
