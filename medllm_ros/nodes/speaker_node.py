"""The speaker node: sentences in, sound out, and a latched state that says what sounds now and what has ended."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import partial
from pathlib import Path
from typing import Any

from medllm_ros.bedside.effects import Priority
from medllm_ros.msg import SpeechState, Utterance
from medllm_ros.nodes import qos
from medllm_ros.nodes.base import MedllmNode, NodeError
from medllm_ros.nodes.diagnostics import Level, Report
from medllm_ros.nodes.epochs import Epochs
from medllm_ros.nodes.outgoing import PRIORITIES
from medllm_ros.nodes.run import spin
from medllm_ros.nodes.warm_voice import WarmVoice
from medllm_ros.speech.errors import SpeechError
from medllm_ros.speech.player import DeviceSink, NoneSink, Sink, WavFolderSink
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser, Synthesiser, VoiceSettings
from medllm_ros.speech.voice import Utterance as Sentence
from medllm_ros.speech.voice import Voice

REMEMBERED_ENDS = 32
REMEMBERED_TEXTS = 1000


class SpeakerNode(MedllmNode):
    """Adapter around :class:`~medllm_ros.speech.voice.Voice`."""

    def __init__(self, **node_options: Any) -> None:
        self._voice: Voice | None = None
        self._said: OrderedDict[str, Utterance] = OrderedDict()
        self._ended: deque[tuple[str, bool]] = deque(maxlen=REMEMBERED_ENDS)
        self._sounding = ""
        self._no_voice = ""
        self._spoken = self._unspoken = 0
        super().__init__("speaker_node", **node_options)

    # -- lifecycle

    def configure(self) -> None:
        """Check the sink and start the voice; a voice that cannot start is reported, not fatal."""
        try:
            sink = self.make_sink()
            synthesiser = self.make_synthesiser()
        except (SpeechError, OSError, ValueError) as error:
            raise NodeError(str(error)) from error
        self._epochs = Epochs()
        self._state = self.create_publisher(SpeechState, "speech/state", qos.STATE)
        self._voice = Voice(
            synthesiser, sink, lambda utterance_id: self.inbox.post(lambda: self._on_started(utterance_id)),
            lambda utterance_id, completed: self.inbox.post(lambda: self._on_ended(utterance_id, completed)),
        )  # fmt: skip
        self.diagnostics.add("voice", self._report_voice)
        self.diagnostics.add("queue", self._report_queue)

    def activate(self) -> None:
        """Say so, and listen for sentences."""
        self._publish()
        self.listen(Utterance, "speech/utterance", self._on_utterance, qos.STREAM)

    def deactivate(self) -> None:
        """Be silent."""
        if self._voice is not None:
            self._voice.stop(everything=True)

    def cleanup(self) -> None:
        """End the voice, its child and its files."""
        self.diagnostics.remove("voice")
        self.diagnostics.remove("queue")
        if self._voice is not None:
            voice, self._voice = self._voice, None
            voice.close()
            self.destroy_publisher(self._state)

    def make_sink(self) -> Sink:
        """Return where sound goes, as the parameters say."""
        kind = self.text("sink")
        if kind == "wav":
            folder = self.text("wav_folder")
            if not folder:
                raise NodeError("Sink 'wav' needs the parameter wav_folder: the folder for the WAV files.")
            return WavFolderSink(Path(folder).expanduser(), paced=self.flag("paced"))
        return DeviceSink(self.text("device") or None) if kind == "device" else NoneSink(paced=self.flag("paced"))

    def make_synthesiser(self) -> Synthesiser:
        """Return the voice, as the parameters say."""
        inner = Pyttsx3Synthesiser(VoiceSettings(rate=self.count("rate_wpm"), volume=self.number("volume")))
        return WarmVoice(inner, lambda why: self.inbox.post(partial(self._on_no_voice, why)))

    # -- in

    def _on_utterance(self, msg: Utterance) -> None:
        if self._voice is None:
            return
        if msg.status in (Utterance.STATUS_STOPPED, Utterance.STATUS_SILENCED):
            floor = self._epochs.stop(msg.delivery_id, msg.epoch)
            self._voice.stop(epoch=floor, everything=msg.status == Utterance.STATUS_SILENCED)
            return
        if msg.status != Utterance.STATUS_SPEAK or not msg.text:
            return
        priority = next((meaning for meaning, code in PRIORITIES.items() if code == msg.priority), None)
        if priority is None:
            self.get_logger().warning(f"Utterance {msg.utterance_id[:64]!r} has no priority and is not spoken.")
            return
        epoch = self._epochs.number(msg.delivery_id, msg.epoch)
        if epoch is None and priority is Priority.ORDINARY:
            self._end_unspoken(msg.utterance_id)
            return
        self._remember(msg)
        sentence = Sentence(
            utterance_id=msg.utterance_id, text=msg.text, locale=msg.locale or self.text("locale"),
            epoch=self._epochs.floor if epoch is None else epoch, priority=priority,
        )  # fmt: skip
        if self._voice.say(sentence):
            self._publish()

    def _remember(self, msg: Utterance) -> None:
        self._said[msg.utterance_id] = msg
        while len(self._said) > REMEMBERED_TEXTS:
            self._said.popitem(last=False)

    # -- out, on the executor's thread

    def _on_started(self, utterance_id: str) -> None:
        self._sounding, self._no_voice = utterance_id, ""
        self._publish()

    def _on_ended(self, utterance_id: str, completed: bool) -> None:
        if self._sounding == utterance_id:
            self._sounding = ""
        self._ended.append((utterance_id, completed))
        self._spoken += completed
        self._unspoken += not completed
        self._publish()

    def _end_unspoken(self, utterance_id: str) -> None:
        self._ended.append((utterance_id, False))
        self._unspoken += 1
        self._publish()

    def _publish(self) -> None:
        if self._voice is None:
            return
        msg = SpeechState(robot_id=self.text("robot_id"), state=SpeechState.STATE_SILENT, queued=self._voice.queued)
        msg.header.stamp = self.get_clock().now().to_msg()
        msg.ended_ids = [utterance_id for utterance_id, _ in self._ended]
        msg.ended_completed = [completed for _, completed in self._ended]
        sounding = self._said.get(self._sounding)
        if self._no_voice:
            msg.state = SpeechState.STATE_NO_VOICE
        elif sounding is not None:
            msg.state, msg.utterance_id, msg.text = SpeechState.STATE_SPEAKING, self._sounding, sounding.text
            msg.delivery_id, msg.turn_id = sounding.delivery_id, sounding.turn_id
        self._state.publish(msg)

    # -- helpers

    def _on_no_voice(self, why: str) -> None:
        if self._voice is not None:
            self._no_voice = why
            self._publish()

    def _report_voice(self) -> Report:
        assert self._voice
        values = {"sink": self.text("sink"), "spoken": self._spoken, "not_completed": self._unspoken}
        fault = self._voice.fault or self._no_voice
        if fault:
            return Report(Level.ERROR, fault, values)
        return Report(Level.OK, "Speaking." if self._sounding else "Silent.", values)

    def _report_queue(self) -> Report:
        assert self._voice
        waiting, limit = self._voice.queued, self.count("warn_queue")
        if waiting > limit:
            return Report(Level.WARN, f"{waiting} utterances wait; {limit} are usual.", {"waiting": waiting})
        return Report(Level.OK, f"{waiting} utterances wait or sound.", {"waiting": waiting})


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    spin(SpeakerNode, args)


if __name__ == "__main__":
    main()
