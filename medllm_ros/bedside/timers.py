"""Timers by name and generation: setting one again makes the older one void."""

from __future__ import annotations

from medllm_ros.bedside.effects import SetTimer
from medllm_ros.bedside.outbox import Outbox


class Timers:
    """The generations of a session's timers. The waiting is done outside."""

    def __init__(self) -> None:
        self._generation: dict[str, int] = {}
        self._running: set[str] = set()

    def start(self, timer: str, seconds: float, out: Outbox) -> None:
        """Ask for ``timer`` in ``seconds``."""
        self._generation[timer] = self._generation.get(timer, 0) + 1
        self._running.add(timer)
        out.add(SetTimer(timer=timer, generation=self._generation[timer], seconds=seconds))

    def stop(self, *timers: str) -> None:
        """Ignore these timers when they fire."""
        self._running.difference_update(timers)

    def fired(self, timer: str, generation: int) -> bool:
        """Return True, once, where this is the running generation."""
        if timer not in self._running or self._generation.get(timer) != generation:
            return False
        self._running.discard(timer)
        return True

    def snapshot(self) -> dict[str, object]:
        """Return the state as plain data."""
        return {"generation": dict(self._generation), "running": sorted(self._running)}
