"""Visits over a journal that fails and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import AlertNurse, ClearAlert, Hold, Priority, Release, Speak
from medllm_ros.bedside.events import (
    AlertAccepted,
    DeliveryArrived,
    DeliveryDispatched,
    IdentityScanned,
    TranscriptHeard,
)
from medllm_ros.delivery import Delivery, Medication

pytest.importorskip("rclpy")
from medllm_ros.nodes.safekeeping import Safekeeping

HEAD = {"at": 1_700_000_000.0, "delivery_id": "d1"}


def of(effects, kind):
    return [effect for effect in effects if isinstance(effect, kind)]


def test_an_emergency_without_a_journal_stays_locked_and_answerable_when_the_disk_is_back(tmp_path: Path):
    disk = tmp_path / "disk"
    keeping = Safekeeping(disk / "journal.sqlite", SessionContext.load())
    keeping.open(1_700_000_000.0)
    delivery = Delivery(delivery_id="d1", medications=(Medication(name="amlodipine"),))
    keeping.handle(DeliveryDispatched(event_id="1", delivery=delivery, **HEAD))
    keeping.handle(DeliveryArrived(event_id="2", **HEAD))
    assert of(keeping.handle(IdentityScanned(event_id="3", verified_by_staff=True, **HEAD)), Release)

    keeping.close()
    disk.rename(tmp_path / "away")
    disk.write_text("not a folder")  # the disk is gone
    keeping.open(1_700_000_001.0)
    assert keeping.problem
    effects = keeping.handle(TranscriptHeard(event_id="4", text="我胸口好痛", **HEAD))
    call, sentence = of(effects, AlertNurse)[0], of(effects, Speak)[0]
    assert sentence.priority is Priority.EMERGENCY
    assert call.alert_id.startswith("unrecorded-") and sentence.utterance_id.startswith("unrecorded-")
    assert keeping.visit_of_alert(call.alert_id) == "d1"

    disk.unlink()
    (tmp_path / "away").rename(disk)
    effects = keeping.open(1_700_000_002.0)
    assert not keeping.problem
    assert [cleared.alert_id for cleared in of(effects, ClearAlert)] == [call.alert_id]
    assert not of(effects, Release) and of(effects, Hold)
    again = of(effects, AlertNurse)[-1]
    assert again.category == "chest_pain" and keeping.visit_of_alert(again.alert_id) == "d1"
    accepted = AlertAccepted(event_id="5", alert_id=again.alert_id, by="n1", **HEAD)
    assert not of(keeping.handle(accepted), Release), "staff answered, and have not freed the lock"
    freed = AlertAccepted(event_id="6", alert_id=again.alert_id, by="n1", release_hold=True, **HEAD)
    assert of(keeping.handle(freed), Release)
    keeping.close()
