"""The speaker node: says each sentence once, tells what sounds and what ended, is silent when told."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from medllm_ros.msg import SpeechState, Utterance
from medllm_ros.nodes import qos
from medllm_ros.nodes.base import NodeError
from medllm_ros.nodes.diagnostics import Level
from medllm_ros.nodes.speaker_node import SpeakerNode
from medllm_ros.speech.errors import SpeechError
from medllm_ros.speech.wav import write_wav


class FakeSynthesiser:
    """Renders a blip for every sentence."""

    def __init__(self, folder: Path, error: str = "") -> None:
        self.folder = folder
        self.error = error

    def render(self, text: str, locale: str, name: str) -> Path:
        if self.error:
            raise SpeechError(self.error)
        path = self.folder / f"{name}.wav"
        write_wav(path, np.zeros(160, np.int16), 16000)
        return path

    def discard(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class FakeSink:
    """Plays when it is let."""

    def __init__(self) -> None:
        self.played: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def play(self, wav_path: Path, stopped: threading.Event) -> bool:
        self.played.append(wav_path.stem)
        while not self.go.wait(0.005):
            if stopped.is_set():
                return False
        return not stopped.is_set()

    def close(self) -> None:
        self.go.set()


class FakeBedside:
    """The other side: sends sentences and hears the state."""

    def __init__(self, bench: Any) -> None:
        self.node = bench.plain()
        self.states: list[SpeechState] = []
        self.publisher = self.node.create_publisher(Utterance, "speech/utterance", qos.STREAM)
        self.node.create_subscription(SpeechState, "speech/state", self.states.append, qos.STATE_READER)
        bench.until(self.publisher.get_subscription_count, "the speaker listens")

    def say(self, utterance_id: str, epoch: int = 1, delivery_id: str = "d1", **fields: Any) -> None:
        fields = {"status": Utterance.STATUS_SPEAK, "priority": Utterance.PRIORITY_ORDINARY, "text": "您好", **fields}
        self.publisher.publish(
            Utterance(utterance_id=utterance_id, delivery_id=delivery_id, epoch=epoch, locale="zh_TW", **fields)
        )

    def stop(self, epoch: int, status: int = Utterance.STATUS_STOPPED, delivery_id: str = "d1") -> None:
        self.publisher.publish(Utterance(delivery_id=delivery_id, epoch=epoch, final=True, status=status))

    @property
    def ended(self) -> dict[str, bool]:
        return dict(zip(self.states[-1].ended_ids, self.states[-1].ended_completed, strict=True)) if self.states else {}

    @property
    def sounding(self) -> str:
        return self.states[-1].utterance_id if self.states else ""


@pytest.fixture
def sink(monkeypatch, tmp_path):
    sink = FakeSink()
    monkeypatch.setattr(SpeakerNode, "make_sink", lambda self: sink)
    monkeypatch.setattr(SpeakerNode, "make_synthesiser", lambda self: FakeSynthesiser(tmp_path))
    return sink


@pytest.fixture
def bedside(bench, sink):
    bench.make(SpeakerNode)
    return FakeBedside(bench)


def test_a_sentence_starts_sounds_and_ends(bench, bedside, sink):
    sink.go.clear()
    bedside.say("u1", turn_id=3, text="請飯後服用。")
    bench.until(lambda: bedside.sounding == "u1", "it sounds")
    state = bedside.states[-1]
    assert state.state == SpeechState.STATE_SPEAKING
    assert (state.text, state.delivery_id, state.turn_id) == ("請飯後服用。", "d1", 3)
    sink.go.set()
    bench.until(lambda: bedside.ended == {"u1": True}, "it ends")
    assert bedside.states[-1].state == SpeechState.STATE_SILENT


def test_a_resent_sentence_sounds_once(bench, bedside, sink):
    bedside.say("u1")
    bedside.say("u1")
    bedside.say("u2")
    bench.until(lambda: "u2" in bedside.ended, "both ended")
    assert sink.played == ["u1", "u2"]


def test_a_stop_ends_older_speech_and_later_speech_still_sounds(bench, bedside, sink):
    sink.go.clear()
    bedside.say("u1", epoch=1)
    bedside.say("u2", epoch=1)
    bench.until(lambda: bedside.sounding == "u1", "it sounds")
    bedside.stop(epoch=2)
    bench.until(lambda: bedside.ended == {"u1": False, "u2": False}, "both ended unheard")
    sink.go.set()
    bedside.say("u3", epoch=2)
    bench.until(lambda: bedside.ended.get("u3"), "the new sentence is heard")


def test_a_sentence_of_a_stopped_epoch_never_sounds_however_late(bench, bedside, sink):
    bedside.stop(epoch=5)
    bedside.say("late", epoch=4)
    bench.until(lambda: bedside.ended == {"late": False}, "it is reported as not spoken")
    assert sink.played == []


def test_the_next_visit_is_not_mute_though_its_epochs_begin_again(bench, bedside, sink):
    bedside.stop(epoch=50, delivery_id="d1")
    bedside.say("u1", epoch=1, delivery_id="d2")
    bench.until(lambda: bedside.ended.get("u1"), "the second visit is heard")


def test_a_stop_does_not_end_an_emergency_but_staff_do(bench, bedside, sink):
    sink.go.clear()
    bedside.say("e1", priority=Utterance.PRIORITY_EMERGENCY)
    bench.until(lambda: bedside.sounding == "e1", "it sounds")
    bedside.stop(epoch=9)
    bench.turn(0.2)
    assert bedside.sounding == "e1"
    bedside.stop(epoch=10, status=Utterance.STATUS_SILENCED)
    bench.until(lambda: bedside.ended == {"e1": False}, "staff end it")


def test_a_late_joiner_sees_the_state(bench, bedside, sink):
    bedside.say("u1")
    bench.until(lambda: bedside.ended, "it ended")
    seen: list[SpeechState] = []
    bench.plain("latecomer").create_subscription(SpeechState, "speech/state", seen.append, qos.STATE)
    bench.until(lambda: seen, "the latched state arrives")
    assert list(seen[0].ended_ids) == ["u1"]


def test_end_markers_and_nonsense_are_not_spoken(bench, bedside, sink):
    bedside.say("end", status=Utterance.STATUS_END, final=True, text="")
    bedside.say("odd", priority=0)
    bedside.say("unknown", status=0)
    bedside.say("u1")
    bench.until(lambda: bedside.ended.get("u1"), "the good one is heard")
    assert sink.played == ["u1"]


def test_a_failing_voice_is_an_error_and_its_sentences_end_unspoken(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(SpeakerNode, "make_sink", lambda self: FakeSink())
    monkeypatch.setattr(SpeakerNode, "make_synthesiser", lambda self: FakeSynthesiser(tmp_path, "No voice; install x."))
    node = bench.make(SpeakerNode)
    bedside = FakeBedside(bench)
    bedside.say("u1")
    bench.until(lambda: bedside.ended == {"u1": False}, "it is reported as not spoken")
    report = node.diagnostics.reports()["voice"]
    assert report.level is Level.ERROR
    assert "install x" in report.message


def test_sink_wav_without_a_folder_says_what_to_set(bench):
    node = bench.make(SpeakerNode, sink="wav", autostart=False)
    node.trigger_configure()
    assert "wav_folder" in node.diagnostics.reports()["lifecycle"].message
    with pytest.raises(NodeError, match="wav_folder"):
        node.make_sink()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_real_voice_writes_a_file(bench, tmp_path):
    bench.make(SpeakerNode, sink="wav", wav_folder=str(tmp_path / "speech"))
    bedside = FakeBedside(bench)
    bedside.say("u1", text="您好。")
    bench.until(lambda: bedside.ended.get("u1"), "it was spoken", seconds=30)
    assert (tmp_path / "speech" / "u1.wav").stat().st_size > 1000
