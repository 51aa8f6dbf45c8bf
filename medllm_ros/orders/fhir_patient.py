"""FHIR Patient, AllergyIntolerance, Condition, MedicationStatement and Observation -> PatientProfile."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from medllm_ros.delivery import Locale, PatientProfile, Sex
from medllm_ros.orders.errors import shown
from medllm_ros.orders.fhir_request import medication_name
from medllm_ros.orders.node import Node, codes, concept_text, status_code
from medllm_ros.orders.text import CONTROL_TOKEN
from medllm_ros.quantities import canonical_unit

if TYPE_CHECKING:
    from medllm_ros.orders.fhir import Bundle

EGFR_CODES: Final = frozenset({"98979-8", "62238-1", "33914-3", "48642-3", "48643-1", "69405-9", "98980-6"})  # LOINC
WEIGHT_CODES: Final = frozenset({"29463-7", "3141-9"})  # LOINC body weight, body weight measured
PREGNANCY_CODES: Final = frozenset({"82810-3"})  # LOINC pregnancy status
PREGNANT: Final = frozenset({"77386006"})  # SNOMED CT
NOT_PREGNANT: Final = frozenset({"60001007"})
HEARING_LOSS: Final = frozenset({"15188001", "343087000", "95820000", "60700002", "44057004"})  # SNOMED CT
NO_KNOWN_ALLERGY: Final = frozenset({"716186003", "409137002", "428607008", "429625007", "1003774007"})  # SNOMED CT
_NO_ALLERGY_WORDS: Final = re.compile(
    r"^(?:nkda|nka|no known (?:drug )?allerg\w*|none|無(?:已知)?(?:藥物)?過敏史?|无(?:已知)?(?:药物)?过敏史?)\.?$",
    re.IGNORECASE,
)
_HEARING_WORDS: Final = re.compile(
    r"重聽|重听|聽力(?:損失|障礙|受損|不佳)|听力(?:损失|障碍|受损)|hearing (?:loss|impair)|deaf", re.IGNORECASE
)
_PREGNANT_WORDS: Final = re.compile(r"懷孕|怀孕|妊娠中|孕婦|孕妇|\bpregnan(?:t|cy)\b", re.IGNORECASE)
_CURRENT: Final = ("active", "intended", "on-hold", "unknown", "completed", "stopped", "not-taken", "entered-in-error")
_TAKEN: Final = ("active", "intended", "unknown")
_FINAL: Final = ("final", "amended", "corrected", "preliminary", "registered")
_LOCALES: Final = {
    "zh-tw": Locale.ZH_TW,
    "zh-hant": Locale.ZH_TW,
    "zh-cn": Locale.ZH_CN,
    "zh-hans": Locale.ZH_CN,
    "en": Locale.EN_US,
}
_CJK: Final = re.compile(r"[\u3400-\u9fff]")


def read_patient(patient: Node, bundle: Bundle, now: dt.date) -> PatientProfile:
    """Return the profile; raise :class:`OrderError` where the patient cannot be the receiver."""
    _refuse(patient)
    born = patient.date("birthDate")
    if born is not None and born > now:
        raise patient.fail("birthDate", f"is {born.isoformat()}, which lies in the future.")
    conditions = _conditions(bundle, patient)
    return PatientProfile(
        patient_id=_pseudonym(patient),
        name=read_name(patient),
        date_of_birth=born,
        age_years=age(born, now) if born else None,
        sex=_sex(patient),
        chart_number=_chart_number(patient),
        allergies=_allergies(bundle, patient),
        conditions=tuple(text for text, _ in conditions),
        current_medications=_current(bundle, patient),
        egfr=_latest(bundle, patient, EGFR_CODES, "mL/min"),
        weight_kg=_latest(bundle, patient, WEIGHT_CODES, "kg"),
        pregnant=_pregnant(bundle, patient, conditions),
        hard_of_hearing=any(found & HEARING_LOSS or _HEARING_WORDS.search(text) for text, found in conditions),
    )


def age(born: dt.date, now: dt.date) -> int:
    """Return whole years; who was born on February 29 has the birthday on March 1 of other years."""
    return now.year - born.year - ((now.month, now.day) < (born.month, born.day))


def read_locale(patient: Node) -> Locale:
    """Return the language the patient prefers; zh_TW where none of ours is recorded."""
    spoken = patient.children("communication")
    for item in sorted(spoken, key=lambda item: item.flag("preferred") is not True):
        for _, code in codes(item.child("language")):
            tag = code.lower()
            if tag in _LOCALES or tag.split("-")[0] == "en":
                return _LOCALES.get(tag, Locale.EN_US)
    return Locale.ZH_TW


def read_name(patient: Node) -> str:
    """Return the name to compare with: text, else family and given in the order of their script."""
    names = [
        item for item in patient.children("name") if item.text("use") not in ("old", "anonymous", "nickname", "maiden")
    ]
    names.sort(key=lambda item: {"official": 0, "usual": 1}.get(item.text("use"), 2))
    for item in names:
        given = [part for part in item.items("given") if isinstance(part, str)]
        family = item.text("family")
        chinese = bool(_CJK.search(family + "".join(given)))
        text = item.text("text") or (family + "".join(given) if chinese else " ".join([*given, family])).strip()
        token = CONTROL_TOKEN.search(text)
        if token:
            raise item.fail("", f"has {shown(token.group())}, a control token of a language model; remove it.")
        if text:
            return text
    return ""


def _refuse(patient: Node) -> None:
    if patient.flag("deceasedBoolean") or "deceasedDateTime" in patient:
        raise patient.fail("deceased[x]", "says that the patient has died; the delivery is refused.")
    if patient.flag("active") is False:
        raise patient.fail("active", "is false: the record is no longer in use.")
    for link in patient.children("link"):
        if link.text("type") in ("replaced-by",):
            raise link.fail("type", "is replaced-by: use the record that replaces this one.")


def _pseudonym(patient: Node) -> str:
    values = {item.text("value") for item in patient.children("identifier")}
    return "" if patient.id in values or len(patient.id) > 64 else patient.id


def _sex(patient: Node) -> Sex:
    text = patient.text("gender")
    try:
        return Sex(text) if text else Sex.UNKNOWN
    except ValueError:
        raise patient.fail("gender", f"is {shown(text)}; it must be one of {', '.join(Sex)}.") from None


def _chart_number(patient: Node) -> str:
    """Return the medical record number (type MR in HL7 table 0203, as TW Core asks); never the national id."""
    found = []
    for item in patient.children("identifier"):
        kinds = {code for _, code in codes(item.child("type"))}
        if "MR" in kinds and item.text("use") != "old" and item.text("value"):
            found.append((item.text("use") != "official", item.text("value")))
    found.sort()
    if len({value for order, value in found if order == found[0][0]}) > 1:
        raise patient.fail("identifier", "has two chart numbers (type MR) in use; keep one.")
    value = found[0][1] if found else ""
    if CONTROL_TOKEN.search(value):
        raise patient.fail("identifier", "has a control token of a language model; remove it.")
    return value


def _allergies(bundle: Bundle, patient: Node) -> tuple[str, ...]:
    found = []
    for item in bundle.of_type["AllergyIntolerance"]:
        bundle.about(item, "patient", patient)
        if status_code(item.child("verificationStatus")) in ("refuted", "entered-in-error"):
            continue
        if status_code(item.child("clinicalStatus")) in ("inactive", "resolved"):
            continue
        concept = item.child("code")
        text = concept_text(concept)
        if {code for _, code in codes(concept)} & NO_KNOWN_ALLERGY or _NO_ALLERGY_WORDS.match(text):
            continue
        if not text:
            text = "、".join(
                filter(None, (concept_text(part.child("substance")) for part in item.children("reaction")))
            )
        if not text:
            raise item.fail("code", "is missing; an allergy must say to what.")
        found.append(text)
    return tuple(dict.fromkeys(found))


def _conditions(bundle: Bundle, patient: Node) -> list[tuple[str, frozenset[str]]]:
    found = []
    for item in bundle.of_type["Condition"]:
        bundle.about(item, "subject", patient)
        if status_code(item.child("verificationStatus")) in ("refuted", "entered-in-error"):
            continue
        if status_code(item.child("clinicalStatus")) in ("inactive", "remission", "resolved"):
            continue
        concept = item.child("code")
        if concept_text(concept):
            found.append((concept_text(concept), frozenset(code for _, code in codes(concept))))
    return list(dict.fromkeys(found))


def _current(bundle: Bundle, patient: Node) -> tuple[str, ...]:
    found = []
    for item in bundle.of_type["MedicationStatement"]:
        bundle.about(item, "subject", patient)
        if item.text("status") not in _CURRENT:
            raise item.fail("status", f"is {shown(item.text('status'))}; it must be one of {', '.join(_CURRENT)}.")
        if item.text("status") in _TAKEN:
            found.append(medication_name(item, bundle)[0])
    return tuple(dict.fromkeys(found))


def _observations(bundle: Bundle, patient: Node, wanted: frozenset[str]) -> list[Node]:
    """Return the valid observations of these LOINC codes, oldest first."""
    found = []
    for item in bundle.of_type["Observation"]:
        if not {code for _, code in codes(item.child("code"))} & wanted:
            continue
        bundle.about(item, "subject", patient)
        if item.text("status") in _FINAL and "dataAbsentReason" not in item:
            found.append(item)
    return sorted(found, key=lambda item: item.text("effectiveDateTime") or item.text("issued"))


def _latest(bundle: Bundle, patient: Node, wanted: frozenset[str], unit: str) -> Decimal | None:
    """Return the newest value in ``unit``; None where there is none."""
    found = _observations(bundle, patient, wanted)
    value = found[-1].child("valueQuantity") if found else None
    if value is None:
        return None
    number = value.number("value")
    written = (
        canonical_unit(value.text("code"))
        or canonical_unit(value.text("unit"))
        or value.text("code")
        or value.text("unit")
    )
    factors = {
        "kg": {"kg": "1", "g": "0.001", "[lb_av]": "0.45359237"},
        "mL/min": {"mL/min/{1.73_m2}": "1", "mL/min/1.73.m2": "1", "mL/min": "1"},
    }
    factor = factors[unit].get("mL/min/{1.73_m2}" if written.startswith("mL/min/{1.73") else written)
    if number is None or factor is None:
        raise value.fail("unit", f"is {shown(written)}; write it in {' or '.join(factors[unit])}.")
    if value.text("comparator"):
        return None  # ">90" is no number to calculate with
    return number * Decimal(factor)


def _pregnant(bundle: Bundle, patient: Node, conditions: list[tuple[str, frozenset[str]]]) -> bool | None:
    observations = _observations(bundle, patient, PREGNANCY_CODES)
    if observations:
        said = {code for _, code in codes(observations[-1].child("valueCodeableConcept"))}
        if said & PREGNANT:
            return True
        if said & NOT_PREGNANT:
            return False
    if any(found & PREGNANT or _PREGNANT_WORDS.search(text) for text, found in conditions):
        return True
    return None
