"""Dark stools with iron: asked about alone they are answered, with any other sign they stay an alarm."""

from __future__ import annotations

import pytest
from visits import delivery, patient

from medllm_ros.bedside.expected import may_bleed, only_dark_stools
from medllm_ros.delivery import Locale
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.orders.text import parse_order_text

FORMULARY = Formulary.load()
IRON = "Ferrous sulfate 325 mg PO QD"
ASKED = {
    Locale.ZH_TW: "吃鐵劑大便變黑黑的是正常的齁",
    Locale.ZH_CN: "吃了这补铁的大便发黑，这正常吗",
    Locale.EN_US: "my poo's gone dark since the iron, is that normal?",
}


def sheet(*orders: str, locale: Locale = Locale.EN_US) -> FactSheet:
    medicines = tuple(parse_order_text(order) for order in orders)
    return FactSheet.of_delivery(delivery(medications=medicines, locale=locale), FORMULARY)


@pytest.mark.parametrize("order", [IRON, "Ferrous fumarate 210 mg PO QD"])
@pytest.mark.parametrize("locale", list(Locale))
def test_whether_dark_stools_are_usual_with_iron_is_a_question(order: str, locale: Locale) -> None:
    assert only_dark_stools(ASKED[locale], sheet(order, locale=locale))


@pytest.mark.parametrize("order", ["Aspirin 100 mg PO QD", "Warfarin 3 mg PO QD", "Foozumab 5 mg PO QD"])
def test_with_another_medicine_dark_stools_stay_an_alarm(order: str) -> None:
    assert not only_dark_stools(ASKED[Locale.EN_US], sheet(order))


def test_where_iron_comes_with_another_medicine_they_stay_an_alarm() -> None:
    assert not only_dark_stools(ASKED[Locale.EN_US], sheet(IRON, "Aspirin 100 mg PO QD"))


@pytest.mark.parametrize(
    "more",
    ["像柏油一樣", "還有血", "頭暈", "人很虛", "冒冷汗", "肚子痛", "吐了", "很臭", "有點喘", "臉色蒼白"],
)
def test_beside_any_other_sign_they_stay_an_alarm(more: str) -> None:
    text = f"{ASKED[Locale.ZH_TW]}，{more}"
    assert not only_dark_stools(text, sheet(IRON, locale=Locale.ZH_TW))


@pytest.mark.parametrize(
    "more",
    ["like tar", "with blood in it", "and I feel dizzy", "I nearly fainted", "my belly hurts", "I've been vomiting",
     "and I'm so weak", "and sticky", "bright red too", "I'm short of breath"],
)  # fmt: skip
def test_beside_any_other_sign_they_stay_an_alarm_in_english(more: str) -> None:
    assert not only_dark_stools(f"my poo's gone black since the iron {more}, is that normal?", sheet(IRON))


def test_where_the_recogniser_may_have_heard_of_blood_they_stay_an_alarm() -> None:
    asked, iron = ASKED[Locale.ZH_TW], sheet(IRON, locale=Locale.ZH_TW)
    assert only_dark_stools(asked, iron, alternatives=["吃鐵劑大便變黑是正常的齁"])
    assert not only_dark_stools(asked, iron, alternatives=["吃鐵劑大便變黑有血是正常的齁"])


def test_told_and_not_asked_they_stay_an_alarm_once_the_sentence_is_over() -> None:
    told = "大便一直黑黑的"
    assert not only_dark_stools(told, sheet(IRON, locale=Locale.ZH_TW))
    assert only_dark_stools(told, sheet(IRON, locale=Locale.ZH_TW), asked=False)


@pytest.mark.parametrize("conditions", [(), ("iron deficiency anaemia",), ("貧血", "高血壓")])
@pytest.mark.parametrize("medicines", [(), ("Metformin 500 mg", "amlodipine 5mg QD"), ("脈優",)])
def test_a_record_without_a_reason_to_bleed(conditions: tuple[str, ...], medicines: tuple[str, ...]) -> None:
    assert not may_bleed(patient(conditions=conditions, current_medications=medicines), FORMULARY)


@pytest.mark.parametrize(
    "medicine",
    ["Warfarin 3 mg QD", "Aspirin 100 mg", "apixaban 5 mg BID", "Clopidogrel 75 mg", "ibuprofen", "Celecoxib 200 mg",
     "阿斯匹靈", "Prednisolone 10 mg", "Sertraline 50 mg", "enoxaparin 40 mg SC", "Foozumab 5 mg"],
)  # fmt: skip
def test_a_medicine_that_makes_bleeding_likelier_or_that_nobody_knows_keeps_the_alarm(medicine: str) -> None:
    assert may_bleed(patient(current_medications=("Metformin 500 mg", medicine)), FORMULARY)


@pytest.mark.parametrize(
    "condition",
    ["胃潰瘍", "肝硬化", "上消化道出血", "peptic ulcer disease", "GI bleed 2024", "oesophageal varices",
     "colon cancer"],
)  # fmt: skip
def test_an_illness_that_bleeds_keeps_the_alarm(condition: str) -> None:
    assert may_bleed(patient(conditions=(condition,)), FORMULARY)
