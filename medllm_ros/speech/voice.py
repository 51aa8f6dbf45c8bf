"""What is spoken when: a queue with priorities and epochs in front of one synthesiser and one sink.

- emergency before alert before ordinary; within a priority in the order of arrival
- an emergency ends an ordinary sentence that is sounding, at once; nothing else does that but ``stop``
- ordinary sentences of an epoch older than the last ``stop`` never sound, even where they arrive after it
- an utterance id is accepted once: a re-sent alert does not sound twice
- every accepted utterance ends exactly once, whatever happens
"""

from __future__ import annotations

import enum
import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from medllm_ros.bedside.effects import Priority
from medllm_ros.speech.errors import AudioError, SpeechCancelled, SpeechError
from medllm_ros.speech.player import Sink
from medllm_ros.speech.synthesiser import Synthesiser

log = logging.getLogger(__name__)

REMEMBERED_IDS: Final = 4096
AHEAD: Final = 2  # sentences rendered before they are due
CLOSE_SECONDS: Final = 1.5
MAX_CANCELS: Final = 3
IMPATIENCE_SECONDS: Final = 0.3  # how long an emergency waits for somebody else's rendering before it kills it

_RANK: Final = {Priority.EMERGENCY: 0, Priority.ALERT: 1, Priority.ORDINARY: 2}


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One sentence to be spoken, in its written form."""

    utterance_id: str
    text: str = field(repr=False)  # patient text stays out of logs
    locale: str = "zh_TW"
    epoch: int = 0
    priority: Priority = Priority.ORDINARY


class _State(enum.Enum):
    QUEUED = enum.auto()
    RENDERING = enum.auto()
    READY = enum.auto()
    PLAYING = enum.auto()
    ENDED = enum.auto()


class _Job:
    """One accepted utterance. Everything but ``stopped`` is guarded by the voice's lock."""

    def __init__(self, utterance: Utterance, number: int) -> None:
        self.utterance = utterance
        self.order = (_RANK[utterance.priority], number)
        self.state = _State.QUEUED
        self.path: Path | None = None
        self.stopped = threading.Event()
        self.rendering_since = 0.0
        self.cancelled = 0

    @property
    def ordinary(self) -> bool:
        return self.utterance.priority is Priority.ORDINARY


class Voice:
    """Speaks utterances one after the other. All methods return at once and may be called from any thread.

    ``on_started(utterance_id)`` is called when an utterance begins to sound; ``on_ended(utterance_id, completed)`` once
    for every accepted one, also where it never sounded. They come from the voice's threads or from the caller of
    ``stop`` and must not block.
    """

    def __init__(
        self,
        synthesiser: Synthesiser,
        sink: Sink,
        on_started: Callable[[str], None],
        on_ended: Callable[[str, bool], None],
    ) -> None:
        self._synthesiser = synthesiser
        self._sink = sink
        self._on_started = on_started
        self._on_ended = on_ended
        self._changed = threading.Condition()
        self._jobs: list[_Job] = []  # neither ended nor forgotten, in the order of playing
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._numbers = itertools.count()
        self._epoch = 0
        self._reporting = 0  # jobs that have ended and whose listener was not told yet
        self._closing = False
        self._fault = ""
        self._renderer = threading.Thread(target=self._render_loop, name="voice-render", daemon=True)
        self._player = threading.Thread(target=self._play_loop, name="voice-play", daemon=True)
        self._renderer.start()
        self._player.start()

    def say(self, utterance: Utterance) -> bool:
        """Queue an utterance; return False, without any callback, where it is a repeat, superseded, or too late."""
        with self._changed:
            if self._closing or utterance.utterance_id in self._seen:
                return False
            if utterance.priority is Priority.ORDINARY and utterance.epoch < self._epoch:
                return False
            self._remember(utterance.utterance_id)
            self._jobs.append(_Job(utterance, next(self._numbers)))
            self._jobs.sort(key=lambda job: job.order)
            if utterance.priority is Priority.EMERGENCY:
                for job in self._jobs:
                    if job.ordinary and job.state is _State.PLAYING:
                        job.stopped.set()
            self._changed.notify_all()
        return True

    def stop(self, epoch: int | None = None, everything: bool = False) -> None:
        """End ordinary speech of epochs before ``epoch`` (None: all there is now), sounding or waiting.

        ``everything`` ends alerts and emergencies of those epochs too: for staff only. Later ordinary utterances of
        the older epochs are refused; later alerts and emergencies never are.
        """
        with self._changed:
            if epoch is not None:
                self._epoch = max(self._epoch, epoch)
            ended = [
                job
                for job in self._jobs
                if (everything or job.ordinary) and (epoch is None or job.utterance.epoch < epoch)
            ]
            waiting = [job for job in ended if self._drop(job)]
            self._changed.notify_all()
        for job in waiting:
            self._finish(job, completed=False)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing sounds or waits and every end was reported; return False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs and not self._reporting, timeout)

    def close(self) -> None:
        """End all speech, the threads, the child and the sink, in less than two seconds; again does nothing."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            waiting = [job for job in list(self._jobs) if self._drop(job)]
            self._changed.notify_all()
        self._synthesiser.close()
        for job in waiting:
            self._finish(job, completed=False)
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in (self._player, self._renderer):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._sink.close()

    @property
    def queued(self) -> int:
        """Return how many utterances sound or wait."""
        with self._changed:
            return len(self._jobs)

    @property
    def speaking(self) -> str | None:
        """Return the id of the utterance that sounds, if any."""
        with self._changed:
            return next((job.utterance.utterance_id for job in self._jobs if job.state is _State.PLAYING), None)

    @property
    def fault(self) -> str:
        """Return why the last utterance could not be spoken; "" since one has been spoken. For diagnostics."""
        return self._fault

    def _remember(self, utterance_id: str) -> None:
        self._seen[utterance_id] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)

    def _drop(self, job: _Job) -> bool:
        """Take a waiting job out of the queue and return True; tell a sounding one to stop and return False."""
        job.stopped.set()
        if job.state is _State.PLAYING:
            return False
        self._end(job)
        return True

    def _end(self, job: _Job) -> None:
        """Mark a job as ended (lock held); :meth:`_finish` must follow without the lock."""
        job.state = _State.ENDED
        self._jobs.remove(job)
        self._reporting += 1

    def _finish(self, job: _Job, *, completed: bool) -> None:
        """Delete the file and report the end; called once, after :meth:`_end`."""
        if job.path is not None:
            self._synthesiser.discard(job.path)
        _call(self._on_ended, job.utterance.utterance_id, completed)
        with self._changed:
            self._reporting -= 1
            self._changed.notify_all()

    # -- rendering ---------------------------------------------------------------------------------------------------

    def _render_loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._next_to_render() is not None)
                job = self._next_to_render()
                if self._closing or job is None:
                    return
                job.state, job.rendering_since = _State.RENDERING, time.monotonic()
            path, why = self._render(job.utterance)
            with self._changed:
                job.path = path
                late = job.state is _State.ENDED  # dropped while it was rendered
                if not late and path is not None:
                    job.state = _State.READY
                elif not late and why is None and job.cancelled < MAX_CANCELS:
                    job.state, job.cancelled = _State.QUEUED, job.cancelled + 1  # only made way for an emergency
                elif not late:
                    self._end(job)
                    self._fault = why or "The rendering was cancelled again and again."
                failed = not late and job.state is _State.ENDED
                self._changed.notify_all()
            if late and path is not None:
                self._synthesiser.discard(path)
            if failed:
                self._finish(job, completed=False)

    def _next_to_render(self) -> _Job | None:
        ahead = 0
        for job in self._jobs:
            if job.state is _State.QUEUED:
                return job if ahead < AHEAD or not job.ordinary else None
            ahead += job.state is _State.READY
        return None

    def _render(self, utterance: Utterance) -> tuple[Path | None, str | None]:
        """Return (file, None); (None, None) where it was cancelled; (None, reason) where it failed."""
        try:
            return self._synthesiser.render(utterance.text, utterance.locale, utterance.utterance_id), None
        except SpeechCancelled:
            return None, None
        except SpeechError as error:
            log.error("Utterance %s was not spoken: %s", utterance.utterance_id, error)
            return None, str(error)
        except Exception as error:  # a bug in one sentence must not silence the ones after it
            log.exception("Utterance %s was not spoken.", utterance.utterance_id)
            return None, f"{type(error).__name__} while rendering; see the log."

    # -- playing -----------------------------------------------------------------------------------------------------

    def _play_loop(self) -> None:
        while (job := self._take()) is not None:
            _call(self._on_started, job.utterance.utterance_id)
            completed, why = self._play(job)
            with self._changed:
                self._end(job)
                self._fault = why
                self._changed.notify_all()
            self._finish(job, completed=completed)

    def _take(self) -> _Job | None:
        """Return the next job, rendered, or None when the voice closes."""
        with self._changed:
            while not self._closing:
                first = self._jobs[0] if self._jobs else None
                if first is not None and first.state is _State.READY:
                    first.state = _State.PLAYING
                    self._changed.notify_all()  # there is room to render ahead again
                    return first
                self._changed.wait(self._hurry(first))
        return None

    def _hurry(self, first: _Job | None) -> float | None:
        """Return how long to wait for ``first``; end another's rendering that keeps an emergency waiting."""
        if first is None or first.utterance.priority is not Priority.EMERGENCY or first.state is not _State.QUEUED:
            return None
        blocker = next((job for job in self._jobs if job.state is _State.RENDERING), None)
        if blocker is None:
            return IMPATIENCE_SECONDS
        left = blocker.rendering_since + IMPATIENCE_SECONDS - time.monotonic()
        if left > 0:
            return left
        self._synthesiser.cancel()
        return IMPATIENCE_SECONDS

    def _play(self, job: _Job) -> tuple[bool, str]:
        assert job.path is not None
        try:
            return self._sink.play(job.path, job.stopped), ""
        except AudioError as error:
            log.error("Utterance %s was not played: %s", job.utterance.utterance_id, error)
            return False, str(error)
        except Exception as error:  # one bad sentence must not silence the ones after it
            log.exception("Utterance %s was not played.", job.utterance.utterance_id)
            return False, f"{type(error).__name__} while playing; see the log."


def _call(callback: Callable[..., None], *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:  # a listener's bug must not end speech
        log.exception("A listener of the voice failed.")
