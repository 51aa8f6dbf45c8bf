"""What a person sees while `make` works: steps with the time they take, and sentences that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STARTED = time.monotonic()
HEARTBEAT_S = 10.0  # a step that says nothing for so long says that it still works


class Stop(Exception):
    """Something cannot be had; the message says what to do about it."""


def say(text: str) -> None:
    """Print one line with the seconds since the command began."""
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and, at its end, how long it took."""
    say(f"{title} ...")
    began = time.monotonic()
    yield
    say(f"{title}: done in {time.monotonic() - began:.0f} s")


class Progress:
    """The present doings of a long step: one line that changes on a terminal, one line every ten seconds in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last = time.monotonic()
        self._text = ""
        self._lock = threading.Lock()

    def show(self, text: str) -> None:
        """Show ``text`` as what is being done now; "" only keeps the present line alive."""
        with self._lock:
            self._text = text or self._text
            now = time.monotonic()
            if self._terminal and text:
                print(f"\r\033[K          {self._text[:100]}", end="", flush=True)
            elif not self._terminal and now - self._last >= HEARTBEAT_S:
                say(f"  {self._text or 'still working'}")
                self._last = now

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal:
            print("\r\033[K", end="", flush=True)


def run(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    describe: Callable[[str], str] = lambda line: line,
) -> tuple[int, str]:
    """Run ``command`` with its output in ``log``; return the exit status and the last 60 lines.

    ``describe`` turns a line of output into what is shown as progress; "" shows nothing new.
    """
    progress = Progress()
    tail: deque[str] = deque(maxlen=60)
    over = threading.Event()

    def keep_alive() -> None:
        while not over.wait(1.0):
            progress.show("")

    log.parent.mkdir(parents=True, exist_ok=True)
    alive = threading.Thread(target=keep_alive, daemon=True)
    alive.start()
    try:
        with (
            log.open("w", encoding="utf-8") as record,
            subprocess.Popen(
                list(command), cwd=folder, env=dict(environment if environment is not None else os.environ),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            ) as process,
        ):  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                record.write(line)
                tail.append(line.rstrip("\n"))
                progress.show(describe(line.strip()))
    finally:
        over.set()
        alive.join()
        progress.clear()
    return process.returncode, "\n".join(tail)
