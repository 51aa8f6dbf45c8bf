"""The listener node: sound in, transcripts out, deaf while the robot itself speaks.

Without a recogniser model the node stays up, says NO_MODEL in its diagnostics, and text transcripts that others publish
on ``speech/transcript`` still work.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from medllm_ros.msg import SpeechState, Transcript
from medllm_ros.nodes import qos
from medllm_ros.nodes.base import MedllmNode, NodeError
from medllm_ros.nodes.diagnostics import Level, Report
from medllm_ros.nodes.run import spin
from medllm_ros.speech.audio_in import AudioSource, MicrophoneSource, WavSource
from medllm_ros.speech.errors import SpeechError
from medllm_ros.speech.recogniser import Heard, Recogniser, VoskRecogniser, check_model_folder
from medllm_ros.speech.turn_gate import TurnGate

WAV_TAIL_S = 1.0  # silence after a file, so that the recogniser finds the end of the sentence
RETRY_S = 5.0
JOIN_S = 2.0
LOW_CONFIDENCE = 0.5
REMEMBERED = 20


class State(StrEnum):
    """What the recogniser does."""

    NO_MODEL = "no_model"
    LOADING = "loading"
    LISTENING = "listening"
    ENDED = "ended"  # the WAV file is over
    FAILED = "failed"


class ListenerNode(MedllmNode):
    """Adapter around a recogniser, a source of sound and the gate between them."""

    def __init__(self, **node_options: Any) -> None:
        self._state = State.NO_MODEL
        self._why = ""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._source: AudioSource | None = None
        self._sounding = ""
        self._confidence: deque[float] = deque(maxlen=REMEMBERED)
        super().__init__("listener_node", **node_options)

    # -- lifecycle

    def configure(self) -> None:
        """Check model and source; loading happens on the listening thread."""
        self._state = State.LOADING if self.text("model") else State.NO_MODEL
        try:
            if self.text("model"):
                check_model_folder(self.text("model"))
                if self.text("source") == "wav" and not Path(self.text("wav")).expanduser().is_file():
                    raise NodeError(f"There is no WAV file {self.text('wav')!r}; set the parameter wav to one.")
            self._gate = TurnGate(self.number("tail_s"), self.number("max_mute_s"))
        except (SpeechError, ValueError) as error:
            raise NodeError(str(error)) from error
        self._gate_lock = threading.Lock()
        self._transcripts = self.create_publisher(Transcript, "speech/transcript", qos.STREAM)
        self.diagnostics.add("recogniser", self._report_recogniser)
        self.diagnostics.add("sound", self._report_sound)

    def activate(self) -> None:
        """Follow what the robot says, and listen."""
        self.listen(SpeechState, "speech/state", self._on_speech, qos.STATE_READER)
        if self._state is State.NO_MODEL:
            self.get_logger().warning("No recogniser model is set (parameter model); only text transcripts are heard.")
            return
        self._start()
        self.every(RETRY_S, self._retry)

    def deactivate(self) -> None:
        """Hear nothing more. The thread ends by itself; waiting for it would hold up the executor."""
        self._stopped.set()

    def close(self) -> None:
        """End the node; the thread gets a moment to give the microphone back."""
        super().close()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None

    def cleanup(self) -> None:
        """Free the publisher; model and sound were freed with their thread."""
        self.diagnostics.remove("recogniser")
        self.diagnostics.remove("sound")
        if self.__dict__.get("_transcripts") is not None:
            self.destroy_publisher(self._transcripts)
            self._transcripts = None

    def make_recogniser(self) -> Recogniser:
        """Return the recogniser; called on the listening thread, may take seconds."""
        return VoskRecogniser(self.text("model"), locale=self.text("locale"))

    def make_source(self) -> AudioSource:
        """Return where sound comes from, as the parameters say."""
        if self.text("source") == "wav":
            return WavSource(Path(self.text("wav")).expanduser(), paced=True, tail_seconds=WAV_TAIL_S)
        return MicrophoneSource(self.text("device") or None)

    # -- the listening thread

    def _start(self) -> None:
        self._stopped = threading.Event()
        self._set(State.LOADING)
        before, stopped = self._thread, self._stopped
        self._thread = threading.Thread(target=self._run, args=(stopped, before), name="listener", daemon=True)
        self._thread.start()

    def _run(self, stopped: threading.Event, before: threading.Thread | None) -> None:
        def tell(state: State, why: str = "") -> None:
            self.inbox.post(lambda: None if stopped.is_set() else self._set(state, why))

        if before is not None:
            before.join(JOIN_S)  # it may still hold the microphone
        try:
            recogniser = self.make_recogniser()
            if stopped.is_set():
                return
            source = self._source = self.make_source()
            tell(State.LISTENING)
            for block in source.blocks(stopped):
                if stopped.is_set():
                    return
                self._hear(recogniser, block)
            if not stopped.is_set():
                self._tell(recogniser.finish())
                tell(State.ENDED)
        except Exception as error:  # reported and retried; the node and its text transcripts go on
            why = str(error) if isinstance(error, SpeechError) else f"{type(error).__name__}: {error}"
            tell(State.FAILED, why)

    def _hear(self, recogniser: Recogniser, block: bytes) -> None:
        now = time.monotonic()
        with self._gate_lock:
            is_open, reset = self._gate.is_open(now), self._gate.take_reset(now)
        if reset:
            recogniser.reset()
        if is_open:
            self._tell(recogniser.accept(block))

    def _tell(self, heard: list[Heard]) -> None:
        for item in heard:
            self.inbox.post(partial(self._publish, item))

    # -- the executor's thread

    def _publish(self, heard: Heard) -> None:
        if not self.is_active:
            return
        if heard.final and heard.confidence_mean >= 0:
            self._confidence.append(heard.confidence_mean)
        msg = Transcript(
            transcript_id=uuid.uuid4().hex, text=heard.text, final=heard.final, confidence_min=heard.confidence_min,
            confidence_mean=heard.confidence_mean, alternatives=list(heard.alternatives), locale=self.text("locale"),
            source=self.text("source"),
        )  # fmt: skip
        msg.header.stamp = self.get_clock().now().to_msg()
        self._transcripts.publish(msg)

    def _on_speech(self, msg: SpeechState) -> None:
        now = time.monotonic()
        with self._gate_lock:
            if msg.state == SpeechState.STATE_SPEAKING:
                self._gate.started(msg.utterance_id, now)
                self._sounding = msg.utterance_id
            elif self._sounding:
                self._gate.ended(self._sounding, now)
                self._sounding = ""

    def _set(self, state: State, why: str = "") -> None:
        if state is not self._state and why:
            self.get_logger().error(f"The robot cannot hear: {why}")
        self._state, self._why = state, why

    def _retry(self) -> None:
        if self._state is State.FAILED:
            self._start()

    # -- diagnostics

    def _report_recogniser(self) -> Report:
        values: dict[str, object] = {"state": self._state.value.upper(), "model": self.text("model")}
        if self._confidence:
            values["mean_confidence"] = f"{sum(self._confidence) / len(self._confidence):.2f}"
        if self._state is State.NO_MODEL:
            return Report(Level.WARN, "NO_MODEL: set parameter model to a vosk model; text transcripts work.", values)
        if self._state is State.FAILED:
            return Report(Level.ERROR, self._why, values)
        if self._state is State.LOADING:
            return Report(Level.WARN, "The recogniser is loading.", values)
        if len(self._confidence) >= 5 and sum(self._confidence) / len(self._confidence) < LOW_CONFIDENCE:
            return Report(Level.WARN, "The recogniser is unsure of most words; check microphone and noise.", values)
        return Report(Level.OK, "The WAV file is over." if self._state is State.ENDED else "Listening.", values)

    def _report_sound(self) -> Report:
        clipped = self._source.clipped if self._source else 0
        lost = getattr(self._source, "lost", 0)
        values = {"clipped_samples": clipped, "lost_blocks": lost, "source": self.text("source")}
        if lost:
            return Report(Level.ERROR, f"{lost} blocks of sound were lost; the machine is too slow.", values)
        if clipped:
            return Report(Level.WARN, f"{clipped} samples are clipped; lower the microphone's level.", values)
        return Report(Level.OK, "No clipping, no gaps.", values)


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    spin(ListenerNode, args)


if __name__ == "__main__":
    main()
