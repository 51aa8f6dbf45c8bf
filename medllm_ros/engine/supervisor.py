"""One thread that owns an engine, and a clock that does not trust it.

Threads
- The *worker thread* loads the engine and runs every call into it. It never calls the user's callbacks.
- The *owner's thread* (a ROS executor, the command line) calls :meth:`EngineWorker.submit`, ``cancel_older_than``,
  ``prepare`` and :meth:`EngineWorker.poll`. ``poll`` delivers every callback and enforces the time limits, so limits
  hold even while the engine blocks. Call it when ``wake`` was called and at least every :data:`POLL_S` seconds.
- ``wake`` is called from the worker thread and must only wake the owner (a guard condition, an Event).

Every submitted request gets exactly one end: ``on_end`` or ``on_failure``. Nothing follows it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from medllm_ros.engine.chat import (
    ChatEngine,
    ChatMessage,
    ChatRequest,
    EngineError,
    Health,
    HealthLevel,
    ReplyEnd,
    StopReason,
    TextDelta,
)
from medllm_ros.engine.job import Callbacks, Job, Lateness, Limits, cancelled_end, sentence_of, too_late

__all__ = ["POLL_S", "EngineWorker", "Limits"]

_log = logging.getLogger(__name__)
POLL_S = 0.05  # a limit is enforced at most this much late


class EngineWorker:
    """Run a :class:`ChatEngine` so that whatever it does, its owner hears of every request in time."""

    def __init__(
        self,
        engine: ChatEngine,
        limits: Limits | None = None,
        *,
        on_delta: Callable[[ChatRequest, int, TextDelta], None],
        on_end: Callable[[ChatRequest, int, ReplyEnd], None],
        on_failure: Callable[[ChatRequest, int, str], None],
        wake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._limits = limits or Limits()
        self._callbacks = Callbacks(on_delta, on_end, on_failure)
        self._wake, self._clock, self._changed = wake, clock, threading.Condition()
        self._queue: deque[Job] = deque()
        self._running: Job | None = None
        self._wanted: tuple[ChatMessage, ...] | None = None  # the last prompt to prepare
        self._outbox: deque[tuple[Job, TextDelta | ReplyEnd | str]] = deque()
        self._level, self._message = HealthLevel.LOADING, "The model is being loaded."
        self._load_due, self._closing = True, False
        self._retry_at: float | None = None
        self._lateness = Lateness(self._limits.retry_first_s)
        self._failures = self._dropped = self._epoch = 0  # failures: of loads and replies, since the last good reply
        self._thread = threading.Thread(target=self._work, name=f"engine-{engine.name}", daemon=True)
        self._thread.start()

    # -- the owner's side

    def submit(self, request: ChatRequest, epoch: int) -> None:
        """Ask for a reply; where the model is not there, the failure comes with the next poll, not after a time-out."""
        with self._changed:
            job = Job(request, epoch, self._clock())
            if self._closing:
                self._finish(job, "The engine is closed.")
            elif epoch < self._epoch:
                self._finish(job, cancelled_end())
            elif self._level is not HealthLevel.OK:
                self._finish(job, self._message)
            else:
                self._queue.append(job)
                self._changed.notify_all()

    def prepare(self, messages: tuple[ChatMessage, ...]) -> None:
        """Have a coming prompt read when the engine is idle; only the last one counts. Failures are only logged."""
        with self._changed:
            self._wanted = messages
            self._changed.notify_all()

    def cancel_older_than(self, epoch: int) -> None:
        """End every request of an older epoch; the engine stops within one token."""
        with self._changed:
            self._epoch = max(self._epoch, epoch)
            for job in self._open_jobs():
                if job.epoch < self._epoch:
                    job.cancelled = True
                    if job is not self._running:
                        self._finish(job, cancelled_end())
            self._drop_ended()

    def poll(self) -> None:
        """Enforce the limits, start a load that is due, and deliver what has happened."""
        now = self._clock()
        with self._changed:
            for job in self._open_jobs():
                if why := too_late(job, self._limits, now):
                    self._lateness.note(now, 0 if job.cancelled else 1)
                    self._finish(job, cancelled_end() if job.cancelled else why)
            self._drop_ended()
            if self._retry_at is not None and now >= self._retry_at:
                self._retry_at, self._load_due = None, True
                self._level, self._message = HealthLevel.LOADING, "The model is being loaded again."
                self._changed.notify_all()
        while True:
            with self._changed:
                if not self._outbox:
                    return
                job, item = self._outbox.popleft()
            self._callbacks.deliver(job, item)

    def health(self) -> Health:
        """Return the state that diagnostics show; never blocks on the engine."""
        engine = self._engine.health()
        with self._changed:
            level, message, running = self._level, self._message, self._running
            if not self._thread.is_alive() and not self._closing:
                level, message = HealthLevel.ERROR, "The engine's thread has died; restart the node."
            elif level is HealthLevel.OK and running is not None and running.ended:
                level, message = HealthLevel.ERROR, "The engine does not answer; approved wording is spoken."
            elif level is HealthLevel.OK:
                message = engine.message
        memory, speed = engine.memory_bytes, engine.tokens_per_second
        return Health(level=level, message=message, memory_bytes=memory, tokens_per_second=speed)

    @property
    def depth(self) -> int:
        """Return how many requests wait or run."""
        with self._changed:
            return len(self._open_jobs())

    @property
    def late(self) -> int:
        """Return how many replies were too late; a warning, forgotten after a good reply or ``retry_first_s``."""
        with self._changed:
            return self._lateness.count(self._clock())

    @property
    def dropped(self) -> int:
        """Return how many requests have failed so far."""
        with self._changed:
            return self._dropped

    def wait_loaded(self, timeout_s: float | None = None) -> bool:
        """Block until the first load is over; return whether the model is there. For the command line."""
        with self._changed:
            self._changed.wait_for(lambda: self._level is not HealthLevel.LOADING, timeout_s)
            return self._level is HealthLevel.OK

    def close(self, timeout_s: float = 5.0) -> bool:
        """End everything, free the engine, deliver the last ends; return False where the engine does not come back."""
        with self._changed:
            self._closing = True
            for job in self._open_jobs():
                job.cancelled = True
                self._finish(job, cancelled_end())
            self._queue.clear()
            self._changed.notify_all()
        self._thread.join(timeout_s)
        self.poll()
        if self._thread.is_alive():
            _log.error("The engine %s did not stop within %.1f s.", self._engine.name, timeout_s)
        return not self._thread.is_alive()

    # -- the worker thread

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something_to_do)
                load, self._load_due = self._load_due, False
                ready = self._level is HealthLevel.OK
                job = self._queue.popleft() if ready and self._queue and not load else None
                self._running = job
                wanted = None
                if ready and not load and job is None:
                    wanted, self._wanted = self._wanted, None
                closing = self._closing
            if closing:
                self._close_engine()
                return
            if load:
                self._load()
            elif job is not None:
                self._reply(job)
            elif wanted is not None:
                self._prepare(wanted)

    def _something_to_do(self) -> bool:
        ready = self._level is HealthLevel.OK
        return self._closing or self._load_due or (ready and (bool(self._queue) or self._wanted is not None))

    def _load(self) -> None:
        try:
            self._engine.load()
        except Exception as error:
            self._broken(sentence_of(error), error)
            return
        with self._changed:
            self._level, self._message = HealthLevel.OK, ""
            self._changed.notify_all()
        self._notify()

    def _prepare(self, messages: tuple[ChatMessage, ...]) -> None:
        try:
            self._engine.prepare(messages)
        except Exception as error:
            _log.warning("The prompt was not prepared: %s", sentence_of(error))
            self._look_after(error)

    def _reply(self, job: Job) -> None:
        def cancelled() -> bool:
            return job.cancelled or job.ended

        end: TextDelta | ReplyEnd | str = "The engine ended its reply without an end mark."
        failed: Exception | None = None
        try:
            for item in self._engine.stream(job.request, cancelled):
                if isinstance(item, ReplyEnd):
                    end = item
                    break
                if not cancelled():
                    self._post(job, item)
        except Exception as error:
            failed, end = error, sentence_of(error)
        with self._changed:
            if failed is not None and job.cancelled:
                end = cancelled_end()
            in_time = not job.ended
            self._running = None
            self._finish(job, end)
            if isinstance(end, ReplyEnd) and in_time and end.reason is not StopReason.CANCELLED:
                self._failures = 0
                self._lateness.forget()
        self._notify()
        if failed is not None:
            self._look_after(failed)

    def _look_after(self, error: Exception) -> None:
        """After an error: a refused request leaves the engine well; anything else has it loaded again."""
        if not isinstance(error, EngineError) or self._engine.health().level is HealthLevel.ERROR:
            self._close_engine()
            self._broken(sentence_of(error), error)

    def _broken(self, why: str, error: Exception) -> None:
        with self._changed:
            self._failures += 1
            wait = min(self._limits.retry_first_s * 2 ** (self._failures - 1), self._limits.retry_max_s)
            self._retry_at = self._clock() + wait
            self._level, self._message = HealthLevel.ERROR, why
            for job in self._open_jobs():
                self._finish(job, why)
            self._drop_ended()
            self._changed.notify_all()
        _log.error("%s The engine is loaded again in %.0f s.", why, wait, exc_info=not isinstance(error, EngineError))
        self._notify()

    def _close_engine(self) -> None:
        try:
            self._engine.close()
        except Exception:
            _log.exception("The engine %s could not free its memory.", self._engine.name)

    def _notify(self) -> None:
        try:
            self._wake()
        except Exception:  # the owner may be gone already
            _log.exception("The owner of the engine %s could not be woken.", self._engine.name)

    def _post(self, job: Job, item: TextDelta) -> None:
        with self._changed:
            job.started = True
            if not job.ended:
                self._outbox.append((job, item))
        self._notify()

    # -- with the lock held

    def _finish(self, job: Job, end: TextDelta | ReplyEnd | str) -> None:
        if not job.ended:
            job.ended = True
            self._dropped += isinstance(end, str)
            self._outbox.append((job, end))

    def _open_jobs(self) -> list[Job]:
        return [job for job in (self._running, *self._queue) if job is not None and not job.ended]

    def _drop_ended(self) -> None:
        self._queue = deque(job for job in self._queue if not job.ended)
