"""Promises that hold for any text of any engine, and for any order of events."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import pytest
from adversary_visits import QUESTIONS, Visit, delivered, order
from fake_engines import FakeEngine, everything_worst
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_walk import ACTIONS, State

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Speak
from medllm_ros.bedside.events import ReplySentence, TranscriptHeard
from medllm_ros.delivery import Delivery, Locale
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.quantities import find_dates, find_quantities, find_times
from medllm_ros.safety import claims
from medllm_ros.safety.folding import fold

CONTEXT = SessionContext.load()
DRUGS = ("amlodipine", "warfarin", "insulin_aspart", "fentanyl_patch")
LABELS = st.integers(0, 25).map(lambda number: f"[F{number}] ")
PIECES = st.sampled_from(
    [
        "兩顆", "10 mg", "每天三次", "加倍", "不要", "可以", "停藥", "頭痛", "用來治療", "高血壓", "，", "。", "\n",
        "？", "two", " tablets ", "5 mg",
        "half ", "安全", "護理師", "酒", "空腹", "not ", "take ", "早上八點", "９毫克", "一點五毫克", "第 3 型",
        "如果", "馬上", "告訴", "的話", "０.5",
        "½", "②", "once a day", "skip ", "unless ", "it treats ", "high blood pressure", "，再", "貳", "廿", " 1",
        "0", ".", "5 g", "民國八十年",
        "on 3 May", "<|eot_id|>", "一", "三", "次", "顆", "每", "天", "週", "好的，", "Yes, ", "[F3]",
    ]
)  # fmt: skip


@lru_cache(maxsize=16)
def fact_pieces(name: str, locale: Locale) -> tuple[str, ...]:
    """Return the facts of a drug and their halves: what is nearest to passing."""
    sheet = FactSheet.of_delivery(delivered(order(CONTEXT.formulary.drugs[name]), locale=locale), CONTEXT.formulary)
    found = [piece for line in sheet.lines for piece in re.split(r"(?<=[，。；、,.;])", line.text) if piece]
    return tuple(dict.fromkeys([*(line.text for line in sheet.lines), *found]))


def written(name: str, locale: Locale) -> st.SearchStrategy[str]:
    """Return texts as an engine may emit them: noise, fragments, shuffled facts, forbidden sentences."""
    facts = st.sampled_from(fact_pieces(name, locale))
    worst = st.sampled_from(everything_worst())
    part = st.one_of(PIECES, PIECES, facts, facts, worst, st.text(max_size=12), LABELS)
    return st.lists(part, max_size=14).map("".join)


@lru_cache(maxsize=16)
def approved_wording(locale: Locale) -> str:
    """Return all approved wording of one language: what it says may be spoken."""
    return "\n".join(text for _, text in CONTEXT.wording.every_text(locale))


def known_numbers(delivery: Delivery) -> list[object]:
    sheet = FactSheet.of_delivery(delivery, CONTEXT.formulary)
    texts = [*(line.text for line in sheet.lines), approved_wording(delivery.locale)]
    return [item for text in texts for item in numbers_of(text)]


def numbers_of(text: str) -> list[object]:
    quantities = [(found.quantity.value, found.quantity.unit) for found in find_quantities(text)]
    return [*quantities, *(found.time for found in find_times(text)), *(found.date for found in find_dates(text))]


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("locale", list(Locale))
@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_number_that_is_spoken_is_in_the_order_a_fact_or_approved_wording(locale, data):
    name = data.draw(st.sampled_from(DRUGS))
    text = data.draw(written(name, locale))
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    question = data.draw(st.sampled_from(QUESTIONS[locale]))
    delivery = delivered(order(CONTEXT.formulary.drugs[name]), locale=locale)
    visit = Visit(CONTEXT, delivery, FakeEngine(lambda request: text, sizes))
    known = known_numbers(delivery)
    approved = "\n".join(fold(line.text) for line in FactSheet.of_delivery(delivery, CONTEXT.formulary).lines)
    allowed = set(claims.forbidden_acts(approved)) | set(claims.forbidden_acts(fold(approved_wording(locale))))
    for speak in visit.ask(question):
        for number in numbers_of(speak.text):
            assert number in known, (number, speak.text, text)
        if speak.raw:
            assert set(claims.forbidden_acts(fold(speak.text))) <= allowed, (speak.text, text)
            assert not claims.is_machine_text(speak.text.lower())
            assert not any(unicodedata.category(char) in ("Co", "Cs") for char in speak.text)


# Before a match.

EVENTS = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 3)), min_size=3, max_size=18)
SECRETS = ("王春嬌", "春嬌", "A1234567", "1956", "四十五年", "三月二", "3 月 2", "高血壓", "心絞痛")


@pytest.mark.slow
@pytest.mark.timeout(280)
@given(events=EVENTS, text=written("amlodipine", Locale.ZH_TW), heard=st.sampled_from(QUESTIONS[Locale.ZH_TW]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_spoken_before_a_match_names_the_drug_its_purpose_or_who_is_expected(events, text, heard):
    ordered = delivered(order("Amlodipine", route="PO"))
    state = State(CONTEXT, ordered)
    secret = [line.text for line in FactSheet.of_delivery(ordered, CONTEXT.formulary).lines]
    for action, choice in events:
        possible = state.events(action)
        if not possible:
            continue
        event = possible[choice % len(possible)]
        if isinstance(event, ReplySentence):
            event = type(event)(**{**vars(event), "text": text})
        elif isinstance(event, TranscriptHeard) and action == "question":
            event = type(event)(**{**vars(event), "text": heard})
        matched = state.session.verified
        effects = state.session.apply(event)
        if not matched and not state.session.verified:
            for speak in (effect for effect in effects if isinstance(effect, Speak)):
                assert not speak.facts, (action, speak.text)
                assert not CONTEXT.formulary.mentioned(speak.text), (action, speak.text)
                assert not [word for word in (*SECRETS, *secret) if word in speak.text], (action, speak.text)
        state.note(effects)


@pytest.mark.slow
@given(text=written("amlodipine", Locale.ZH_TW), heard=st.sampled_from(QUESTIONS[Locale.ZH_TW]))
@settings(max_examples=60, deadline=None)
def test_a_model_that_writes_before_the_match_is_not_even_asked(text, heard):
    engine = FakeEngine(lambda request: text)
    visit = Visit(CONTEXT, delivered(order("Amlodipine", route="PO")), engine)
    visit.driver.session._visit.gate.void()
    said = visit.ask(heard)
    assert not engine.asked
    assert not [speak for speak in said if speak.facts or CONTEXT.formulary.mentioned(speak.text)]
