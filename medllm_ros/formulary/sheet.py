"""The facts of one delivery with the labels that a reply cites."""

from __future__ import annotations

from dataclasses import dataclass

from medllm_ros.delivery import Delivery, Locale, Medication
from medllm_ros.formulary.fact_forms import fitting
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy
from medllm_ros.formulary.order_words import FREQUENCY, ROUTE, say
from medllm_ros.formulary.store import Formulary

NAME = "name"
ORDER = "order"


@dataclass(frozen=True)
class SheetLine:
    """One citable line. ``key`` is a :class:`FactField` value, or ``name`` / ``order`` for what was ordered."""

    label: str  # "F3"
    key: str
    text: str
    fact: Fact | None
    medication: int  # index into the delivery's medicines

    @property
    def ref(self) -> str:
        """Return the stable id for journals: the fact's id, or ``order.<n>.<key>``."""
        return self.fact.id if self.fact else f"order.{self.medication}.{self.key}"


@dataclass(frozen=True)
class FactSheet:
    """Every line that may be spoken in this visit, in stable order."""

    locale: Locale
    lines: tuple[SheetLine, ...]
    drugs: tuple[Drug | None, ...]  # one per medicine; None outside the formulary

    @classmethod
    def of_delivery(cls, delivery: Delivery, formulary: Formulary) -> FactSheet:
        """Collect the order and all speakable facts of the delivered drugs."""
        lines: list[SheetLine] = []
        drugs = tuple(formulary.find(medication.name, medication.route) for medication in delivery.medications)

        def add(key: str, text: str, fact: Fact | None, medication: int) -> None:
            lines.append(SheetLine(f"F{len(lines) + 1}", key, text, fact, medication))

        for index, (medication, drug) in enumerate(zip(delivery.medications, drugs, strict=True)):
            add(NAME, spoken_name(medication, drug, delivery.locale), None, index)
            ordered = spoken_order(medication, delivery.locale)
            if ordered:
                add(ORDER, ordered, None, index)
            if drug is None or not _same_route(medication, drug):
                continue  # oral vancomycin is not the drip: nothing but the order is said
            for wanted in FactField:
                if wanted is FactField.MISSED_DOSE and drug.missed_dose is not MissedDosePolicy.ANSWER:
                    continue
                for fact in fitting(drug.about(wanted, formulary.minimum), medication, drug):
                    add(wanted.value, fact.text[delivery.locale], fact, index)
        return cls(delivery.locale, tuple(lines), drugs)

    def find(self, label: str) -> SheetLine | None:
        """Return the line with this label ("F3"), None where there is none."""
        return next((line for line in self.lines if line.label == label), None)

    def of(self, key: str, medication: int | None = None) -> tuple[SheetLine, ...]:
        """Return the lines of one key, of one medicine where given."""
        return tuple(
            line for line in self.lines if line.key == key and medication in (None, line.medication)
        )


def _same_route(medication: Medication, drug: Drug) -> bool:
    return not medication.route or not drug.route or medication.route.upper() in drug.route.upper().split("/")


def spoken_name(medication: Medication, drug: Drug | None, locale: Locale) -> str:
    """Return the name to speak: the local name with the ordered one where they differ."""
    if drug is None:
        return medication.name
    local = drug.name(locale)
    if local.casefold() == medication.name.casefold():
        return local
    return f"{local}（{medication.name}）" if locale is not Locale.EN_US else f"{local} ({medication.name})"


def spoken_order(medication: Medication, locale: Locale) -> str:
    """Return strength, dose, route, frequency and times exactly as ordered; "" where all are UNKNOWN."""
    chinese = locale is not Locale.EN_US
    parts = []
    if medication.strength:
        parts.append(medication.strength.text)
    if medication.dose:
        parts.append(("每次 " if chinese else "") + medication.dose.text + ("" if chinese else " each time"))
    parts.append(say(medication.route, ROUTE, locale))
    parts.append(say(medication.frequency, FREQUENCY, locale))
    if medication.as_needed and "PRN" not in medication.frequency.upper():
        parts.append(FREQUENCY["PRN"][locale])
    if medication.times:
        times = [time.strftime("%H:%M") for time in medication.times]
        parts.append("、".join(times) if chinese else "at " + ", ".join(times))
    return ("，" if chinese else ", ").join(part for part in parts if part)
