"""Dark stools with iron, orange urine with rifampicin: asked about alone answered, with any other sign an alarm."""

from __future__ import annotations

import pytest
from visits import delivery, patient

from medllm_ros.bedside.expected import may_bleed, only_its_colour
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
    assert only_its_colour(ASKED[locale], sheet(order, locale=locale))


@pytest.mark.parametrize("order", ["Aspirin 100 mg PO QD", "Warfarin 3 mg PO QD", "Foozumab 5 mg PO QD"])
def test_with_another_medicine_dark_stools_stay_an_alarm(order: str) -> None:
    assert not only_its_colour(ASKED[Locale.EN_US], sheet(order))


def test_where_iron_comes_with_another_medicine_they_stay_an_alarm() -> None:
    assert not only_its_colour(ASKED[Locale.EN_US], sheet(IRON, "Aspirin 100 mg PO QD"))


@pytest.mark.parametrize(
    "more",
    ["像柏油一樣", "還有血", "頭暈", "人很虛", "冒冷汗", "肚子痛", "吐了", "很臭", "有點喘", "臉色蒼白"],
)
def test_beside_any_other_sign_they_stay_an_alarm(more: str) -> None:
    text = f"{ASKED[Locale.ZH_TW]}，{more}"
    assert not only_its_colour(text, sheet(IRON, locale=Locale.ZH_TW))


@pytest.mark.parametrize(
    "more",
    ["like tar", "with blood in it", "and I feel dizzy", "I nearly fainted", "my belly hurts", "I've been vomiting",
     "and I'm so weak", "and sticky", "bright red too", "I'm short of breath"],
)  # fmt: skip
def test_beside_any_other_sign_they_stay_an_alarm_in_english(more: str) -> None:
    assert not only_its_colour(f"my poo's gone black since the iron {more}, is that normal?", sheet(IRON))


RIFAMPICIN = "Rifampicin 600 mg PO QD"
ORANGE = {
    Locale.ZH_TW: "早上尿尿整個橘紅色的像芬達，是不是正常",
    Locale.ZH_CN: "小便变成橙色了，这正常吗",
    Locale.EN_US: "my pee has gone bright orange, is that normal?",
}


@pytest.mark.parametrize(
    "text",
    [
        "吃這個以後大便黑綠色的，沒有肚子痛，也不會頭暈，這正常嗎",
        "my poo's gone dark on these, no pain, not dizzy, is that normal?",
    ],
)
def test_signs_that_are_said_to_be_missing_are_none(text: str) -> None:
    assert only_its_colour(text, sheet(IRON, locale=Locale.EN_US if text.isascii() else Locale.ZH_TW))


@pytest.mark.parametrize(
    "text",
    [
        "我大便黑黑的，快去叫護士吧", "我大便黑色的 拜託你快叫人吧", "我大便黑黑的，是不是血啊",
        "大便黑黑的 這樣有沒有血 正常嗎",
        "大便變黑 怕會吐血，正常嗎", "大便黑黑的 會不會頭暈 正常嗎", "大便黑黑的 冒冷汗紅紅的 正常嗎",
        "my stools are black and I cannot walk without pain, is that normal",
    ],
)  # fmt: skip
def test_a_question_about_a_sign_or_a_call_for_somebody_is_no_denial(text: str) -> None:
    assert not only_its_colour(text, sheet(IRON, locale=Locale.EN_US if text.isascii() else Locale.ZH_TW))


@pytest.mark.parametrize("text", ["尿尿橘色的，眼淚也橘色眼白也黃，正常嗎", "尿橘色的 流汗皮膚也變黃 正常嗎"])
def test_yellow_eyes_or_skin_beside_orange_tears_stay_an_alarm(text: str) -> None:
    assert not only_its_colour(text, sheet("Rifampicin 600 mg PO QD", locale=Locale.ZH_TW))


def test_tears_take_the_colour_of_rifampicin_too_but_never_the_eyes() -> None:
    ordered = sheet("Rifampicin 600 mg PO QD", locale=Locale.ZH_TW)
    assert only_its_colour("尿是橘紅色的，眼淚也橘橘的，是藥的關係嗎", ordered)
    assert not only_its_colour("尿是橘紅色的，眼白也黃黃的，是藥的關係嗎", ordered)


@pytest.mark.parametrize("locale", list(Locale))
def test_whether_orange_urine_is_usual_with_rifampicin_is_a_question(locale: Locale) -> None:
    assert only_its_colour(ORANGE[locale], sheet(RIFAMPICIN, locale=locale))


@pytest.mark.parametrize("more", ["有血塊", "像可樂那麼深", "眼白也黃黃的", "尿的時候很痛", "發燒", "人很虛"])
def test_orange_urine_beside_any_other_sign_stays_an_alarm(more: str) -> None:
    assert not only_its_colour(f"{ORANGE[Locale.ZH_TW]}，{more}", sheet(RIFAMPICIN, locale=Locale.ZH_TW))


@pytest.mark.parametrize("text", ["my pee has gone red, is that normal?", "my urine is dark brown, is that right?"])
def test_red_or_dark_urine_stays_an_alarm_with_rifampicin(text: str) -> None:
    assert not only_its_colour(text, sheet(RIFAMPICIN))


def test_orange_urine_with_a_medicine_that_gives_no_colour_stays_an_alarm() -> None:
    assert not only_its_colour(ORANGE[Locale.EN_US], sheet("Amlodipine 5 mg PO QD"))


def test_where_the_recogniser_may_have_heard_of_blood_they_stay_an_alarm() -> None:
    asked, iron = ASKED[Locale.ZH_TW], sheet(IRON, locale=Locale.ZH_TW)
    assert only_its_colour(asked, iron, alternatives=["吃鐵劑大便變黑是正常的齁"])
    assert not only_its_colour(asked, iron, alternatives=["吃鐵劑大便變黑有血是正常的齁"])


def test_told_and_not_asked_they_stay_an_alarm_once_the_sentence_is_over() -> None:
    told = "大便一直黑黑的"
    assert not only_its_colour(told, sheet(IRON, locale=Locale.ZH_TW))
    assert only_its_colour(told, sheet(IRON, locale=Locale.ZH_TW), asked=False)


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
