"""One request on its way through the worker, and its time limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medllm_ros.engine.chat import ChatRequest, EngineError, ReplyEnd, StopReason, TextDelta


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds. The first two count from ``submit``; a failed load is tried again after ``retry_first_s``, doubling."""

    first_token_s: float = 2.0
    total_s: float = 15.0
    retry_first_s: float = 1.0
    retry_max_s: float = 60.0


@dataclass(eq=False)
class Job:
    """A submitted request. ``submitted`` is a reading of the worker's clock."""

    request: ChatRequest
    epoch: int
    submitted: float
    started: bool = False  # the first text is there
    cancelled: bool = False
    ended: bool = False  # its one end is in the outbox


class Lateness:
    """How many replies were too late; forgotten ``keep_s`` seconds after the last one, or when one is in time."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s, self._count, self._until = keep_s, 0, 0.0

    def note(self, now: float, more: int = 1) -> None:
        """Count ``more`` late replies at the reading ``now`` of the clock."""
        if more:
            self._count, self._until = self.count(now) + more, now + self._keep_s

    def count(self, now: float) -> int:
        """Return how many are remembered."""
        return self._count if now < self._until else 0

    def forget(self) -> None:
        """Start again from none."""
        self._count = 0


@dataclass(frozen=True)
class Callbacks:
    """Where a job's news goes."""

    on_delta: Callable[[ChatRequest, int, TextDelta], None]
    on_end: Callable[[ChatRequest, int, ReplyEnd], None]
    on_failure: Callable[[ChatRequest, int, str], None]

    def deliver(self, job: Job, item: TextDelta | ReplyEnd | str) -> None:
        """Call the one that fits."""
        if isinstance(item, TextDelta):
            self.on_delta(job.request, job.epoch, item)
        elif isinstance(item, ReplyEnd):
            self.on_end(job.request, job.epoch, item)
        else:
            self.on_failure(job.request, job.epoch, item)


def too_late(job: Job, limits: Limits, now: float) -> str:
    """Return a sentence where a job has passed a limit, else nothing."""
    waited = now - job.submitted
    if not job.started and waited >= limits.first_token_s:
        return f"The model wrote nothing within {limits.first_token_s:g} s."
    if waited >= limits.total_s:
        return f"The reply was not finished within {limits.total_s:g} s."
    return ""


def cancelled_end() -> ReplyEnd:
    """Return the end of a reply that was cancelled before or outside the engine."""
    return ReplyEnd(
        reason=StopReason.CANCELLED, prompt_tokens=0, completion_tokens=0, first_token_s=0.0, total_s=0.0
    )


def sentence_of(error: Exception) -> str:
    """Return an error as a sentence for the log; never spoken."""
    return str(error) if isinstance(error, EngineError) else f"The engine failed unexpectedly: {error!r}."
