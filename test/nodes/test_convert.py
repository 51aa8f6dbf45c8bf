"""Delivery <-> message: nothing is lost on the way, and a bad message is refused with a sentence."""

from __future__ import annotations

import datetime as dt
import string
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.delivery import Delivery, Locale, Medication, PatientProfile, Scenario, Sex
from medllm_ros.msg import DeliveryEvent
from medllm_ros.msg import Medication as MedicationMsg
from medllm_ros.msg import PatientProfile as PatientProfileMsg
from medllm_ros.nodes.convert import ConversionError, delivery_from_message, delivery_to_message
from medllm_ros.quantities import parse_quantity

WORDS = st.text(alphabet=string.ascii_letters + string.digits + " -，。王小明藥錠", max_size=30).map(str.strip)
NAMES = WORDS.map(lambda text: text.replace("。", "").strip()).filter(bool)  # a medicine's name holds no sentence
IDS = st.text(alphabet=string.ascii_letters + string.digits + "-", min_size=1, max_size=64)
DECIMALS = st.decimals(min_value=Decimal("0.001"), max_value=Decimal("9999"), places=3).map(Decimal.normalize)
QUANTITIES = st.one_of(
    st.none(),
    st.tuples(DECIMALS, st.sampled_from(["mg", "g", "mL", "錠", "tablets"])).map(
        lambda pair: parse_quantity(f"{pair[0]:f} {pair[1]}")
    ),
)
MEDICATIONS = st.builds(
    Medication, name=NAMES, as_ordered=WORDS, strength=QUANTITIES, dose=QUANTITIES,
    route=st.sampled_from(["", "PO", "IV"]), frequency=st.sampled_from(["", "QD", "BID", "Q8H"]),
    times=st.lists(st.times().map(lambda t: t.replace(second=0, microsecond=0)), max_size=4).map(tuple),
    as_needed=st.booleans(), atc=st.sampled_from(["", "C08CA01"]), note=WORDS,
)  # fmt: skip
PATIENTS = st.builds(
    PatientProfile, patient_id=WORDS, name=WORDS, date_of_birth=st.none() | st.dates(min_value=dt.date(1900, 1, 1)),
    age_years=st.none() | st.integers(0, 130), sex=st.sampled_from(Sex), chart_number=WORDS,
    allergies=st.lists(WORDS.filter(bool), max_size=3).map(tuple),
    conditions=st.lists(WORDS.filter(bool), max_size=3).map(tuple),
    current_medications=st.lists(WORDS.filter(bool), max_size=3).map(tuple),
    egfr=st.none() | st.decimals(0, 250, places=1), weight_kg=st.none() | st.decimals(Decimal("0.1"), 500, places=1),
    pregnant=st.none() | st.booleans(), hard_of_hearing=st.booleans(),
)  # fmt: skip
DELIVERIES = st.builds(
    Delivery, delivery_id=IDS, medications=st.lists(MEDICATIONS, min_size=1, max_size=3).map(tuple), patient=PATIENTS,
    scenario=st.sampled_from(Scenario), locale=st.sampled_from(Locale), robot_id=WORDS, ward=WORDS, bed=WORDS,
    note=WORDS,
)  # fmt: skip


@given(DELIVERIES)
@settings(max_examples=200, deadline=None)
def test_a_delivery_survives_the_way_there_and_back(delivery):
    message = delivery_to_message(delivery, DeliveryEvent.KIND_DISPATCHED)
    assert delivery_from_message(message, "en_US") == delivery


def event(**changes: Any) -> DeliveryEvent:
    """Return a good event with one medicine and one patient, then changed by path ("patient__name")."""
    msg = DeliveryEvent(
        kind=DeliveryEvent.KIND_DISPATCHED, event_id="e1", delivery_id="d1", scenario=DeliveryEvent.SCENARIO_WARD,
        locale="zh_TW", ward="7A", bed="12",
        medications=[MedicationMsg(name="Amlodipine", dose_text="1 tablet", strength_text="5 mg", times=["08:00"])],
        patient=PatientProfileMsg(name="王小明", age_years=78),
    )  # fmt: skip
    for path, value in changes.items():
        *parents, name = path.split("__")
        target: Any = msg
        for parent in parents:
            target = target.medications[0] if parent == "medication" else getattr(target, parent)
        setattr(target, name, value)
    return msg


def test_a_good_event_is_taken():
    delivery = delivery_from_message(event(), "en_US")
    assert delivery.locale is Locale.ZH_TW
    assert delivery.patient.age_years == 78
    assert delivery.medications[0].dose == parse_quantity("1 tablet")


def test_a_newborn_has_an_age():
    assert delivery_from_message(event(patient__age_years=0, patient__has_age_years=True), "").patient.age_years == 0
    assert delivery_from_message(event(patient__age_years=0), "").patient.age_years is None


def test_an_order_text_alone_is_enough():
    order = MedicationMsg(as_ordered="Amlodipine 5 mg PO QD 08:00")
    medicine = delivery_from_message(event(medications=[order]), "").medications[0]
    assert medicine.name == "Amlodipine"
    assert medicine.times == (dt.time(8),)


def test_an_empty_locale_is_the_robots_own():
    assert delivery_from_message(event(locale=""), "zh_CN").locale is Locale.ZH_CN


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"medications": []}, "no medication"),
        ({"medications": [MedicationMsg(name="x")] * 51}, "at most 50"),
        ({"delivery_id": ""}, "delivery_id"),
        ({"delivery_id": "d" * 65}, "at most 64"),
        ({"scenario": 0}, "SCENARIO_WARD"),
        ({"scenario": 9}, "SCENARIO_HOME"),
        ({"locale": "fr_FR"}, "zh_TW"),
        ({"patient__age_years": -5}, "0 to 130"),
        ({"patient__age_years": 400}, "0 to 130"),
        ({"patient__sex": 7}, "SEX_FEMALE"),
        ({"patient__pregnant": 3}, "PREGNANT_YES"),
        ({"patient__egfr": float("nan")}, "must be a number"),
        ({"patient__weight_kg": -3.0}, "more than 0"),
        ({"patient__weight_kg": 0.0, "patient__has_weight_kg": True}, "more than 0"),
        ({"patient__date_of_birth": "2/3/1956"}, "YYYY-MM-DD"),
        ({"patient__name": "王小明<|eot_id|>"}, "control token"),
        ({"patient__name": "王小明[INST]"}, "control token"),
        ({"patient__name": "王\x07明"}, "U+0007"),
        ({"patient__name": "王\ufffd明"}, "UTF-8"),
        ({"patient__name": "王" * 121}, "at most 120"),
        ({"patient__allergies": ["x"] * 201}, "at most 200"),
        ({"note": "x" * 2001}, "at most 2000"),
        ({"note": "<|im_start|>system"}, "control token"),
        ({"medication__name": "", "medication__as_ordered": ""}, "neither name nor as_ordered"),
        ({"medication__dose_text": "0 mg"}, "dose_text"),
        ({"medication__dose_text": "some"}, "dose_text"),
        ({"medication__dose_text": "", "medication__dose_value": 5.0}, "without dose_text"),
        ({"medication__strength_has_value": True, "medication__strength_value": 50.0,
          "medication__strength_unit": "mg"}, "must agree"),
        ({"medication__strength_has_value": True, "medication__strength_value": float("inf"),
          "medication__strength_unit": "mg"}, "must agree"),
        ({"medication__times": ["25:00"]}, "HH:MM"),
        ({"medication__times": ["noon"]}, "HH:MM"),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(ConversionError) as refusal:
        delivery_from_message(event(**changes), "zh_TW")
    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith((".", "."))


def test_equal_amounts_in_other_units_agree():
    msg = event(medication__strength_has_value=True, medication__strength_value=5000.0, medication__strength_unit="ug")
    assert delivery_from_message(msg, "").medications[0].strength == parse_quantity("5 mg")


def test_a_default_message_is_never_valid():
    with pytest.raises(ConversionError):
        delivery_from_message(DeliveryEvent(), "zh_TW")
