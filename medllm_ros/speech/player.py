"""Where rendered speech goes: a sound card, a folder of WAV files, or nowhere."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.wav import Samples, read_wav, safe_name, write_wav

log = logging.getLogger(__name__)

BLOCK_SECONDS: Final = 0.02  # a stop is heard within one block and the card's own latency
TAIL_SECONDS: Final = 1.0  # a card that does not report the end this long after it was due is taken to have ended


class Sink(Protocol):
    """Plays one WAV file at a time; all calls but ``close`` come from one thread."""

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        """Play until the end or until ``stopped`` is set; return whether all of it was played.

        Returns only when the sound is really over. Raises :class:`AudioError` where it cannot be played.
        """
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class NoneSink:
    """No sound. ``paced`` takes as long as the speech would, so that turn-taking is as on a robot."""

    def __init__(self, *, paced: bool = True) -> None:
        self._paced = paced

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        """Wait for the length of the file."""
        samples, rate = read_wav(wav_path)
        return _pace(len(samples) / rate, self._paced, stopped)[0]

    def close(self) -> None:
        """Do nothing."""


class WavFolderSink:
    """Keeps every utterance as ``<utterance id>.wav``; one that was stopped keeps the part that would have been heard.

    ``folder`` is made (mode 0700) where it is missing. Files of patient speech: the caller chooses how long they stay.
    """

    def __init__(self, folder: Path | str, *, paced: bool = True) -> None:
        self.folder = Path(folder)
        self._paced = paced
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise AudioError(f"{self.folder} cannot be made ({error.strerror}); choose another one.") from error

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        """Keep the file and wait for its length."""
        samples, rate = read_wav(wav_path)
        completed, heard = _pace(len(samples) / rate, self._paced, stopped)
        mono = samples[:, 0] if completed else samples[: round(heard * rate), 0]
        target = self.folder / f"{safe_name(wav_path.stem)}.wav"
        try:
            write_wav(target, mono, rate)
        except OSError as error:
            raise AudioError(f"{target} cannot be written ({error.strerror}); choose another folder.") from error
        return completed

    def close(self) -> None:
        """Do nothing; the files stay."""


class DeviceSink:
    """The sound card, through PortAudio. The device is opened when the first sentence is played.

    ``device`` is PortAudio's number or (part of) its name; None is the system's default.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self._device = device

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        """Play the file; a stop is heard within about 50 ms."""
        sounddevice = _sounddevice()
        samples, rate = read_wav(wav_path)
        feed = Feed(samples)
        over = threading.Event()
        try:
            stream = sounddevice.OutputStream(
                samplerate=rate, channels=samples.shape[1], dtype="int16", device=self._device, latency="low",
                blocksize=round(BLOCK_SECONDS * rate), finished_callback=over.set,
                callback=_callback(feed, stopped, sounddevice.CallbackStop, sounddevice.CallbackAbort),
            )  # fmt: skip
            with stream:
                self._wait(stream, over, stopped, deadline=time.monotonic() + len(samples) / rate + TAIL_SECONDS)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(
                f"The loudspeaker {self._device or '(default)'} cannot be used: {error}. "
                "Choose one of `python -m sounddevice`, or use the WAV folder or no sound at all."
            ) from error
        return feed.exhausted and not stopped.is_set()

    def close(self) -> None:
        """Do nothing: the device is only held while a sentence is played."""

    @staticmethod
    def _wait(stream: Any, over: threading.Event, stopped: threading.Event, deadline: float) -> None:
        while not over.wait(BLOCK_SECONDS):
            if stopped.is_set():
                stream.abort()  # drops what the card still holds
                return
            if time.monotonic() > deadline:
                log.error("The sound card did not report the end of an utterance; it is taken to have ended.")
                stream.abort()
                return


class Feed:
    """Hands samples to a sound card block by block, and fills up with silence at the end."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._position = 0

    @property
    def exhausted(self) -> bool:
        """Return whether every sample was handed out."""
        return self._position >= len(self._samples)

    def fill(self, block: Samples) -> None:
        """Write the next samples into ``block`` (frames, channels)."""
        piece = self._samples[self._position : self._position + len(block)]
        block[: len(piece)] = piece
        block[len(piece) :] = 0
        self._position += len(piece)


def _callback(
    feed: Feed, stopped: threading.Event, stop: type[Exception], abort: type[Exception]
) -> Callable[[Samples, int, object, object], None]:
    def fill(block: Samples, frames: int, when: object, status: object) -> None:
        if stopped.is_set():
            block[:] = np.int16(0)
            raise abort
        feed.fill(block)
        if feed.exhausted:
            raise stop  # the card plays out what it holds, then calls finished_callback

    return fill


def _pace(seconds: float, paced: bool, stopped: threading.Event) -> tuple[bool, float]:
    """Wait ``seconds`` unless stopped; return (completed, seconds that passed)."""
    if not paced:
        return not stopped.is_set(), 0.0 if stopped.is_set() else seconds
    started = time.monotonic()
    cut = stopped.wait(seconds)
    return not cut, min(seconds, time.monotonic() - started)


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the package is there and libportaudio is not
        raise AudioError(
            f"Sound needs the package sounddevice and libportaudio2 ({error}); "
            "install the extra 'speech' and `apt install libportaudio2`, or use the WAV folder."
        ) from error
    return sounddevice
