"""The shape of what is known of a drug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from medllm_ros.delivery import Locale


class ReviewStatus(StrEnum):
    """How far a fact has been checked; the order of the members is the order of trust."""

    RECALL = "recall"
    SOURCE_OPENED = "source_opened"
    PHARMACIST_SIGNED = "pharmacist_signed"

    def reaches(self, minimum: ReviewStatus) -> bool:
        """Return True where this status is at or above ``minimum``."""
        order = list(ReviewStatus)
        return order.index(self) >= order.index(minimum)


class FactField(StrEnum):
    """What a fact is about."""

    PURPOSE = "purpose"
    HOW_TO_TAKE = "how_to_take"
    FOOD_TIMING = "food_timing"
    FOOD_DRINK = "food_drink"
    MISSED_DOSE = "missed_dose"
    SIDE_EFFECT = "side_effect"
    RED_FLAG = "red_flag"
    INTERACTION = "interaction"
    PREGNANCY = "pregnancy"
    PAEDIATRIC = "paediatric"
    ELDERLY_RENAL = "elderly_renal"
    PRECAUTION = "precaution"
    ALLERGY = "allergy"
    STORAGE = "storage"
    COUNSELLING = "counselling"
    WHAT_TO_EXPECT = "what_to_expect"


class MissedDosePolicy(StrEnum):
    """What the robot does with a missed-dose question."""

    ANSWER = "answer"  # speak the drug's own rule, then "tell the nurse, never double"
    DEFER = "defer"  # good sources conflict or the drug is high risk: pharmacist
    NURSE_ONLY = "nurse_only"  # given by staff only


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact was read. ``date`` is the page's own date, "" where it shows none."""

    publisher: str
    title: str
    address: str
    section: str
    date: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One sentence about one drug, in every locale, with its source."""

    id: str  # "<drug>.<field>.<n>", stable
    field: FactField
    text: Mapping[Locale, str]
    status: ReviewStatus
    source: Source | None = None
    conflict: bool = False  # good sources disagree: deferred, never spoken
    note: str = ""
    against: tuple[str, ...] = ()  # of an interaction: ATC prefixes of the other medicines
    severity: str = ""  # what the medication checks do where the patient takes one of them: info, caution, hold

    def speakable(self, minimum: ReviewStatus) -> bool:
        """Return True where the fact may be spoken: reviewed far enough and undisputed."""
        return self.status.reaches(minimum) and not self.conflict


@dataclass(frozen=True, kw_only=True)
class Drug:
    """One drug of the formulary (an ingredient, not a product)."""

    id: str
    names: Mapping[Locale, tuple[str, ...]]  # first one is the name to speak
    brands: tuple[str, ...] = ()
    colloquial: tuple[str, ...] = ()  # "血壓藥": found in speech, never proof of identity of a drug
    atc: tuple[str, ...] = ()
    drug_class: str = ""
    route: str = ""
    forms: tuple[str, ...] = ()  # "tablet", "eye drops": what a patient is handed
    allergy_classes: tuple[str, ...] = ()
    high_alert: bool = False  # ISMP list; basis in the data file
    lasa: tuple[str, ...] = ()  # ids or names of look-alike sound-alike partners
    missed_dose: MissedDosePolicy = MissedDosePolicy.DEFER
    facts: tuple[Fact, ...] = field(default=())

    def name(self, locale: Locale) -> str:
        """Return the name to speak in ``locale``; the English one where none is recorded."""
        return (self.names.get(locale) or self.names[Locale.EN_US])[0]

    def about(self, wanted: FactField, minimum: ReviewStatus) -> tuple[Fact, ...]:
        """Return the speakable facts of one field, in file order."""
        return tuple(fact for fact in self.facts if fact.field is wanted and fact.speakable(minimum))
