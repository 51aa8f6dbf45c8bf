"""The listener node: sound in, transcripts out, deaf while the robot speaks, and useful without a model."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from medllm_ros.msg import SpeechState, Transcript
from medllm_ros.nodes import listener_node as module
from medllm_ros.nodes import qos
from medllm_ros.nodes.diagnostics import Level
from medllm_ros.nodes.listener_node import ListenerNode
from medllm_ros.speech.errors import AudioError
from medllm_ros.speech.recogniser import Heard


class FakeRecogniser:
    """Hears the bytes it is given as text."""

    def __init__(self) -> None:
        self.resets = 0

    def accept(self, pcm16: bytes) -> list[Heard]:
        text = pcm16.decode()
        return [Heard(text=text, final=True, confidence_min=0.5, confidence_mean=0.75, alternatives=("x",))]

    def reset(self) -> None:
        self.resets += 1

    def finish(self) -> list[Heard]:
        return []


class FakeSource:
    """Gives the blocks that a test puts in; None ends it, an exception breaks it."""

    clipped = 0

    def __init__(self) -> None:
        self.queue: queue.Queue[Any] = queue.Queue()

    def blocks(self, stopped: threading.Event) -> Any:
        while not stopped.is_set():
            try:
                block = self.queue.get(timeout=0.02)
            except queue.Empty:
                continue
            if block is None:
                return
            if isinstance(block, Exception):
                raise block
            yield block


class FakeRobot:
    """The other side: hears transcripts and says when the robot speaks."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.node = bench.plain()
        self.heard: list[Transcript] = []
        self.node.create_subscription(Transcript, "speech/transcript", self.heard.append, qos.STREAM)
        self.state = self.node.create_publisher(SpeechState, "speech/state", qos.STATE)
        bench.until(self.state.get_subscription_count, "the listener follows the speech state")

    @property
    def texts(self) -> list[str]:
        return [msg.text for msg in self.heard]

    def speaks(self, utterance_id: str) -> None:
        state = SpeechState.STATE_SPEAKING if utterance_id else SpeechState.STATE_SILENT
        self.state.publish(SpeechState(state=state, utterance_id=utterance_id))


@pytest.fixture
def ears(monkeypatch):
    recogniser, source = FakeRecogniser(), FakeSource()
    monkeypatch.setattr(ListenerNode, "make_recogniser", lambda self: recogniser)
    monkeypatch.setattr(ListenerNode, "make_source", lambda self: source)
    monkeypatch.setattr(module, "check_model_folder", Path)
    return recogniser, source


def test_what_is_heard_is_published_with_its_confidence(bench, ears):
    node = bench.make(ListenerNode, model="/models/vosk")
    robot = FakeRobot(bench)
    ears[1].queue.put("這是什麼藥".encode())
    bench.until(lambda: robot.heard, "the transcript is published")
    msg = robot.heard[0]
    assert (msg.text, msg.final, msg.source, msg.locale) == ("這是什麼藥", True, "microphone", "zh_TW")
    assert (msg.confidence_min, msg.confidence_mean, list(msg.alternatives)) == (0.5, 0.75, ["x"])
    assert msg.transcript_id
    assert node.diagnostics.reports()["recogniser"].level is Level.OK


def test_nothing_is_heard_while_the_robot_speaks(bench, ears):
    node = bench.make(ListenerNode, model="/models/vosk", tail_s=0.0)
    robot = FakeRobot(bench)
    robot.speaks("u1")
    bench.until(lambda: node._sounding == "u1", "the gate closes")
    ears[1].queue.put(b"robot's own words")
    bench.turn(0.2)
    robot.speaks("")
    bench.until(lambda: node._sounding == "", "the gate opens")
    ears[1].queue.put(b"patient")
    bench.until(lambda: robot.heard, "the patient is heard")
    assert robot.texts == ["patient"]
    assert ears[0].resets == 1


def test_the_gate_opens_by_itself_where_the_end_of_speech_is_lost(bench, ears):
    node = bench.make(ListenerNode, model="/models/vosk", max_mute_s=1.0)
    robot = FakeRobot(bench)
    robot.speaks("u1")
    bench.until(lambda: node._sounding == "u1", "the gate closes")
    bench.turn(1.1)
    ears[1].queue.put(b"patient")
    bench.until(lambda: robot.heard, "the patient is heard")


def test_without_a_model_the_node_is_active_and_says_so(bench):
    node = bench.make(ListenerNode)
    bench.until(lambda: node.is_active, "the node is active")
    report = node.diagnostics.reports()["recogniser"]
    assert report.level is Level.WARN
    assert "NO_MODEL" in report.message


def test_a_broken_microphone_is_an_error_and_is_tried_again(bench, ears, monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.2)
    node = bench.make(ListenerNode, model="/models/vosk")
    robot = FakeRobot(bench)
    ears[1].queue.put(AudioError("The microphone is gone; plug it in."))
    bench.until(lambda: node.diagnostics.reports()["recogniser"].level is Level.ERROR, "the error is reported")
    assert "plug it in" in node.diagnostics.reports()["recogniser"].message
    ears[1].queue.put(b"again")
    bench.until(lambda: robot.texts == ["again"], "it listens again")


def test_the_end_of_a_wav_file_is_a_state(bench, ears, tmp_path):
    wav = tmp_path / "patient.wav"
    wav.write_bytes(b"RIFF")
    node = bench.make(ListenerNode, model="/models/vosk", source="wav", wav=str(wav))
    ears[1].queue.put(None)
    bench.until(lambda: node.diagnostics.reports()["recogniser"].values["state"] == "ENDED", "the file is over")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [({"model": "/nowhere"}, "/nowhere"), ({"model": "/nowhere", "source": "wav"}, "")],
)
def test_a_wrong_folder_is_a_clear_error(bench, parameters, sentence):
    node = bench.make(ListenerNode, autostart=False, **parameters)
    node.trigger_configure()
    report = node.diagnostics.reports()["lifecycle"]
    assert report.level is Level.ERROR
    assert sentence in report.message


def test_a_model_that_loads_long_neither_holds_up_deactivation_nor_listens_after_it(bench, ears, monkeypatch):
    loading, loaded = threading.Event(), threading.Event()

    def load(self: Any) -> FakeRecogniser:
        loading.set()
        assert loaded.wait(20)
        return ears[0]

    monkeypatch.setattr(ListenerNode, "make_recogniser", load)
    node = bench.make(ListenerNode, model="/models/vosk")
    bench.until(loading.is_set, "the model is being loaded")
    bench.until(lambda: node.is_active, "the node is active")
    thread = node._thread
    began = time.monotonic()
    node.trigger_deactivate()
    assert time.monotonic() - began < 1.0
    loaded.set()
    bench.until(lambda: not thread.is_alive(), "the thread ends")
    bench.turn(0.1)
    assert node.diagnostics.reports()["recogniser"].values["state"] != "LISTENING"
    node.trigger_activate()
    robot = FakeRobot(bench)
    ears[1].queue.put(b"again")
    bench.until(lambda: robot.texts == ["again"], "it listens again")
