"""FHIR Dosage and Timing: dose, route, how often, at what times."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from medllm_ros.orders.codes import FREQUENCIES, HOURS, ROUTES, find_frequencies, find_routes, join_frequencies
from medllm_ros.orders.errors import shown
from medllm_ros.orders.node import Node, codes, concept_text
from medllm_ros.quantities import Quantity, canonical_unit
from medllm_ros.quantities.find import MAX_VALUE
from medllm_ros.quantities.fold import fold

# SNOMED CT route of administration values and HL7 v3 RouteOfAdministration codes -> our codes
_SNOMED_ROUTES: Final = {
    "26643006": "PO",
    "37839007": "SL",
    "54471007": "BUC",
    "47625008": "IV",
    "78421000": "IM",
    "34206005": "SC",
    "372464004": "ID",
    "72607000": "IT",
    "447694001": "INH",
    "18679011000001101": "INH",
    "46713006": "NAS",
    "37161004": "PR",
    "16857009": "VAG",
    "6064005": "TOP",
    "45890007": "TD",
    "54485002": "OPH",
    "10547007": "OTIC",
    "127492001": "NG",
}
_HL7_ROUTES: Final = {
    "PO": "PO",
    "SL": "SL",
    "BUC": "BUC",
    "IV": "IV",
    "IVP": "IV",
    "IVPB": "IV",
    "IVINJ": "IV",
    "IM": "IM",
    "SQ": "SC",
    "SC": "SC",
    "SUBQ": "SC",
    "INH": "INH",
    "IPINHL": "INH",
    "ORINHL": "INH",
    "NASINHL": "NAS",
    "NASALINSTL": "NAS",
    "PR": "PR",
    "VAG": "VAG",
    "TOPICAL": "TOP",
    "TD": "TD",
    "TRNSDERM": "TD",
    "OPTHALTA": "OPH",
    "OTICAL": "OTIC",
    "NGT": "NG",
    "GARGLE": "GAR",
}
_REPEAT: Final = {  # (frequency, period, unit) -> code
    (1, 1, "d"): "QD",
    (2, 1, "d"): "BID",
    (3, 1, "d"): "TID",
    (4, 1, "d"): "QID",
    (1, 2, "d"): "QOD",
    (1, 1, "wk"): "QW",
    (1, 7, "d"): "QW",
    (2, 1, "wk"): "BIW",
    (3, 1, "wk"): "TIW",
    (1, 2, "wk"): "Q2W",
    (1, 14, "d"): "Q2W",
    (1, 1, "mo"): "QMO",
}
_WHEN: Final = {  # HL7 EventTiming
    "HS": "HS",
    "AC": "AC",
    "ACM": "AC",
    "ACD": "AC",
    "ACV": "AC",
    "PC": "PC",
    "PCM": "PC",
    "PCD": "PC",
    "PCV": "PC",
    "C": "CC",
    "CM": "CC",
    "CD": "CC",
    "CV": "CC",
}
_TIMING_CODES: Final = {"AM": "QAM", "PM": "QPM", "BED": "HS", "WK": "QW", "MO": "QMO", "Q24H": "QD"}
_FREQUENCY_CODES: Final = frozenset(code.code for code in FREQUENCIES)
_ROUTE_CODES: Final = frozenset(code.code for code in ROUTES)
_SPOKEN: Final = {  # how a dose is written where FHIR gives a number and a code only
    "[iU]": ("unit", "units"),
    "{tbl}": ("tablet", "tablets"),
    "{cap}": ("capsule", "capsules"),
    "{drop}": ("drop", "drops"),
    "{puff}": ("puff", "puffs"),
    "{patch}": ("patch", "patches"),
    "{suppository}": ("suppository", "suppositories"),
    "{vial}": ("vial", "vials"),
    "{ampule}": ("ampoule", "ampoules"),
    "{sachet}": ("sachet", "sachets"),
    "{bag}": ("bag", "bags"),
    "{tube}": ("tube", "tubes"),
    "{dose}": ("dose", "doses"),
    "ug": ("mcg", "mcg"),
    "meq": ("mEq", "mEq"),
    "[tsp_us]": ("teaspoon", "teaspoons"),
    "[tbs_us]": ("tablespoon", "tablespoons"),
}
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?")


@dataclass(frozen=True)
class Dosage:
    """What one dosageInstruction says; absent parts are unknown."""

    text: str = ""
    dose: Quantity | None = None
    route: str = ""
    frequency: str = ""
    times: tuple[dt.time, ...] = ()
    as_needed: bool = False
    notes: tuple[str, ...] = ()


def read_dosage(node: Node, now: dt.date) -> Dosage:
    """Return the dosage; raise :class:`OrderError` where a part is impossible or the dosage has run out."""
    timing = node.child("timing")
    frequencies, times, notes = _timing(timing, now) if timing else ([], (), [])
    reason = node.child("asNeededCodeableConcept")
    as_needed = bool(node.flag("asNeededBoolean")) or reason is not None
    if as_needed:
        frequencies.append("PRN")
    dose, dose_notes = _dose(node)
    route, route_note = _route(node.child("route"))
    notes += [concept_text(reason), *dose_notes, route_note, node.text("patientInstruction")]
    notes += [concept_text(item) for item in node.children("additionalInstruction")]
    return Dosage(
        text=node.text("text"),
        dose=dose,
        route=route,
        frequency=join_frequencies(frequencies),
        times=times,
        as_needed=as_needed or "PRN" in frequencies,
        notes=tuple(note for note in notes if note),
    )


def read_quantity(node: Node) -> Quantity:
    """Return a FHIR Quantity in a known unit; raise :class:`OrderError` where it is not more than zero or unknown."""
    value = node.number("value")
    if value is None:
        raise node.fail("value", "is missing.")
    if node.text("comparator"):
        raise node.fail("comparator", f"is {shown(node.text('comparator'))}; an amount must be exact.")
    if not 0 < value <= MAX_VALUE:
        raise node.fail("value", f"is {value}; it must be more than 0 and at most {MAX_VALUE}.")
    code, written = node.text("code"), node.text("unit")
    by_code, by_text = canonical_unit(code), canonical_unit(written)
    unit = by_code if code and by_code is not None else by_text if written else None
    if unit is None and not code and not written:
        raise node.fail("unit", "is missing; give a UCUM code such as mg.")
    if unit is None:
        raise node.fail(
            "unit",
            f"is {shown(written or code)}, which is unknown; use a UCUM code such as mg, ug, mL, [iU], meq, {{tbl}}.",
        )
    if code and written and by_code is not None and by_text is not None and by_code and by_text and by_code != by_text:
        raise node.fail("unit", f"is {shown(written)}, but its code is {shown(code)}; correct one of them.")
    if unit == "" and by_text:
        unit = by_text
    single, plural = _SPOKEN.get(unit, (unit, unit))
    if by_text == unit and not written.isascii() and "µ" not in written and "μ" not in written:
        single = plural = written  # 顆, 毫克
    number = f"{value.normalize():f}"
    return Quantity(value, unit, f"{number} {single if value == 1 else plural}".strip())


def _dose(node: Node) -> tuple[Quantity | None, list[str]]:
    doses: list[Quantity] = []
    notes: list[str] = []
    for item in node.children("doseAndRate"):
        quantity = item.child("doseQuantity")
        if quantity is not None:
            doses.append(read_quantity(quantity))
        if "doseRange" in item:
            notes.append("dose range ordered")
        if any(key in item for key in ("rateQuantity", "rateRange", "rateRatio")):
            notes.append("infusion rate ordered")
    if any(not dose.same(doses[0]) for dose in doses):
        raise node.fail(
            "doseAndRate", f"gives different doses ({', '.join(dose.text for dose in doses)}); keep the one to give."
        )
    return (doses[0] if doses else None), notes


def _route(concept: Node | None) -> tuple[str, str]:
    """Return (code, note): the route's code, or "" and its words where it is not on the closed list."""
    found = set()
    for system, code in codes(concept):
        known = _SNOMED_ROUTES.get(code) if "snomed" in system else _HL7_ROUTES.get(code.upper())
        found |= {known or (code.upper() if code.upper() in _ROUTE_CODES else "")} - {""}
    words = concept_text(concept)
    if not found and words:
        found = {item.code for item in find_routes(fold(words).text)}
        if not found and words.lower().startswith("oral"):
            found = {"PO"}
    if len(found) > 1 and concept is not None:
        raise concept.fail("coding", f"names different routes ({', '.join(sorted(found))}); keep one.")
    return (found.pop(), "") if found else ("", f"route: {words}" if words else "")


def _timing(timing: Node, now: dt.date) -> tuple[list[str], tuple[dt.time, ...], list[str]]:
    repeat = timing.child("repeat")
    frequencies: list[str] = []
    times: list[dt.time] = []
    notes: list[str] = []
    if repeat is not None:
        frequencies, notes = _repeat(repeat, now)
        for place, value in enumerate(repeat.items("timeOfDay")):
            found = _TIME.fullmatch(value) if isinstance(value, str) else None
            if found is None:
                raise repeat.fail(f"timeOfDay[{place}]", f"is {shown(value)}; write a time from 00:00:00 to 23:59:59.")
            times.append(dt.time(int(found[1]), int(found[2])))
    code = timing.child("code")
    coded = [value.upper() for _, value in codes(code)]
    named = [_TIMING_CODES.get(value, value) for value in coded if value in _TIMING_CODES or value in _FREQUENCY_CODES]
    if not named and code is not None:
        named = [
            item.code
            for item in find_frequencies(fold(" ".join([*coded, concept_text(code)])).text)
            if item.hours is None or item.hours in HOURS
        ]
    often = [item for item in frequencies if item not in ("AC", "PC", "CC", "HS")]
    if (
        code is not None
        and often
        and named
        and not set(named) & set(often)
        and {*named, *often} not in ({"QD", "QAM"}, {"QD", "HS"}, {"QD", "QPM"})
    ):
        raise timing.fail("code", f"says {' '.join(named)}, but repeat says {' '.join(often)}; correct one of them.")
    return (frequencies if often else [*named, *frequencies]), tuple(sorted(set(times))), notes


def _repeat(repeat: Node, now: dt.date) -> tuple[list[str], list[str]]:
    notes = []
    bounds = repeat.child("boundsPeriod")
    end = bounds.date("end") if bounds else None
    if bounds is not None and end is not None and end < now:
        raise bounds.fail("end", f"is {end.isoformat()}: the dosage has run out.")
    numbers: dict[str, Decimal | None] = {
        key: repeat.number(key) for key in ("frequency", "period", "count", "frequencyMax", "periodMax")
    }
    for key, value in numbers.items():
        if value is not None and value <= 0:
            raise repeat.fail(key, f"is {value}; it must be more than 0.")
    frequency, period, unit = numbers["frequency"], numbers["period"], repeat.text("periodUnit")
    found: list[str] = []
    if period is not None and not unit:
        raise repeat.fail("periodUnit", "is missing; write h, d, wk or mo.")
    if unit and unit not in ("s", "min", "h", "d", "wk", "mo", "a"):
        raise repeat.fail("periodUnit", f"is {shown(unit)}; it must be one of s, min, h, d, wk, mo, a.")
    if period is not None and numbers["frequencyMax"] is None and numbers["periodMax"] is None:
        code = _how_often(frequency or Decimal(1), period, unit)
        if code:
            found.append(code)
        else:
            notes.append(f"{frequency or 1} in {period} {unit}")
    elif numbers["frequencyMax"] or numbers["periodMax"]:
        notes.append("a range of how often is ordered")
    for value in repeat.items("when"):
        if not isinstance(value, str):
            raise repeat.fail("when", f"has {shown(value)}; it must be text.")
        code = _WHEN.get(value, "")
        found += [code] if code else []
        notes += [] if code else [f"when: {value}"]
    days = [str(value) for value in repeat.items("dayOfWeek")]
    if days:
        notes.append("on " + ", ".join(days))
        found = [code for code in found if code != "QD"]  # daily on Mondays only is not daily
    return found, notes


def _how_often(frequency: Decimal, period: Decimal, unit: str) -> str:
    whole = frequency == int(frequency) and period == int(period)
    code = _REPEAT.get((int(frequency), int(period), unit), "") if whole else ""
    if not code and unit == "h" and frequency == 1 and period in HOURS:
        return "QD" if period == 24 else f"Q{int(period)}H"
    return code
