"""Times of many single calls, as a table and as JSON. Not a bench of its own."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Timing:
    """How long the calls of one kind took, in milliseconds."""

    name: str
    n: int
    median_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, name: str, seconds: Iterable[float]) -> Timing:
        """Return the figures of a list of times in seconds."""
        ms = sorted(one * 1000 for one in seconds)
        p99 = statistics.quantiles(ms, n=100)[98] if len(ms) > 1 else ms[0]
        return cls(name, len(ms), round(statistics.median(ms), 3), round(p99, 3), round(ms[-1], 3))


def timed(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds that one call takes; ``time.thread_time`` leaves out what other processes take."""
    started = clock()
    call()
    return clock() - started


def show(title: str, timings: list[Timing], *, as_json: bool, **more: object) -> None:
    """Print the table, or one line of JSON with the same figures."""
    if as_json:
        print(json.dumps({**more, **{one.name: vars(one) for one in timings}}, ensure_ascii=False))
        return
    table = Table(title=title)
    for head in ("", "n", "median ms", "p99 ms", "max ms"):
        table.add_column(head, justify="left" if not head else "right")
    for one in timings:
        table.add_row(one.name, str(one.n), f"{one.median_ms:.3f}", f"{one.p99_ms:.3f}", f"{one.max_ms:.3f}")
    console = Console()
    console.print(table)
    for name, value in more.items():
        console.print(f"{name}: {value}")
