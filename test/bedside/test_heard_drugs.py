"""Garbled drug names in a visit: put right where they are certain, asked about where they are not."""

from __future__ import annotations

import pytest
from visits import Bedside, delivery, of, said

from medllm_ros.bedside.effects import AlertNurse, AskModel, Behaviour, Hold, Level, Speak
from medllm_ros.delivery import Locale

AMLODIPINE = "Amlodipine 5 mg PO QD 08:00"


def at_the_bed(context, order: str = AMLODIPINE, **changes) -> Bedside:
    """Return a visit whose patient is matched."""
    bedside = Bedside(context, delivery(order, **changes))
    bedside.arrive()
    bedside.verify()
    return bedside


def reaction(effects) -> tuple:
    """Return what was said and asked of the model, and who was called."""
    asked = [(ask.messages[-1], ask.approved) for ask in of(effects, AskModel)]
    return said(effects), [s.rules for s in of(effects, Speak)], asked, [a.category for a in of(effects, AlertNurse)]


@pytest.mark.parametrize(
    ("order", "garbled", "meant", "locale"),
    [
        (AMLODIPINE, "安邁迪平會有什麼副作用", "安脈狄平會有什麼副作用", Locale.ZH_TW),
        ("Warfarin 3 mg PO QD", "華發林要什麼時候吃", "華法林要什麼時候吃", Locale.ZH_TW),
        (AMLODIPINE, "can i take am load a pine with ibuprofen", "can i take amlodipine with ibuprofen", Locale.EN_US),
        (AMLODIPINE, "可以跟華發林一起吃嗎", "可以跟華法林一起吃嗎", Locale.ZH_TW),  # another drug, clearly heard
    ],
)
def test_a_certain_name_is_answered_as_if_it_had_been_heard_rightly(context, order, garbled, meant, locale) -> None:
    heard, expected = (at_the_bed(context, order, locale=locale).hear(text) for text in (garbled, meant))
    assert reaction(heard) == reaction(expected)


def test_a_doubtful_name_is_asked_about_with_name_and_purpose_and_a_yes_goes_on_with_the_question(context) -> None:
    bedside = at_the_bed(context)
    asked = bedside.hear("賣油會有什麼副作用")
    (question,) = of(asked, Speak)
    assert question.behaviour is Behaviour.CLARIFY
    assert "安脈狄平" in question.text and "高血壓" in question.text and question.text.endswith("嗎？")
    assert question.facts == ("order.0.name", "amlodipine.purpose.1")
    assert not of(asked, AskModel)
    answered, expected = bedside.hear("對"), at_the_bed(context).hear("脈優會有什麼副作用")
    assert [ask.approved for ask in of(answered, AskModel)] == [ask.approved for ask in of(expected, AskModel)] != []


def test_after_a_no_the_question_is_dropped(context) -> None:
    bedside = at_the_bed(context)
    bedside.hear("賣油會有什麼副作用")
    assert not of(bedside.hear("不是"), AskModel)
    assert not of(bedside.hear("對"), AskModel)


def test_a_drug_that_is_not_delivered_is_asked_about_by_its_name_alone(context) -> None:
    bedside = at_the_bed(context, locale=Locale.EN_US)
    asked = bedside.hear("can i take it with coal chicken")
    (question,) = of(asked, Speak)
    assert question.behaviour is Behaviour.CLARIFY and question.facts == ()
    assert question.text == "Do you mean colchicine?"
    told = at_the_bed(context, locale=Locale.EN_US).hear("can i take it with colchicine")
    assert said(bedside.hear("yes")) == said(told)


@pytest.mark.parametrize("locale", list(Locale))
def test_every_language_asks(context, locale) -> None:
    text = {Locale.ZH_TW: "賣油會有什麼副作用", Locale.ZH_CN: "卖油会有什么副作用"}
    order = AMLODIPINE if locale in text else "Colchicine 0.5 mg PO QD"
    english = "what are the side effects of coal chicken"
    effects = at_the_bed(context, order, locale=locale).hear(text.get(locale, english))
    assert [speak.behaviour for speak in of(effects, Speak)] == [Behaviour.CLARIFY]


def test_before_a_match_no_name_is_put_right_aloud(context) -> None:
    bedside = Bedside(context, delivery())
    bedside.arrive()
    effects = bedside.hear("賣油會有什麼副作用")
    assert of(effects, Speak)[0].behaviour is Behaviour.ASK_IDENTITY
    assert not context.formulary.mentioned(said(effects)) and "高血壓" not in said(effects)


def test_while_others_may_hear_nothing_is_asked_by_name(context) -> None:
    bedside = at_the_bed(context)
    bedside.hear("請不要講藥名")
    effects = bedside.hear("賣油會有什麼副作用")
    assert not context.formulary.mentioned(said(effects)) and "高血壓" not in said(effects)


def test_a_locked_visit_asks_nothing(context) -> None:
    bedside = at_the_bed(context)
    bedside.hear("我對這個藥過敏")
    effects = bedside.hear("賣油會有什麼副作用")
    assert of(effects, Speak)[0].behaviour is Behaviour.ESCALATE
    assert not context.formulary.mentioned(said(effects))


def test_what_is_wrong_with_somebody_comes_before_the_name_in_the_sentence(context) -> None:
    effects = at_the_bed(context).hear("賣油吃了頭有點暈")
    assert of(effects, AlertNurse)
    assert all(speak.behaviour is not Behaviour.CLARIFY for speak in of(effects, Speak))


@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("text", ["我有在吃華發林", "i also take war for in every day"])
def test_a_garbled_medicine_that_is_taken_already_locks_where_it_may_not_be_joined(context, matched, text) -> None:
    bedside = Bedside(context, delivery("Apixaban 5 mg PO BID"))
    bedside.arrive()
    if matched:
        bedside.verify()
    effects = bedside.hear(text)
    (alert,) = of(effects, AlertNurse)
    assert (alert.category, alert.level) == ("check.interaction", Level.URGENT)
    assert of(effects, Hold)


def test_a_garbled_allergen_locks(context) -> None:
    effects = at_the_bed(context, "Warfarin 3 mg PO QD").hear("我對華發林過敏")
    assert [alert.category for alert in of(effects, AlertNurse)] == ["allergy"] and of(effects, Hold)


@pytest.mark.parametrize("text", ["我有點痛", "今天星期幾", "巷口有人在賣油條", "懶得洗澡"])
def test_everyday_words_are_never_asked_about_as_a_drug(context, text) -> None:
    effects = at_the_bed(context).hear(text)
    assert not any("clarify.drug" in speak.rules for speak in of(effects, Speak))
