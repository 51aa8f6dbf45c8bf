"""Of a suppository or a patch nobody is told to swallow the tablet whole."""

from __future__ import annotations

import pytest

from medllm_ros.delivery import Delivery, Locale, Medication
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.sheet import FactSheet

FORMULARY = Formulary.load()


def told(name: str, *, as_ordered: str = "", route: str = "") -> str:
    """Return all that the sheet of one medicine tells."""
    medication = Medication(name=name, as_ordered=as_ordered, route=route)
    delivery = Delivery(delivery_id="d1", medications=(medication,), locale=Locale.EN_US)
    return "\n".join(line.text for line in FactSheet.of_delivery(delivery, FORMULARY).lines if line.fact)


@pytest.mark.parametrize(
    ("name", "order", "route", "left", "kept"),
    [
        ("Bisacodyl", "Bisacodyl 10 mg suppository PRN", "", "Swallow the tablets", "go into the bottom only"),
        ("Bisacodyl", "Bisacodyl 10 mg", "PR", "Swallow the tablets", "go into the bottom only"),
        ("Rivastigmine", "Rivastigmine 4.6 mg/24 h", "TD", "Take capsules", "Put it on clean, dry"),
        ("Beclometasone", "Beclometasone nasal spray 50 mcg", "", "The inhaler does not work", "The nasal spray takes"),
    ],
)
def test_facts_of_another_form_are_left_out(name: str, order: str, route: str, left: str, kept: str) -> None:
    text = told(name, as_ordered=order, route=route)
    assert left not in text and kept in text


def test_a_warning_stays_whatever_form_it_names() -> None:
    assert "planning a baby" in told("Beclometasone", as_ordered="Beclometasone nasal spray 50 mcg")


@pytest.mark.parametrize("order", ["Bisacodyl 5 mg tab (or suppository if not tolerated)", "Bisacodyl 5 mg"])
def test_an_order_by_mouth_or_of_two_forms_tells_of_all(order: str) -> None:
    assert "Swallow the tablets" in told("Bisacodyl", as_ordered=order, route="PO")
    assert "Swallow the tablets" in told("Bisacodyl", as_ordered=order)


def test_what_names_no_form_stays() -> None:
    assert "It treats constipation" in told("Bisacodyl", route="PR")


def test_an_order_that_names_no_form_tells_of_all() -> None:
    assert "Swallow the tablets" in told("Bisacodyl") and "go into the bottom only" in told("Bisacodyl")
