"""Message in -> event. Ids are namespaced by source, so that two topics can never collide."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryCancelled,
    DeliveryDispatched,
    DoseDue,
    Event,
    PatientTransferred,
    SpeechEnded,
    SpeechStarted,
    StopScope,
    TranscriptHeard,
)  # fmt: skip
from medllm_ros.msg import DeliveryEvent, SpeechState, Transcript
from medllm_ros.nodes.convert import INVALID, ConversionError, delivery_from_message, plain, wall_time
from medllm_ros.srv import StopSpeech

MAX_ALTERNATIVES = 10
BROKEN = frozenset({"Cc", "Cs", "Co", "Cn"})  # control, surrogate, private use, unassigned
STOP_SCOPES = {
    StopSpeech.Request.SCOPE_ORDINARY: StopScope.ORDINARY,
    StopSpeech.Request.SCOPE_EVERYTHING: StopScope.EVERYTHING,
}


def unique(source: str, given: str = "") -> str:
    """Return an event id; a ``given`` id makes it the same on every re-send."""
    return f"{source}:{given or uuid.uuid4().hex}"


def events_of_delivery(msg: DeliveryEvent, at: float, locale: str, known: bool) -> list[Event]:
    """Return the events of a delivery message.

    ``at`` is seconds since the epoch, ``locale`` is the robot's own, ``known`` says whether this delivery was
    dispatched before. An arrival without an earlier dispatch brings its own medicines and gives both events.
    """
    event_id = unique("delivery", plain(msg.event_id, "event_id", 64))
    delivery_id = plain(msg.delivery_id, "delivery_id", 64)
    if not delivery_id:
        raise ConversionError("The event has no delivery_id; give the id of the delivery it belongs to.")
    head: dict[str, Any] = {"event_id": event_id, "at": at, "delivery_id": delivery_id}
    if msg.kind == DeliveryEvent.KIND_DISPATCHED:
        return [DeliveryDispatched(**head, delivery=delivery_from_message(msg, locale))]
    if msg.kind == DeliveryEvent.KIND_ARRIVED:
        arrived = DeliveryArrived(**head)
        if known or not msg.medications:  # without medicines: early, its order is still on the way
            return [arrived]
        delivery = delivery_from_message(msg, locale)
        return [DeliveryDispatched(**{**head, "event_id": f"{event_id}:dispatched"}, delivery=delivery), arrived]
    if msg.kind == DeliveryEvent.KIND_DOSE_DUE:
        due = wall_time(msg.due, "due").strftime("%H:%M") if msg.due else ""
        event = DoseDue(**head, medication=int(msg.medication_index), due=due)
        if known or not msg.medications:
            return [event]
        delivery = delivery_from_message(msg, locale)
        if event.medication >= len(delivery.medications):
            raise ConversionError(
                f"medication_index is {event.medication}; the event carries {len(delivery.medications)} medications."
            )
        return [DeliveryDispatched(**{**head, "event_id": f"{event_id}:dispatched"}, delivery=delivery), event]
    if msg.kind == DeliveryEvent.KIND_TRANSFERRED:
        return [PatientTransferred(**head, ward=plain(msg.ward, "ward", 64), bed=plain(msg.bed, "bed", 64))]
    if msg.kind == DeliveryEvent.KIND_CANCELLED:
        return [DeliveryCancelled(**head, reason=plain(msg.note, "note", 2000))]
    raise ConversionError(
        f"kind is {msg.kind}; use KIND_DISPATCHED (1), KIND_ARRIVED (2), KIND_DOSE_DUE (3), KIND_TRANSFERRED (4) or "
        "KIND_CANCELLED (5)."
    )


def event_of_transcript(msg: Transcript, at: float, delivery_id: str, max_chars: int) -> TranscriptHeard:
    """Return what was heard; over-long text is cut and unprintable characters are removed, never refused."""
    return TranscriptHeard(
        event_id=unique("transcript", msg.transcript_id[:64]),
        at=at,
        delivery_id=delivery_id,
        text=heard(msg.text, max_chars),
        final=msg.final,
        alternatives=tuple(heard(text, max_chars) for text in list(msg.alternatives)[:MAX_ALTERNATIVES]),
        confidence_min=_confidence(msg.confidence_min),
        confidence_mean=_confidence(msg.confidence_mean),
    )


def events_of_speech(msg: SpeechState, at: float, delivery_of: dict[str, str]) -> list[Event]:
    """Return what began and ended; ``delivery_of`` maps the utterances that were sent to their visits."""
    events: list[Event] = []
    for utterance_id, completed in zip(msg.ended_ids, msg.ended_completed, strict=False):
        if utterance_id in delivery_of:
            events.append(
                SpeechEnded(
                    event_id=f"speech:{utterance_id}:ended", at=at, delivery_id=delivery_of[utterance_id],
                    utterance_id=utterance_id, completed=completed,
                )
            )  # fmt: skip
    if msg.state == SpeechState.STATE_SPEAKING and msg.utterance_id in delivery_of:
        events.append(
            SpeechStarted(
                event_id=f"speech:{msg.utterance_id}:started", at=at, delivery_id=delivery_of[msg.utterance_id],
                utterance_id=msg.utterance_id,
            )
        )  # fmt: skip
    return events


def heard(text: str, max_chars: int) -> str:
    """Return recognised text within ``max_chars`` (its beginning and its end), without unprintable characters."""
    if len(text) > max_chars:  # an emergency may stand at either end
        half = (max_chars - 1) // 2
        text = f"{text[:half]} {text[-half:]}"
    kept = (" " if char == INVALID or unicodedata.category(char) in BROKEN else char for char in text)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))[:max_chars]


def _confidence(value: float) -> float:
    return float(value) if 0.0 <= value <= 1.0 else -1.0
