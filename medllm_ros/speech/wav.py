"""PCM16 WAV files: read, write, join, and name them."""

from __future__ import annotations

import hashlib
import os
import re
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from medllm_ros.speech.errors import AudioError

Samples = npt.NDArray[np.int16]

SILENCE_PEAK: Final = 200  # of 32767: below this a rendered voice is silent (espeak-ng's own pauses are exact zeros)
MAX_NAME_CHARS: Final = 80


def read_wav(path: Path | str) -> tuple[Samples, int]:
    """Return the samples (shape ``(frames, channels)``, int16) and the sample rate in Hz.

    8, 16, 24 and 32 bit PCM are understood. Raises :class:`AudioError` on anything else.
    """
    path = Path(path)
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except FileNotFoundError:
        raise AudioError(f"There is no sound file {path}; check the path.") from None
    except OSError as error:
        raise AudioError(f"The sound file {path} cannot be read: {error.strerror or error}.") from error
    except (wave.Error, EOFError) as error:
        raise AudioError(f"{path} is not a PCM WAV file ({error or 'too short'}); convert it to 16-bit PCM.") from error
    if not 4000 <= rate <= 192_000:
        raise AudioError(f"{path} has a sample rate of {rate} Hz; 4000 to 192000 Hz are allowed.")
    data = data[: len(data) - len(data) % (width * channels)]
    return _to_int16(data, width).reshape(-1, channels), rate


def write_wav(path: Path | str, samples: Samples, rate: int) -> None:
    """Write mono int16 ``samples`` to ``path``, readable by the owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream, wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(samples, dtype="<i2").tobytes())


def trim(samples: Samples) -> Samples:
    """Return ``samples`` without the silence at both ends."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENCE_PEAK)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples[:0]


def join(parts: Sequence[tuple[Samples, float]], rate: int) -> Samples:
    """Return the parts one after the other, each trimmed and followed by its own pause in seconds."""
    pieces: list[Samples] = []
    for samples, pause in parts:
        pieces += [trim(samples), np.zeros(round(pause * rate), dtype=np.int16)]
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)


def safe_name(utterance_id: str) -> str:
    """Return a file name (no suffix) for ``utterance_id`` that cannot leave its folder; different ids stay so."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", utterance_id)[:MAX_NAME_CHARS]
    if plain == utterance_id and plain:
        return plain
    digest = hashlib.sha256(utterance_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain.strip('_') or 'utterance'}-{digest[:10]}"


def _to_int16(data: bytes, width: int) -> Samples:
    if width == 2:
        return np.frombuffer(data, dtype="<i2").astype(np.int16)
    if width == 1:  # unsigned
        return ((np.frombuffer(data, dtype=np.uint8).astype(np.int16) - 128) << 8).astype(np.int16)
    if width == 4:
        return (np.frombuffer(data, dtype="<i4") >> 16).astype(np.int16)
    if width == 3:
        triples = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return triples[:, 1:].copy().view("<i2").reshape(-1).astype(np.int16)
    raise AudioError(f"The WAV file has {8 * width} bits a sample; 8, 16, 24 or 32 are allowed.")
