"""What the language model node says of itself on /diagnostics."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable

from medllm_ros.engine.chat import HealthLevel
from medllm_ros.engine.supervisor import EngineWorker
from medllm_ros.nodes.base import MedllmNode
from medllm_ros.nodes.diagnostics import Level, Report, Task

REMEMBERED = 50
GIB = 1024.0**3
LEVELS = {HealthLevel.OK: Level.OK, HealthLevel.LOADING: Level.WARN, HealthLevel.ERROR: Level.ERROR}


class ModelReports:
    """Figures of the last replies, and one report per concern. Limits are the node's parameters."""

    NAMES = ("model", "memory", "first token", "speed", "queue")

    def __init__(self, node: MedllmNode, worker: EngineWorker, waiting: Callable[[], int]) -> None:
        self._node = node
        self._worker = worker
        self._waiting = waiting
        self.first_token_s: deque[float] = deque(maxlen=REMEMBERED)
        self.answered = 0
        self.failed = 0
        self.refused = 0
        self.last_failure = ""

    def tasks(self) -> dict[str, Task]:
        """Return the reports by name."""
        tasks = (self._model, self._memory, self._first_token, self._speed, self._queue)
        return dict(zip(self.NAMES, tasks, strict=True))

    def _model(self) -> Report:
        health = self._worker.health()
        values = {
            "engine": self._node.text("engine"), "state": health.level.value, "model": self._node.text("model"),
            "adapter": self._node.text("adapter"), "last_failure": self.last_failure,
        }  # fmt: skip
        late = self._worker.late
        if late and health.level is HealthLevel.OK:
            return Report(Level.WARN, f"Replies were too late ({late}); use a smaller model if it goes on.", values)
        return Report(LEVELS[health.level], health.message, values)

    def _memory(self) -> Report:
        used, limit = self._worker.health().memory_bytes / GIB, self._node.number("warn_memory_gib")
        values = {"memory_gib": f"{used:.2f}", "warn_memory_gib": limit}
        if used > limit:
            return Report(Level.WARN, f"The model takes {used:.1f} GiB; {limit:g} GiB were planned.", values)
        return Report(Level.OK, f"{used:.1f} GiB.", values)

    def _first_token(self) -> Report:
        times, limit = self.first_token_s, self._node.number("warn_first_token_s")
        if not times:
            return Report(Level.OK, "Nothing measured yet.")
        figures = {"last_s": times[-1], "median_s": statistics.median(times), "worst_s": max(times)}
        values = {name: f"{seconds:.3f}" for name, seconds in figures.items()}
        if times[-1] > self._node.number("first_token_limit_s"):
            return Report(Level.ERROR, f"The last first token took {times[-1]:.1f} s, above the limit.", values)
        if times[-1] > limit:
            return Report(Level.WARN, f"The last first token took {times[-1]:.1f} s; {limit:g} s are wanted.", values)
        return Report(Level.OK, f"The last first token took {times[-1]:.2f} s.", values)

    def _speed(self) -> Report:
        speed, limit = self._worker.health().tokens_per_second, self._node.number("warn_tokens_per_second")
        values = {"tokens_per_second": f"{speed:.1f}"}
        if speed and speed < limit:
            return Report(Level.WARN, f"{speed:.1f} tokens/s; {limit:g} are wanted.", values)
        return Report(Level.OK, f"{speed:.1f} tokens/s.", values)

    def _queue(self) -> Report:
        waiting = self._waiting()
        values = {
            "waiting": waiting, "answered": self.answered, "dropped": self.failed, "refused": self.refused,
        }  # fmt: skip
        if waiting >= self._node.count("queue_limit"):
            return Report(Level.ERROR, f"The queue is full with {waiting} goals; new ones are refused.", values)
        if waiting > 1:
            return Report(Level.WARN, f"{waiting} goals wait.", values)
        return Report(Level.OK, f"{waiting} goals wait.", values)
