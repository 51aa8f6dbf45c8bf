"""Delivery <-> message. A bad message raises :class:`ConversionError`: which part, and what is allowed."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from medllm_ros.delivery import Delivery, DeliveryError, Locale, Medication, PatientProfile, Scenario, Sex, clean
from medllm_ros.msg import DeliveryEvent
from medllm_ros.msg import Medication as MedicationMsg
from medllm_ros.msg import PatientProfile as PatientProfileMsg
from medllm_ros.orders import OrderError
from medllm_ros.orders.text import parse_order_text
from medllm_ros.quantities import Quantity, QuantityError, parse_quantity

T = TypeVar("T")
MAX_MEDICATIONS = 50
MAX_LIST = 200
# Written by language models as control tokens: <|...|>, [INST], <s>, <<SYS>>, ...
CONTROL_TOKEN = re.compile(
    r"<\|[^|<>]{0,64}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>", re.IGNORECASE
)

INVALID = "\ufffd"  # what the middleware puts in place of bytes that are not UTF-8

SCENARIOS: Mapping[int, Scenario] = {
    DeliveryEvent.SCENARIO_WARD: Scenario.WARD,
    DeliveryEvent.SCENARIO_EMERGENCY: Scenario.EMERGENCY,
    DeliveryEvent.SCENARIO_PHARMACY: Scenario.PHARMACY,
    DeliveryEvent.SCENARIO_HOME: Scenario.HOME,
}
SEXES: Mapping[int, Sex] = {
    PatientProfileMsg.UNKNOWN: Sex.UNKNOWN,
    PatientProfileMsg.SEX_FEMALE: Sex.FEMALE,
    PatientProfileMsg.SEX_MALE: Sex.MALE,
    PatientProfileMsg.SEX_OTHER: Sex.OTHER,
}
PREGNANT: Mapping[int, bool | None] = {
    PatientProfileMsg.UNKNOWN: None,
    PatientProfileMsg.PREGNANT_NO: False,
    PatientProfileMsg.PREGNANT_YES: True,
}


class ConversionError(ValueError):
    """A message that cannot be right; the sentence says what to correct."""


def delivery_from_message(msg: DeliveryEvent, locale: str) -> Delivery:
    """Return the delivery that ``msg`` carries; ``locale`` is used where it names none."""
    if not msg.medications:
        raise ConversionError("The event carries no medication; put at least one into medications.")
    if len(msg.medications) > MAX_MEDICATIONS:
        count = len(msg.medications)
        raise ConversionError(f"The event carries {count} medications; at most {MAX_MEDICATIONS} are allowed.")
    try:
        return Delivery(
            delivery_id=plain(msg.delivery_id, "delivery_id", 64),
            medications=tuple(
                medication_from_message(item, f"medications[{index}]") for index, item in enumerate(msg.medications)
            ),
            patient=patient_from_message(msg.patient),
            scenario=known(SCENARIOS, msg.scenario, "scenario", DeliveryEvent, "SCENARIO_"),
            locale=locale_of(msg.locale, locale),
            robot_id=plain(msg.robot_id, "robot_id", 64),
            ward=plain(msg.ward, "ward", 64),
            bed=plain(msg.bed, "bed", 64),
            note=plain(msg.note, "note", 2000),
        )
    except (DeliveryError, OrderError) as error:
        raise ConversionError(str(error)) from error


def delivery_to_message(delivery: Delivery, kind: int, event_id: str = "") -> DeliveryEvent:
    """Return the event of ``kind`` that carries the whole ``delivery``."""
    return DeliveryEvent(
        kind=kind,
        event_id=event_id,
        delivery_id=delivery.delivery_id,
        robot_id=delivery.robot_id,
        scenario=code(SCENARIOS, delivery.scenario),
        locale=delivery.locale.value,
        ward=delivery.ward,
        bed=delivery.bed,
        medications=[medication_to_message(item) for item in delivery.medications],
        patient=patient_to_message(delivery.patient),
        note=delivery.note,
    )


def medication_from_message(msg: MedicationMsg, where: str = "medication") -> Medication:
    """Return the medicine; where only ``as_ordered`` is given it is read from that text."""
    name = plain(msg.name, f"{where}.name")
    as_ordered = plain(msg.as_ordered, f"{where}.as_ordered", 2000)
    note = plain(msg.note, f"{where}.note", 2000)
    if not name:
        if not as_ordered:
            raise ConversionError(f"{where} has neither name nor as_ordered; give one of them.")
        medication = parse_order_text(as_ordered)
        return replace(medication, note="\n".join(part for part in (medication.note, note) if part))
    return Medication(
        name=name,
        as_ordered=as_ordered,
        strength=_quantity(msg, "strength", where),
        dose=_quantity(msg, "dose", where),
        route=plain(msg.route, f"{where}.route", 64),
        frequency=plain(msg.frequency, f"{where}.frequency", 64),
        times=tuple(wall_time(text, f"{where}.times") for text in _list(msg.times, f"{where}.times")),
        as_needed=msg.as_needed,
        atc=plain(msg.atc, f"{where}.atc", 16),
        note=note,
    )


def medication_to_message(medication: Medication) -> MedicationMsg:
    """Return the message of one medicine."""
    msg = MedicationMsg(
        name=medication.name, as_ordered=medication.as_ordered, route=medication.route, frequency=medication.frequency,
        times=[time.strftime("%H:%M") for time in medication.times], as_needed=medication.as_needed,
        atc=medication.atc, note=medication.note,
    )  # fmt: skip
    for part, quantity in (("strength", medication.strength), ("dose", medication.dose)):
        if quantity is not None:
            setattr(msg, f"{part}_text", quantity.text)
            setattr(msg, f"{part}_has_value", True)
            setattr(msg, f"{part}_value", float(quantity.value))
            setattr(msg, f"{part}_unit", quantity.unit)
    return msg


def patient_from_message(msg: PatientProfileMsg) -> PatientProfile:
    """Return the patient; raises :class:`DeliveryError` or :class:`ConversionError`."""
    return PatientProfile(
        patient_id=plain(msg.patient_id, "patient.patient_id"),
        name=plain(msg.name, "patient.name"),
        date_of_birth=_date(msg.date_of_birth, "patient.date_of_birth"),
        age_years=int(msg.age_years) if msg.has_age_years or msg.age_years else None,
        sex=known(SEXES, msg.sex, "patient.sex", PatientProfileMsg, "SEX_"),
        chart_number=plain(msg.chart_number, "patient.chart_number"),
        allergies=_list(msg.allergies, "patient.allergies"),
        conditions=_list(msg.conditions, "patient.conditions"),
        current_medications=_list(msg.current_medications, "patient.current_medications"),
        egfr=_decimal(msg.egfr, msg.has_egfr, "patient.egfr"),
        weight_kg=_decimal(msg.weight_kg, msg.has_weight_kg, "patient.weight_kg"),
        pregnant=known(PREGNANT, msg.pregnant, "patient.pregnant", PatientProfileMsg, "PREGNANT_"),
        hard_of_hearing=msg.hard_of_hearing,
    )


def patient_to_message(patient: PatientProfile) -> PatientProfileMsg:
    """Return the message of the patient."""
    return PatientProfileMsg(
        patient_id=patient.patient_id,
        name=patient.name,
        date_of_birth=patient.date_of_birth.isoformat() if patient.date_of_birth else "",
        has_age_years=patient.age_years is not None,
        age_years=patient.age_years or 0,
        sex=code(SEXES, patient.sex),
        chart_number=patient.chart_number,
        allergies=list(patient.allergies),
        conditions=list(patient.conditions),
        current_medications=list(patient.current_medications),
        has_egfr=patient.egfr is not None,
        egfr=float(patient.egfr or 0),
        has_weight_kg=patient.weight_kg is not None,
        weight_kg=float(patient.weight_kg or 0),
        pregnant=code(PREGNANT, patient.pregnant),
        hard_of_hearing=patient.hard_of_hearing,
    )


def plain(text: str, what: str, limit: int = 120) -> str:
    """Return ``text`` stripped; refuse control characters, control tokens of language models and over-long text."""
    try:
        text = clean(text, what, limit)
    except DeliveryError as error:
        raise ConversionError(str(error)) from error
    found = CONTROL_TOKEN.search(text)
    if found:
        raise ConversionError(f"{what} contains {found.group()!r}, a control token of language models; remove it.")
    if INVALID in text:
        raise ConversionError(f"{what} contains invalid UTF-8; send it again as UTF-8.")
    return text


def locale_of(text: str, default: str) -> Locale:
    """Return the locale; ``default`` where ``text`` is empty."""
    try:
        return Locale(text or default)
    except ValueError:
        allowed = ", ".join(locale.value for locale in Locale)
        raise ConversionError(f"The locale is {text!r}; it must be one of {allowed}.") from None


def wall_time(text: str, what: str) -> dt.time:
    """Return the local wall-clock time of "HH:MM"."""
    if not re.fullmatch(r"[0-2]?\d:[0-5]\d", text.strip()) or int(text.strip().split(":")[0]) > 23:
        raise ConversionError(f"{what} is {text[:40]!r}; write a time of the day as HH:MM.")
    hour, minute = text.strip().split(":")
    return dt.time(int(hour), int(minute))


def known(table: Mapping[int, T], value: int, what: str, message: Any, prefix: str) -> T:
    """Return what a uint8 constant stands for; the sentence lists the constants of ``message``."""
    if value in table:
        return table[value]
    names = {
        name: constant for name in dir(type(message) if not isinstance(message, type) else message)
        if name.startswith(prefix) and isinstance(constant := getattr(message, name), int) and constant in table
    }  # fmt: skip
    allowed = ", ".join(f"{name} ({number})" for name, number in sorted(names.items(), key=lambda item: item[1]))
    raise ConversionError(f"{what} is {value}; use one of {allowed}.")


def code(table: Mapping[int, T], value: T) -> int:
    """Return the uint8 constant of ``value``."""
    return next(number for number, meaning in table.items() if meaning == value)


def _quantity(msg: MedicationMsg, part: str, where: str) -> Quantity | None:
    text = plain(getattr(msg, f"{part}_text"), f"{where}.{part}_text")
    has_value, value = getattr(msg, f"{part}_has_value"), getattr(msg, f"{part}_value")
    if not text:
        if has_value or value:
            raise ConversionError(f"{where}.{part}_value is set without {part}_text; give the text exactly as ordered.")
        return None
    try:
        quantity = parse_quantity(text)
    except QuantityError as error:
        raise ConversionError(f"{where}.{part}_text: {error}") from error
    if has_value:
        unit = getattr(msg, f"{part}_unit")
        if not math.isfinite(value) or not quantity.same(Quantity(Decimal(repr(value)), unit, text)):
            raise ConversionError(
                f"{where}.{part}_value is {value:g} {unit or '(no unit)'} and {part}_text is {text!r}; they must agree."
            )
    return quantity


def _decimal(value: float, given: bool, what: str) -> Decimal | None:
    if not given and not value:
        return None
    if not math.isfinite(value):
        raise ConversionError(f"{what} is {value}; it must be a number.")
    return Decimal(repr(value))


def _date(text: str, what: str) -> dt.date | None:
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ConversionError(f"{what} is {text[:40]!r}; write a date as YYYY-MM-DD.") from None


def _list(items: Iterable[str], what: str) -> tuple[str, ...]:
    found = list(items)
    if len(found) > MAX_LIST:
        raise ConversionError(f"{what} has {len(found)} entries; at most {MAX_LIST} are allowed.")
    return tuple(text for item in found if (text := plain(item, f"An entry of {what}", 2000)))
