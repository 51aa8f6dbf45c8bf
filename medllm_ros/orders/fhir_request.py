"""One FHIR MedicationRequest -> Medication."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from medllm_ros.delivery import MAX_NOTE_CHARS, Medication
from medllm_ros.orders.errors import OrderError, shown
from medllm_ros.orders.fhir_dosage import Dosage, read_dosage, read_quantity
from medllm_ros.orders.node import Node
from medllm_ros.orders.text import CONTROL_TOKEN, name_and_strength, parse_order_text
from medllm_ros.quantities import Quantity

if TYPE_CHECKING:
    from medllm_ros.orders.fhir import Bundle

ORDER_INTENTS: Final = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
ATC_SYSTEMS: Final = ("http://www.whocc.no/atc", "https://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73")


def read_request(request: Node, bundle: Bundle, patient: Node, now: dt.date) -> Medication:
    """Return what ``request`` orders; raise :class:`OrderError` where it must not be delivered."""
    _refuse(request, now)
    bundle.about(request, "subject", patient)
    name, atc, product = medication_name(request, bundle)
    display_name, strength = name_and_strength(name)
    strength = _one(request, "strength", strength, product)
    dosages = [read_dosage(item, now) for item in request.children("dosageInstruction")]
    dosage = _merge(request, dosages)
    if dosage.text:
        dosage, strength = _with_text(request, display_name, dosage, strength)
    notes = [item.text("text") for item in request.children("note")]
    note = "\n".join(part for part in [*dosage.notes, *notes] if part)
    return Medication(
        name=display_name,
        as_ordered=dosage.text,
        strength=strength,
        dose=dosage.dose,
        route=dosage.route,
        frequency=dosage.frequency,
        times=dosage.times,
        as_needed=dosage.as_needed,
        atc=atc,
        note=note[:MAX_NOTE_CHARS],
    )


def _refuse(request: Node, now: dt.date) -> None:
    if request.flag("doNotPerform"):
        raise request.fail("doNotPerform", "is true: this medicine must not be given.")
    if request.text("status") != "active":
        raise request.fail("status", f"is {shown(request.text('status'))}; only an active request is delivered.")
    if request.text("intent") not in ORDER_INTENTS:
        raise request.fail(
            "intent", f"is {shown(request.text('intent'))}; it must be one of {', '.join(ORDER_INTENTS)}."
        )
    if request.flag("reportedBoolean") or request.child("reportedReference"):
        raise request.fail("reported", "says that this is a report of an order made elsewhere, not an order.")
    dispense = request.child("dispenseRequest")
    period = dispense.child("validityPeriod") if dispense else None
    end = period.date("end") if period else None
    if period is not None and end is not None and end < now:
        raise period.fail("end", f"is {end.isoformat()}: the order has run out.")


def medication_name(holder: Node, bundle: Bundle) -> tuple[str, str, Quantity | None]:
    """Return (name, ATC code or "", strength of the product or None) of a medication[x]."""
    concept = holder.child("medicationCodeableConcept")
    reference = holder.child("medicationReference")
    strength = None
    if concept is not None and reference is not None:
        raise holder.fail("medication[x]", "is given both as code and as reference; keep one.")
    if reference is not None:
        medication = bundle.resolve(reference.text("reference"), holder) if reference.text("reference") else None
        if medication is None or medication.kind != "Medication":
            if not reference.text("display") or reference.text("reference").startswith("#"):
                raise reference.fail(
                    "reference", f"is {shown(reference.text('reference'))}, a Medication that the bundle does not have."
                )
            return _checked(holder, reference.text("display")), "", None
        if medication.text("status") not in ("", "active"):
            raise medication.fail(
                "status", f"is {shown(medication.text('status'))}; only an active medication is delivered."
            )
        concept = medication.child("code")
        strength = _product_strength(medication)
        if concept is None:
            raise medication.fail("code", "is missing; the medicine has no name.")
    if concept is None:
        raise holder.fail("medication[x]", "is missing; name the medicine.")
    atc = sorted(
        {
            coding.text("code").upper()
            for coding in concept.children("coding")
            if coding.text("system").rstrip("/") in ATC_SYSTEMS
        }
        - {""}
    )
    if len(atc) > 1:
        raise concept.fail("coding", f"has two ATC codes ({', '.join(atc)}); keep one.")
    names = [concept.text("text")] + [
        coding.text("display")
        for coding in sorted(concept.children("coding"), key=lambda item: item.flag("userSelected") is not True)
    ]
    name = next((item for item in names if item), "")
    if not name:
        raise concept.fail("text", "is missing, and no coding has a display; the medicine has no name.")
    return _checked(concept, name), atc[0] if atc else "", strength


def _checked(node: Node, name: str) -> str:
    token = CONTROL_TOKEN.search(name)
    if token:
        raise node.fail("", f"has {shown(token.group())}, a control token of a language model; remove it.")
    return name


def _product_strength(medication: Node) -> Quantity | None:
    """Return the strength of a product with one ingredient, per one piece; None for anything else."""
    ingredients = medication.children("ingredient")
    ratio = ingredients[0].child("strength") if len(ingredients) == 1 else None
    top = ratio.child("numerator") if ratio else None
    bottom = ratio.child("denominator") if ratio else None
    if top is None or (bottom is not None and bottom.number("value") not in (None, 1)):
        return None
    unit = bottom.text("code") or bottom.text("unit") if bottom else ""
    return (
        read_quantity(top)
        if unit.lower().strip("{}") in ("", "1", "tbl", "tab", "tablet", "cap", "capsule", "錠", "顆", "膠囊")
        else None
    )


def _one(request: Node, what: str, first: Quantity | None, second: Quantity | None) -> Quantity | None:
    """Return the amount that both give; raise where they differ."""
    if first is not None and second is not None and not first.same(second):
        raise request.fail("", f"gives the {what} as {first.text} and as {second.text}; correct one of them.")
    return first or second


def _merge(request: Node, dosages: list[Dosage]) -> Dosage:
    """Return several dosages as one, where they differ in their times alone."""
    if not dosages:
        return Dosage()
    first = dosages[0]
    for other in dosages[1:]:
        same_dose = (first.dose is None) == (other.dose is None) and (
            first.dose is None or other.dose is None or first.dose.same(other.dose)
        )
        if not same_dose or first.route != other.route or first.as_needed != other.as_needed:
            raise request.fail(
                "dosageInstruction", "has steps with different doses or routes; send one request for each."
            )
    if len(dosages) == 1:
        return first
    frequencies = {item.frequency for item in dosages}
    return Dosage(
        text="; ".join(item.text for item in dosages if item.text)[:MAX_NOTE_CHARS],
        dose=first.dose,
        route=first.route,
        frequency=first.frequency if len(frequencies) == 1 and not first.times else "",
        times=tuple(sorted({time for item in dosages for time in item.times})),
        as_needed=first.as_needed,
        notes=tuple(note for item in dosages for note in item.notes),
    )


def _with_text(request: Node, name: str, dosage: Dosage, strength: Quantity | None) -> tuple[Dosage, Quantity | None]:
    """Return the dosage with what only its text says; raise where text and coded parts contradict each other."""
    text = dosage.text
    try:
        said = parse_order_text(text if text.lower().startswith(name.lower()) else f"{name} {text}")
    except OrderError:
        return dosage, strength  # free text: quoted in as_ordered, never spoken
    amounts = [item for item in (said.dose, said.strength) if item is not None]
    if (
        dosage.dose is not None
        and said.dose is not None
        and said.dose.unit == dosage.dose.unit
        and not said.dose.same(dosage.dose)
    ):
        raise request.fail(
            "dosageInstruction.text",
            f"says {said.dose.text}, the coded dose is {dosage.dose.text}; correct one of them.",
        )
    known = [item for item in (dosage.dose, strength) if item is not None]
    if (
        said.strength is not None
        and known
        and not any(said.strength.same(item) for item in known)
        and not _times_apart(said.strength, known)
    ):
        raise request.fail(
            "dosageInstruction.text",
            f"says {said.strength.text}, the coded parts say {known[0].text}; correct one of them.",
        )
    for what, coded, written in (
        ("route", dosage.route, said.route),
        ("frequency", _often(dosage.frequency), _often(said.frequency)),
    ):
        if coded and written and coded != written:
            raise request.fail(
                "dosageInstruction.text", f"says {what} {written}, the coded {what} is {coded}; correct one of them."
            )
    if dosage.times and said.times and dosage.times != said.times:
        raise request.fail("dosageInstruction.text", "says other times than the coded ones; correct one of them.")
    dose = dosage.dose or (said.dose if amounts else None)
    if dose is None and strength is None and said.strength is not None:
        strength = said.strength
    return (
        Dosage(
            text=text,
            dose=dose,
            route=dosage.route or said.route,
            frequency=dosage.frequency or said.frequency,
            times=dosage.times or said.times,
            as_needed=dosage.as_needed or said.as_needed,
            notes=dosage.notes,
        ),
        strength,
    )


def _often(frequency: str) -> str:
    """Return how often without meals and PRN, and the same for QD and its morning and bedtime forms."""
    words = [word for word in frequency.split() if word not in ("AC", "PC", "CC", "PRN", "STAT", "ONCE")]
    same = {"Q24H": "QD", "QAM": "QD", "QPM": "QD", "HS": "QD", "Q48H": "QOD"}
    return " ".join(dict.fromkeys(same.get(word, word) for word in words))


def _times_apart(written: Quantity, known: list[Quantity]) -> bool:
    """Return True where the written amount cannot be compared with the coded ones (mg with tablets)."""
    return all(item.unit.partition("/")[0] not in ("mg", "ug", "g") for item in known) or "/" in written.unit
