"""What is delivered, and to whom: frozen, validated data that every room shares.

An absent part of an order is ``None`` or empty and means UNKNOWN; it is never guessed and never
spoken. A part that is present but impossible raises :class:`DeliveryError` with a sentence.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from medllm_ros.quantities import Quantity

MAX_NAME_CHARS = 120
MAX_NOTE_CHARS = 2000
ELDERLY_FROM_YEARS = 65  # WHO and Taiwan's 老人福利法 art. 2 count from 65
CHILD_UNDER_YEARS = 18  # UN Convention on the Rights of the Child, art. 1

_SENTENCE = re.compile(r"[。！？；!?\n]|[^\W\d_]{3,}\.\s+(?:\S+\s+){2}\S")  # "St. John's wort" is none


class DeliveryError(ValueError):
    """A delivery that cannot be right; the message says which part and what is allowed."""


class Locale(StrEnum):
    """Languages the robot speaks, written as ROS4HRI does (ISO 639-1, ISO 3166-1)."""

    ZH_TW = "zh_TW"
    ZH_CN = "zh_CN"
    EN_US = "en_US"


class Scenario(StrEnum):
    """Where the visit takes place; chooses prompts and wording."""

    WARD = "ward"
    EMERGENCY = "emergency"
    PHARMACY = "pharmacy"
    HOME = "home"


class Sex(StrEnum):
    """FHIR administrative gender."""

    UNKNOWN = "unknown"
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Profile(StrEnum):
    """How the robot adapts its speech to the listener; more than one may apply."""

    ELDERLY = "elderly"
    CHILD = "child"  # the listener is the child's parent or carer
    PREGNANT = "pregnant"
    HARD_OF_HEARING = "hard_of_hearing"


def clean(text: str, what: str, limit: int = MAX_NAME_CHARS) -> str:
    """Return ``text`` stripped; raise :class:`DeliveryError` where it is too long or has control characters."""
    if not isinstance(text, str):
        raise DeliveryError(f"{what} must be text, not {type(text).__name__}.")
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > limit:
        raise DeliveryError(f"{what} has {len(text)} characters; at most {limit} are allowed.")
    for char in text:
        if unicodedata.category(char) in {"Cc", "Cs", "Co"} and char not in "\n\t":
            raise DeliveryError(f"{what} contains the control character U+{ord(char):04X}; remove it.")
    return text


@dataclass(frozen=True, kw_only=True)
class Medication:
    """One ordered medicine. Only ``name`` is compulsory."""

    name: str
    as_ordered: str = ""  # the order's own text, verbatim
    strength: Quantity | None = None  # per unit of the form, e.g. 5 mg
    dose: Quantity | None = None  # per administration, e.g. 1 tablet
    route: str = ""  # "PO", "IV", ...; see orders.text for the closed list
    frequency: str = ""  # "QD", "BID", "Q8H", "PRN", ...
    times: tuple[dt.time, ...] = ()  # local wall-clock times of administration
    as_needed: bool = False
    atc: str = ""  # WHO ATC code when the order brings one
    note: str = ""  # free text of the order: quoted data, never an instruction

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", clean(self.name, "The medicine's name"))
        if not self.name:
            raise DeliveryError("A medicine needs a name.")
        if _SENTENCE.search(self.name):  # a name is read out: nothing may ride on it
            raise DeliveryError(f"The medicine's name {self.name[:40]!r} holds a sentence; write the name alone.")
        object.__setattr__(self, "as_ordered", clean(self.as_ordered, "The order text", MAX_NOTE_CHARS))
        object.__setattr__(self, "note", clean(self.note, "The medicine's note", MAX_NOTE_CHARS))
        for label, quantity in (("strength", self.strength), ("dose", self.dose)):
            if quantity is not None and quantity.value <= 0:
                raise DeliveryError(f"The {label} of {self.name} is {quantity.text}; it must be more than zero.")


@dataclass(frozen=True, kw_only=True)
class PatientProfile:
    """The recorded patient. Recorded values are compared with answers and never spoken before a match."""

    patient_id: str = ""  # pseudonym; never spoken
    name: str = ""
    date_of_birth: dt.date | None = None
    age_years: int | None = None
    sex: Sex = Sex.UNKNOWN
    chart_number: str = ""
    allergies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    current_medications: tuple[str, ...] = ()
    egfr: Decimal | None = None  # mL/min/1.73 m2
    weight_kg: Decimal | None = None
    pregnant: bool | None = None
    hard_of_hearing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", clean(self.name, "The patient's name"))
        object.__setattr__(self, "chart_number", clean(self.chart_number, "The chart number"))
        for label in ("allergies", "conditions", "current_medications"):
            items = tuple(clean(item, f"An entry of {label}", MAX_NOTE_CHARS) for item in getattr(self, label))
            object.__setattr__(self, label, tuple(item for item in items if item))
        if self.age_years is not None and not 0 <= self.age_years <= 130:
            raise DeliveryError(f"The patient's age is {self.age_years}; it must be 0 to 130 years.")
        if self.egfr is not None and not (self.egfr.is_finite() and 0 <= self.egfr <= 250):
            raise DeliveryError(f"The eGFR is {self.egfr}; it must be 0 to 250 mL/min/1.73 m2.")
        if self.weight_kg is not None and not (self.weight_kg.is_finite() and 0 < self.weight_kg <= 500):
            raise DeliveryError(f"The weight is {self.weight_kg} kg; it must be more than 0 and at most 500.")

    @property
    def profiles(self) -> frozenset[Profile]:
        """Return the profiles that shape the robot's speech."""
        found = set()
        if self.age_years is not None and self.age_years >= ELDERLY_FROM_YEARS:
            found.add(Profile.ELDERLY)
        if self.age_years is not None and self.age_years < CHILD_UNDER_YEARS:
            found.add(Profile.CHILD)
        if self.pregnant:
            found.add(Profile.PREGNANT)
        if self.hard_of_hearing:
            found.add(Profile.HARD_OF_HEARING)
        return frozenset(found)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery: the medicines of one patient at one place."""

    delivery_id: str
    medications: tuple[Medication, ...]
    patient: PatientProfile = field(default_factory=PatientProfile)
    scenario: Scenario = Scenario.WARD
    locale: Locale = Locale.ZH_TW
    robot_id: str = ""  # empty: any robot
    ward: str = ""
    bed: str = ""  # never an identifier (NPSG.01.01.01 EP 1)
    note: str = ""  # free text: quoted data, never an instruction

    def __post_init__(self) -> None:
        for name, limit in (
            ("delivery_id", 64), ("robot_id", 64), ("ward", 64), ("bed", 64), ("note", MAX_NOTE_CHARS)
        ):
            object.__setattr__(self, name, clean(getattr(self, name), f"The delivery's {name}", limit))
        if not self.delivery_id:
            raise DeliveryError("A delivery needs a delivery_id.")
        if not self.medications:
            raise DeliveryError(f"Delivery {self.delivery_id} has no medicine.")
