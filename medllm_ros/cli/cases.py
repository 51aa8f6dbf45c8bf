"""The public contract of ``medllm rehearse``: what a case may hold and what a result line holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from medllm_ros.bedside.effects import Behaviour
from medllm_ros.delivery import Delivery, Locale, PatientProfile, Scenario, Sex
from medllm_ros.orders.text import parse_order_text

MAX_UTTERANCES = 200


def _no_truth(value: object) -> object:
    if isinstance(value, bool):  # Python takes true for 1
        raise ValueError("must be a whole number")
    return value


def _date_as_text(value: object) -> object:
    if value is not None and not isinstance(value, str):  # a number would be taken for seconds since 1970
        raise ValueError("must be a date like 1956-03-02")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseOrder(_Strict):
    """The order as text, and where it goes."""

    text: str
    ward: str = ""
    bed: str = ""
    note: str = ""


class CasePatient(_Strict):
    """The recorded patient."""

    name: str = ""
    age: Annotated[int | None, BeforeValidator(_no_truth)] = None
    sex: Literal["female", "male", "other", "unknown", "F", "M", "f", "m", ""] = "unknown"
    allergies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    current_medications: tuple[str, ...] = ()
    egfr: Decimal | None = None
    weight_kg: Decimal | None = None
    date_of_birth: Annotated[dt.date | None, BeforeValidator(_date_as_text)] = None
    chart_number: str = ""


class Expectation(_Strict):
    """What a pharmacist expects; read by ``--score`` only."""

    behaviour: Behaviour | None = None
    also_ok: tuple[Behaviour, ...] = ()
    severity: str = ""
    held: StrictBool | None = None
    alert: StrictBool | None = None
    must_mention: tuple[str | tuple[str, ...], ...] = ()
    must_not_say: tuple[str, ...] = ()


class Case(_Strict):
    """One rehearsal."""

    id: str = Field(min_length=1)
    locale: Locale = Locale.ZH_TW
    scenario: Scenario = Scenario.WARD
    order: CaseOrder
    patient: CasePatient = CasePatient()
    identity_verified: StrictBool = False
    utterances: tuple[str, ...] = Field(default=(), max_length=MAX_UTTERANCES)
    expect: Expectation | None = None

    def delivery(self) -> Delivery:
        """Return the case's delivery; raises OrderError or DeliveryError with a sentence."""
        patient = self.patient
        sexes = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE, "other": Sex.OTHER}
        words = " ".join(patient.conditions).casefold()
        return Delivery(
            delivery_id="".join(char if char.isalnum() or char in "-_." else "-" for char in self.id)[:48] or "case",
            medications=(parse_order_text(self.order.text),),
            scenario=self.scenario,
            locale=self.locale,
            ward=self.order.ward,
            bed=self.order.bed,
            note=self.order.note,
            patient=PatientProfile(
                name=patient.name,
                age_years=patient.age,
                sex=sexes.get(patient.sex.casefold(), Sex.UNKNOWN),
                allergies=patient.allergies,
                conditions=patient.conditions,
                current_medications=patient.current_medications,
                egfr=patient.egfr,
                weight_kg=patient.weight_kg,
                date_of_birth=patient.date_of_birth,
                chart_number=patient.chart_number,
                pregnant=True if any(word in words for word in PREGNANT) else None,
                hard_of_hearing=any(word in words for word in HARD_OF_HEARING),
            ),
        )


PREGNANT = ("懷孕", "怀孕", "妊娠", "pregnan", "孕婦", "孕妇")
HARD_OF_HEARING = ("重聽", "重听", "聽力", "听力", "hearing", "deaf")


@dataclass(frozen=True)
class BadCase:
    """A line that is no case; ``why`` names line and field."""

    id: str
    why: str
    utterances: int = 0


def read_cases(lines: Iterable[str | bytes]) -> Iterator[Case | BadCase]:
    """Yield one case a non-blank line; a line that cannot be read becomes a :class:`BadCase`.

    So does a line whose id an earlier line has: results could not be told apart.
    """
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            value: Any = json.loads(line.decode() if isinstance(line, bytes) else line)
        except UnicodeDecodeError:
            yield BadCase(where, f"{where} is not UTF-8; save the file as UTF-8")
            continue
        except (ValueError, RecursionError) as error:
            yield BadCase(where, f"{where} is not valid JSON: {error}")
            continue
        if not isinstance(value, dict):
            yield BadCase(where, f"{where} must be one JSON object with the fields of a case")
            continue
        name = str(value.get("id") or where)
        earlier = first.setdefault(name, number)
        if earlier != number:
            yield BadCase(name, f"{where}: line {earlier} has the id {name} too; give every case its own")
            continue
        try:
            yield Case.model_validate(value)
        except ValidationError as error:
            yield BadCase(name, f"{where}: " + "; ".join(_sentence(item) for item in error.errors()))


def _sentence(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"] if part not in _UNION_ARMS) or "the case"
    if item["type"] == "extra_forbidden":
        return f"the field {field} is unknown; remove it"
    if item["type"] in _SAID:
        return f"{field} {_SAID[item['type']]}"
    if item["type"] == "value_error":  # our own validators say it in words
        return f"{field} {item['ctx']['error']}"
    if item["type"] in ("literal_error", "enum"):
        return f"{field} must be {item['ctx']['expected']}"
    if item["type"] == "too_long":
        return f"{field} must have at most {item['ctx']['max_length']} items"
    return f"{field} cannot be used as it is; docs/rehearse.md says what it may hold"


_UNION_ARMS = ("str", "tuple[str, ...]")  # pydantic's names for "a text or a list of texts"
_SAID = {
    "missing": "is missing",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "finite_number": "must be a number",
    "int_parsing_size": "must be a smaller number",
    "date_type": "must be a date like 1956-03-02",
    "date_parsing": "must be a date like 1956-03-02",
    "date_from_datetime_inexact": "must be a date like 1956-03-02",
    "date_from_datetime_parsing": "must be a date like 1956-03-02",
}
