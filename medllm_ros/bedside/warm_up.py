"""Half a second that no patient should wait for: word lists compiled and dictionaries read before the first visit."""

from __future__ import annotations

import datetime as dt

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import AskModel
from medllm_ros.bedside.events import DeliveryArrived, DeliveryDispatched, ReplySentence, TranscriptHeard
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.delivery import Delivery, Locale, Medication, PatientProfile

_SENTENCES = {
    Locale.ZH_TW: ("我叫王小明，民國四十五年三月二號生", "這個藥是治療什麼的？"),
    Locale.ZH_CN: ("我叫王小明，一九五六年三月二号生", "这个药是治什么的？"),
    Locale.EN_US: ("I am 王小明, born March 2nd 1956", "What is this medicine for?"),
}


def warm_up(context: SessionContext) -> None:
    """Play a short visit of an invented patient through a session that is thrown away, once a language."""
    patient = PatientProfile(name="王小明", date_of_birth=dt.date(1956, 3, 2))
    for locale, sentences in _SENTENCES.items():
        delivery = Delivery(
            delivery_id="warm-up", medications=(Medication(name="amlodipine"),), patient=patient, locale=locale
        )
        session = BedsideSession(context)
        session.apply(DeliveryDispatched(event_id="1", at=0.0, delivery_id="warm-up", delivery=delivery))
        session.apply(DeliveryArrived(event_id="2", at=0.0, delivery_id="warm-up"))
        for number, text in enumerate(sentences):
            effects = session.apply(
                TranscriptHeard(event_id=f"t{number}", at=0.0, delivery_id="warm-up", text=text)
            )
            for effect in effects:
                if isinstance(effect, AskModel):
                    session.apply(
                        ReplySentence(
                            event_id="r", at=0.0, delivery_id="warm-up", turn_id=effect.turn_id,
                            epoch=effect.epoch, seq=0, text=f"[F1] {text}", engine="local",
                        )
                    )  # fmt: skip
