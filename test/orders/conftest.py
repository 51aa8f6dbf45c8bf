"""A small, valid FHIR bundle to bend."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "王", "given": ["春嬌"]}],
    "gender": "female",
    "birthDate": "1956-03-02",
    "identifier": [
        {"type": {"coding": [{"code": "NNTWN"}]}, "system": "https://moi.example", "value": "A223456789"},
        {"type": {"coding": [{"code": "MR"}]}, "system": "https://hospital.example", "value": "1234567"},
    ],
}
REQUEST: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "id": "m1",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "medicationCodeableConcept": {
        "coding": [{"system": "http://www.whocc.no/atc", "code": "C08CA01", "display": "amlodipine"}],
        "text": "Amlodipine 5 MG Oral Tablet",
    },
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00"]}},
            "route": {"coding": [{"system": "http://snomed.info/sct", "code": "26643006"}]},
            "doseAndRate": [
                {"doseQuantity": {"value": 5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}
            ],
        }
    ],
}


class Bundle:
    """A bundle whose parts a test changes."""

    def __init__(self) -> None:
        self.patient = copy.deepcopy(PATIENT)
        self.request = copy.deepcopy(REQUEST)
        self.others: list[dict[str, Any]] = []
        self.root: dict[str, Any] = {"resourceType": "Bundle", "type": "collection", "id": "b1"}

    @property
    def dosage(self) -> dict[str, Any]:
        return self.request["dosageInstruction"][0]

    def build(self) -> dict[str, Any]:
        resources = [self.patient, self.request, *self.others]
        return {**self.root, "entry": [{"resource": resource} for resource in resources]}


@pytest.fixture
def bundle() -> Bundle:
    """Return a fresh bundle."""
    return Bundle()


@pytest.fixture
def about() -> Callable[..., dict[str, Any]]:
    """Return a maker of resources of the bundle's patient."""

    def make(kind: str, **fields: Any) -> dict[str, Any]:
        key = "patient" if kind == "AllergyIntolerance" else "subject"
        return {"resourceType": kind, key: {"reference": "Patient/p1"}, **fields}

    return make
