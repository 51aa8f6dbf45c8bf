"""Two identifiers by open question; a yes proves nothing; no recorded value leaves the module."""

from __future__ import annotations

import datetime as dt
import logging
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.delivery import PatientProfile
from medllm_ros.safety.identity import (
    Comparison,
    Identifier,
    asked_to_say,
    compare,
    gave_bed,
    gave_own_name,
    speaks_for_another,
)

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
        ("王春嬌 民國四十五年三月 那個 三月二號", {NAME, BIRTH}),
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
        "you mean John Smith? that's my husband",
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


def born(year: int, month: int, day: int, chart: str = "") -> tuple[dt.date, str]:
    return dt.date(year, month, day), chart


PATIENTS = {
    "林美玉": born(1948, 3, 5, "1234567"),
    "蔡淑芬": born(1959, 12, 2, "A204417"),
    "陳秀英": born(1945, 10, 23),
    "王柏宇": born(2021, 5, 3),
    "黃金水": born(1942, 1, 17, "00382916"),
    "歐陽文雄": born(1951, 6, 30),
    "李建国": born(1953, 7, 21, "3048821"),
    "赵桂兰": born(1947, 2, 9),
    "John Smith": born(1956, 3, 2, "00789123"),
    "Mary Ann O'Connor": born(1949, 2, 14, "M4471920"),
    "José García-López": born(1941, 12, 25),
    "Mia Torres": born(2022, 2, 14),
    "Mei-Ling Wang": born(1944, 9, 9),
    "Robert James Walker": born(1938, 7, 4),
}


def profile(name: str) -> PatientProfile:
    date, chart = PATIENTS[name]
    return PatientProfile(name=name, date_of_birth=date, chart_number=chart)


def rows(name: str) -> list[list[str]]:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]


def marks(found: Comparison) -> set[str]:
    letter = {NAME: "N", BIRTH: "B", CHART: "C"}
    return (
        {f"{letter[kind]}+" for kind in found.matched}
        | {f"{letter[kind]}-" for kind in found.mismatched}
        | ({"other"} if found.other_person else set())
    )


@pytest.mark.parametrize(("name", "text", "expected"), rows("identity_answers.txt"))
def test_answers_of_patients_and_relatives(name: str, text: str, expected: str) -> None:
    assert marks(compare([text], profile(name))) == set(expected.split()) - {"nothing"}


@pytest.mark.parametrize(("expected", "text"), rows("identity_requests.txt"))
def test_requests_with_an_answer_of_their_own(expected: str, text: str) -> None:
    found = {word for word, said in (("say", asked_to_say(text)), ("bed", gave_bed(text))) if said} or {"none"}
    assert found == {expected}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("陳明", "我叫陳明生"),
        ("李安", "I am Italian"),
        ("林美玉", "不是林美玉"),
        ("林美玉", "我姓林 不是林美玉 是林美珠"),
        ("林美玉", "林美玉 啊不是 我叫林美珠"),
        ("John Smith", "not John Smith"),
        ("John Smith", "Smith called Robert and later Peter Johnson came"),
        ("Robert James Walker", "Robert James"),
        ("Robert James Walker", "Robert Edward Walker"),
        ("Mary Ann O'Connor", "Mary Ann"),
    ],
)
def test_a_name_that_only_contains_the_recorded_one_is_no_match(name: str, text: str) -> None:
    assert NAME not in compare([text], PatientProfile(name=name)).matched


@pytest.mark.parametrize(
    ("year", "text"),
    [
        (1934, "March 2nd nineteen forty-five"),
        (1956, "不是1956年3月2日"),
        (1956, "我今天三月二號回診"),
        (1956, "1956"),
        (1956, "3月2日"),
        (1956, "農曆四十五年三月二號"),
        (1956, "電話 45 03 02"),
        (1956, "45年3月2日 啊不對 46年3月2日"),
    ],
)
def test_what_only_resembles_the_birth_date_is_no_match(year: int, text: str) -> None:
    assert not compare([text], PatientProfile(date_of_birth=dt.date(year, 3, 2))).matched


@pytest.mark.parametrize(
    ("born", "text"),
    [
        (dt.date(1958, 3, 5), "民國四十七年三月初五 啊不是 國曆三月五號生的"),
        (dt.date(1953, 3, 8), "民國四十二年三月初八 欸不是農曆啦 國曆三月八號"),
        (dt.date(1960, 10, 1), "六零年的 国庆节那天生的 十月一号"),
        (dt.date(1958, 4, 5), "民國四十七年農曆三月初五 不對 國曆四月五號"),
        (dt.date(1945, 3, 17), "um seventeenth of march nineteen forty no no forty five forty five"),
        (dt.date(1956, 3, 2), "march 2 1965 no no fifty six, fifty six"),
        (dt.date(1963, 5, 30), "一九六三年五月二十 不对不对 五月三十号"),
        (dt.date(1971, 7, 19), "七一年七月 那个 十九号"),
    ],
)
def test_a_birth_date_said_haltingly_counts_as_it_was_put_right(born: dt.date, text: str) -> None:
    assert compare([text], PatientProfile(date_of_birth=born)).matched == {BIRTH}
    assert not compare([text], PatientProfile(date_of_birth=born + dt.timedelta(days=31))).matched


def test_one_number_never_counts_as_two_identifiers() -> None:
    patient = PatientProfile(name="王春嬌", date_of_birth=dt.date(1956, 3, 2), chart_number="19560302")
    assert compare(["一九五六零三零二"], patient).matched == {BIRTH}


OTHER_WORDS = (
    "我叫周大同 我姓高 是 對啊 沒錯 yes okay 病歷號八八六六五五 九十九床 電話零九八七六五四三二一 七十歲 十一月 九年 "
    "民國七十年一月一號 我是他女兒 啊不是 no wait my name is peter brown may 1st 1970 mr chart number nine "
    "dob 1970-01-01 農曆 屬豬 B X 早安 as in 你念給我聽 room 999 四月四號 1960"
)
YESES = "yes 是 對 對啊 沒錯 嗯 好 correct right 就是我 是我 that's me sure 对的"
STRANGE = st.sampled_from(OTHER_WORDS.split())


@given(st.lists(STRANGE, max_size=14), st.sampled_from([" ", "，", "的"]), st.sampled_from(sorted(PATIENTS)))
@settings(max_examples=400, deadline=None)
def test_words_without_any_of_the_recorded_values_never_match(words: list[str], join: str, name: str) -> None:
    assert not compare([join.join(words)], profile(name)).matched


@given(st.lists(st.sampled_from(YESES.split()), max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_number_of_yeses_is_no_identifier(words: list[str]) -> None:
    for name in PATIENTS:
        assert marks(compare([" ".join(words)], profile(name))) == set()


@given(st.text(max_size=700))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_a_request_raise(text: str) -> None:
    for request in (asked_to_say, gave_bed, speaks_for_another):
        assert request(text) in (True, False)


@given(
    st.lists(
        st.sampled_from(
            [*"林美玉姓陳三十四七年月日號一零不是 我叫他的媽床,-/", "march", "two", "as in", "smith", "john", "19", "0"]
        ),
        max_size=60,
    ),
    st.sampled_from(sorted(PATIENTS)),
)
@settings(max_examples=300, deadline=None)
def test_scrambled_answers_never_raise_nor_contradict_themselves(words: list[str], name: str) -> None:
    found = compare(["".join(words), " ".join(words)], profile(name))
    assert not found.matched & found.mismatched


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for name, text, _ in rows("identity_answers.txt"):
            compare([text], profile(name))
    assert not caplog.records


def test_every_digit_by_digit_birth_date_is_read() -> None:
    digits = "零一二三四五六七八九"
    day = dt.date(1930, 1, 1)
    while day < dt.date(1966, 1, 1):
        patient = PatientProfile(name="林美玉", date_of_birth=day)
        roc = f"{day.year - 1911:02d}{day:%m%d}"
        for text in (
            f"{day:%Y%m%d}",
            roc,
            f"{day:%m %d %Y}",
            f"{day:%m/%d/%y}",
            f"{day.year - 1911} {day.month} {day.day}",
        ):
            spoken = "".join(digits[int(char)] if char.isdigit() else char for char in text)
            assert compare([text], patient).matched == {BIRTH}, text
            if "/" not in text:
                assert BIRTH in compare([f"林美玉 {spoken}"], patient).matched, spoken
        day += dt.timedelta(days=97)


def test_a_comparison_takes_less_than_five_milliseconds() -> None:
    cases = [(profile(name), text) for name, text, _ in rows("identity_answers.txt")]
    for patient, text in cases:
        compare([text], patient)
    taken = []
    for patient, text in cases:
        begun = time.thread_time()
        compare([text], patient)
        taken.append(time.thread_time() - begun)
    assert sorted(taken)[int(len(taken) * 0.99)] < 0.005


@pytest.mark.parametrize("text", ["我就是王春嬌", "王春嬌沒錯啊"])
def test_who_gives_the_recorded_name_is_believed(text: str) -> None:
    assert gave_own_name(text, WANG)


@pytest.mark.parametrize(
    "text",
    ["我叫王春嬌沒錯，可是你是不是搞錯人了", "我是王春嬌，我今年三十四", "我是王春嬌，同名的吧",
     "王春嬌，可是生日不對"],
)  # fmt: skip
def test_the_recorded_name_settles_nothing_beside_a_doubt(text: str) -> None:
    assert not gave_own_name(text, WANG)
