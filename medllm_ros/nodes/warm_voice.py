"""A synthesiser that is started before its first sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from medllm_ros.speech.errors import SpeechError
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser


class WarmVoice:
    """Starts the voice's child on a thread of its own; the first ``render`` waits for that instead of starting another.

    ``on_fault`` gets the reason where there is no voice; it is called on that thread and must not block.
    """

    def __init__(self, inner: Pyttsx3Synthesiser, on_fault: Callable[[str], None]) -> None:
        self._inner = inner
        self._on_fault = on_fault
        self._starter = threading.Thread(target=self._start, name="voice-start", daemon=True)
        self._starter.start()

    def render(self, text: str, locale: str, name: str) -> Path:
        """Render as the inner synthesiser does."""
        self._starter.join()
        return self._inner.render(text, locale, name)

    def discard(self, path: Path) -> None:
        """Delete a rendered file."""
        self._inner.discard(path)

    def cancel(self) -> None:
        """End a rendering in progress."""
        self._inner.cancel()

    def close(self) -> None:
        """End the voice."""
        self._inner.close()

    def _start(self) -> None:
        try:
            self._inner.start()
        except SpeechError as error:
            self._on_fault(str(error))
