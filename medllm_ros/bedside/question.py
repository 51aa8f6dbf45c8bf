"""One question of the patient with everything that its answer may draw on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from medllm_ros.bedside.cited import Cited
from medllm_ros.delivery import Delivery, Profile
from medllm_ros.formulary.sheet import NAME, FactSheet, SheetLine
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.wording import Wording


@dataclass(frozen=True)
class Visit:
    """What an answer may draw on: the sheet, the order, the wording, and the question as it was heard."""

    sheet: FactSheet
    delivery: Delivery
    formulary: Formulary
    wording: Wording
    mentioned: tuple[str, ...] = ()  # ids of drugs that the patient named
    text: str = ""

    def say(self, key: str, **values: Any) -> Cited:
        """Return approved wording that rests on no fact."""
        patient = self.delivery.patient
        text = self.wording.say(
            key, self.delivery.locale, scenario=self.delivery.scenario, profiles=patient.profiles, **values
        )
        return Cited((), text)

    @property
    def most_facts(self) -> int:
        """Return how many facts one answer may hold; fewer for somebody who hears badly."""
        return 1 if Profile.HARD_OF_HEARING in self.delivery.patient.profiles else 2

    @property
    def others_named(self) -> tuple[str, ...]:
        """Return the ids of drugs that the patient named and that are not delivered."""
        delivered = {drug.id for drug in self.sheet.drugs if drug}
        return tuple(name for name in self.mentioned if name not in delivered)

    @property
    def targets(self) -> tuple[int, ...]:
        """Return the delivered medicines that are asked about: the named ones, else all."""
        named = tuple(i for i, drug in enumerate(self.sheet.drugs) if drug and drug.id in self.mentioned)
        return named or tuple(range(len(self.delivery.medications)))

    def name(self, medication: int) -> SheetLine:
        """Return the line with the name of a medicine."""
        return self.sheet.of(NAME, medication)[0]

    def lines(self, medication: int, *keys: str) -> tuple[SheetLine, ...]:
        """Return the lines of these keys, in the order of the keys."""
        return tuple(line for key in keys for line in self.sheet.of(key, medication))
