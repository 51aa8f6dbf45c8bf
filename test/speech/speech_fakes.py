"""Counterparts of the voice that need no sound."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from medllm_ros.speech.errors import SpeechCancelled, SpeechError
from medllm_ros.speech.wav import safe_name, write_wav

RATE = 8000


class FakeSynthesiser:
    """Renders silence at once; ``broken`` texts fail, ``slow`` ones take until ``go`` or ``cancel``."""

    def __init__(self, folder: Path, seconds: float = 0.01) -> None:
        self.folder = folder
        self.seconds = seconds
        self.broken: set[str] = set()
        self.slow: set[str] = set()
        self.go = threading.Event()
        self.hanging = threading.Event()  # set while a slow text is rendered
        self.rendered: list[str] = []
        self.cancels = 0
        self.closed = False
        self._interrupted = threading.Event()

    def render(self, text: str, locale: str, name: str) -> Path:
        """Return a silent file."""
        if self.closed:
            raise SpeechCancelled("closed")
        self._interrupted.clear()
        if text in self.broken:
            raise SpeechError("The fake voice is broken.")
        while text in self.slow and not self.go.is_set():
            self.hanging.set()
            if self._interrupted.wait(0.005):
                raise SpeechCancelled("cancelled")
        self.rendered.append(name)
        path = self.folder / f"{safe_name(name)}.wav"
        write_wav(path, np.zeros(round(self.seconds * RATE), np.int16), RATE)
        return path

    def discard(self, path: Path) -> None:
        """Delete the file."""
        path.unlink(missing_ok=True)

    def cancel(self) -> None:
        """End a slow rendering."""
        self.cancels += 1
        self._interrupted.set()

    def close(self) -> None:
        """End everything."""
        self.closed = True
        self.cancel()


class FakeSink:
    """Plays until the test says so: ``release(n)`` lets n utterances sound to their end."""

    def __init__(self) -> None:
        self.playing = threading.Semaphore(0)
        self.played: list[str] = []
        self.closed = False
        self._tickets = threading.Semaphore(0)

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        """Sound until a ticket comes or ``stopped`` is set."""
        self.played.append(wav_path.stem)
        self.playing.release()
        while not stopped.is_set():
            if self._tickets.acquire(timeout=0.002):
                return True
        return False

    def release(self, count: int = 1) -> None:
        """Let ``count`` utterances end."""
        self._tickets.release(count)

    def wait_playing(self) -> str:
        """Wait until the next utterance sounds and return its id."""
        assert self.playing.acquire(timeout=5), "nothing was played"
        return self.played[-1]

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Listener:
    """Records what a voice reports."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def started(self, utterance_id: str) -> None:
        """Note a start."""
        self.events.append(("started", utterance_id))

    def ended(self, utterance_id: str, completed: bool) -> None:
        """Note an end."""
        self.events.append(("completed" if completed else "cut", utterance_id))

    @property
    def ends(self) -> dict[str, str]:
        """Return how each utterance ended; fails where one ended twice."""
        ends = [(utterance_id, kind) for kind, utterance_id in self.events if kind != "started"]
        assert len(dict(ends)) == len(ends), f"ended twice: {ends}"
        return dict(ends)

    @property
    def starts(self) -> list[str]:
        """Return what began to sound, in order."""
        return [utterance_id for kind, utterance_id in self.events if kind == "started"]
