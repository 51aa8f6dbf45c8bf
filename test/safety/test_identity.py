"""Two identifiers by open question; a yes proves nothing; no recorded value leaves the module."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.delivery import PatientProfile
from medllm_ros.safety.identity import Identifier, compare, speaks_for_another

NAME, BIRTH, CHART = Identifier.NAME, Identifier.DATE_OF_BIRTH, Identifier.CHART_NUMBER
WANG = PatientProfile(name="王春嬌", date_of_birth=dt.date(1956, 3, 2), chart_number="A123456")
SMITH = PatientProfile(name="John Smith", date_of_birth=dt.date(1956, 3, 2), chart_number="00789123")


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("我叫王春嬌", {NAME}),
        ("王春嬌", {NAME}),
        ("王 春 嬌", {NAME}),
        ("我是王純交，民國四十五年三月二號", {NAME, BIRTH}),
        ("王春嬌，四十五年三月二日", {NAME, BIRTH}),
        ("我叫王春娇，1956年3月2日", {NAME, BIRTH}),
        ("我的名字是王春嬌我的生日是一九五六年三月二日", {NAME, BIRTH}),
        ("生日是45年3月2日", {BIRTH}),
        ("March 2nd 1956", {BIRTH}),
        ("Wang Chunjiao", {NAME}),
        ("my name is Chun-Jiao Wang", {NAME}),
        ("病歷號A一二三四五六", {CHART}),
        ("A 1 2 3 4 5 6", {CHART}),
        ("a one two three four five six", {CHART}),
    ],
)
def test_what_the_patient_says_matches_the_record(text: str, matched: set[Identifier]) -> None:
    found = compare([text], WANG)
    assert found.matched == matched
    assert not found.mismatched
    assert not found.other_person


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("My name is John Smith", {NAME}),
        ("Smith, John", {NAME}),
        ("Jon Smith 3/2/1956", {NAME, BIRTH}),
        ("I'm John Smith, born March 2nd 1956", {NAME, BIRTH}),
        ("S M I T H John", {NAME}),
        ("zero zero seven eight nine one two three", {CHART}),
        ("my chart number is double zero seven eight nine one two three", {CHART}),
    ],
)
def test_english_answers_match(text: str, matched: set[Identifier]) -> None:
    assert compare([text], SMITH).matched == matched


@pytest.mark.parametrize(
    "text", ["是", "對", "對啊沒錯", "yes", "Yes, that's right", "是我", "嗯", "好", "correct", ""]
)
def test_a_bare_yes_never_matches(text: str) -> None:
    for patient in (WANG, SMITH):
        found = compare([text], patient)
        assert not found.matched
        assert not found.mismatched


@pytest.mark.parametrize(
    ("text", "mismatched"),
    [
        ("我叫李大明", {NAME}),
        ("李大明", {NAME}),
        ("我是王小明", {NAME}),
        ("我姓李", {NAME}),
        ("民國46年3月2日", {BIRTH}),
        ("我的生日是1956年3月3日", {BIRTH}),
        ("病歷號 A654321", {CHART}),
    ],
)
def test_a_clearly_different_value_is_a_mismatch(text: str, mismatched: set[Identifier]) -> None:
    assert compare([text], WANG).mismatched == mismatched


def test_different_english_names_are_a_mismatch() -> None:
    for text in ("my name is Robert Brown", "I'm Mary Jones", "My name is Jane Smith"):
        assert compare([text], SMITH).mismatched == {NAME}


@pytest.mark.parametrize(
    "text",
    [
        "我是高血壓",
        "我今年七十歲",
        "我很好",
        "你是誰",
        "我姓王",
        "王春",
        "我肚子痛",
        "I'm fine",
        "I am diabetic",
        "三月二號",
        "12床",
    ],
)
def test_other_talk_gives_nothing(text: str) -> None:
    for patient in (WANG, SMITH):
        found = compare([text], patient)
        assert not found.matched
        assert not found.mismatched


def test_a_denied_name_is_no_match() -> None:
    assert NAME not in compare(["我不是王春嬌"], WANG).matched
    assert NAME not in compare(["I'm not John Smith"], SMITH).matched


@pytest.mark.parametrize(
    "text",
    [
        "我是他太太",
        "我是王春嬌的女兒",
        "王春嬌是我媽媽",
        "我是看護",
        "我不是病人",
        "我媽媽去洗澡了",
        "I'm her son",
        "I am the patient's wife",
        "this is his daughter",
        "I'm not the patient",
        "she's asleep",
    ],
)
def test_somebody_else_is_recognised(text: str) -> None:
    assert speaks_for_another(text)
    assert compare([text], WANG).other_person


@pytest.mark.parametrize(
    "text", ["我是王春嬌", "My name is John Smith", "我叫王春嬌，我太太也姓王", "我女兒等一下會來"]
)
def test_the_patient_is_not_taken_for_somebody_else(text: str) -> None:
    assert not speaks_for_another(text)


def test_any_alternative_of_the_recogniser_may_match() -> None:
    found = compare(["我叫往春教", "我叫王春嬌"], WANG)
    assert found.matched == {NAME}
    assert not found.mismatched


def test_a_birth_date_with_two_digit_year_counts_in_both_calendars() -> None:
    assert compare(["56年3月2日"], WANG).matched == {BIRTH}
    assert compare(["45年3月2日"], WANG).matched == {BIRTH}


def test_nothing_recorded_means_nothing_matches() -> None:
    found = compare(["我叫王春嬌，民國四十五年三月二號，A123456"], PatientProfile())
    assert not found.matched
    assert not found.mismatched


def test_a_comparison_holds_no_recorded_value() -> None:
    text = repr(compare(["我叫李大明"], WANG))
    assert "王春嬌" not in text
    assert "A123456" not in text
    assert "1956" not in text


@given(st.lists(st.text(max_size=80), max_size=4))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise(texts: list[str]) -> None:
    compare(texts, WANG)
    compare(texts, SMITH)
