"""Plain order text, as wards type it."""

from __future__ import annotations

import contextlib
import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.orders import OrderError, notation_warnings, parse_order_text
from medllm_ros.orders.text import name_and_strength


@pytest.mark.parametrize(
    ("text", "name", "strength", "dose", "route", "frequency", "times"),
    [
        ("Amlodipine 5 mg PO QD 08:00", "Amlodipine", "5 mg", None, "PO", "QD", "08:00"),
        ("Amoxicillin 500mg cap 1# PO TID PC x 7 days", "Amoxicillin", "500mg", "1 capsule", "PO", "TID PC", ""),
        ("Insulin glargine 12 units SC HS", "Insulin glargine", None, "12 units", "SC", "HS", ""),
        ("Insulin glargine 12U SC HS", "Insulin glargine", None, "12 units", "SC", "HS", ""),
        ("Warfarin", "Warfarin", None, None, "", "", ""),
        ("脈優 5毫克 每日一次 飯後", "脈優", "5毫克", None, "", "QD PC", ""),
        ("脈優錠5毫克 早晚 飯前", "脈優錠", "5毫克", None, "", "BID AC", ""),
        ("普拿疼 500毫克 一次一顆 需要時", "普拿疼", "500毫克", "一顆", "", "PRN", ""),
        ("阿斯匹靈 100毫克 口服 每天一次 早上八點", "阿斯匹靈", "100毫克", None, "PO", "QD", "08:00"),
        ("每天早上八點 脈優 5毫克", "脈優", "5毫克", None, "", "QD", "08:00"),
        ("二甲雙胍 500毫克 一天兩次 隨餐", "二甲雙胍", "500毫克", None, "", "BID CC", ""),
        ("Metformin 500 mg 1 tab PO BID 08:00 18:00", "Metformin", "500 mg", "1 tab", "PO", "BID", "08:00 18:00"),
        ("Digoxin 0.125mg PO QD", "Digoxin", "0.125mg", None, "PO", "QD", ""),
        ("Levothyroxine .05 mg PO QAM AC", "Levothyroxine", "0.05 mg", None, "PO", "QAM AC", ""),
        ("Levothyroxine 50 µg PO QD", "Levothyroxine", "50 mcg", None, "PO", "QD", ""),
        ("Prednisolone 5.0 mg PO QOD", "Prednisolone", "5 mg", None, "PO", "QOD", ""),
        ("NovoMix 30 12 units SC BIDAC", "NovoMix 30", None, "12 units", "SC", "BID AC", ""),
        ("Vitamin B12 1000 mcg IM QW", "Vitamin B12", None, "1000 mcg", "IM", "QW", ""),
        ("5-FU 500 mg IV", "5-FU", None, "500 mg", "IV", "", ""),
        ("Sennoside 12 mg PO QN", "Sennoside", "12 mg", None, "PO", "QPM", ""),
        ("Enoxaparin 60 mg SC Q12H", "Enoxaparin", None, "60 mg", "SC", "Q12H", ""),
        ("Morphine 10 mg/mL inj 5 mg IV Q4H PRN pain", "Morphine", "10 mg/mL", "5 mg", "IV", "Q4H PRN", ""),
        ("Vancomycin 1 g in 250 mL NS IV Q12H", "Vancomycin", None, "1 g", "IV", "Q12H", ""),
        ("Lactulose 15 cc PO TID", "Lactulose", None, "15 mL", "PO", "TID", ""),
        ("Timolol 0.5% eye drops 1 drop OU BID", "Timolol", "0.5%", "1 drop", "OPH", "BID", ""),
        ("Levofloxacin 0.5% eye drops OD TID", "Levofloxacin", "0.5%", None, "OPH", "TID", ""),  # OD: the right eye?
        ("Salbutamol inhaler 2 puffs INH Q4H PRN", "Salbutamol", None, "2 puffs", "INH", "Q4H PRN", ""),
        ("Exforge 5/160 mg 1 tab PO QD", "Exforge", None, "1 tab", "PO", "QD", ""),
        ("Acetaminophen 500 mg 1-2 tab PO Q6H PRN fever", "Acetaminophen", "500 mg", None, "PO", "Q6H PRN", ""),
        (
            "Amlodipine besylate (Norvasc) 5 mg PO once daily at 8 am",
            "Amlodipine besylate (Norvasc)",
            "5 mg",
            None,
            "PO",
            "QD",
            "08:00",
        ),
        ("Amlodipine 5 mg tablet, take 1 tablet by mouth once daily", "Amlodipine", "5 mg", "1 tablet", "PO", "QD", ""),
        ("Heparin 5,000 units SC Q8H", "Heparin", None, "5,000 units", "SC", "Q8H", ""),
        ("Co-trimoxazole 1T PO BID", "Co-trimoxazole", None, "1 tablet", "PO", "BID", ""),
    ],
)
def test_an_order_text_is_read(text, name, strength, dose, route, frequency, times):
    medication = parse_order_text(text)
    assert (medication.name, medication.route, medication.frequency, medication.as_ordered) == (
        name,
        route,
        frequency,
        text,
    )
    assert (medication.strength.text if medication.strength else None) == strength
    assert (medication.dose.text if medication.dose else None) == dose
    assert medication.times == tuple(dt.time.fromisoformat(time) for time in times.split())
    assert medication.as_needed == ("PRN" in frequency)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Amoxicillin 500mg PO TID x 7 days", "x 7 days"),
        ("Exforge 5/160 mg PO", "5/160 mg"),
        ("Drug 1-2 tab PRN fever", "1-2 tab fever"),
    ],
)
def test_what_is_not_understood_is_kept_word_for_word(text, note):
    assert parse_order_text(text).note == note


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Amlodipine 0.0 mg PO", "0.0 mg"),
        ("Amlodipine 0 tab", "more than zero"),
        ("Amlodipine -5 mg", "more than zero"),
        ("Amlodipine 5 zg PO QD", "'zg'"),
        ("Amlodipine 5zg", "'zg'"),
        ("脈優 5毛克 口服", "'毛克'"),
        ("Amlodipine 5", "no unit"),
        ("Amlodipine 5 PO QD", "no unit"),
        ("Amlodipine 5 mg 25:00", "25:00"),
        ("Amlodipine 5 mg 08:60", "08:60"),
        ("Drug Q0H", "0 hours"),
        ("Drug Q99H", "99 hours"),
        ("Aspirin 100 mg PO IV", "routes"),
        ("Warfarin 5 mg 3 mg PO", "two amounts"),
        ("Drug 1 tab 2 tab", "more than one amount"),
        ("", "empty"),
        ("   ", "empty"),
        ("5 mg", "no name"),
        ("08:00", "no name"),
        ("x\u0000y", "control character"),
        ("Amlodipine <|eot_id|>", "control token"),
        ("a" * 3000, "at most"),
    ],
)
def test_a_part_that_is_impossible_is_refused_with_a_sentence(text, words):
    with pytest.raises(OrderError) as error:
        parse_order_text(text)
    assert words in str(error.value)


NAMES = st.text(alphabet=string.ascii_lowercase, min_size=5, max_size=12).map(lambda text: "Zx" + text)


@given(
    name=NAMES,
    value=st.decimals("0.01", "999", places=2),
    unit=st.sampled_from(["mg", "mcg", "g"]),
    route=st.sampled_from(["PO", "SL", "TOP"]),
    often=st.sampled_from(["QD", "BID", "Q8H", "HS"]),
)
def test_what_is_written_comes_back(name, value, unit, route, often):
    medication = parse_order_text(f"{name} {value} {unit} {route} {often}")
    assert (medication.name, medication.route, medication.frequency) == (name, route, often)
    assert medication.strength.value == value


@given(st.text(max_size=120))
def test_no_text_raises_anything_but_an_order_error(text):
    try:
        medication = parse_order_text(text)
    except OrderError as error:
        assert str(error).endswith((".", "。", "…"))
    else:
        assert medication.name


PARTS_OF_ORDERS = (
    "Amlodipine 5 mg PO QD 08:00 0 -1 1# tab x/ / ( ) 毫克 每日 一次 早上 八點 Q Q6H 25:00 PRN . , 1/2 ½ U IV "
    "第一 半 兩顆"
)
PARTS = st.sampled_from(PARTS_OF_ORDERS.split())


@given(st.lists(PARTS, max_size=9), st.sampled_from(["", " "]))
def test_no_mix_of_order_words_raises_anything_but_an_order_error(parts, gap):
    with contextlib.suppress(OrderError):
        parse_order_text(gap.join(parts))


@pytest.mark.parametrize(
    ("display", "name", "strength"),
    [
        ("Amlodipine 5 MG Oral Tablet", "Amlodipine", "5 mg"),
        ("Norvasc 5mg Tab", "Norvasc", "5mg"),
        ("脈優錠5毫克", "脈優錠", "5毫克"),
        ("warfarin", "warfarin", None),
        ("amlodipine 5 MG / benazepril 10 MG Oral Capsule", "amlodipine 5 MG / benazepril 10 MG Oral Capsule", None),
    ],
)
def test_a_product_name_is_split_from_its_strength(display, name, strength):
    found, amount = name_and_strength(display)
    assert (found, amount.text if amount else None) == (name, strength)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Insulin 12U SC", "units"),
        ("Insulin 12 IU SC", "units"),
        ("Drug QD", "daily"),
        ("Drug Q.O.D.", "every other day"),
        ("Drug 5.0 mg", "whole number"),
        ("Drug .5 mg", "leading zero"),
        ("Drug 50 µg", "mcg"),
        ("Drug 5 cc", "mL"),
        ("MSO4 2 mg", "full name"),
        ("heparin 10000 units", "commas"),
        ("Drug5 mg", "space"),
    ],
)
def test_error_prone_notation_is_read_but_warned_about(text, word):
    assert any(word in warning for warning in notation_warnings(text))


@pytest.mark.parametrize(
    "text",
    ["Amlodipine 5 mg PO daily 08:00", "Insulin glargine 12 units SC at bedtime", "Digoxin 0.125 mg", "Drug 10.05 mg"],
)
def test_safe_notation_brings_no_warning(text):
    assert notation_warnings(text) == ()
