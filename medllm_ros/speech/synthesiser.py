"""Turn one sentence into a WAV file, and nothing else: playing it is the sink's work."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from medllm_ros.speech.child import Child, ChildDied
from medllm_ros.speech.errors import AudioError, SpeechCancelled, SpeechError
from medllm_ros.speech.private_folder import PrivateFolder
from medllm_ros.speech.pronounce import SpeechRun, speech_runs
from medllm_ros.speech.spoken_form import spoken_form
from medllm_ros.speech.wav import Samples, join, read_wav, safe_name, write_wav

log = logging.getLogger(__name__)

JOINT_PAUSE: Final = 0.06  # seconds between runs of two languages inside a sentence
END_PAUSE: Final = 0.25  # seconds after a sentence


class Synthesiser(Protocol):
    """Renders sentences to WAV files. One thread renders; ``cancel`` and ``close`` may come from any other."""

    def render(self, text: str, locale: str, name: str) -> Path:
        """Return a new PCM16 mono WAV file with ``text`` (the written form) as speech.

        ``name`` is the utterance id the file is named after. Raises :class:`SpeechError`;
        :class:`SpeechCancelled` where ``cancel`` or ``close`` ended it.
        """
        ...

    def discard(self, path: Path) -> None:
        """Delete a rendered file; a missing one is fine."""
        ...

    def cancel(self) -> None:
        """End a rendering in progress at once; its ``render`` raises :class:`SpeechCancelled`."""
        ...

    def close(self) -> None:
        """End the voice and delete every file of it."""
        ...


@dataclass(frozen=True, kw_only=True)
class VoiceSettings:
    """How the voice sounds."""

    rate: int = 175  # words per minute, as espeak counts them; 80 to 450
    volume: float = 1.0  # 0 to 1
    zh: str = "cmn-latn-pinyin"  # espeak-ng voice that reads pinyin with tone numbers
    en: str = "en-us"
    start_timeout: float = 10.0  # seconds until the child is ready
    render_timeout: float = 5.0  # seconds per run; rendering takes about 0.01 s per second of speech

    def __post_init__(self) -> None:
        if not 80 <= self.rate <= 450:
            raise ValueError(f"The speech rate is {self.rate}; it must be 80 to 450 words per minute.")
        if not 0 <= self.volume <= 1:
            raise ValueError(f"The volume is {self.volume}; it must be 0 to 1.")
        if self.start_timeout <= 0 or self.render_timeout <= 0:
            raise ValueError("The time limits of the voice must be more than 0 seconds.")


class Pyttsx3Synthesiser:
    """pyttsx3 in a child process that can be killed; files live in a private folder of our own."""

    def __init__(self, settings: VoiceSettings | None = None, *, command: tuple[str, ...] | None = None) -> None:
        """``command`` starts another child than ours; for tests."""
        self._settings = settings or VoiceSettings()
        self._command = command
        self._folder = PrivateFolder()
        self._child: Child | None = None
        self._lock = threading.Lock()  # guards _child and the flags; never held while rendering
        self._cancelled = 0
        self._closed = False

    @property
    def folder(self) -> Path:
        """Return the private folder (mode 0700) that holds the rendered files until they are discarded."""
        return self._folder.path

    def start(self) -> None:
        """Start the child now, not with the first sentence; raise :class:`SpeechError` where there is no voice."""
        speech_runs(spoken_form("您好，一百毫克。", "zh_TW"), "zh_TW")  # loads the dictionaries
        self._ready_child()

    def render(self, text: str, locale: str, name: str) -> Path:
        """Return a WAV file of ``text``: spoken form, runs per language, one rendering each, joined."""
        runs = speech_runs(spoken_form(text, locale), locale)
        if not runs:
            raise SpeechError("The sentence has nothing that can be said.")
        generation = self._cancelled
        target = self._folder.path / f"{safe_name(name)}.wav"
        parts: list[tuple[Samples, float]] = []
        rate = 0
        for index, run in enumerate(runs):
            samples, rate = self._render_run(run, target.with_suffix(f".{index}.part"), generation)
            parts.append((samples, END_PAUSE if index == len(runs) - 1 else run.pause or JOINT_PAUSE))
        samples = join(parts, rate)
        try:
            write_wav(target, samples, rate)
        except OSError as error:
            raise SpeechError(f"{target} cannot be written ({error.strerror}); free some space there.") from error
        return target

    def discard(self, path: Path) -> None:
        """Delete a rendered file; a missing one, or one outside our folder, is left alone."""
        if path.parent == self._folder.path:
            path.unlink(missing_ok=True)

    def cancel(self) -> None:
        """Kill the child; the next rendering starts a new one."""
        with self._lock:
            self._cancelled += 1
            child, self._child = self._child, None
        if child is not None:
            child.kill()

    def close(self) -> None:
        """Kill the child and delete the folder; a later ``render`` raises :class:`SpeechCancelled`."""
        with self._lock:
            self._closed = True
        self.cancel()
        self._folder.close()

    def _render_run(self, run: SpeechRun, part: Path, generation: int) -> tuple[Samples, int]:
        voice = self._settings.zh if run.language == "zh" else self._settings.en
        request = {
            "text": run.text, "voice": voice, "rate": self._settings.rate,
            "volume": self._settings.volume, "path": str(part),
        }  # fmt: skip
        why = ""
        for attempt in (1, 2):
            self._check(generation)
            try:
                self._ready_child().ask(request, self._settings.render_timeout)
                channels, rate = read_wav(part)
                if not channels.any():
                    raise AudioError("the voice rendered silence; check the espeak-ng installation")
            except (ChildDied, AudioError) as error:
                self._check(generation)  # killed on purpose
                self._drop_child()
                why = str(error)
                log.warning("The voice failed (attempt %d of 2): %s", attempt, why)
            else:
                return channels[:, 0], rate
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
        raise SpeechError(f"The voice failed twice and the sentence was not spoken: {why}")

    def _check(self, generation: int) -> None:
        if self._closed or self._cancelled != generation:
            raise SpeechCancelled("The rendering was cancelled.")

    def _ready_child(self) -> Child:
        with self._lock:
            if self._closed:
                raise SpeechCancelled("The voice is closed.")
            if self._child is None or not self._child.alive:
                self._child = Child(self._command)
            child = self._child
        child.wait_ready(self._settings.start_timeout)
        return child

    def _drop_child(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
