"""A visit to poke at, and short ways to say what is expected of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Effect, Speak
from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryDispatched,
    Event,
    IdentityScanned,
    ReplyEnded,
    ReplySentence,
    SpeechEnded,
    TranscriptHeard,
)
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.delivery import Delivery, Locale, Medication, PatientProfile
from medllm_ros.orders.text import parse_order_text


def patient(**changes: Any) -> PatientProfile:
    values: dict[str, Any] = {
        "name": "王春嬌", "date_of_birth": dt.date(1956, 3, 2), "age_years": 70, "chart_number": "A1234567",
    }  # fmt: skip
    return PatientProfile(**{**values, **changes})


def delivery(order: str = "Amlodipine 5 mg PO QD 08:00", **changes: Any) -> Delivery:
    medications: tuple[Medication, ...] = changes.pop("medications", None) or (parse_order_text(order),)
    values: dict[str, Any] = {
        "delivery_id": "d1", "medications": medications, "patient": patient(), "ward": "7A", "bed": "12",
        "locale": Locale.ZH_TW,
    }  # fmt: skip
    return Delivery(**{**values, **changes})


class Bedside:
    """Feeds one session and keeps what came out. A reply of the model is given by the test."""

    def __init__(self, context: SessionContext, ordered: Delivery | None = None) -> None:
        self.delivery = ordered or delivery()
        self.session = BedsideSession(context)
        self.effects: list[Effect] = []
        self.at = 1_700_000_000.0
        self.count = 0

    def do(self, kind: type[Event], **values: Any) -> list[Effect]:
        """Apply one event of ``kind``."""
        self.count += 1
        self.at += 1.0
        head: dict[str, Any] = {"event_id": f"e{self.count}", "at": self.at, "delivery_id": self.delivery.delivery_id}
        effects = self.session.apply(kind(**{**head, **values}))
        self.effects += effects
        return effects

    def arrive(self) -> list[Effect]:
        return self.do(DeliveryDispatched, delivery=self.delivery) + self.do(DeliveryArrived)

    def verify(self) -> list[Effect]:
        return self.do(IdentityScanned, verified_by_staff=True, staff_id="n1")

    def hear(self, text: str, **values: Any) -> list[Effect]:
        return self.do(TranscriptHeard, text=text, **values)

    def reply(self, turn: Any, *sentences: str, engine: str = "local", end: bool = True) -> list[Effect]:
        """Give the model's reply to an AskModel effect."""
        found: list[Effect] = []
        for seq, text in enumerate(sentences):
            found += self.do(
                ReplySentence, turn_id=turn.turn_id, epoch=turn.epoch, seq=seq, text=text, engine=engine
            )
        if end:
            found += self.do(ReplyEnded, turn_id=turn.turn_id, epoch=turn.epoch)
        return found

    def play(self, effects: list[Effect]) -> None:
        """Let every sentence be spoken to its end."""
        for effect in of(effects, Speak):
            self.do(SpeechEnded, utterance_id=effect.utterance_id)


def of(effects: list[Effect], kind: type[Any]) -> list[Any]:
    """Return the effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def said(effects: list[Effect]) -> str:
    """Return what was said, joined."""
    return "".join(effect.text for effect in of(effects, Speak))
