"""What can happen in a bedside visit. Every event carries its own time; the session has no clock.

Fields marked ``private`` hold patient text or identifiers: the journal keeps them apart, under a
key that is deleted after the retention time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from medllm_ros.delivery import Delivery


def private() -> Any:
    """Return a dataclass field for patient text."""
    return field(default="", metadata={"private": True})


@dataclass(frozen=True, kw_only=True)
class Event:
    """The common head. ``event_id`` de-duplicates; ``at`` is seconds since the epoch."""

    event_id: str
    at: float
    delivery_id: str


@dataclass(frozen=True, kw_only=True)
class DeliveryDispatched(Event):
    """The robot has left for the patient with this delivery."""

    delivery: Delivery = field(metadata={"private": True})


@dataclass(frozen=True, kw_only=True)
class DeliveryArrived(Event):
    """The robot stands at the bed."""


@dataclass(frozen=True, kw_only=True)
class DoseDue(Event):
    """At home: a dose of the order is due now. ``medication`` indexes the delivery's medicines."""

    medication: int = 0
    due: str = ""  # local wall-clock time "08:00"


@dataclass(frozen=True, kw_only=True)
class TranscriptHeard(Event):
    """What the recogniser understood. Confidence 0-1 per word, -1 where the recogniser gives none."""

    text: str = private()
    final: bool = True
    alternatives: tuple[str, ...] = field(default=(), metadata={"private": True})
    confidence_min: float = -1.0
    confidence_mean: float = -1.0
    tokens: int = 0  # length of ``text`` in the model's tokens


@dataclass(frozen=True, kw_only=True)
class IdentityScanned(Event):
    """A wristband was read, or staff vouch for the patient."""

    chart_number: str = private()
    verified_by_staff: bool = False  # staff member checked both identifiers themselves
    staff_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PrivacyRequested(Event):
    """Somebody asked for privacy: no drug or purpose aloud until ``active`` is False."""

    active: bool = True


@dataclass(frozen=True, kw_only=True)
class PatientTransferred(Event):
    """The patient was moved (HL7 ADT^A02): the match is void."""

    ward: str = ""
    bed: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplySentence(Event):
    """One sentence of the model's reply, citation included."""

    turn_id: int
    epoch: int
    seq: int
    text: str = private()
    tokens: int = 0
    engine: str = "none"  # "none" quotes the approved wording


@dataclass(frozen=True, kw_only=True)
class ReplyEnded(Event):
    """The model has finished its reply."""

    turn_id: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class ReplyFailed(Event):
    """The model is dead, slow, absent or refused. ``why`` goes to the log, never to the patient."""

    turn_id: int
    epoch: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class SpeechStarted(Event):
    """An utterance has begun to sound."""

    utterance_id: str


@dataclass(frozen=True, kw_only=True)
class SpeechEnded(Event):
    """An utterance has ended; ``completed`` is False where it was stopped or could not be played."""

    utterance_id: str
    completed: bool = True


@dataclass(frozen=True, kw_only=True)
class TimerFired(Event):
    """A timer that the session set is over."""

    timer: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class AlertAccepted(Event):
    """Staff acknowledged an alert; ``release_hold`` is their word that the medicine may be given."""

    alert_id: str
    by: str
    release_hold: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertFailed(Event):
    """An alert reached nobody."""

    alert_id: str
    why: str = ""


class StopScope(StrEnum):
    """How much a stop request ends."""

    ORDINARY = "ordinary"
    EVERYTHING = "everything"  # staff only: also alerts' sentences and emergency speech


@dataclass(frozen=True, kw_only=True)
class StopRequested(Event):
    """A button or staff service asked for silence."""

    scope: StopScope = StopScope.ORDINARY
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class HandoverConfirmed(Event):
    """Somebody took the medicine out."""

    by: str


@dataclass(frozen=True, kw_only=True)
class DeliveryCancelled(Event):
    """The order was withdrawn."""

    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Restarted(Event):
    """The node came back after a crash and replayed the journal.

    ``same_build`` is False where the hashes of code, configuration or formulary differ from the visit's beginning.
    """

    same_build: bool = True
    journal_ok: bool = True  # False: the chain is broken, clinical talk stops


ANY_EVENT: tuple[type[Event], ...] = (
    DeliveryDispatched, DeliveryArrived, DoseDue, TranscriptHeard, IdentityScanned, PrivacyRequested,
    PatientTransferred, ReplySentence, ReplyEnded, ReplyFailed, SpeechStarted, SpeechEnded, TimerFired,
    AlertAccepted, AlertFailed, StopRequested, HandoverConfirmed, DeliveryCancelled, Restarted,
)  # fmt: skip
