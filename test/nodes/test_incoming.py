"""Message in -> event."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryCancelled,
    DeliveryDispatched,
    DoseDue,
    PatientTransferred,
    SpeechEnded,
    SpeechStarted,
)
from medllm_ros.msg import DeliveryEvent, Medication, SpeechState, Transcript
from medllm_ros.nodes.convert import ConversionError
from medllm_ros.nodes.incoming import event_of_transcript, events_of_delivery, events_of_speech

MEDICINE = Medication(name="Amlodipine")
WARD = DeliveryEvent.SCENARIO_WARD


def delivery(kind: int, **fields) -> DeliveryEvent:
    return DeliveryEvent(kind=kind, event_id="e1", delivery_id="d1", scenario=WARD, **fields)


def events(msg: DeliveryEvent, known: bool = True):
    return events_of_delivery(msg, 10.0, "zh_TW", known)


def test_an_arrival_without_a_dispatch_brings_its_own_medicines():
    msg = delivery(DeliveryEvent.KIND_ARRIVED, medications=[MEDICINE])
    first, second = events(msg, known=False)
    assert isinstance(first, DeliveryDispatched)
    assert isinstance(second, DeliveryArrived)
    assert first.event_id != second.event_id


def test_an_arrival_of_a_known_delivery_is_only_an_arrival():
    (only,) = events(delivery(DeliveryEvent.KIND_ARRIVED, medications=[MEDICINE]))
    assert isinstance(only, DeliveryArrived)


def test_an_early_arrival_without_medicines_waits_for_its_order():
    (only,) = events(delivery(DeliveryEvent.KIND_ARRIVED), known=False)
    assert isinstance(only, DeliveryArrived)


def test_ids_are_the_same_on_every_resend_and_made_where_missing():
    msg = delivery(DeliveryEvent.KIND_ARRIVED)
    assert events(msg)[0].event_id == events(msg)[0].event_id
    msg.event_id = ""
    assert events(msg)[0].event_id != events(msg)[0].event_id


def test_the_other_kinds_become_their_events():
    assert isinstance(events(delivery(DeliveryEvent.KIND_DISPATCHED, medications=[MEDICINE]))[0], DeliveryDispatched)
    (due,) = events(delivery(DeliveryEvent.KIND_DOSE_DUE, medication_index=1, due="08:00"))
    assert isinstance(due, DoseDue)
    assert (due.medication, due.due) == (1, "08:00")
    (moved,) = events(delivery(DeliveryEvent.KIND_TRANSFERRED, ward="8B", bed="3"))
    assert isinstance(moved, PatientTransferred)
    assert moved.ward == "8B"
    (gone,) = events(delivery(DeliveryEvent.KIND_CANCELLED, note="stopped"))
    assert isinstance(gone, DeliveryCancelled)
    assert gone.reason == "stopped"


@pytest.mark.parametrize(
    ("msg", "sentence"),
    [
        (DeliveryEvent(), "delivery_id"),
        (delivery(DeliveryEvent.KIND_UNKNOWN), "KIND_DISPATCHED"),
        (delivery(99), "KIND_CANCELLED"),
        (delivery(DeliveryEvent.KIND_DOSE_DUE, due="8 o'clock"), "HH:MM"),
        (delivery(DeliveryEvent.KIND_DISPATCHED), "no medication"),
    ],
)
def test_a_bad_event_is_refused_with_a_sentence(msg, sentence):
    with pytest.raises(ConversionError, match=sentence):
        events(msg)


def heard(text: str, **fields):
    return event_of_transcript(Transcript(text=text, **fields), 10.0, "d1", 2000)


def test_a_ten_megabyte_transcript_is_bounded_and_keeps_its_end():
    found = heard("a" * 10_000_000 + " 我胸口好痛")
    assert len(found.text) <= 2000
    assert found.text.endswith("我胸口好痛")


def test_what_cannot_be_said_is_removed():
    assert heard("\x00我\ufffd要\x1b問\ue000").text == "我 要 問"


def test_confidence_outside_its_range_is_unknown():
    found = heard("x", confidence_min=7.0, confidence_mean=float("nan"))
    assert (found.confidence_min, found.confidence_mean) == (-1.0, -1.0)
    assert heard("x").confidence_mean == -1.0


def test_alternatives_are_bounded():
    found = heard("x", alternatives=["y" * 5000] * 50)
    assert len(found.alternatives) == 10
    assert all(len(text) <= 2000 for text in found.alternatives)


def test_speech_states_become_starts_and_ends_of_our_own_utterances_only():
    msg = SpeechState(
        state=SpeechState.STATE_SPEAKING, utterance_id="u3", ended_ids=["u1", "other", "u2"],
        ended_completed=[True, True, False],
    )  # fmt: skip
    found = events_of_speech(msg, 10.0, {"u1": "d1", "u2": "d1", "u3": "d1"})
    assert [(type(event), event.utterance_id) for event in found] == [
        (SpeechEnded, "u1"),
        (SpeechEnded, "u2"),
        (SpeechStarted, "u3"),
    ]
    assert [event.completed for event in found[:2]] == [True, False]
