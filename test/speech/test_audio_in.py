"""Sound comes in as PCM16 mono at 16 kHz, whatever the source."""

from __future__ import annotations

import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.speech.audio_in import RATE, MicrophoneSource, WavSource, count_clipped, to_mono
from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.resample import Resampler
from medllm_ros.speech.wav import write_wav


def tone(frequency: float, rate: int, seconds: float = 0.5, peak: float = 10000.0) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)).astype(np.int16)


def level(samples: np.ndarray) -> float:
    """Return the root mean square of the middle of ``samples``."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    return float(np.sqrt(np.mean(middle**2)))


def convert(samples: np.ndarray, rate: int, to: int = RATE) -> np.ndarray:
    resampler = Resampler(rate, to)
    return np.concatenate([resampler.push(samples), resampler.flush()])


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_tone_keeps_its_pitch_level_and_length(rate: int) -> None:
    out = convert(tone(1000, rate), rate)
    assert abs(len(out) - RATE / 2) <= 1
    expected = tone(1000, RATE)[: len(out)]
    middle = slice(len(out) // 4, -len(out) // 4)
    assert np.abs(out[middle].astype(int) - expected[middle].astype(int)).max() < 150


@pytest.mark.parametrize("frequency", [9000, 12000, 20000])
def test_what_16_khz_cannot_hold_does_not_come_back_as_another_tone(frequency: int) -> None:
    assert level(convert(tone(frequency, 48000), 48000)) < 0.01 * level(tone(1000, 48000))


@given(st.lists(st.integers(1, 4000), max_size=8), st.sampled_from([8000, 22050, 44100, 48000, 16000]))
@settings(max_examples=40, deadline=None)
def test_blocks_of_any_size_give_the_same_result(sizes: list[int], rate: int) -> None:
    samples = np.random.default_rng(1).integers(-9000, 9000, sum(sizes), dtype=np.int16)
    resampler, position, out = Resampler(rate, RATE), 0, []
    for size in sizes:
        out.append(resampler.push(samples[position : position + size]))
        position += size
    out.append(resampler.flush())
    assert np.array_equal(np.concatenate(out), convert(samples, rate))


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="are allowed"):
        Resampler(100, RATE)


def test_a_stereo_file_of_another_rate_becomes_16_khz_mono(tmp_path: Path) -> None:
    both = np.column_stack([tone(1000, 48000, 1.0), np.zeros(48000, np.int16)])
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(both.astype("<i2").tobytes())
    blocks = list(WavSource(tmp_path / "a.wav", tail_seconds=0.5).blocks(threading.Event()))
    samples = np.frombuffer(b"".join(blocks), "<i2")
    assert abs(len(samples) - 1.5 * RATE) <= 1
    assert level(samples[:RATE]) == pytest.approx(level(tone(1000, RATE)) / 2, rel=0.02)
    assert not samples[-RATE // 4 :].any()
    assert max(map(len, blocks)) <= RATE // 10 * 2


def test_a_stop_ends_the_file(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(500, RATE, 2.0), RATE)
    stopped = threading.Event()
    blocks = WavSource(tmp_path / "a.wav").blocks(stopped)
    next(blocks)
    stopped.set()
    assert list(blocks) == []


def test_clipped_samples_are_counted(tmp_path: Path) -> None:
    samples = tone(500, RATE)
    samples[10:20] = 32767
    samples[30:33] = -32768
    write_wav(tmp_path / "a.wav", samples, RATE)
    source = WavSource(tmp_path / "a.wav")
    list(source.blocks(threading.Event()))
    assert source.clipped == count_clipped(samples) == 13


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="There is no sound file"):
        next(iter(WavSource(tmp_path / "a.wav").blocks(threading.Event())))


def test_channels_are_averaged() -> None:
    assert to_mono(np.array([[100, 200], [-32768, -32768]], np.int16)).tolist() == [150, -32768]


def test_a_missing_microphone_is_a_sentence() -> None:
    pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    with pytest.raises(AudioError, match=r"The microphone no such one cannot be used.*python -m sounddevice"):
        next(iter(MicrophoneSource("no such one").blocks(threading.Event())))
