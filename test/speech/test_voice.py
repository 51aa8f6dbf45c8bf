"""What is spoken when: priorities, epochs, pre-emption, and that every accepted utterance ends exactly once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from speech_fakes import FakeSink, FakeSynthesiser, Listener

from medllm_ros.bedside.effects import Priority
from medllm_ros.speech.player import NoneSink
from medllm_ros.speech.voice import Utterance, Voice

ORDINARY, ALERT, EMERGENCY = Priority.ORDINARY, Priority.ALERT, Priority.EMERGENCY


class Rig:
    """A voice with fakes around it."""

    def __init__(self, folder: Path) -> None:
        self.synthesiser, self.sink, self.heard = FakeSynthesiser(folder), FakeSink(), Listener()
        self.voice = Voice(self.synthesiser, self.sink, self.heard.started, self.heard.ended)

    def say(self, name: str, priority: Priority = ORDINARY, epoch: int = 0, text: str = "好") -> bool:
        return self.voice.say(Utterance(utterance_id=name, text=text, priority=priority, epoch=epoch))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.voice.close()


def test_sentences_sound_in_the_order_of_arrival(rig: Rig) -> None:
    for name in "abc":
        assert rig.say(name)
    rig.sink.release(3)
    assert rig.voice.wait_idle(5)
    assert rig.heard.events == [(kind, name) for name in "abc" for kind in ("started", "completed")]


def test_an_emergency_cuts_an_ordinary_sentence_and_goes_first(rig: Rig) -> None:
    rig.say("a")
    rig.say("b")
    assert rig.sink.wait_playing() == "a"
    rig.say("alert", ALERT)
    rig.say("emergency", EMERGENCY)
    assert rig.sink.wait_playing() == "emergency"
    rig.sink.release(3)
    assert rig.voice.wait_idle(5)
    assert rig.heard.starts == ["a", "emergency", "alert", "b"]
    assert rig.heard.ends["a"] == "cut"


def test_an_alert_waits_for_the_end_of_the_sentence(rig: Rig) -> None:
    rig.say("a")
    rig.sink.wait_playing()
    rig.say("alert", ALERT)
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert rig.heard.ends == {"a": "completed", "alert": "completed"}


def test_an_emergency_does_not_cut_an_alert(rig: Rig) -> None:
    rig.say("alert", ALERT)
    rig.sink.wait_playing()
    rig.say("emergency", EMERGENCY)
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert rig.heard.events[1] == ("completed", "alert")


def test_stop_ends_ordinary_speech_of_older_epochs_only(rig: Rig) -> None:
    for name, priority, epoch in (
        ("old", ORDINARY, 1),
        ("old2", ORDINARY, 1),
        ("new", ORDINARY, 2),
        ("alert", ALERT, 1),
    ):
        rig.say(name, priority, epoch)
    rig.sink.wait_playing()
    rig.voice.stop(2)
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert rig.heard.ends == {"old": "cut", "old2": "cut", "new": "completed", "alert": "completed"}
    assert "old2" not in rig.heard.starts


def test_a_superseded_sentence_is_refused_after_the_stop_and_an_old_alert_is_not(rig: Rig) -> None:
    rig.voice.stop(3)
    assert not rig.say("late", ORDINARY, 2)
    assert rig.say("alert", ALERT, 2)
    assert rig.say("now", ORDINARY, 3)
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert "late" not in rig.heard.ends


def test_stop_does_not_end_an_alert_or_an_emergency(rig: Rig) -> None:
    rig.say("emergency", EMERGENCY, 1)
    rig.sink.wait_playing()
    rig.voice.stop(9)
    rig.voice.stop()
    assert rig.voice.speaking == "emergency"
    rig.sink.release()
    assert rig.voice.wait_idle(5)
    assert rig.heard.ends == {"emergency": "completed"}


def test_staff_end_everything(rig: Rig) -> None:
    rig.say("emergency", EMERGENCY, 1)
    rig.say("alert", ALERT, 1)
    rig.say("a", ORDINARY, 1)
    rig.sink.wait_playing()
    rig.voice.stop(2, everything=True)
    assert rig.voice.wait_idle(5)
    assert set(rig.heard.ends.values()) == {"cut"} and len(rig.heard.ends) == 3


def test_a_resent_alert_sounds_once(rig: Rig) -> None:
    assert rig.say("alert", ALERT)
    assert not rig.say("alert", ALERT)
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert not rig.say("alert", ALERT)
    assert rig.heard.starts == ["alert"]


def test_the_next_sentence_is_rendered_while_one_sounds(rig: Rig) -> None:
    for name in "abcdef":
        rig.say(name)
    rig.sink.wait_playing()
    deadline = time.monotonic() + 5
    while len(rig.synthesiser.rendered) < 3 and time.monotonic() < deadline:
        pass
    assert rig.heard.starts == ["a"]
    assert rig.synthesiser.rendered == ["a", "b", "c"]


def test_a_sentence_that_cannot_be_rendered_ends_and_the_next_one_sounds(rig: Rig) -> None:
    rig.synthesiser.broken.add("壞")
    rig.say("a", text="壞")
    rig.say("b")
    rig.sink.wait_playing()
    assert rig.heard.ends == {"a": "cut"}
    assert "broken" in rig.voice.fault
    rig.sink.release()
    assert rig.voice.wait_idle(5)
    assert rig.voice.fault == ""


def test_a_failing_sink_ends_the_sentence_and_is_reported(tmp_path: Path) -> None:
    heard, synthesiser = Listener(), FakeSynthesiser(tmp_path)
    voice = Voice(synthesiser, NoneSink(paced=False), heard.started, heard.ended)
    synthesiser.render = lambda text, locale, name: tmp_path / "missing.wav"  # type: ignore[method-assign]
    voice.say(Utterance(utterance_id="a", text="好"))
    assert voice.wait_idle(5)
    assert heard.events == [("started", "a"), ("cut", "a")]
    assert "no sound file" in voice.fault
    voice.close()


def test_an_emergency_does_not_wait_for_a_rendering_that_hangs(rig: Rig) -> None:
    rig.synthesiser.slow.add("慢")
    rig.say("a", text="慢")
    assert rig.synthesiser.hanging.wait(5)
    rig.say("emergency", EMERGENCY)
    assert rig.sink.wait_playing() == "emergency"
    assert rig.synthesiser.cancels == 1
    rig.synthesiser.go.set()
    rig.sink.release(2)
    assert rig.voice.wait_idle(5)
    assert rig.heard.ends == {"emergency": "completed", "a": "completed"}


def test_files_are_deleted_after_playing_and_after_a_stop(rig: Rig, tmp_path: Path) -> None:
    for name in "abc":
        rig.say(name)
    rig.sink.wait_playing()
    rig.sink.release()
    rig.sink.wait_playing()
    rig.voice.stop()
    assert rig.voice.wait_idle(5)
    deadline = time.monotonic() + 5
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        pass
    assert list(tmp_path.iterdir()) == []


def test_close_ends_everything_in_less_than_two_seconds(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.synthesiser.slow.add("慢")
    for name, text in (("a", "好"), ("b", "慢"), ("c", "好")):
        rig.say(name, text=text)
    rig.sink.wait_playing()
    before = time.monotonic()
    rig.voice.close()
    rig.voice.close()
    assert time.monotonic() - before < 2
    assert rig.voice.wait_idle(1)
    assert rig.heard.ends == dict.fromkeys("abc", "cut")
    assert rig.sink.closed and rig.synthesiser.closed
    assert not rig.say("d")


def test_a_listener_that_fails_does_not_end_speech(tmp_path: Path) -> None:
    heard: list[str] = []

    def failing(utterance_id: str) -> None:
        raise RuntimeError("listener")

    voice = Voice(FakeSynthesiser(tmp_path), NoneSink(paced=False), failing, lambda name, completed: heard.append(name))
    for name in "ab":
        voice.say(Utterance(utterance_id=name, text="好"))
    assert voice.wait_idle(5)
    assert heard == ["a", "b"]
    voice.close()


class VoiceMachine(RuleBasedStateMachine):
    """Any order of say, stop, release and re-send keeps the promises."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.rig = Rig(Path(self.folder.name))
        self.accepted: dict[str, tuple[Priority, int]] = {}
        self.superseded: set[str] = set()
        self.floor = 0
        self.everything = False

    @rule(priority=st.sampled_from([ORDINARY, ORDINARY, ALERT, EMERGENCY]), epoch=st.integers(0, 3))
    def say(self, priority: Priority, epoch: int) -> None:
        name = f"u{len(self.accepted)}"
        accepted = self.rig.say(name, priority, epoch)
        assert accepted == (priority is not ORDINARY or epoch >= self.floor)
        if accepted:
            self.accepted[name] = (priority, epoch)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.accepted)))
        assert not self.rig.say(name, *self.accepted[name])

    @rule(epoch=st.integers(0, 3), everything=st.booleans())
    def stop(self, epoch: int, everything: bool) -> None:
        not_begun = set(self.accepted) - set(self.rig.heard.starts) - set(self.rig.heard.ends)
        self.rig.voice.stop(epoch, everything)
        self.floor, self.everything = max(self.floor, epoch), self.everything or everything
        begun = set(self.rig.heard.starts)
        for name in not_begun - begun:
            priority, own = self.accepted[name]
            if own < epoch and (everything or priority is ORDINARY) and name in self.rig.heard.ends:
                self.superseded.add(name)

    @rule()
    def release(self) -> None:
        self.rig.sink.release()

    @invariant()
    def nothing_superseded_ever_begins(self) -> None:
        assert not self.superseded & set(self.rig.heard.starts)

    @invariant()
    def nothing_begins_or_ends_twice(self) -> None:
        starts = self.rig.heard.starts
        assert len(starts) == len(set(starts))
        assert set(self.rig.heard.ends) <= set(self.accepted)

    def teardown(self) -> None:
        self.rig.sink.release(len(self.accepted) + 1)
        assert self.rig.voice.wait_idle(10)
        ends = self.rig.heard.ends
        assert set(ends) == set(self.accepted)
        if not self.everything:
            assert all(
                ends[name] == "completed" for name, (priority, _) in self.accepted.items() if priority is not ORDINARY
            )
        self.rig.voice.close()
        self.folder.cleanup()


TestVoiceMachine = VoiceMachine.TestCase
TestVoiceMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
