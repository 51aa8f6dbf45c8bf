"""The parent's side of the voice process: start it, ask it with a time limit, kill it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medllm_ros.speech.errors import SpeechError

MODULE = "medllm_ros.speech.pyttsx3_child"


class ChildDied(SpeechError):
    """The process ended, was killed, or did not answer in time; a new one may do better."""


class Child:
    """One voice process. ``ask`` from one thread at a time; ``kill`` from any."""

    def __init__(self, command: tuple[str, ...] | None = None) -> None:
        root = str(Path(__file__).resolve().parents[2])
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
        try:
            self._process = subprocess.Popen(
                command or (sys.executable, "-m", MODULE),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=environment, encoding="utf-8", start_new_session=True,  # Ctrl-C must not reach it first
            )  # fmt: skip
        except OSError as error:
            raise SpeechError(f"The voice process cannot start ({error.strerror}); check the installation.") from error
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ready = False
        self._number = 0
        threading.Thread(target=self._read, name="voice-child", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def wait_ready(self, timeout: float) -> None:
        """Wait until the voice is loaded; raise :class:`SpeechError` with the reason where it cannot be."""
        if not self._ready:
            answer = self._answer(0, timeout, "start")
            if not answer.get("ok"):
                self.kill()
                raise SpeechError(str(answer.get("error")))
            self._ready = True

    def ask(self, request: Mapping[str, object], timeout: float) -> None:
        """Have ``request`` done within ``timeout`` seconds; raise :class:`ChildDied` or :class:`SpeechError`."""
        self._number += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": self._number, **request}) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed by kill()
            raise ChildDied("The voice process has ended.") from error
        answer = self._answer(self._number, timeout, "answer")
        if not answer.get("ok"):
            raise SpeechError(f"The voice refused the sentence: {answer.get('error')}")

    def kill(self) -> None:
        """End the process at once and collect it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _answer(self, number: int, timeout: float, verb: str) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            try:
                answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise ChildDied(f"The voice process did not {verb} within {timeout:g} s.") from None
            if answer is None:
                self.kill()
                raise ChildDied("The voice process has ended.")
            if answer.get("id") == number:
                return answer

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout, contextlib.suppress(ValueError):
            for line in self._process.stdout:
                self._answers.put(json.loads(line))
        self._answers.put(None)
