"""kill -9 of the bedside node in mid-visit: what house.md promises."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from fake_ward import EMERGENCY, FakeWard

from medllm_ros.journal import Journal, Status
from medllm_ros.msg import BedsideState, DeliveryEvent, Hold, Utterance

pytestmark = pytest.mark.slow

_SCRIPT = """
import pkgutil, medllm_ros
medllm_ros.__path__ = pkgutil.extend_path(medllm_ros.__path__, "medllm_ros")
from medllm_ros.nodes.bedside_node import main
main()
"""
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def journal(tmp_path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def start(domain_id, journal) -> Iterator[Start]:
    """Return a function that starts a bedside node of its own process on the same journal."""
    processes = []

    def begin() -> subprocess.Popen[str]:
        arguments = ["--ros-args", "-p", f"journal:={journal}", "-p", "robot_id:=r1"]
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def ward(bench) -> FakeWard:
    return FakeWard(bench)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(timeout=10)


def forget(ward: FakeWard) -> None:
    for seen in (ward.holds, ward.states, ward.utterances, ward.alert_lists):
        seen.clear()


def again(bench: Any, ward: FakeWard) -> None:
    """Wait until the second process has resumed the visit."""
    bench.until(
        lambda: ward.state.phase == BedsideState.PHASE_AT_BEDSIDE and ward.alert_lists, "the visit goes on", seconds=40
    )
    bench.turn(0.6)


def same_state(state: BedsideState) -> tuple[Any, ...]:
    """Return what must be as it was (turn and epoch may only grow)."""
    return state.delivery_id, state.phase, state.identity, state.held, tuple(state.hold_reasons), state.privacy


def test_a_killed_visit_goes_on_with_the_same_state_alerts_and_lock(bench, ward, start, journal):
    process = start()
    ward.ready(40)
    ward.verify()
    bench.until(lambda: not ward.held, "the lock opens")
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts and ward.held and ward.state.held, "the nurse is called and the lock closes")
    bench.turn(0.3)
    before, alerts = same_state(ward.state), set(ward.alerts)
    ordinary = {msg.utterance_id for msg in ward.spoken if msg.priority == Utterance.PRIORITY_ORDINARY}
    turn, epoch = ward.state.turn_id, ward.state.epoch
    kill(process)
    bench.turn(0.2)  # what was on its way
    forget(ward)
    start()
    again(bench, ward)
    assert same_state(ward.state) == before
    assert ward.state.turn_id >= turn
    assert ward.state.epoch >= epoch
    assert {hold.state for hold in ward.holds} == {Hold.STATE_HELD}
    assert set(ward.alerts) == alerts
    assert not ordinary & {msg.utterance_id for msg in ward.spoken}
    assert not [msg for msg in ward.spoken if msg.priority == Utterance.PRIORITY_ORDINARY]
    with Journal(journal, read_only=True) as found:
        assert found.verify().status is Status.OK


def test_an_open_lock_is_closed_until_the_journal_has_been_replayed(bench, ward, start):
    process = start()
    ward.ready(40)
    ward.verify()
    bench.until(lambda: not ward.held, "the lock opens")
    kill(process)
    bench.turn(0.2)  # what was on its way
    forget(ward)
    bench.turn(1.2)
    assert ward.holds == []  # silence: the lock's own deadline closes it
    start()
    again(bench, ward)
    bench.until(lambda: not ward.held, "the lock opens again: nothing spoke against it before")
    assert all(hold.delivery_id == "d1" for hold in ward.holds if hold.state == Hold.STATE_RELEASED)
    assert ward.texts == []


def test_a_killed_visit_can_be_talked_to_again(bench, ward, start):
    process = start()
    ward.ready(40)
    ward.verify()
    kill(process)
    bench.turn(0.2)  # what was on its way
    forget(ward)
    start()
    again(bench, ward)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: any(msg.fact_ids for msg in ward.spoken), "the robot answers")


def test_killed_at_any_moment_an_emergency_is_called_at_least_once(bench, ward, start):
    """The process dies right after the words were sent, heard or not; said again, staff are called."""
    process = start()
    ward.ready(40)
    ward.arrive()
    ward.say(EMERGENCY, transcript_id="t1")
    bench.executor.spin_once(timeout_sec=0.01)
    kill(process)
    bench.turn(0.2)  # what was on its way
    forget(ward)
    start()
    again(bench, ward)
    ward.say(EMERGENCY, transcript_id="t1")
    bench.until(lambda: len(ward.alerts) == 1, "the nurse is called")


@pytest.mark.parametrize("moment", ["idle", "in mid-visit"])
def test_ctrl_c_ends_with_zero_without_a_traceback_and_the_journal_is_whole(bench, ward, start, journal, moment):
    process = start()
    ward.ready(40)
    if moment != "idle":
        ward.verify()
        ward.say(EMERGENCY)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    with Journal(journal, read_only=True) as found:
        assert found.verify().status is Status.OK


def test_a_changed_journal_stops_clinical_talk(bench, ward, start, journal):
    import sqlite3

    process = start()
    ward.ready(40)
    ward.verify()
    kill(process)
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE rows SET payload = '{}' WHERE seq = 2")
    forget(ward)
    start()
    bench.until(lambda: ward.alerts and ward.held, "staff are called and the lock is closed", seconds=40)
    ward.utterances.clear()
    ward.say("這個藥是做什麼用的？")
    ward.send(DeliveryEvent.KIND_ARRIVED, "e7", delivery_id="d7")
    bench.turn(0.5)
    assert not any(msg.fact_ids for msg in ward.spoken)
