"""What comes from outside: bytes, text or data, good and bad."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.delivery import Delivery, Scenario, Sex
from medllm_ros.orders import OrderError, read_order

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
NOW = dt.date(2025, 11, 3)


def test_both_examples_are_the_same_delivery():
    fhir = read_order((EXAMPLES / "ward_order.fhir.json").read_bytes(), now=NOW)
    simple = read_order((EXAMPLES / "ward_order.simple.json").read_bytes(), now=NOW)
    assert replace(fhir, delivery_id="x") == replace(simple, delivery_id="x")
    assert (fhir.patient.name, fhir.patient.allergies, fhir.ward, fhir.bed) == ("王春嬌", ("磺胺類抗生素",), "7A", "12")


def test_the_rehearsal_form_is_read():
    delivery = read_order(
        {
            "order": {"text": "Amlodipine 5 mg PO QD 08:00", "ward": "7A", "bed": "12", "note": "n"},
            "patient": {"name": "王", "age": 70, "sex": "F"},
            "scenario": "home",
        },
        now=NOW,
    )
    assert (delivery.scenario, delivery.ward, delivery.note, delivery.patient.sex, delivery.patient.age_years) == (
        Scenario.HOME,
        "7A",
        "n",
        Sex.FEMALE,
        70,
    )


def test_the_same_order_gets_the_same_id():
    first, second = (read_order({"order": {"text": text}}) for text in ("Warfarin", "Warfarin"))
    assert first.delivery_id == second.delivery_id != read_order({"order": {"text": "Aspirin"}}).delivery_id


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "UTF-8 at byte 0"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b"", "line 1"),
        (b"[1]", "JSON object"),
        (b"null", "JSON object"),
        (b'{"order": {"text": "a"}, "order": {"text": "b"}}', "'order' twice"),
        (b'{"patient": {"egfr": NaN}}', "NaN"),
        (b'{"patient": {"egfr": 1e999999}}', "out of range"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deep"),
        (b" " * 1_000_001, "at most 1000000"),
        (b'{"orders": []}', "field orders is unknown"),
        (b'{"order": {"text": "Warfarin", "warrd": "7A"}}', "order.warrd"),
        (b"{}", "no medicine"),
        (b'{"medications": []}', "no medicine"),
        (b'{"order": {"text": "Warfarin"}, "patient": {"age": -1}}', "0 to 130"),
        (b'{"order": {"text": "Warfarin"}, "patient": {"age": 70.5}}', "patient.age"),
        (b'{"order": {"text": "Warfarin"}, "patient": {"age": 20, "date_of_birth": "1956-03-02"}}', "is 69"),
        (b'{"order": {"text": "Warfarin"}, "patient": {"date_of_birth": "2 March"}}', "1956-03-02"),
        (b'{"order": {"text": "Warfarin"}, "scenario": "moon"}', "scenario"),
        (b'{"medications": [{"name": "X", "strength": "5 zg"}]}', "medications[0].strength"),
        (b'{"medications": [{"name": "X", "dose": "5"}]}', "no unit"),
        (b'{"medications": [{"name": "X", "times": ["25:00"]}]}', "times[0]"),
        (b'{"medications": [{"name": "X", "route": "moon"}]}', "medications[0].route"),
        (b'{"medications": [{"text": "X", "dose": "5 mg"}]}', "text and also dose"),
        (b'{"order": {"text": "X", "ward": "7A"}, "ward": "8B"}', "two wards"),
        (b'{"resourceType": "Patient"}', "Bundle"),
        (b'{"resourceType": "Bundle", "type": "history"}', "Bundle.type"),
        (b'{"resourceType": "Bundle", "type": "collection"}', "0 Patient"),
        (b'{"resourceType": "Bundle", "type": "collection", "entry": [1]}', "Bundle.entry[0]"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(data, words):
    with pytest.raises(OrderError) as error:
        read_order(data, now=NOW)
    assert words in str(error.value)
    assert len(str(error.value)) < 600


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def holds(value: object) -> None:
    """Read ``value``; nothing but an OrderError may come out."""
    try:
        assert isinstance(read_order(value, now=NOW), Delivery)  # type: ignore[arg-type]
    except OrderError as error:
        assert str(error)


@given(JSON)
def test_no_json_value_raises_anything_but_an_order_error(value):
    holds(value)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_bytes_raise_anything_but_an_order_error(data):
    holds(data)


@pytest.mark.parametrize("name", ["ward_order.fhir.json", "ward_order.simple.json"])
@given(data=st.data())
def test_an_order_with_one_part_exchanged_raises_nothing_but_an_order_error(name, data):
    order = json.loads((EXAMPLES / name).read_text("utf-8"))
    places = []

    def walk(node, key, parent):
        if parent is not None:
            places.append((parent, key))
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for name, child in list(children):
            walk(child, name, node)

    walk(order, None, None)
    for _ in range(data.draw(st.integers(1, 2))):
        parent, key = data.draw(st.sampled_from(places))
        parent[key] = data.draw(JSON)
    holds(order)
