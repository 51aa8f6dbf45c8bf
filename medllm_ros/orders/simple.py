"""Our own simple JSON form of an order, for hospitals without FHIR and for people with a text editor.

    {"delivery_id": "d-1", "scenario": "ward", "locale": "zh_TW",
     "order": {"text": "Amlodipine 5 mg PO QD 08:00", "ward": "7A", "bed": "12"},
     "patient": {"name": "王春嬌", "date_of_birth": "1956-03-02", "chart_number": "1234567"}}

Several medicines go into ``medications``: a list of {"text": ...} or of parts {"name", "strength", "dose", "route",
"frequency", "times", "as_needed", "atc", "note", "as_ordered"}. Unknown fields are errors that name them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from medllm_ros.delivery import Delivery, DeliveryError, Locale, Medication, PatientProfile, Scenario, Sex
from medllm_ros.orders.codes import find_frequencies, find_routes, join_frequencies
from medllm_ros.orders.errors import OrderError, shown
from medllm_ros.orders.strict_json import check_shape
from medllm_ros.orders.text import CONTROL_TOKEN, parse_order_text, plain_amount
from medllm_ros.quantities import Quantity, QuantityError, parse_quantity
from medllm_ros.quantities.fold import fold

_SEXES: Final = {"f": "female", "m": "male", "": "unknown"}
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _sex(value: Any) -> Any:
    return _SEXES.get(value.lower(), value.lower()) if isinstance(value, str) else value


def _iso(value: Any) -> Any:
    if value == "":
        return None
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        raise ValueError("write a date such as 1956-03-02")
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, bool) or not (value is None or isinstance(value, int | float | Decimal)):
        raise ValueError("write a number")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SimpleMedication(_Strict):
    """One medicine: its order text, or its parts."""

    text: str = ""
    name: str = ""
    as_ordered: str = ""
    strength: str = ""
    dose: str = ""
    route: str = ""
    frequency: str = ""
    times: tuple[str, ...] = Field(default=(), max_length=24)
    as_needed: bool = False
    atc: str = ""
    note: str = ""


class SimpleOrder(_Strict):
    """One medicine as text, and where it goes."""

    text: str
    ward: str = ""
    bed: str = ""
    note: str = ""


class SimplePatient(_Strict):
    """The recorded patient."""

    patient_id: str = ""
    name: str = ""
    age: Annotated[int | None, Field(strict=True)] = None
    sex: Annotated[Sex, BeforeValidator(_sex)] = Sex.UNKNOWN
    date_of_birth: Annotated[dt.date | None, BeforeValidator(_iso)] = None
    chart_number: str = ""
    allergies: tuple[str, ...] = Field(default=(), max_length=200)
    conditions: tuple[str, ...] = Field(default=(), max_length=200)
    current_medications: tuple[str, ...] = Field(default=(), max_length=200)
    egfr: Annotated[Decimal | None, BeforeValidator(_exact)] = None
    weight_kg: Annotated[Decimal | None, BeforeValidator(_exact)] = None
    pregnant: bool | None = None
    hard_of_hearing: bool = False


class SimpleDelivery(_Strict):
    """The whole form; ``order`` and ``medications`` may both be there, ``order`` comes first."""

    delivery_id: str = ""
    robot_id: str = ""
    scenario: Scenario = Scenario.WARD
    locale: Locale = Locale.ZH_TW
    ward: str = ""
    bed: str = ""
    note: str = ""
    order: SimpleOrder | None = None
    medications: tuple[SimpleMedication, ...] = Field(default=(), max_length=50)
    patient: SimplePatient = SimplePatient()


def delivery_from_json(value: Mapping[str, Any], *, now: dt.date | None = None) -> Delivery:
    """Return the delivery; raise :class:`OrderError` naming every field that is wrong.

    ``now`` gives the age where only the date of birth is there.
    """
    check_shape(value)
    try:
        form = SimpleDelivery.model_validate(dict(value))
    except ValidationError as error:
        raise OrderError(
            "The order cannot be read: " + "; ".join(_sentence(item) for item in error.errors()) + "."
        ) from error
    order = form.order
    medications = [parse_order_text(order.text)] if order else []
    medications += [_medication(item, f"medications[{place}]") for place, item in enumerate(form.medications)]
    if not medications:
        raise OrderError("The order has no medicine; give order.text or medications.")
    for where, text in (("patient.name", form.patient.name), ("patient.chart_number", form.patient.chart_number)):
        if CONTROL_TOKEN.search(text):
            raise OrderError(f"{where} has a control token of a language model; remove it.")
    try:
        return Delivery(
            delivery_id=form.delivery_id or _delivery_id(value),
            medications=tuple(medications),
            patient=_patient(form.patient, now),
            scenario=form.scenario,
            locale=form.locale,
            robot_id=form.robot_id,
            ward=_either("ward", form.ward, order.ward if order else ""),
            bed=_either("bed", form.bed, order.bed if order else ""),
            note="\n".join(part for part in (form.note, order.note if order else "") if part),
        )
    except DeliveryError as error:
        raise OrderError(f"The order cannot be delivered: {error}") from error


def _patient(form: SimplePatient, now: dt.date | None) -> PatientProfile:
    born = form.date_of_birth
    years = form.age
    if born is not None and now is not None:
        if born > now:
            raise OrderError(f"patient.date_of_birth is {born.isoformat()}, which lies in the future.")
        exact = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
        if years is not None and abs(years - exact) > 1:
            raise OrderError(
                f"patient.age is {years}, but who was born on {born.isoformat()} is {exact}; correct one of them."
            )
        years = exact if years is None else years
    return PatientProfile(
        patient_id=form.patient_id, name=form.name, date_of_birth=born, age_years=years, sex=form.sex,
        chart_number=form.chart_number, allergies=form.allergies, conditions=form.conditions,
        current_medications=form.current_medications, egfr=form.egfr, weight_kg=form.weight_kg, pregnant=form.pregnant,
        hard_of_hearing=form.hard_of_hearing,
    )  # fmt: skip


def _medication(form: SimpleMedication, where: str) -> Medication:
    parts = {key: value for key, value in form.model_dump().items() if value and key not in ("text", "note", "atc")}
    if form.text and parts:
        raise OrderError(f"{where} has text and also {', '.join(sorted(parts))}; give the text or the parts.")
    if form.text:
        medication = parse_order_text(form.text)
        note = "\n".join(part for part in (medication.note, form.note) if part)
        return replace(medication, note=note, atc=form.atc or medication.atc)
    if CONTROL_TOKEN.search(form.name):
        raise OrderError(f"{where}.name has a control token of a language model; remove it.")
    frequencies = _codes(form.frequency, find_frequencies, f"{where}.frequency")
    if form.as_needed:
        frequencies.append("PRN")
    routes = _codes(form.route, find_routes, f"{where}.route")
    try:
        return Medication(
            name=form.name,
            as_ordered=form.as_ordered,
            strength=_amount(form.strength, f"{where}.strength"),
            dose=_amount(form.dose, f"{where}.dose"),
            route=routes[0] if routes else "",
            frequency=join_frequencies(frequencies),
            times=tuple(sorted({_time(text, f"{where}.times[{place}]") for place, text in enumerate(form.times)})),
            as_needed="PRN" in frequencies,
            atc=form.atc.upper(),
            note=form.note,
        )
    except DeliveryError as error:
        raise OrderError(f"{where}: {error}") from error


def _codes(text: str, find: Any, where: str) -> list[str]:
    """Return the codes that ``text`` is made of; raise where a part of it is none."""
    folded = fold(text).text
    found = find(folded)
    left = folded
    for item in reversed(found):
        left = left[: item.start] + left[item.end :]
    if left.strip(" ,;，、"):
        raise OrderError(
            f"{where} is {shown(text)}; {shown(left.strip())} is not on the closed list, "
            "leave it out or put it into the note."
        )
    return [item.code for item in found]


def _amount(text: str, where: str) -> Quantity | None:
    if not text:
        return None
    try:
        quantity = parse_quantity(text)
    except QuantityError as error:
        raise OrderError(f"{where}: {error}") from error
    if not quantity.unit:
        raise OrderError(f"{where} is {shown(text)}, which has no unit; write one such as mg, mcg, mL, units, tablet.")
    return plain_amount(quantity)


def _time(text: str, where: str) -> dt.time:
    found = _TIME.fullmatch(text)
    if found is None:
        raise OrderError(f"{where} is {shown(text)}; write a time from 00:00 to 23:59.")
    return dt.time(int(found[1]), int(found[2]))


def _either(what: str, first: str, second: str) -> str:
    if first and second and first != second:
        raise OrderError(f"The order names two {what}s ({first}, {second}); a delivery goes to one.")
    return first or second


def _delivery_id(value: Mapping[str, Any]) -> str:
    content = json.dumps(value, sort_keys=True, default=str)
    return "order-" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:24]


def _sentence(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"]) or "the order"
    if item["type"] == "extra_forbidden":
        return f"the field {field} is unknown; remove it"
    return f"{field}: {item['msg']}"
