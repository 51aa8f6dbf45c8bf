"""Orders, patients and verified visits with a fake engine behind them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fake_engines import FakeEngine

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Speak
from medllm_ros.cli.driver import VisitDriver
from medllm_ros.delivery import Delivery, Locale, Medication, PatientProfile
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.quantities import parse_quantity
from medllm_ros.safety.guard import GuardContext

QUESTIONS = {
    Locale.ZH_TW: (
        "這個藥是治療什麼的？", "吃了會有什麼副作用？", "要怎麼吃？", "可以喝酒嗎？", "要怎麼保存？",
        "忘記吃怎麼辦？", "懷孕可以吃嗎？",
        "飯前還是飯後吃？",
    ),
    Locale.ZH_CN: (
        "这个药是治疗什么的？", "吃了会有什么副作用？", "要怎么吃？", "可以喝酒吗？", "要怎么保存？",
        "忘记吃怎么办？", "怀孕可以吃吗？",
        "饭前还是饭后吃？",
    ),
    Locale.EN_US: (
        "What is this medicine for?", "What are the side effects?", "How do I take it?", "Can I drink alcohol with it?",
        "How should I store it?", "What if I forget a dose?", "Is it safe in pregnancy?", "Before or after meals?",
    ),
}  # fmt: skip


def order(drug: Drug | str, **changes: Any) -> Medication:
    """Return an order of a drug by its own route, once a day at eight."""
    values: dict[str, Any] = {"strength": parse_quantity("5 mg"), "frequency": "QD", "times": (dt.time(8),)}
    if isinstance(drug, Drug):
        return Medication(name=drug.name(Locale.EN_US), route=drug.route.split("/")[0], **{**values, **changes})
    return Medication(name=drug, **{**values, **changes})


def patient(**changes: Any) -> PatientProfile:
    values = {"name": "王春嬌", "date_of_birth": dt.date(1956, 3, 2), "age_years": 40, "chart_number": "A1234567"}
    return PatientProfile(**{**values, **changes})


def delivered(*medications: Medication, locale: Locale = Locale.ZH_TW, **changes: Any) -> Delivery:
    values: dict[str, Any] = {"delivery_id": "d1", "patient": patient(), "ward": "7A", "bed": "12"}
    return Delivery(medications=medications, locale=locale, **{**values, **changes})


def judged(drug: Drug, locale: Locale, formulary: Formulary, **changes: Any) -> GuardContext:
    """Return what a sentence about one drug is judged against."""
    delivery = delivered(order(drug), locale=locale)
    return GuardContext(FactSheet.of_delivery(delivery, formulary), delivery, locale, formulary, **changes)


class Visit:
    """A verified visit with a fake engine; keeps everything that was said."""

    def __init__(self, context: SessionContext, delivery: Delivery, engine: FakeEngine, **values: Any) -> None:
        self.clock = 1_700_000_000.0
        self.engine = engine
        self.driver = VisitDriver(delivery, context, engine, clock=self._tick, **values)
        self.said: list[Speak] = list(self.driver.open(verified=True).said)

    def _tick(self) -> float:
        self.clock += 1.0
        return self.clock

    def ask(self, text: str) -> list[Speak]:
        said = self.driver.say(text).said
        self.said += said
        return said

    @property
    def text(self) -> str:
        return "\n".join(speak.text for speak in self.said)
