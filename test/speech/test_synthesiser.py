"""The real voice: pyttsx3 and espeak-ng in a child process, rendering into files of our own."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from medllm_ros.speech.errors import SpeechCancelled, SpeechError
from medllm_ros.speech.player import WavFolderSink
from medllm_ros.speech.private_folder import PREFIX, PrivateFolder, remove_abandoned
from medllm_ros.speech.splitter import SentenceSplitter
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser, VoiceSettings
from medllm_ros.speech.voice import Utterance, Voice
from medllm_ros.speech.wav import read_wav

pytest.importorskip("pyttsx3")
needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (apt install espeak-ng)"
)


@pytest.fixture
def synthesiser() -> Iterator[Pyttsx3Synthesiser]:
    synthesiser = Pyttsx3Synthesiser()
    yield synthesiser
    synthesiser.close()


def python(code: str) -> tuple[str, ...]:
    """Return the command of a child that behaves as ``code`` says."""
    return (sys.executable, "-c", "import json, sys, time\n" + code)


READY = 'print(json.dumps({"id": 0, "ok": True}), flush=True)\n'


@needs_espeak
@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("王奶奶您好，這是您的降血壓藥 Amlodipine 5 mg，每天早上 8 點吃 1 顆。", "zh_TW"),
        ("这是您的药，每次 0.5 mg。", "zh_CN"),
        ("Take 0.125 mg of digoxin at 08:00.", "en_US"),
    ],
)
def test_a_sentence_becomes_audible_speech_of_a_plausible_length(
    synthesiser: Pyttsx3Synthesiser, text: str, locale: str
) -> None:
    samples, rate = read_wav(synthesiser.render(text, locale, "u1"))
    assert 1.5 < len(samples) / rate < 15
    assert np.abs(samples.astype(int)).max() > 3000


@needs_espeak
def test_only_the_owner_can_read_the_sound_and_nothing_stays(synthesiser: Pyttsx3Synthesiser) -> None:
    path = synthesiser.render("您好 Tom 您好", "zh_TW", "../../u 1")
    assert path.parent == synthesiser.folder
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(synthesiser.folder.stat().st_mode) == 0o700
    assert [child.name for child in synthesiser.folder.iterdir() if not child.name.startswith(".")] == [path.name]
    synthesiser.discard(path)
    assert not path.exists()
    synthesiser.render("您好", "zh_TW", "u2")
    synthesiser.close()
    assert not synthesiser.folder.exists()


@needs_espeak
def test_a_killed_child_is_replaced_and_the_sentence_is_rendered(synthesiser: Pyttsx3Synthesiser) -> None:
    synthesiser.start()
    assert synthesiser._child is not None
    first = synthesiser._child.pid
    os.kill(first, signal.SIGKILL)
    assert synthesiser.render("您好", "zh_TW", "u1").exists()
    assert synthesiser._child.pid != first


@needs_espeak
def test_close_leaves_no_process(synthesiser: Pyttsx3Synthesiser) -> None:
    synthesiser.start()
    assert synthesiser._child is not None
    pid = synthesiser._child.pid
    synthesiser.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SpeechCancelled):
        synthesiser.render("您好", "zh_TW", "u1")


@needs_espeak
def test_an_unknown_voice_is_refused_instead_of_speaking_with_another_one() -> None:
    synthesiser = Pyttsx3Synthesiser(VoiceSettings(zh="klingon"))
    with pytest.raises(SpeechError, match="The voice klingon is not installed"):
        synthesiser.render("您好", "zh_TW", "u1")
    synthesiser.close()


def test_a_child_that_dies_twice_is_a_sentence() -> None:
    synthesiser = Pyttsx3Synthesiser(command=python(READY + "sys.stdin.readline()"))
    with pytest.raises(SpeechError, match="failed twice"):
        synthesiser.render("您好", "zh_TW", "u1")
    synthesiser.close()


def test_a_child_that_hangs_is_killed_within_the_time_limit() -> None:
    settings = VoiceSettings(render_timeout=0.2)
    synthesiser = Pyttsx3Synthesiser(settings, command=python(READY + "sys.stdin.readline(); time.sleep(60)"))
    before = time.monotonic()
    with pytest.raises(SpeechError, match=r"did not answer within 0\.2 s"):
        synthesiser.render("您好", "zh_TW", "u1")
    assert time.monotonic() - before < 5
    synthesiser.close()


def test_a_child_that_never_gets_ready_is_a_sentence() -> None:
    synthesiser = Pyttsx3Synthesiser(VoiceSettings(start_timeout=0.2), command=python("time.sleep(60)"))
    with pytest.raises(SpeechError, match=r"did not start within 0\.2 s"):
        synthesiser.start()
    synthesiser.close()


def test_a_child_without_a_voice_says_why_and_is_not_tried_again() -> None:
    code = 'print(json.dumps({"id": 0, "ok": False, "error": "The package pyttsx3 is missing."}), flush=True)'
    synthesiser = Pyttsx3Synthesiser(command=python(code))
    with pytest.raises(SpeechError, match=r"^The package pyttsx3 is missing\.$"):
        synthesiser.render("您好", "zh_TW", "u1")
    synthesiser.close()


def test_a_rendering_in_progress_can_be_cancelled_at_once() -> None:
    synthesiser = Pyttsx3Synthesiser(command=python(READY + "sys.stdin.readline(); time.sleep(60)"))
    synthesiser.start()
    errors: list[BaseException] = []

    def render() -> None:
        try:
            synthesiser.render("您好", "zh_TW", "u1")
        except SpeechError as error:
            errors.append(error)

    thread = threading.Thread(target=render)
    thread.start()
    while synthesiser._child is not None and synthesiser._child._number == 0:
        pass
    before = time.monotonic()
    synthesiser.cancel()
    thread.join(5)
    assert time.monotonic() - before < 1
    assert isinstance(errors[0], SpeechCancelled)
    synthesiser.close()


def test_text_without_words_is_refused(synthesiser: Pyttsx3Synthesiser) -> None:
    with pytest.raises(SpeechError, match="nothing that can be said"):
        synthesiser.render("……", "zh_TW", "u1")


@pytest.mark.parametrize("setting", [{"rate": 10}, {"volume": 2}, {"render_timeout": 0}])
def test_impossible_settings_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        VoiceSettings(**setting)  # type: ignore[arg-type]


def test_folders_of_dead_processes_are_removed_and_living_ones_stay(tmp_path: Path) -> None:
    alive = PrivateFolder(tmp_path)
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir(mode=0o700)
    (dead / ".lock").touch()
    (dead / "u1.wav").touch()
    os.utime(dead, (0, 0))
    os.utime(alive.path, (0, 0))
    assert remove_abandoned(tmp_path) == 1
    assert alive.path.exists() and not dead.exists()
    alive.close()
    alive.close()
    assert not alive.path.exists()


def test_without_pyttsx3_the_voice_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyttsx3'] = None; from medllm_ros.speech import pyttsx3_child as child; child.main()"
    )
    synthesiser = Pyttsx3Synthesiser(command=(sys.executable, "-c", code))
    with pytest.raises(SpeechError, match=r"The package pyttsx3 is missing .* install the extra 'speech'"):
        synthesiser.start()
    synthesiser.close()


PARENT = """
import time
from medllm_ros.speech.splitter import SentenceSplitter
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser
synthesiser = Pyttsx3Synthesiser()
synthesiser.render("您好", "zh_TW", "u1")
print(synthesiser._child.pid, synthesiser.folder, flush=True)
time.sleep(60)
"""


@needs_espeak
def test_after_a_kill_of_the_node_the_child_ends_and_the_sound_is_deleted_at_the_next_start() -> None:
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        assert (Path(folder) / "u1.wav").exists()
        parent.kill()
    deadline = time.monotonic() + 5
    while _alive(int(pid)) and time.monotonic() < deadline:
        pass
    assert not _alive(int(pid))
    os.utime(folder, (0, 0))
    Pyttsx3Synthesiser().close()
    assert not Path(folder).exists()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@needs_espeak
def test_a_whole_reply_is_spoken_in_order_by_the_real_voice(tmp_path: Path) -> None:
    ends: list[tuple[str, bool]] = []
    synthesiser = Pyttsx3Synthesiser()
    voice = Voice(
        synthesiser,
        WavFolderSink(tmp_path, paced=False),
        lambda name: None,
        lambda name, completed: ends.append((name, completed)),
    )
    splitter = SentenceSplitter()
    reply = "[F1] 這是脈優 Amlodipine 5 mg。[F3] 每天早上 08:00 吃 1 顆。[F4] 不要跟葡萄柚汁一起服用。"
    for seq, sentence in enumerate([*splitter.feed(reply), *splitter.flush()]):
        voice.say(Utterance(utterance_id=f"t1-{seq}", text=sentence))
    assert voice.wait_idle(20)
    assert ends == [("t1-0", True), ("t1-1", True), ("t1-2", True)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t1-0.wav", "t1-1.wav", "t1-2.wav"]
    assert [path for path in synthesiser.folder.iterdir() if path.suffix == ".wav"] == []
    before = time.monotonic()
    voice.close()
    assert time.monotonic() - before < 2
    assert not synthesiser.folder.exists()
