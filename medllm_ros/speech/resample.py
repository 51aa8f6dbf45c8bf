"""Change the sample rate of a stream, block by block, without a library of its own.

A windowed-sinc low-pass below half the lower rate, then linear interpolation on an oversampled grid. Good for
recognising speech (aliases about 60 dB down), not for music.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
_Floats = npt.NDArray[np.float64]

_ZEROS: Final = 16  # zero crossings of the sinc on each side
_PHASES: Final = 256  # positions between two input samples at which the filter is tabulated


class Resampler:
    """Turns int16 mono at ``rate_in`` Hz into int16 mono at ``rate_out`` Hz; the cut into blocks changes nothing."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        if not (4000 <= rate_in <= 192_000 and 4000 <= rate_out <= 192_000):
            raise ValueError(f"Sample rates are {rate_in} and {rate_out} Hz; 4000 to 192000 Hz are allowed.")
        self._in, self._out = rate_in, rate_out
        self._table, self._half = _filter(rate_in, rate_out)
        self._tail: _Floats = np.zeros(self._half)
        self._first = -self._half  # input index of the first sample of the tail
        self._produced = 0
        self._received = 0

    def push(self, samples: Samples) -> Samples:
        """Return the output that became certain with ``samples``."""
        if self._in == self._out:
            return samples.astype(np.int16)
        self._received += len(samples)
        return self._run(samples.astype(np.float64), self._received - self._half)

    def flush(self) -> Samples:
        """Return what is left, as if silence followed. The resampler must not be used afterwards."""
        if self._in == self._out:
            return np.zeros(0, np.int16)
        return self._run(np.zeros(self._half + 1), self._received)

    def _run(self, samples: _Floats, until: int) -> Samples:
        """Return the output for every output time before input index ``until``."""
        buffer = np.concatenate([self._tail, samples])
        count = max(0, -(-until * self._out // self._in) - self._produced)  # ceil
        numbers = np.arange(self._produced, self._produced + count, dtype=np.int64)
        whole, part = np.divmod(numbers * self._in, self._out)
        phase = (part * _PHASES + self._out // 2) // self._out
        starts = whole - self._half + 1 - self._first
        windows = buffer[starts[:, None] + np.arange(2 * self._half)] if count else np.zeros((0, 2 * self._half))
        result = np.einsum("ij,ij->i", windows, self._table[phase])
        self._produced += count
        keep = self._produced * self._in // self._out - self._half + 1 - self._first
        keep = max(0, min(keep, len(buffer)))
        self._tail, self._first = buffer[keep:], self._first + keep
        rounded: Samples = np.clip(np.round(result), -32768, 32767).astype(np.int16)
        return rounded


@lru_cache(maxsize=8)
def _filter(rate_in: int, rate_out: int) -> tuple[_Floats, int]:
    """Return the filter for each phase, shape ``(_PHASES + 1, 2 * half)``, and its half length in input samples."""
    cutoff = 0.95 * min(1.0, rate_out / rate_in)  # of the input's half rate
    half = int(np.ceil(_ZEROS / cutoff))
    offsets = np.arange(-half + 1, half + 1)[None, :] - np.linspace(0.0, 1.0, _PHASES + 1)[:, None]
    angle = np.pi * offsets / half
    window = np.where(np.abs(offsets) < half, 0.42 + 0.5 * np.cos(angle) + 0.08 * np.cos(2 * angle), 0.0)  # Blackman
    table = cutoff * np.sinc(cutoff * offsets) * window
    return table / table.sum(axis=1, keepdims=True), half
