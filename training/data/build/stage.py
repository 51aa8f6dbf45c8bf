"""A delivery at a bed, ready to be asked about: its medicines, what a question about them may name, and its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import Drug
from training.data.build import invented
from training.data.build.questions import TOPICAL, Question
from training.data.build.visit import Visit
from training.data.medllm_format import by_place

# What a fact names, and the slot of a question that it fills.
SLOT_OF = {"symptom": "symptom", "food": "food", "group": "med", "other": "med"}


@dataclass(frozen=True)
class Stage:
    """A delivery at a bed, ready to be asked about."""

    cell: int
    drugs: tuple[Drug, ...]
    made: tuple[invented.Invented, ...]
    orders: tuple[str, ...]
    visit: Visit

    def name(self, random: Random) -> str:
        """Return a name by which the patient may call one of the medicines."""
        drug = random.choice(self.drugs)
        locale = self.visit.delivery.locale
        names = [*drug.names.get(locale, ()), *drug.names[Locale.EN_US][:1]]
        return names[0] if random.random() < 0.8 else random.choice(names)

    def slots(self, random: Random, question: Question) -> Mapping[str, str] | None:
        """Return what fills a question's slots, None where nothing fits."""
        found = {"drug": self.name(random)}
        kind = next(iter(question.slots - {"drug"}), "")
        if not kind:
            return found
        value = self._value(random, TOPICAL.get(question.kind, kind))
        return {**found, kind: value} if value else None

    def _value(self, random: Random, kind: str) -> str:
        """Return a food, a symptom or a medicine that the facts name; now and then one that they may not name."""
        locale = self.visit.delivery.locale
        every = [value[locale] for value in invented.values("group" if kind == "med" else kind)]
        named = [
            value[locale]
            for made in self.made
            for entries in made.values.values()
            for of, value in entries
            if SLOT_OF.get(of) == kind
        ]
        text = "\n".join(line.text for line in self.visit.sheet.lines)
        named += [value for value in every if value in text]
        return random.choice(named) if named and random.random() < 0.8 else random.choice(every)

    def record(self, id_: str, turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the line of format medllm."""
        delivery = self.visit.delivery
        profile = delivery.patient
        patient: dict[str, Any] = {"age": profile.age_years}
        if profile.pregnant:
            patient["pregnant"] = True
        if profile.hard_of_hearing:
            patient["hard_of_hearing"] = True
        record: dict[str, Any] = {
            "id": id_, "origin": "generated", "group": f"cell-{self.cell:02}", "locale": str(delivery.locale),
            "scenario": str(delivery.scenario), "order": self.orders[0] if len(self.orders) == 1 else list(self.orders),
            "patient": patient,
        }  # fmt: skip
        if delivery.ward:
            record["ward"] = delivery.ward
        if delivery.note:
            record["note"] = delivery.note
        if self.made:
            record["drug"] = [invented.to_record(made.drug, delivery.locale) for made in self.made]
        return {**record, "turns": [self._cited(turn) for turn in turns]}

    def _cited(self, turn: Mapping[str, Any]) -> dict[str, Any]:
        said = {"assistant": self.by_place(turn["assistant"], turn["facts"])} if "assistant" in turn else {}
        return {**turn, **said}

    def by_place(self, text: str, facts: Sequence[str]) -> str:
        """Return an answer that cites places among ``facts`` instead of labels of this delivery's sheet."""
        label = {line.ref: line.label for line in self.visit.sheet.lines}
        return by_place(text, [label[fact] for fact in facts])
