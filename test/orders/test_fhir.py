"""FHIR R4 bundles: what is read, and what is refused in which words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from medllm_ros.delivery import Locale, Scenario, Sex
from medllm_ros.orders import OrderError, delivery_from_bundle
from medllm_ros.orders.fhir_patient import age

NOW = dt.date(2025, 11, 3)


def read(bundle):
    return delivery_from_bundle(bundle.build(), now=NOW)


def refusal(bundle) -> str:
    with pytest.raises(OrderError) as error:
        read(bundle)
    return str(error.value)


def test_a_bundle_becomes_a_delivery(bundle):
    delivery = read(bundle)
    (medication,) = delivery.medications
    assert (delivery.delivery_id, delivery.locale, delivery.scenario) == ("b1", Locale.ZH_TW, Scenario.WARD)
    assert (medication.name, medication.atc, medication.route, medication.frequency) == (
        "Amlodipine",
        "C08CA01",
        "PO",
        "QD",
    )
    assert medication.strength.text == medication.dose.text == "5 mg"
    assert medication.times == (dt.time(8),)
    patient = delivery.patient
    assert (patient.name, patient.date_of_birth, patient.age_years) == ("王春嬌", dt.date(1956, 3, 2), 69)
    assert (patient.chart_number, patient.sex, patient.patient_id) == ("1234567", Sex.FEMALE, "p1")


def test_the_national_id_is_never_taken_for_the_chart_number(bundle):
    del bundle.patient["identifier"][1]
    assert read(bundle).patient.chart_number == ""


@pytest.mark.parametrize("kind", ["collection", "transaction", "searchset", "document"])
def test_these_bundle_types_are_read(bundle, kind):
    bundle.root["type"] = kind
    assert read(bundle).medications


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("doNotPerform", True, "MedicationRequest/m1.doNotPerform"),
        ("status", "stopped", "MedicationRequest/m1.status"),
        ("status", "on-hold", "active"),
        ("status", "entered-in-error", "active"),
        ("status", None, "active"),
        ("intent", "plan", "intent"),
        ("intent", "proposal", "intent"),
        ("intent", "option", "intent"),
        ("implicitRules", "http://x", "implicitRules"),
        ("modifierExtension", [{"url": "http://x", "valueBoolean": True}], "modifierExtension"),
        ("subject", {"reference": "Patient/p2"}, "one patient"),
        ("subject", None, "subject"),
        ("medicationCodeableConcept", None, "medication"),
        ("medicationCodeableConcept", {"coding": [{"code": "1"}]}, "name"),
        ("medicationReference", {"reference": "#x"}, "keep one"),
        ("doNotPerform", "no", "true or false"),
        ("dosageInstruction", {}, "list"),
        ("reportedBoolean", True, "report"),
        ("dispenseRequest", {"validityPeriod": {"end": "2025-11-02"}}, "run out"),
    ],
)
def test_a_request_that_must_not_be_delivered_is_refused(bundle, field, value, words):
    bundle.request[field] = value
    assert words in refusal(bundle)


@pytest.mark.parametrize("intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order"])
def test_order_like_intents_are_delivered(bundle, intent):
    bundle.request["intent"] = intent
    assert read(bundle).medications


def test_a_modifier_extension_is_found_anywhere_inside(bundle):
    bundle.dosage["modifierExtension"] = [{"url": "http://x/half-dose"}]
    assert "dosageInstruction[0].modifierExtension 'http://x/half-dose'" in refusal(bundle)


def test_rules_on_the_bundle_are_refused(bundle):
    bundle.root["implicitRules"] = "http://x"
    assert "Bundle.implicitRules" in refusal(bundle)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("deceasedBoolean", True, "died"),
        ("deceasedDateTime", "2025-01-01", "died"),
        ("active", False, "active"),
        ("birthDate", "2030-01-01", "future"),
        ("birthDate", "1956-02-30", "calendar"),
        ("birthDate", "March", "date"),
        ("birthDate", "1850-01-01", "0 to 130"),
        ("gender", "f", "gender"),
        ("link", [{"type": "replaced-by"}], "replaced"),
        ("name", "王春嬌", "list"),
        ("name", [{"text": "<|eot_id|>"}], "control token"),
        ("name", [{"text": "a\u0000b"}], "control character"),
        ("name", [{"text": "x" * 200}], "at most"),
    ],
)
def test_a_patient_who_cannot_be_the_receiver_is_refused(bundle, field, value, words):
    bundle.patient[field] = value
    assert words in refusal(bundle)


def test_two_patients_are_refused(bundle):
    bundle.others.append({**bundle.patient, "id": "p2"})
    assert "2 Patient resources" in refusal(bundle)


def test_no_patient_is_refused(bundle):
    value = bundle.build()
    del value["entry"][0]
    with pytest.raises(OrderError, match="0 Patient"):
        delivery_from_bundle(value, now=NOW)


def test_the_same_resource_twice_is_refused(bundle):
    bundle.others.append(dict(bundle.request))
    assert "'MedicationRequest/m1' twice" in refusal(bundle)


def test_a_deletion_is_no_order(bundle):
    value = bundle.build()
    value["entry"][1]["request"] = {"method": "DELETE", "url": "MedicationRequest/m1"}
    with pytest.raises(OrderError, match="DELETE"):
        delivery_from_bundle(value, now=NOW)


def test_only_standing_allergies_count(bundle, about):
    def coded(code):
        return {"coding": [{"code": code}]}

    bundle.others += [
        about("AllergyIntolerance", code={"text": "Penicillin"}, clinicalStatus=coded("active")),
        about("AllergyIntolerance", code={"text": "Latex"}),
        about("AllergyIntolerance", code={"text": "Refuted"}, verificationStatus=coded("refuted")),
        about("AllergyIntolerance", code={"text": "Error"}, verificationStatus=coded("entered-in-error")),
        about("AllergyIntolerance", code={"text": "Inactive"}, clinicalStatus=coded("inactive")),
        about("AllergyIntolerance", code={"text": "Resolved"}, clinicalStatus=coded("resolved")),
        about("AllergyIntolerance", code={"coding": [{"code": "716186003", "display": "No known allergy"}]}),
        about("AllergyIntolerance", code={"text": "NKDA"}),
    ]
    assert read(bundle).patient.allergies == ("Penicillin", "Latex")


def test_an_allergy_of_someone_else_is_refused(bundle):
    bundle.others.append(
        {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p2"}, "code": {"text": "x"}}
    )
    assert "AllergyIntolerance" in refusal(bundle)


def test_an_allergy_to_nothing_is_refused(bundle, about):
    bundle.others.append(about("AllergyIntolerance"))
    assert "to what" in refusal(bundle)


def test_the_newest_kidney_value_and_weight_are_read(bundle, about):
    def observation(code, value, unit, day, status="final"):
        return about(
            "Observation",
            status=status,
            code={"coding": [{"system": "http://loinc.org", "code": code}]},
            effectiveDateTime=day,
            valueQuantity={"value": value, "unit": unit},
        )

    bundle.others += [
        observation("98979-8", 30, "mL/min/1.73m2", "2025-11-02"),
        observation("33914-3", 60, "mL/min/1.73m2", "2025-01-02"),
        observation("62238-1", 10, "mL/min/1.73m2", "2025-11-03", "entered-in-error"),
        observation("29463-7", 54500, "g", "2025-11-01"),
    ]
    patient = read(bundle).patient
    assert (patient.egfr, patient.weight_kg) == (Decimal(30), Decimal("54.5"))


def test_a_weight_in_an_unknown_unit_is_refused(bundle, about):
    bundle.others.append(
        about(
            "Observation",
            status="final",
            code={"coding": [{"code": "29463-7"}]},
            valueQuantity={"value": 5, "unit": "stone"},
        )
    )
    assert "'stone'" in refusal(bundle)


def test_conditions_shape_the_profile(bundle, about):
    bundle.others += [
        about("Condition", code={"coding": [{"code": "77386006", "display": "Pregnancy"}]}),
        about("Condition", code={"text": "重聽"}),
        about("Condition", code={"text": "Old"}, clinicalStatus={"coding": [{"code": "resolved"}]}),
    ]
    patient = read(bundle).patient
    assert (patient.conditions, patient.pregnant, patient.hard_of_hearing) == (("Pregnancy", "重聽"), True, True)


def test_current_medicines_are_those_being_taken(bundle, about):
    bundle.others += [
        about("MedicationStatement", status="active", medicationCodeableConcept={"text": "Metformin"}),
        about("MedicationStatement", status="stopped", medicationCodeableConcept={"text": "Aspirin"}),
    ]
    assert read(bundle).patient.current_medications == ("Metformin",)


def test_ward_and_bed_come_from_the_encounter(bundle, about):
    def place(name, kind, **fields):
        return {
            "resourceType": "Location",
            "id": name,
            "name": name,
            "physicalType": {"coding": [{"code": kind}]},
            **fields,
        }

    bundle.others += [
        place("7A", "wa"),
        place("12", "bd", partOf={"reference": "Location/7A"}),
        place("99", "bd"),
        about(
            "Encounter",
            status="in-progress",
            **{"class": {"code": "EMER"}},
            location=[
                {"location": {"reference": "Location/12"}},
                {"location": {"reference": "Location/99"}, "status": "completed"},
            ],
        ),
    ]
    delivery = read(bundle)
    assert (delivery.ward, delivery.bed, delivery.scenario) == ("7A", "12", Scenario.EMERGENCY)


def test_a_contained_product_is_followed(bundle):
    del bundle.request["medicationCodeableConcept"]
    bundle.request["contained"] = [
        {
            "resourceType": "Medication",
            "id": "med",
            "code": {"text": "Norvasc"},
            "ingredient": [
                {"strength": {"numerator": {"value": 5, "code": "mg"}, "denominator": {"value": 1, "code": "{tbl}"}}}
            ],
        }
    ]
    bundle.request["medicationReference"] = {"reference": "#med"}
    medication = read(bundle).medications[0]
    assert (medication.name, medication.strength.text) == ("Norvasc", "5 mg")


def test_a_bundled_product_in_error_is_refused(bundle):
    del bundle.request["medicationCodeableConcept"]
    bundle.others.append(
        {"resourceType": "Medication", "id": "x", "status": "entered-in-error", "code": {"text": "Norvasc"}}
    )
    bundle.request["medicationReference"] = {"reference": "Medication/x"}
    assert "Medication/x.status" in refusal(bundle)


def test_a_product_that_is_not_there_is_refused(bundle):
    del bundle.request["medicationCodeableConcept"]
    bundle.request["medicationReference"] = {"reference": "Medication/gone"}
    assert "'Medication/gone'" in refusal(bundle)


@pytest.mark.parametrize(
    ("repeat", "frequency"),
    [
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, "BID"),
        ({"frequency": 1, "period": 8, "periodUnit": "h"}, "Q8H"),
        ({"frequency": 1, "period": 2, "periodUnit": "d"}, "QOD"),
        ({"frequency": 1, "period": 1, "periodUnit": "wk"}, "QW"),
        ({"frequency": 3, "period": 1, "periodUnit": "d", "when": ["PC"]}, "TID PC"),
        ({"when": ["HS"]}, "HS"),
        ({"frequency": 1, "period": 24, "periodUnit": "h"}, "QD"),
        ({"frequency": 5, "period": 1, "periodUnit": "d"}, ""),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon"]}, ""),
        ({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}, ""),
    ],
)
def test_how_often(bundle, repeat, frequency):
    bundle.dosage["timing"] = {"repeat": repeat}
    assert read(bundle).medications[0].frequency == frequency


def test_as_needed(bundle):
    bundle.dosage["asNeededCodeableConcept"] = {"text": "pain"}
    medication = read(bundle).medications[0]
    assert medication.as_needed and medication.frequency == "QD PRN" and "pain" in medication.note


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"doseAndRate": [{"doseQuantity": {"value": 0, "unit": "mg"}}]}, "more than 0"),
        ({"doseAndRate": [{"doseQuantity": {"value": -5, "unit": "mg"}}]}, "more than 0"),
        ({"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "zg"}}]}, "'zg'"),
        ({"doseAndRate": [{"doseQuantity": {"value": 5}}]}, "unit"),
        ({"doseAndRate": [{"doseQuantity": {"unit": "mg"}}]}, "value"),
        ({"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg", "comparator": "<"}}]}, "comparator"),
        ({"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg", "code": "ug"}}]}, "'mg', but its code"),
        ({"doseAndRate": [{"doseQuantity": {"value": "5", "unit": "mg"}}]}, "must be a number"),
        ({"timing": {"repeat": {"timeOfDay": ["25:00:00"]}}}, "25:00:00"),
        ({"timing": {"repeat": {"frequency": 0, "period": 1, "periodUnit": "d"}}}, "frequency"),
        ({"timing": {"repeat": {"period": 1, "periodUnit": "fortnight"}}}, "fortnight"),
        ({"timing": {"repeat": {"boundsPeriod": {"end": "2024-01-01"}}}}, "run out"),
        ({"text": "Amlodipine 10 mg PO QD"}, "says 10 mg"),
        ({"text": "5 mg IV"}, "route IV"),
        ({"text": "5 mg PO BID"}, "frequency BID"),
        ({"timing": {"code": {"text": "TID"}, "repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}, "TID"),
    ],
)
def test_an_impossible_or_contradictory_dosage_is_refused(bundle, change, words):
    bundle.dosage.update(change)
    message = refusal(bundle)
    assert words in message and "MedicationRequest/m1.dosageInstruction" in message


def test_what_only_the_text_says_is_read_from_it(bundle):
    bundle.request["dosageInstruction"] = [{"text": "Amlodipine 5 mg PO QD 08:00"}]
    medication = read(bundle).medications[0]
    assert (medication.route, medication.frequency, medication.times) == ("PO", "QD", (dt.time(8),))
    assert medication.as_ordered == "Amlodipine 5 mg PO QD 08:00"


def test_steps_with_different_doses_are_refused(bundle):
    other = {"doseAndRate": [{"doseQuantity": {"value": 10, "unit": "mg"}}], "route": bundle.dosage["route"]}
    bundle.request["dosageInstruction"].append(other)
    assert "different doses" in refusal(bundle)


@pytest.mark.parametrize(
    ("born", "now", "years"),
    [
        ("1956-03-02", "2025-03-01", 68),
        ("1956-03-02", "2025-03-02", 69),
        ("2000-02-29", "2001-02-28", 0),
        ("2000-02-29", "2001-03-01", 1),
    ],
)
def test_age_counts_birthdays(born, now, years):
    assert age(dt.date.fromisoformat(born), dt.date.fromisoformat(now)) == years
