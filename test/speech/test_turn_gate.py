"""The gate is closed while the robot speaks, a little longer for the echo, and never for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.speech.turn_gate import TurnGate


def test_it_is_open_before_anything_was_said() -> None:
    gate = TurnGate()
    assert gate.is_open(0.0)
    assert not gate.take_reset(0.0)


def test_it_closes_with_the_start_and_opens_after_the_tail() -> None:
    gate = TurnGate(tail=0.4)
    gate.started("a", 10.0)
    assert not gate.is_open(10.0)
    gate.ended("a", 12.0)
    assert not gate.is_open(12.39)
    assert gate.is_open(12.4)


def test_the_recogniser_is_reset_once_per_closing() -> None:
    gate = TurnGate(tail=0.4)
    gate.started("a", 10.0)
    assert not gate.take_reset(11.0)
    gate.ended("a", 12.0)
    assert [gate.take_reset(12.5), gate.take_reset(12.6)] == [True, False]


def test_a_second_sentence_within_the_tail_keeps_it_closed() -> None:
    gate = TurnGate(tail=0.4)
    gate.started("a", 10.0)
    gate.ended("a", 12.0)
    gate.started("b", 12.1)
    assert not gate.is_open(12.5)
    gate.ended("b", 14.0)
    assert gate.is_open(14.4)


def test_a_lost_end_opens_it_after_the_maximum_mute_time() -> None:
    gate = TurnGate(tail=0.4, max_mute=20)
    gate.started("a", 10.0)
    assert not gate.is_open(29.9)
    assert gate.is_open(30.0)


def test_an_end_that_overtakes_the_next_start_does_not_open_it() -> None:
    gate = TurnGate(tail=0.4)
    gate.started("a", 10.0)
    gate.started("b", 11.0)
    gate.ended("a", 11.1)
    assert not gate.is_open(12.0)
    assert gate.speaking == "b"


@pytest.mark.parametrize("setting", [{"tail": -1}, {"tail": 9}, {"max_mute": 0}])
def test_impossible_settings_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        TurnGate(**setting)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["started", "ended"]), st.sampled_from("abc"), st.floats(0, 5)), max_size=20
)


@given(EVENTS)
def test_never_open_while_sounding_and_never_closed_for_longer_than_the_maximum(
    events: list[tuple[str, str, float]],
) -> None:
    gate, now, last_start, sounding, end = TurnGate(tail=0.4, max_mute=6), 0.0, -100.0, "", -100.0
    for kind, name, wait in events:
        now += wait
        if kind == "started":
            gate.started(name, now)
            last_start, sounding = now, name
        else:
            gate.ended(name, now)
            if name == sounding:
                sounding, end = "", now
        if sounding and now < last_start + 6:
            assert not gate.is_open(now)
        if not sounding and now < min(end + 0.4, last_start + 6):
            assert not gate.is_open(now)
        assert gate.is_open(last_start + 6)
        if not sounding:
            assert gate.is_open(max(end + 0.4, now + 0.4))
