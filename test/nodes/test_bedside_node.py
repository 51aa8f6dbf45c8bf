"""The bedside node over DDS: events in, speech, alerts, lock and state out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from fake_ward import EMERGENCY, IDENTITY, FakeModel, FakeWard
from std_srvs.srv import Trigger

from medllm_ros.action import Generate
from medllm_ros.journal import Journal
from medllm_ros.msg import BedsideState, DeliveryEvent, Hold, Medication, NurseAlert, PatientProfile, Utterance
from medllm_ros.nodes import qos
from medllm_ros.nodes.bedside_effects import EffectPublisher
from medllm_ros.nodes.bedside_node import BedsideNode
from medllm_ros.nodes.diagnostics import Level
from medllm_ros.nodes.safekeeping import Safekeeping
from medllm_ros.srv import AcknowledgeAlert, ConfirmHandover, RequestPrivacy, ScanIdentity, StopSpeech


@pytest.fixture
def journal(tmp_path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def node(bench, journal):
    return bench.make(BedsideNode, journal=str(journal), robot_id="r1")


@pytest.fixture
def ward(bench, node):
    return FakeWard(bench).ready()


# -- a visit


def test_locked_and_idle_before_anything_happens(bench, ward):
    bench.until(lambda: ward.states, "the state is known")
    assert ward.state.phase == BedsideState.PHASE_IDLE
    assert ward.held
    assert list(ward.holds[-1].reasons) == ["no_visit"]


def test_one_event_leads_to_the_greeting_with_the_lock_closed(bench, ward):
    ward.arrive()
    first = ward.spoken[0]
    assert (first.robot_id, first.delivery_id, first.locale) == ("r1", "d1", "zh_TW")
    assert first.priority == Utterance.PRIORITY_ORDINARY
    assert first.origin == Utterance.ORIGIN_APPROVED
    assert ward.markers[-1] == (first.turn_id, Utterance.STATUS_END)
    assert "Amlodipine" not in "".join(ward.texts)
    assert "王小明" not in "".join(ward.texts)
    bench.until(lambda: ward.state.phase == BedsideState.PHASE_AT_BEDSIDE, "the state follows")
    assert ward.held


def test_dispatch_and_arrival_in_either_order_give_one_greeting(bench, ward):
    ward.send(DeliveryEvent.KIND_ARRIVED, "e2", medications=[])
    bench.turn(0.2)
    assert ward.texts == []
    ward.send(DeliveryEvent.KIND_DISPATCHED, "e1")
    bench.until(lambda: ward.texts, "the robot greets")
    bench.turn(0.2)
    assert len({msg.turn_id for msg in ward.spoken}) == 1


def test_a_delivery_that_came_early_can_be_cancelled(bench, node, ward):
    ward.send(DeliveryEvent.KIND_ARRIVED, "e2", medications=[])
    ward.send(DeliveryEvent.KIND_CANCELLED, "e3")
    bench.until(lambda: node._keeping.has_ended("d1"), "the visit has ended")
    ward.send(DeliveryEvent.KIND_DISPATCHED, "e1")
    bench.turn(0.2)
    assert ward.texts == []


def test_a_repeated_event_changes_nothing(bench, ward):
    ward.arrive()
    before = len(ward.utterances)
    ward.send()
    ward.send(DeliveryEvent.KIND_DISPATCHED, "e1")
    bench.turn(0.3)
    assert len(ward.utterances) == before


def test_two_right_answers_verify_and_open_the_lock(bench, ward):
    ward.verify()
    bench.until(lambda: not ward.held, "the lock opens")
    assert ward.holds[-1].delivery_id == "d1"


def test_a_question_without_a_language_model_is_answered_in_approved_wording(bench, ward):
    ward.verify()
    before = len(ward.spoken)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: len(ward.spoken) > before, "the robot answers")
    answer = ward.spoken[before:]
    assert all(msg.origin == Utterance.ORIGIN_APPROVED for msg in answer)
    assert any(msg.fact_ids for msg in answer)


def test_handover_ends_the_visit_and_locks_again(bench, ward):
    ward.verify()
    bench.until(lambda: not ward.held, "the lock opens")
    assert bench.call(ward.node, ConfirmHandover, "bedside/confirm_handover", by="n1").accepted
    bench.until(lambda: ward.state.phase == BedsideState.PHASE_CLOSED, "the visit is closed")
    assert ward.state.outcome == "handed_over"
    bench.until(lambda: ward.held, "the lock closes")


def test_an_ended_delivery_is_not_begun_again(bench, ward):
    ward.arrive()
    ward.send(DeliveryEvent.KIND_CANCELLED, "e3", note="stopped")
    bench.until(lambda: ward.state.phase == BedsideState.PHASE_CLOSED, "the visit is closed")
    bench.turn(0.2)
    before = len(ward.utterances)
    ward.send(DeliveryEvent.KIND_DISPATCHED, "e4")
    ward.send(DeliveryEvent.KIND_ARRIVED, "e5")
    bench.turn(0.3)
    assert len(ward.utterances) == before


def test_the_next_delivery_is_attended_to(bench, ward):
    ward.arrive()
    ward.send(DeliveryEvent.KIND_CANCELLED, "e3")
    ward.send(DeliveryEvent.KIND_ARRIVED, "e6", delivery_id="d2")
    bench.until(lambda: any(msg.delivery_id == "d2" for msg in ward.spoken), "the second patient is greeted")
    bench.until(lambda: ward.state.delivery_id == "d2", "the state is the second visit's")


def test_every_event_moves_the_published_head_of_the_journal(bench, ward, journal):
    ward.arrive()
    record = bench.until(lambda: ward.records and ward.records[-1], "the head is published")
    with Journal(journal, read_only=True) as found:
        hashes = {row.seq: row.hash for row in found.rows()}
    assert hashes[record.sequence] == record.head_hash


# -- safety


def test_an_emergency_calls_the_nurse_locks_and_speaks_first(bench, ward):
    ward.verify()
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts, "the nurse is called")
    (alert,) = ward.alerts.values()
    assert alert.level == NurseAlert.LEVEL_URGENT
    assert (alert.delivery_id, alert.ward, alert.bed, alert.robot_id) == ("d1", "7A", "12", "r1")
    assert "胸口" not in alert.reason
    bench.until(lambda: ward.held, "the lock closes")
    bench.until(lambda: ward.spoken[-1].priority == Utterance.PRIORITY_EMERGENCY, "the emergency sentence is said")


def test_a_station_that_joins_late_sees_the_open_alerts(bench, ward):
    ward.arrive()
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts, "the nurse is called")
    late = FakeWard(bench, name="late")
    bench.until(lambda: late.alerts.keys() == ward.alerts.keys(), "the late station sees them")


def test_staff_close_an_alert_and_release_what_it_held(bench, ward):
    ward.verify()
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts and ward.held, "the nurse is called")
    (alert_id,) = ward.alerts
    answer = bench.call(
        ward.node, AcknowledgeAlert, "nurse/acknowledge", alert_id=alert_id, by="n1", release_hold=True
    )
    assert answer.accepted
    bench.until(lambda: not ward.alerts, "the alert is closed")
    bench.until(lambda: not ward.held, "the lock opens")


def test_without_a_station_the_robot_says_to_press_the_bell_and_never_that_somebody_comes(bench, node):
    ward = FakeWard(bench, station=False).ready()
    ward.arrive()
    ward.say(EMERGENCY)
    bench.until(
        lambda: any("alert.unanswered" in msg.rules for msg in ward.spoken), "the robot says what to do instead"
    )
    assert node.diagnostics.reports()["nurse station"].level is Level.ERROR


def test_the_lock_is_told_often_enough_for_its_deadline(bench, ward):
    seen = len(ward.holds)
    bench.turn(1.2)
    assert len(ward.holds) - seen >= 2


def test_privacy_is_asked_for_by_service(bench, ward):
    ward.verify()
    assert bench.call(ward.node, RequestPrivacy, "bedside/request_privacy", active=True).accepted
    bench.until(lambda: ward.state.privacy, "the state says so")


def test_a_wristband_that_does_not_match_calls_the_nurse(bench, ward):
    ward.arrive()
    answer = bench.call(ward.node, ScanIdentity, "bedside/scan_identity", chart_number="99999999")
    assert answer.accepted
    assert "12345678" not in answer.message
    bench.until(lambda: ward.alerts, "the nurse is called")


def test_staff_may_vouch_but_must_say_who_they_are(bench, ward):
    ward.arrive()
    scan = {"verified_by_staff": True}
    assert not bench.call(ward.node, ScanIdentity, "bedside/scan_identity", **scan).accepted
    assert bench.call(ward.node, ScanIdentity, "bedside/scan_identity", staff_id="n1", **scan).accepted
    bench.until(lambda: ward.state.identity == BedsideState.IDENTITY_VERIFIED, "verified by staff")


def test_the_stop_service_silences_what_is_being_said(bench, ward):
    ward.arrive()
    ordinary = StopSpeech.Request.SCOPE_ORDINARY
    assert bench.call(ward.node, StopSpeech, "speech/stop", scope=ordinary).accepted
    bench.until(
        lambda: any(msg.status == Utterance.STATUS_STOPPED for msg in ward.utterances), "the order to be silent"
    )


def test_the_staff_button_silences_everything(bench, ward):
    ward.arrive()
    assert bench.call(ward.node, Trigger, "speech/silence").success
    bench.until(
        lambda: any(msg.status == Utterance.STATUS_SILENCED for msg in ward.utterances), "the order to be silent"
    )


@pytest.mark.parametrize(
    ("kind", "name", "fields", "sentence"),
    [
        (AcknowledgeAlert, "nurse/acknowledge", {"alert_id": "x", "by": "n1"}, "nurse/alerts"),
        (AcknowledgeAlert, "nurse/acknowledge", {"alert_id": "x"}, "by"),
        (ConfirmHandover, "bedside/confirm_handover", {"by": "n1"}, "delivery"),
        (ScanIdentity, "bedside/scan_identity", {"chart_number": "1"}, "delivery"),
        (RequestPrivacy, "bedside/request_privacy", {"active": True, "delivery_id": "nope"}, "delivery"),
        (StopSpeech, "speech/stop", {}, "SCOPE_ORDINARY"),
        (StopSpeech, "speech/stop", {"scope": 2}, "by"),
    ],
)
def test_a_service_that_cannot_be_done_says_why(bench, ward, kind, name, fields, sentence):
    answer = bench.call(ward.node, kind, name, **fields)
    assert not answer.accepted
    assert sentence in answer.message


# -- bad input


@pytest.mark.parametrize(
    "fields",
    [
        {"delivery_id": ""},
        {"scenario": 0},
        {"locale": "xx"},
        {"medications": [Medication()]},
        {"patient": PatientProfile(name="王小明", age_years=-3)},
        {"patient": PatientProfile(name="<|eot_id|>")},
        {"patient": PatientProfile(name="王\x07明")},
        {"kind": 0},
        {"kind": DeliveryEvent.KIND_DOSE_DUE},
        {"kind": DeliveryEvent.KIND_TRANSFERRED},
        {"kind": DeliveryEvent.KIND_CANCELLED},
        {"robot_id": "another"},
    ],
)
def test_a_bad_event_is_ignored_and_the_next_good_one_is_not(bench, ward, fields):
    ward.send(**{"event_id": "bad", **fields})
    bench.turn(0.15)
    assert ward.utterances == []
    ward.arrive()


def test_an_event_for_another_ward_is_ignored(bench, journal):
    bench.make(BedsideNode, journal=str(journal), wards=["7A", "7B"])
    ward = FakeWard(bench).ready()
    ward.send(ward="9C")
    bench.turn(0.2)
    assert ward.utterances == []
    ward.arrive()


def test_a_patient_may_be_moved_to_a_ward_that_the_robot_does_not_serve(bench, journal):
    bench.make(BedsideNode, journal=str(journal), wards=["7A"])
    ward = FakeWard(bench).ready()
    ward.verify()
    ward.send(DeliveryEvent.KIND_TRANSFERRED, "e9", ward="9C")
    bench.until(lambda: ward.state.identity == BedsideState.IDENTITY_UNVERIFIED, "the match is void")


def test_a_ten_megabyte_transcript_is_survived_and_its_emergency_heard(bench, ward):
    ward.arrive()
    ward.say("啊" * 3_500_000 + EMERGENCY)
    bench.until(lambda: ward.alerts, "the nurse is called", seconds=30)


def test_small_talk_without_a_visit_is_ignored(bench, ward):
    ward.say("今天天氣真好。")
    bench.turn(0.2)
    assert ward.utterances == []


def test_an_emergency_without_a_visit_still_calls_the_nurse(bench, ward):
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts, "the nurse is called")
    assert ward.held


def test_an_emergency_while_the_journal_fails_still_calls_the_nurse(bench, ward, node):
    ward.verify()
    break_journal(node)
    ward.say(EMERGENCY)
    bench.until(lambda: any(alert.category != "journal" for alert in ward.alerts.values()), "the nurse is called")
    assert ward.held


def test_a_second_robot_on_the_same_topics_is_an_error(bench, ward, node):
    intruder = bench.plain("intruder").create_publisher(BedsideState, "bedside/state", qos.STATE)
    bench.until(intruder.get_subscription_count, "they meet")
    assert node.diagnostics.reports()["other robots"].level is Level.OK
    intruder.publish(BedsideState(robot_id="r2"))
    bench.until(lambda: node.diagnostics.reports()["other robots"].level is Level.ERROR, "it is noticed")
    assert "'r2'" in node.diagnostics.reports()["other robots"].message


def test_a_twin_with_the_same_name_is_an_error(bench, ward, node):
    intruder = bench.plain("intruder").create_publisher(BedsideState, "bedside/state", qos.STATE)
    bench.until(intruder.get_subscription_count, "they meet")
    intruder.publish(BedsideState(robot_id="r1"))
    bench.until(lambda: node.diagnostics.reports()["other robots"].level is Level.ERROR, "it is noticed")


# -- the journal fails


def break_journal(node: Any) -> None:
    """Make every further write fail, as a full disk does."""
    node._keeping._journal.close()


def test_a_failing_journal_locks_calls_staff_and_stops_clinical_talk(bench, ward, node):
    ward.verify()
    bench.until(lambda: not ward.held, "the lock opens")
    break_journal(node)
    before = len(ward.spoken)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: ward.held, "the lock closes")
    assert list(ward.holds[-1].reasons) == ["journal"]
    bench.until(lambda: "r1-journal" in ward.alerts, "staff are called")
    assert node.diagnostics.reports()["journal"].level is Level.ERROR
    assert len(ward.spoken) == before


def test_the_call_for_the_journal_is_repeated_until_somebody_acknowledges(bench, ward, node):
    now = 1000.0
    node._alarm._clock = lambda: now
    break_journal(node)
    node._keeping.open = lambda at: []  # the disk stays full
    ward.send()
    attempt = lambda: ward.alerts["r1-journal"].attempt if "r1-journal" in ward.alerts else 0  # noqa: E731
    bench.until(lambda: attempt() == 1, "staff are called")
    for now, calls in ((1029.0, 1), (1030.0, 2), (1059.0, 2), (1060.0, 3)):  # noqa: B007 (the clock reads it)
        node._retry_journal()
        bench.until(lambda calls=calls: attempt() == calls, f"call {calls}")
    answer = bench.call(ward.node, AcknowledgeAlert, "nurse/acknowledge", alert_id="r1-journal", by="n1")
    assert answer.accepted
    now = 2000.0
    node._retry_journal()
    bench.turn(0.2)
    assert attempt() == 0
    assert node.diagnostics.reports()["journal"].level is Level.ERROR
    assert ward.held


def test_while_the_journal_fails_the_reason_given_is_the_journal(bench, ward, node):
    ward.verify()
    break_journal(node)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: ward.held, "the lock closes")
    answer = bench.call(ward.node, ConfirmHandover, "bedside/confirm_handover", by="n1")
    assert not answer.accepted and "journal" in answer.message


def test_one_effect_that_fails_drops_none_of_the_others(bench, ward, node, monkeypatch, journal):
    def broken(self: Any, effect: Any) -> None:
        raise RuntimeError("no such message")

    monkeypatch.setattr(EffectPublisher, "_state", broken)
    ward.arrive()
    with Journal(journal, read_only=True) as found:
        assert {row.kind for row in found.unsent("d1")} == {"effect.PublishState"}


def test_a_visit_goes_on_when_the_journal_can_be_written_again(bench, ward, node):
    ward.verify()
    break_journal(node)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: ward.held, "the lock closes")
    node._retry_journal()
    bench.until(lambda: not ward.held and "r1-journal" not in ward.alerts, "the visit goes on")
    assert ward.state.identity == BedsideState.IDENTITY_VERIFIED


def test_a_journal_that_cannot_be_opened_locks_and_says_why(bench, tmp_path):
    (tmp_path / "file").write_text("")
    node = bench.make(BedsideNode, journal=str(tmp_path / "file" / "journal.sqlite"), robot_id="r1")
    ward = FakeWard(bench).ready()
    bench.until(lambda: "r1-journal" in ward.alerts, "staff are called")
    assert ward.held
    assert "file" in node.diagnostics.reports()["journal"].message
    ward.send()
    bench.turn(0.2)
    assert ward.utterances == []


def test_a_second_node_on_the_same_journal_stays_locked(bench, ward, journal):
    twin = bench.make(BedsideNode, journal=str(journal), robot_id="r2", autostart=False)
    twin.trigger_configure(), twin.trigger_activate()
    assert twin.diagnostics.reports()["journal"].level is Level.ERROR
    assert "already" in twin.diagnostics.reports()["journal"].message


# -- the language model


@pytest.fixture
def model(bench):
    found = FakeModel(bench)
    yield found
    found.close()


def ask(bench: Any, ward: FakeWard, model: FakeModel, node: Any) -> Any:
    bench.until(lambda: node._model.ready, "the model is found")
    ward.verify()
    ward.finish_speech()
    before = len(model.goals)
    ward.say("這個藥是做什麼用的？")
    bench.until(lambda: len(model.goals) > before, "the model is asked")
    return model.goals[-1].request


def test_the_question_goes_to_the_model_with_facts_and_limits(bench, node, ward, model):
    goal = ask(bench, ward, model, node)
    assert goal.delivery_id == "d1"
    assert goal.messages[0].role == 1
    assert any("做什麼用" in message.content for message in goal.messages)
    assert list(goal.approved)
    assert list(goal.fact_ids)
    assert goal.total_limit_s == pytest.approx(12.0)


def test_each_sentence_is_spoken_while_the_model_still_writes(bench, node, ward, model):
    goal = ask(bench, ward, model, node)
    before = len(ward.spoken)
    model.write(goal.approved[0] + "\n[")
    bench.until(lambda: len(ward.spoken) > before, "the first sentence is spoken before the reply has ended")
    assert ward.spoken[before].origin == Utterance.ORIGIN_MODEL
    model.end("\n".join(goal.approved))
    bench.until(lambda: ward.markers[-1] == (goal.turn_id, Utterance.STATUS_END), "the turn ends")


def test_a_result_that_overtakes_its_feedback_loses_nothing(bench, node, ward, model):
    goal = ask(bench, ward, model, node)
    before = len(ward.spoken)
    model.end("\n".join(goal.approved))
    bench.until(lambda: ward.markers[-1] == (goal.turn_id, Utterance.STATUS_END), "the turn ends")
    assert len(ward.spoken) > before


def test_a_failed_reply_becomes_approved_wording_and_its_reason_is_never_spoken(bench, node, ward, model):
    goal = ask(bench, ward, model, node)
    before = len(ward.spoken)
    model.end("", Generate.Result.STATUS_FAILED, "CUDA is on fire")
    bench.until(lambda: len(ward.spoken) > before and ward.markers[-1][0] == goal.turn_id, "approved wording")
    assert not any("CUDA" in text for text in ward.texts)
    assert node._model.last_failure == "CUDA is on fire"


def test_an_emergency_cancels_the_reply(bench, node, ward, model):
    ask(bench, ward, model, node)
    ward.say(EMERGENCY)
    bench.until(lambda: model.cancelled, "the goal is cancelled")
    bench.until(lambda: ward.alerts, "the nurse is called")


def test_a_slow_model_is_replaced_by_approved_wording_in_time(bench, journal):
    node = bench.make(BedsideNode, journal=str(journal), first_token_limit_s=0.5, filler_s=0.2)
    model, ward = FakeModel(bench), FakeWard(bench).ready()
    goal = ask(bench, ward, model, node)
    bench.until(lambda: (goal.turn_id, Utterance.STATUS_END) in ward.markers, "the turn ends", seconds=3)
    assert model.cancelled
    model.close()


# -- restart


def test_a_restarted_node_is_in_the_same_state_with_the_same_alerts(bench, node, ward, journal):
    ward.verify()
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts and ward.held, "the nurse is called")
    alerts, turn = set(ward.alerts), ward.state.turn_id
    bench.end(node)
    ward.holds.clear(), ward.utterances.clear(), ward.alert_lists.clear(), ward.states.clear()
    bench.make(BedsideNode, journal=str(journal), robot_id="r1")
    bench.until(lambda: ward.state.phase == BedsideState.PHASE_AT_BEDSIDE and ward.alerts, "the visit goes on")
    assert ward.alerts.keys() == alerts
    assert ward.state.identity == BedsideState.IDENTITY_VERIFIED
    assert ward.state.turn_id >= turn
    assert all(hold.state == Hold.STATE_HELD for hold in ward.holds)
    assert not [msg for msg in ward.spoken if msg.priority == Utterance.PRIORITY_ORDINARY]


def test_the_lock_is_told_to_be_closed_before_the_journal_is_read(bench, journal, monkeypatch):
    order: list[str] = []
    publish, opened = EffectPublisher.publish_hold, Safekeeping.open

    def publish_hold(self: Any) -> None:
        order.append("hold")
        publish(self)

    def open_journal(self: Any, at: float) -> Any:
        order.append("journal")
        return opened(self, at)

    monkeypatch.setattr(EffectPublisher, "publish_hold", publish_hold)
    monkeypatch.setattr(Safekeeping, "open", open_journal)
    bench.make(BedsideNode, journal=str(journal))
    bench.until(lambda: "journal" in order, "the journal is opened")
    assert order[:2] == ["hold", "journal"]


def test_an_old_order_is_not_acted_on_after_a_restart(bench, node, ward, journal):
    ward.arrive()
    ward.send(DeliveryEvent.KIND_CANCELLED, "e3")
    bench.until(lambda: ward.state.phase == BedsideState.PHASE_CLOSED, "the visit is closed")
    bench.end(node)
    bench.make(BedsideNode, journal=str(journal), robot_id="r1")
    bench.until(lambda: ward.event.get_subscription_count() == 1, "the new node listens")
    ward.utterances.clear()
    ward.send()
    bench.turn(0.4)
    assert ward.utterances == []


def test_identity_text_is_not_in_the_messages_for_others(bench, ward):
    """What leaves on state, alert and journal topics carries no patient text."""
    ward.verify()
    ward.say(EMERGENCY)
    bench.until(lambda: ward.alerts, "the nurse is called")
    for msg in (*ward.states, *ward.alert_lists, *ward.records, *ward.holds):
        for secret in ("王小明", "1956", "12345678", IDENTITY, "胸口"):
            assert secret not in re.sub(r"sec=[0-9]+", "", str(msg))  # a clock may read 1956
