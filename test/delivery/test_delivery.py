"""What a delivery may hold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from medllm_ros.delivery import Delivery, DeliveryError, Medication, PatientProfile, Profile, clean
from medllm_ros.quantities import Quantity


def test_a_name_is_all_a_medicine_needs():
    medication = Medication(name="  Warfarin ")
    assert (medication.name, medication.strength, medication.route, medication.times) == ("Warfarin", None, "", ())


@pytest.mark.parametrize("name", ["", "   ", "a\u0007b", "x" * 121, None])
def test_a_bad_name_is_refused(name):
    with pytest.raises(DeliveryError):
        Medication(name=name)


def test_an_amount_of_zero_is_refused():
    with pytest.raises(DeliveryError, match="more than zero"):
        Medication(name="X", dose=Quantity(Decimal(0), "mg", "0.0 mg"))


@pytest.mark.parametrize(
    "bad",
    [
        {"age_years": -1},
        {"age_years": 131},
        {"egfr": Decimal(-1)},
        {"egfr": Decimal(251)},
        {"weight_kg": Decimal(0)},
        {"weight_kg": Decimal(501)},
        {"egfr": Decimal("NaN")},
        {"weight_kg": Decimal("NaN")},
        {"name": "x" * 200},
    ],
)
def test_an_impossible_patient_is_refused(bad):
    with pytest.raises(DeliveryError):
        PatientProfile(**bad)


@pytest.mark.parametrize(
    ("patient", "profiles"),
    [
        ({}, set()),
        ({"age_years": 65}, {Profile.ELDERLY}),
        ({"age_years": 64}, set()),
        ({"age_years": 17}, {Profile.CHILD}),
        ({"age_years": 18}, set()),
        ({"pregnant": True}, {Profile.PREGNANT}),
        ({"age_years": 80, "hard_of_hearing": True}, {Profile.ELDERLY, Profile.HARD_OF_HEARING}),
    ],
)
def test_profiles_follow_from_the_patient(patient, profiles):
    assert PatientProfile(**patient).profiles == profiles


def test_empty_list_entries_are_dropped():
    assert PatientProfile(allergies=("", " 磺胺 ")).allergies == ("磺胺",)


def test_a_delivery_has_an_id_and_a_medicine():
    with pytest.raises(DeliveryError, match="delivery_id"):
        Delivery(delivery_id=" ", medications=(Medication(name="X"),))
    with pytest.raises(DeliveryError, match="no medicine"):
        Delivery(delivery_id="d", medications=())
    with pytest.raises(DeliveryError, match="ward"):
        Delivery(delivery_id="d", medications=(Medication(name="X"),), ward="7" * 65)


def test_a_line_break_in_a_note_is_kept_and_text_is_composed():
    assert clean("e\u0301\nb", "The note") == "é\nb"
