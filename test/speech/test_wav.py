"""WAV files of all common kinds are read; names cannot leave their folder."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.wav import join, read_wav, safe_name, trim, write_wav


def test_what_is_written_is_read(tmp_path: Path) -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    write_wav(tmp_path / "a.wav", samples, 22050)
    read, rate = read_wav(tmp_path / "a.wav")
    assert rate == 22050 and read[:, 0].tolist() == samples.tolist()


@pytest.mark.parametrize(
    ("width", "data"),
    [
        (1, bytes([128, 255, 0])),
        (2, b"\0\0\0\x7f\0\x80"),
        (3, b"\0\0\0\0\0\x7f\0\0\x80"),
        (4, b"\0\0\0\0\0\0\0\x7f\0\0\0\x80"),
    ],
)
def test_every_sample_width_is_understood(tmp_path: Path, width: int, data: bytes) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(16000)
        file.writeframes(data)
    assert read_wav(tmp_path / "a.wav")[0][:, 0].tolist() == [0, 127 << 8, -32768]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wav file at all, but long enough to be read as a header"])
def test_anything_else_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match="is not a PCM WAV file"):
        read_wav(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        read_wav(tmp_path)


def test_silence_at_both_ends_is_trimmed_and_parts_are_joined_with_their_pauses() -> None:
    part = np.concatenate([np.zeros(50), np.full(10, 1000), np.zeros(70)]).astype(np.int16)
    assert len(trim(part)) == 10
    assert len(trim(np.zeros(5, np.int16))) == 0
    assert len(join([(part, 0.01), (part, 0.02)], 1000)) == 10 + 10 + 10 + 20


@given(st.text(max_size=120), st.text(max_size=120))
def test_names_are_safe_and_different_ids_have_different_names(first: str, second: str) -> None:
    name = safe_name(first)
    assert name and len(name) <= 100 and all(char.isascii() and (char.isalnum() or char in "_-") for char in name)
    assert safe_name(name) == name
    if first != second:
        assert name != safe_name(second)


def test_a_plain_id_keeps_its_name() -> None:
    assert safe_name("d1-t2-s3") == "d1-t2-s3"
    assert safe_name("../../etc/passwd").startswith("etc_passwd-")
