"""What is left of the robot while its journal cannot be written."""

from __future__ import annotations

from visits import delivery, of

from medllm_ros.bedside.effects import AlertNurse, Priority, Speak
from medllm_ros.bedside.events import AlertAccepted, DeliveryDispatched, TranscriptHeard
from medllm_ros.bedside.unrecorded import UnrecordedEmergencies

HEAD = {"at": 1.0, "delivery_id": "d1"}


def test_an_emergency_still_calls_the_nurse_and_speaks(context):
    unrecorded = UnrecordedEmergencies(context, boot="b1")
    effects = unrecorded.handle(TranscriptHeard(event_id="e1", text="我胸口好痛", **HEAD))
    assert of(effects, AlertNurse) and of(effects, Speak)[0].priority is Priority.EMERGENCY
    assert unrecorded.sessions["d1"].open_alerts
    alert = of(effects, AlertNurse)[0].alert_id
    unrecorded.handle(AlertAccepted(event_id="e2", alert_id=alert, by="n1", **HEAD))
    assert not unrecorded.sessions["d1"].open_alerts


def test_nothing_else_is_said(context):
    unrecorded = UnrecordedEmergencies(context, boot="b1")
    assert unrecorded.handle(DeliveryDispatched(event_id="e1", delivery=delivery(), **HEAD)) == []
    assert unrecorded.handle(TranscriptHeard(event_id="e2", text="這個藥是治療什麼的？", **HEAD)) == []
