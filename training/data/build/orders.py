"""Orders and patients for the data. Nothing here invents a dose of a medicine that exists.

A real medicine is ordered by name and route, and by how often only where its own facts say how often; strengths, doses
and other frequencies are for invented ones.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from random import Random

from medllm_ros.delivery import Locale, Medication, PatientProfile, Profile
from medllm_ros.formulary.model import Drug, FactField
from medllm_ros.quantities import Quantity, parse_quantity
from training.data.build.phrases import load

# How often a real medicine is used, where its own facts say it and say nothing else.
_FREQUENCIES = {
    "QD": r"\bonce a day\b|\bonce daily\b", "BID": r"\btwice a day\b|\b2 times a day\b",
    "TID": r"\bthree times a day\b|\b3 times a day\b", "QW": r"\bonce a week\b", "HS": r"\bat bedtime\b",
}  # fmt: skip
_SAY_HOW_OFTEN = (FactField.HOW_TO_TAKE, FactField.FOOD_TIMING)
_HOURS = {"QD": (8, 9, 20, 21), "QW": (8,), "HS": (21, 22)}
_PROFILES = (
    (None, 45), (Profile.ELDERLY, 30), (Profile.HARD_OF_HEARING, 10), (Profile.CHILD, 8), (Profile.PREGNANT, 7)
)  # fmt: skip


def medication(random: Random, drug: Drug) -> Medication:
    """Return ``drug`` as it is ordered."""
    frequency, times = _when(random, drug)
    strength, dose = _amounts(random, drug)
    return Medication(
        name=drug.names[Locale.EN_US][0], route=_route(drug), frequency=frequency, times=times,
        strength=_quantity(strength) if strength else None, dose=_quantity(dose) if dose else None,
    )  # fmt: skip


def text(random: Random, drug: Drug) -> str:
    """Return the order as a ward types it."""
    frequency, times = _when(random, drug)
    strength, dose = _amounts(random, drug)
    parts = [drug.names[Locale.EN_US][0], strength, dose, _route(drug), frequency]
    return " ".join(part for part in (*parts, *(f"{time:%H:%M}" for time in times)) if part)


def patient(random: Random) -> PatientProfile:
    """Return a patient of one of the profiles, or of none."""
    profile = random.choices([name for name, _ in _PROFILES], [share for _, share in _PROFILES])[0]
    age = random.randint(19, 63)
    if profile is Profile.ELDERLY:
        age = random.randint(65, 96)
    elif profile is Profile.CHILD:
        age = random.randint(1, 15)
    elif profile is Profile.PREGNANT:
        age = random.randint(20, 42)
    return PatientProfile(
        age_years=age, pregnant=True if profile is Profile.PREGNANT else None,
        hard_of_hearing=profile is Profile.HARD_OF_HEARING,
    )  # fmt: skip


def ward(random: Random) -> str:
    """Return a ward's name, or none."""
    return random.choice(("", "", "3E", "5A", "6B", "7A", "8C", "9W", "12B", "ICU"))


def is_real(drug: Drug) -> bool:
    """Return True for a medicine of the formulary: its facts have sources, those of an invented one none."""
    return any(fact.source is not None for fact in drug.facts)


def _route(drug: Drug) -> str:
    return "" if "/" in drug.route else drug.route  # with two routes the order must say which: left open here


def _when(random: Random, drug: Drug) -> tuple[str, tuple[dt.time, ...]]:
    if not is_real(drug):
        frequency = random.choice(load("invented")["frequencies"])
        hour = dt.time(random.randint(6, 21), random.choice((0, 0, 30)))
        return frequency, (hour,) if random.random() < 0.3 and frequency in _HOURS else ()
    known = _known_frequency(drug)
    if not known or random.random() < 0.3:
        return "", ()
    return known, (dt.time(random.choice(_HOURS[known])),) if known in _HOURS and random.random() < 0.4 else ()


@lru_cache(maxsize=4096)
def _known_frequency(drug: Drug) -> str:
    said = " ".join(fact.text[Locale.EN_US].lower() for fact in drug.facts if fact.field in _SAY_HOW_OFTEN)
    found = [code for code, pattern in _FREQUENCIES.items() if re.search(pattern, said)]
    return found[0] if len(found) == 1 else ""


def _amounts(random: Random, drug: Drug) -> tuple[str, str]:
    if is_real(drug):
        return "", ""
    data = load("invented")
    strength = random.choice(data["strengths"]) if random.random() < 0.8 else ""
    return strength, random.choice(data["doses"]) if random.random() < 0.5 else ""


@lru_cache(maxsize=256)
def _quantity(text_: str) -> Quantity:
    return parse_quantity(text_)
