"""Where sound comes from: a microphone or a WAV file, always as blocks of PCM16 mono at 16 kHz."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.resample import Resampler
from medllm_ros.speech.wav import Samples, read_wav

log = logging.getLogger(__name__)

RATE: Final = 16_000  # Hz
BLOCK_SECONDS: Final = 0.1
CLIPPED_FROM: Final = 32_600  # of 32767: a converter at its limit
QUEUE_BLOCKS: Final = 50  # 5 s: more than that waiting means the recogniser is too slow
STALL_SECONDS: Final = 2.0  # a microphone that gives nothing for so long is gone


class AudioSource(Protocol):
    """A source of sound for the recogniser."""

    @property
    def clipped(self) -> int:
        """Return how many samples so far were at the converter's limit."""
        ...

    def blocks(self, stopped: threading.Event) -> Iterator[bytes]:
        """Yield blocks of PCM16 mono at 16 kHz until the end or until ``stopped`` is set.

        Raises :class:`AudioError` where the source cannot be used.
        """
        ...


class WavSource:
    """A PCM WAV file of any rate, mono or not. ``paced`` takes as long as the sound does."""

    def __init__(self, path: Path | str, *, paced: bool = False, tail_seconds: float = 0.0) -> None:
        """``tail_seconds`` of silence follow the file, so that the recogniser finds the end of the sentence."""
        self._path = Path(path)
        self._paced = paced
        self._tail = tail_seconds
        self._clipped = 0

    @property
    def clipped(self) -> int:
        """Return how many samples so far were at the limit."""
        return self._clipped

    def blocks(self, stopped: threading.Event) -> Iterator[bytes]:
        """Yield the file block by block."""
        samples, rate = read_wav(self._path)
        self._clipped = count_clipped(samples)
        if self._clipped:
            log.warning("%d samples of %s are clipped; record it more quietly.", self._clipped, self._path.name)
        resampler = Resampler(rate, RATE)
        tail = np.zeros(round(self._tail * RATE), np.int16)
        mono = np.concatenate([resampler.push(to_mono(samples)), resampler.flush(), tail])
        size = round(BLOCK_SECONDS * RATE)
        for start in range(0, len(mono), size):
            block = mono[start : start + size]
            if stopped.wait(len(block) / RATE if self._paced else 0):
                return
            yield block.astype("<i2").tobytes()


class MicrophoneSource:
    """A microphone through PortAudio. ``device`` is its number or (part of) its name; None is the system's default."""

    def __init__(self, device: int | str | None = None) -> None:
        self._device = device
        self._clipped = 0
        self._lost = 0

    @property
    def clipped(self) -> int:
        """Return how many samples so far were at the limit."""
        return self._clipped

    @property
    def lost(self) -> int:
        """Return how many blocks were dropped because they were not fetched in time."""
        return self._lost

    def blocks(self, stopped: threading.Event) -> Iterator[bytes]:
        """Yield sound as it comes in."""
        sounddevice = _sounddevice()
        try:
            rate, channels = self._choose(sounddevice)
            waiting: queue.Queue[Samples] = queue.Queue(QUEUE_BLOCKS)
            stream = sounddevice.InputStream(
                samplerate=rate, channels=channels, dtype="int16", device=self._device,
                blocksize=round(BLOCK_SECONDS * rate), callback=self._callback(waiting),
            )  # fmt: skip
            with stream:
                yield from self._convert(waiting, Resampler(rate, RATE), stopped)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(
                f"The microphone {self._device or '(default)'} cannot be used: {error}. "
                "Choose one of `python -m sounddevice`, or play a WAV file."
            ) from error

    def _choose(self, sounddevice: Any) -> tuple[int, int]:
        """Return (rate, channels): 16 kHz mono where the device can, else its own rate."""
        try:
            sounddevice.check_input_settings(device=self._device, channels=1, dtype="int16", samplerate=RATE)
        except sounddevice.PortAudioError:
            found = sounddevice.query_devices(self._device, "input")
            return round(found["default_samplerate"]), max(1, min(2, int(found["max_input_channels"])))
        return RATE, 1

    def _callback(self, waiting: queue.Queue[Samples]) -> Any:
        def take(block: Samples, frames: int, when: object, status: Any) -> None:
            if status and status.input_overflow:
                self._lost += 1
            try:
                waiting.put_nowait(block.copy())
            except queue.Full:
                self._lost += 1

        return take

    def _convert(
        self, waiting: queue.Queue[Samples], resampler: Resampler, stopped: threading.Event
    ) -> Iterator[bytes]:
        silent = 0.0
        while not stopped.is_set():
            try:
                block = waiting.get(timeout=BLOCK_SECONDS)
            except queue.Empty:
                silent += BLOCK_SECONDS
                if silent >= STALL_SECONDS:
                    raise AudioError("The microphone gives no sound any more; check that it is plugged in.") from None
                continue
            silent = 0.0
            self._clipped += count_clipped(block)
            pcm = resampler.push(to_mono(block))
            if pcm.size:
                yield pcm.astype("<i2").tobytes()


def to_mono(samples: Samples) -> Samples:
    """Return the mean of the channels of ``samples`` (frames, channels), or of a flat mono array itself."""
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean: Samples = np.round(samples.astype(np.float32).mean(axis=1)).astype(np.int16)
    return mean


def count_clipped(samples: Samples) -> int:
    """Return how many samples are at the converter's limit."""
    return int(np.count_nonzero(np.abs(samples.astype(np.int32)) >= CLIPPED_FROM))


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise AudioError(
            f"The microphone needs the package sounddevice and libportaudio2 ({error}); "
            "install the extra 'speech' and `apt install libportaudio2`, or play a WAV file."
        ) from error
    return sounddevice
