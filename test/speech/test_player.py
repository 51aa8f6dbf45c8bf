"""Sinks play to the true end, stop at once, and keep files only where they are told to."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.player import Feed, NoneSink, Sink, WavFolderSink
from medllm_ros.speech.wav import read_wav, write_wav

RATE = 8000


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "u1.wav"
    write_wav(path, np.full(RATE, 1000, np.int16), RATE)
    return path


@pytest.fixture(params=["none", "folder"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    return NoneSink() if request.param == "none" else WavFolderSink(tmp_path / "out")


def test_playing_takes_as_long_as_the_speech(sink: Sink, second: Path) -> None:
    before = time.monotonic()
    assert sink.play(second, threading.Event())
    assert 0.9 < time.monotonic() - before < 2


def test_a_stop_is_obeyed_at_once(sink: Sink, second: Path) -> None:
    stopped = threading.Event()
    timer = threading.Timer(0.1, stopped.set)
    before = time.monotonic()
    timer.start()
    assert not sink.play(second, stopped)
    assert time.monotonic() - before < 0.5


def test_an_unpaced_sink_returns_at_once(second: Path, tmp_path: Path) -> None:
    before = time.monotonic()
    assert NoneSink(paced=False).play(second, threading.Event())
    assert WavFolderSink(tmp_path / "out", paced=False).play(second, threading.Event())
    assert time.monotonic() - before < 0.5


def test_the_folder_keeps_what_was_heard(second: Path, tmp_path: Path) -> None:
    sink = WavFolderSink(tmp_path / "out", paced=False)
    assert sink.play(second, threading.Event())
    samples, rate = read_wav(tmp_path / "out" / "u1.wav")
    assert (len(samples), rate) == (RATE, RATE)
    assert stat.S_IMODE((tmp_path / "out" / "u1.wav").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    stopped = threading.Event()
    stopped.set()
    assert not sink.play(second, stopped)
    assert len(read_wav(tmp_path / "out" / "u1.wav")[0]) == 0


def test_a_folder_that_cannot_be_made_is_a_sentence(second: Path) -> None:
    with pytest.raises(AudioError, match="choose another one"):
        WavFolderSink(second / "below a file")


def test_a_missing_file_is_a_sentence(sink: Sink, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="There is no sound file"):
        sink.play(tmp_path / "missing.wav", threading.Event())


def test_a_feed_hands_out_every_sample_once_and_then_silence() -> None:
    feed = Feed(np.arange(1, 26, dtype=np.int16).reshape(-1, 1))
    out = []
    while not feed.exhausted:
        block = np.full((10, 1), 99, np.int16)
        feed.fill(block)
        out.append(block[:, 0].tolist())
    assert [sample for block in out for sample in block] == [*range(1, 26), 0, 0, 0, 0, 0]


DEVICE = """
import sys, threading
from pathlib import Path
from medllm_ros.speech.player import DeviceSink
stopped = threading.Event()
if sys.argv[2] == "stop":
    stopped.set()
try:
    print(DeviceSink(sys.argv[3] if len(sys.argv) > 3 else None).play(Path(sys.argv[1]), stopped))
except Exception as error:
    print(type(error).__name__, error)
"""


def play_on_null_device(wav: Path, home: Path, *arguments: str) -> str:
    """Play through PortAudio on ALSA's null device, which takes everything and makes no sound."""
    (home / ".asoundrc").write_text("pcm.!default { type null }\n")
    root = str(Path(__file__).resolve().parents[2])
    run = subprocess.run(
        [sys.executable, "-c", DEVICE, str(wav), *arguments],
        env={**os.environ, "HOME": str(home), "PYTHONPATH": root}, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    if "libportaudio" in run.stdout or "Error querying device -1" in run.stdout:
        pytest.skip("no PortAudio or no ALSA here")
    return run.stdout.strip()


def test_the_sound_card_plays_to_the_end_and_obeys_a_stop(second: Path, tmp_path: Path) -> None:
    pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    assert play_on_null_device(second, tmp_path, "play") == "True"
    assert play_on_null_device(second, tmp_path, "stop") == "False"


def test_an_unknown_sound_card_is_a_sentence(second: Path, tmp_path: Path) -> None:
    pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    answer = play_on_null_device(second, tmp_path, "play", "no such card")
    assert answer.startswith("AudioError The loudspeaker no such card cannot be used")
    assert "python -m sounddevice" in answer
