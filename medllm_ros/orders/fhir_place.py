"""FHIR Encounter and Location -> ward, bed and scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from medllm_ros.delivery import Scenario
from medllm_ros.orders.errors import OrderError
from medllm_ros.orders.node import Node, codes

if TYPE_CHECKING:
    from medllm_ros.orders.fhir import Bundle

_SCENARIOS: Final = {"EMER": Scenario.EMERGENCY, "HH": Scenario.HOME}  # HL7 v3 ActCode; any other class is the ward
_OVER: Final = ("finished", "cancelled", "entered-in-error")


def read_place(bundle: Bundle, patient: Node) -> tuple[str, str, Scenario]:
    """Return (ward, bed, scenario); "" where the bundle does not say."""
    encounters = [item for item in bundle.of_type["Encounter"] if item.text("status") not in _OVER]
    for encounter in encounters:
        bundle.about(encounter, "subject", patient)
    scenario = Scenario.WARD
    places: list[Node] = []
    for encounter in encounters:
        kind = encounter.child("class")
        scenario = _SCENARIOS.get(kind.text("code"), scenario) if kind else scenario
        for item in encounter.children("location"):
            reference = item.child("location")
            if item.text("status") in ("", "active") and reference is not None and reference.text("reference"):
                place = bundle.resolve(reference.text("reference"), encounter)
                places += [place] if place is not None and place.kind == "Location" else []
    if not places and not encounters:
        places = [item for item in bundle.of_type["Location"] if item.text("status") in ("", "active")]
    wards: set[str] = set()
    beds: set[str] = set()
    for place in places:
        _walk(place, bundle, wards, beds)
    for what, names in (("wards", wards), ("beds", beds)):
        if len(names) > 1:
            raise OrderError(
                f"The bundle names {len(names)} {what} ({', '.join(sorted(names))}); a delivery goes to one."
            )
    return "".join(wards), "".join(beds), scenario


def _walk(place: Node | None, bundle: Bundle, wards: set[str], beds: set[str]) -> None:
    """Collect the names of a place and of what it is part of."""
    for _ in range(8):  # bed, room, ward, wing, building, site
        if place is None:
            return
        kinds = {code for _, code in codes(place.child("physicalType"))}
        name = place.text("name", 64) or next((item.text("value", 64) for item in place.children("identifier")), "")
        if name and "bd" in kinds:
            beds.add(name)
        elif name and "wa" in kinds:
            wards.add(name)
        part = place.child("partOf")
        place = bundle.resolve(part.text("reference"), place) if part and part.text("reference") else None
