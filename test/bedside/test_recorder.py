"""A visit over a journal: what a crash, another build or a broken chain does to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from visits import Bedside, delivery, of, said

from medllm_ros.bedside.codec import from_record, to_record
from medllm_ros.bedside.context import SessionConfig, SessionContext
from medllm_ros.bedside.effects import AlertNurse, Behaviour, Effect, Hold, Priority, PublishState, Release, Speak
from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryDispatched,
    Event,
    HandoverConfirmed,
    IdentityScanned,
    TranscriptHeard,
)
from medllm_ros.bedside.recorder import RecordedVisits
from medllm_ros.journal import Journal, Status


class Robot:
    """One life of a robot's process over a journal file; effects count as sent only where the test says so."""

    def __init__(self, path: Path, context: SessionContext) -> None:
        self.journal = Journal(path)
        self.visits = RecordedVisits(self.journal, context)
        self.resumed = self.visits.resume(at=2_000_000_000.0)
        self.count = 0

    def do(self, kind: type[Event], **values: Any) -> list[Effect]:
        self.count += 1
        event_id = f"{self.journal.head[:8]}-{self.count}"
        return self.visits.handle(
            kind(**{"event_id": event_id, "at": 1_700_000_000.0 + self.count, "delivery_id": "d1", **values})
        )

    def visit(self) -> list[Effect]:
        return (
            self.do(DeliveryDispatched, delivery=delivery())
            + self.do(DeliveryArrived)
            + self.do(IdentityScanned, verified_by_staff=True)
        )

    def send(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.journal.mark_sent(effect.effect_id)

    def crash(self) -> None:
        self.journal.close()  # every row is already on the disk; nothing is flushed here


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_every_event_and_effect_survives_the_journal_unchanged(context):
    bedside = Bedside(context)
    bedside.arrive()
    bedside.hear("我叫王春嬌，民國四十五年三月二號生")
    bedside.hear("這個藥是治療什麼的？")
    bedside.hear("我胸口好痛")
    for effect in bedside.effects:
        kind, payload, texts = to_record(effect)
        assert from_record(kind, payload, texts) == effect


def test_patient_text_is_never_in_the_payload(context):
    bedside = Bedside(context)
    bedside.arrive()
    bedside.hear("我叫王春嬌，民國四十五年三月二號生")
    bedside.hear("這個藥是治療什麼的？")
    for effect in bedside.effects:
        _, payload, _ = to_record(effect)
        assert "王春嬌" not in repr(payload) and "治療" not in repr(payload)
    _, payload, _ = to_record(
        DeliveryDispatched(event_id="e", at=0.0, delivery_id="d1", delivery=bedside.delivery)
    )
    assert "王春嬌" not in repr(payload) and "1956" not in repr(payload)


def test_after_a_crash_the_visit_is_in_the_same_state(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    robot.send(robot.do(TranscriptHeard, text="這個藥是治療什麼的？"))
    before = robot.visits.visits["d1"].snapshot()
    robot.crash()
    again = Robot(path, context)
    after = again.visits.visits["d1"].snapshot()
    same = ("phase", "delivery", "gate", "alerts", "holds", "privacy", "turn_id", "memory", "named", "due")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert of(again.resumed, Release), "the lock's present state is told again"
    assert of(again.resumed, PublishState)


def test_ordinary_speech_is_not_repeated_after_a_crash(path, context):
    robot = Robot(path, context)
    robot.visit()  # nothing was marked as sent
    robot.crash()
    assert not of(Robot(path, context).resumed, Speak)


def test_calls_and_emergency_sentences_go_out_again_under_the_same_ids(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    effects = robot.do(TranscriptHeard, text="我胸口好痛")
    call, sentence = of(effects, AlertNurse)[0], of(effects, Speak)[0]
    robot.crash()
    resumed = Robot(path, context).resumed
    assert [alert.alert_id for alert in of(resumed, AlertNurse)] == [call.alert_id]
    assert [speak.utterance_id for speak in of(resumed, Speak)] == [sentence.utterance_id]
    assert of(resumed, Speak)[0].priority is Priority.EMERGENCY
    assert of(resumed, Hold)


def test_an_emergency_sentence_that_was_sent_is_not_said_twice(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    robot.send(robot.do(TranscriptHeard, text="我胸口好痛"))
    robot.crash()
    resumed = Robot(path, context).resumed
    assert not of(resumed, Speak) and of(resumed, AlertNurse)


def test_another_configuration_does_not_resume_the_visit(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    robot.crash()
    other = SessionContext(
        formulary=context.formulary, wording=context.wording, scenarios=context.scenarios,
        config=SessionConfig(identity_failures=5),
    )  # fmt: skip
    again = Robot(path, other)
    assert of(again.resumed, AlertNurse) and of(again.resumed, Hold)
    assert again.visits.visits["d1"].held and not again.visits.visits["d1"].verified
    later = again.do(TranscriptHeard, text="這個藥是治療什麼的？")
    assert "高血壓" not in said(later)


def test_a_broken_chain_stops_clinical_talk_and_calls_the_nurse(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    robot.crash()
    with sqlite3.connect(path) as database:
        table = next(
            name for (name,) in database.execute("select name from sqlite_master where type='table'") if "row" in name
        )
        database.execute(f"update {table} set kind = 'event.DeliveryCancelled' where seq = 3")
    again = Robot(path, context)
    assert again.journal.verify().status is Status.BROKEN
    again.do(DeliveryDispatched, delivery_id="d2", delivery=delivery(delivery_id="d2"))
    assert any(reason.startswith("journal") for reason in again.visits.visits["d2"].hold_reasons)


def test_a_visit_that_is_over_is_not_greeted_again(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    robot.send(robot.do(TranscriptHeard, text="謝謝"))
    robot.send(robot.do(HandoverConfirmed, by="n1"))
    robot.crash()
    again = Robot(path, context)
    assert again.resumed == []


def test_the_journal_is_whole_after_a_visit(path, context):
    robot = Robot(path, context)
    robot.send(robot.visit())
    assert robot.journal.verify().status is Status.OK
    speak = of(robot.do(TranscriptHeard, text="我胸口好痛"), Speak)[0]
    assert speak.behaviour is Behaviour.ESCALATE
