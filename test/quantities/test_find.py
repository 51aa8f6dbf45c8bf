"""Every number with its unit is found, whatever it looks like."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.quantities import (
    Quantity,
    QuantityError,
    canonical_unit,
    find_quantities,
    normalise,
    parse_quantity,
    protected_spans,
)
from medllm_ros.quantities.units import SYNONYMS

DIGITS = "零一二三四五六七八九"
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)


def english(number: int) -> str:
    """Write a whole number below a million as people say it."""
    ones = ONES.split()
    tens = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if number < 20:
        return ones[number]
    if number < 100:
        return tens[number // 10] + (f"-{ones[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{ones[number // 100]} hundred" + (f" and {english(number % 100)}" if number % 100 else "")
    return f"{english(number // 1000)} thousand" + (f" {english(number % 1000)}" if number % 1000 else "")


def spoken(value: Decimal, whole: str, point: str, words: list[str], gap: str) -> str:
    _, _, decimals = f"{value:f}".partition(".")
    return whole + (point + gap.join(words[int(digit)] for digit in decimals) if decimals else "")


def render(value: Decimal, style: str, chinese) -> str:
    """Write ``value`` in one of STYLES."""
    if style == "arabic":
        return f"{value:f}"
    if style == "thousands":
        return f"{value:,f}"
    if style == "full width":
        return f"{value:f}".translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789."})
    if style == "chinese":
        return spoken(value, chinese(int(value)), "點", list(DIGITS), "")
    if style == "simplified":
        return spoken(value, chinese(int(value)).replace("萬", "万"), "点", list(DIGITS), "")
    return spoken(value, english(int(value)), " point ", [english(n) for n in range(10)], " ")


STYLES = ("arabic", "thousands", "full width", "chinese", "simplified", "english")
VALUES = st.one_of(
    st.integers(1, 999_999).map(Decimal),
    st.decimals(Decimal("0.001"), Decimal("999"), places=3, allow_nan=False),
    st.sampled_from([Decimal(text) for text in ("0.5", "0.125", "2.5", "7.5", "12", "1000", "0.0625", "10000")]),
).filter(lambda value: value > 0)
UNITS = st.sampled_from([(code, word) for code, words in SYNONYMS.items() for word in words])
CONTEXTS = st.sampled_from(
    [("請服用", "，謝謝。"), ("Take ", " now."), ("", ""), ("(", ")"), ("每日", "口服"), ("**", "** x"), ("=", ";")]
)


@given(
    value=VALUES,
    unit=UNITS,
    style=st.sampled_from(STYLES),
    gap=st.sampled_from(["", " ", "\u3000", "\u00a0", "\u200b"]),
    context=CONTEXTS,
)
def test_any_number_with_any_unit_in_any_rendering_is_found(in_chinese, value, unit, style, gap, context):
    code, word = unit
    number = render(value, style, in_chinese)
    if number[-1].isascii() and number[-1].isalpha() and word[0].isascii():
        gap = " "
    text = f"{context[0]}{number}{gap}{word}{context[1]}"
    found = find_quantities(text)
    assert len(found) == 1, text
    assert found[0].quantity.same(Quantity(value, code)), text  # 1千克 is read as 1000 克
    assert text[found[0].start : found[0].end] == found[0].quantity.text
    assert found[0].quantity.text.startswith(number[:1])


@given(value=VALUES, unit=UNITS, upper=st.booleans())
def test_what_is_found_is_read_the_same_by_the_strict_reader(value, unit, upper):
    code, word = unit
    written = f"{value:f} {word.upper() if upper and word.isascii() else word}"
    read = parse_quantity(written)
    assert read.same(Quantity(value, code)) and read.text == written


@given(st.text(max_size=80))
def test_nothing_makes_it_fail_and_spans_are_those_of_the_original(text):
    last = 0
    for item in find_quantities(text):
        assert last <= item.start < item.end <= len(text)
        assert item.quantity.text == text[item.start : item.end]
        last = item.end


@given(st.text(alphabet="0123456789.,/-", max_size=30))
def test_no_digit_slips_through(text):
    from medllm_ros.quantities import find_dates, find_times

    spans = [(i.start, i.end) for found in (find_quantities(text), find_dates(text), find_times(text)) for i in found]
    for place, char in enumerate(text):
        if char.isdigit():
            assert any(start <= place < end for start, end in spans), (text, place)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["一", "1", "1,", "-5 ", "one ", "08:00 ", "p.", "一年一月", " ", "twenty-", "一點"])
def test_a_long_text_takes_linear_time(piece):
    text = "5" + piece * (40_000 // len(piece))
    find_quantities(text)
    protected_spans(text)


def test_thousands_of_numbers_take_no_time_to_speak_of():
    text = "一次兩顆，早上八點，5 mg，第一，民國45年3月2日，" * 2000
    assert len(find_quantities(text)) == 6000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("一顆", [("1", "{tbl}")]),
        ("兩次", [("2", "{time}")]),
        ("半顆", [("0.5", "{tbl}")]),
        ("一顆半", [("1.5", "{tbl}")]),
        ("兩天半", [("2.5", "d")]),
        ("一次半顆", [("1", "{time}"), ("0.5", "{tbl}")]),
        ("一個半小時", [("1.5", "h")]),
        ("三個半月", [("3.5", "mo")]),
        ("半個月", [("0.5", "mo")]),
        ("零點五毫克", [("0.5", "mg")]),
        ("一百二十毫升", [("120", "mL")]),
        ("一百二毫升", [("120", "mL")]),
        ("一千零五十單位", [("1050", "[iU]")]),
        ("廿四小時", [("24", "h")]),
        ("壹佰毫克", [("100", "mg")]),
        ("兩萬五單位", [("25000", "[iU]")]),
        ("2.5萬單位", [("25000", "[iU]")]),
        ("三分之一顆", [("0.33333333333333333333333333333333333333333333333333", "{tbl}")]),
        ("百分之五", [("5", "%")]),
        ("兩三天", [("2", "d"), ("3", "d")]),
        ("五六顆", [("5", "{tbl}"), ("6", "{tbl}")]),
        ("十五六歲", [("15", "a"), ("16", "a")]),
        ("十幾顆", [("10", "{tbl}")]),
        ("一、兩顆", [("1", "{tbl}"), ("2", "{tbl}")]),
        ("一到兩顆", [("1", "{tbl}"), ("2", "{tbl}")]),
        ("2.5-5 mg", [("2.5", "mg"), ("5", "mg")]),
        ("2.5–5 毫克", [("2.5", "mg"), ("5", "mg")]),
        ("2.5~5毫克", [("2.5", "mg"), ("5", "mg")]),
        ("5mg-10mg", [("5", "mg"), ("10", "mg")]),
        ("5 mg -10 mg", [("5", "mg"), ("10", "mg")]),
        ("between 5 and 10 mg", [("5", "mg"), ("10", "mg")]),
        ("five to ten tablets", [("5", "{tbl}"), ("10", "{tbl}")]),
        ("take an extra tablet", [("1", "{tbl}")]),
        ("a tablet and a half", [("1.5", "{tbl}")]),
        ("another puff", [("1", "{puff}")]),
        ("8-hourly", [("8", "h")]),
        ("half to two tablets", [("0.5", "{tbl}"), ("2", "{tbl}")]),
        ("one or two tablets", [("1", "{tbl}"), ("2", "{tbl}")]),
        ("half a tablet", [("0.5", "{tbl}")]),
        ("a quarter of a tablet", [("0.25", "{tbl}")]),
        ("one and a half tablets", [("1.5", "{tbl}")]),
        ("two 5-mg tablets", [("2", ""), ("5", "mg")]),
        ("1/2 顆", [("0.5", "{tbl}")]),
        ("1½ tablets", [("1.5", "{tbl}")]),
        ("1 1/2 tablets", [("1.5", "{tbl}")]),
        ("120/80 mmHg", [("120", "mm[Hg]"), ("80", "mm[Hg]")]),
        (".5 mg", [("0.5", "mg")]),
        ("5.0 mg", [("5", "mg")]),
        ("1e3 mg", [("1000", "mg")]),
        ("twice a day", [("2", "{time}")]),
        ("once daily", [("1", "{time}")]),
        ("three times a day", [("3", "{time}")]),
        ("a hundred units", [("100", "[iU]")]),
        ("one twenty-five mcg", [("125", "ug")]),
        ("q6h", [("6", "h")]),
        ("q.6h.", [("6", "h")]),
        ("12U", [("12", "[iU]")]),
        ("1#", [("1", "{tbl}")]),
        ("一粒膠囊", [("1", "{cap}")]),
        ("兩片貼布", [("2", "{patch}")]),
        ("一顆栓劑", [("1", "{suppository}")]),
        ("10 mg/kg/day", [("10", "mg/kg/d")]),
        ("每小時10毫升", [("10", "mL")]),
        ("10毫升每小時", [("10", "mL/h")]),
        ("10 mL per hour", [("10", "mL/h")]),
        ("4 g per day", [("4", "g")]),
        ("60 mL/min/1.73 m2", [("60", "mL/min/{1.73_m2}")]),
        ("攝氏25度", [("25", "Cel")]),
        ("零下20度", [("-20", "Cel")]),
        ("below -20 °C", [("-20", "Cel")]),
        ("38.5℃", [("38.5", "Cel")]),
        ("5㎎", [("5", "mg")]),
        ("10㏄", [("10", "mL")]),
        ("5 µg 5 μg 5 mcg 5微克", [("5", "ug")] * 4),
        ("٥ mg", [("5", "mg")]),
        ("早上八點兩顆", [("2", "{tbl}")]),
        ("早上8點吃5毫克", [("5", "mg")]),
        ("每日一次，一次兩顆", [("1", "{time}"), ("1", "{time}"), ("2", "{tbl}")]),
        ("第二顆", [("2", "{tbl}")]),
        ("三餐飯後", [("3", "{meal}")]),
        ("劑量減半", [("0.5", "")]),
        ("吃一個", [("1", "")]),
        ("B12", [("12", "")]),
        ("5 zg", [("5", "")]),
    ],
)
def test_what_people_write_and_say(text, wanted):
    found = [(item.quantity.value, item.quantity.unit) for item in find_quantities(text)]
    assert found == [(Decimal(value), unit) for value, unit in wanted]


IDIOMS = """
一起吃 一樣 一样 一定要 一下 第一 第一次 第二天 第2型糖尿病 萬一 万一
十分重要 一般 一點 好一點 千萬不要 唯一 星期一 週三 二甲雙胍 百憂解 三酸甘油酯
半夜 多半 一氧化碳 每一次 下一次 其中之一 睡前 參考 人參
"""
ENGLISH_IDIOMS = (
    "no one knows",
    "one of the drugs",
    "the half-life",
    "once you feel better",
    "type 2 diabetes",
    "the 2nd time",
    "someone",
)


@pytest.mark.parametrize("text", [*IDIOMS.split(), *ENGLISH_IDIOMS])
def test_idioms_state_no_number(text):
    assert find_quantities(text) == []


@pytest.mark.parametrize(
    "text", ["08:00", "早上八點半", "8 a.m.", "1956-03-02", "民國四十五年三月二號", "March 2nd, 1956"]
)
def test_times_and_dates_are_not_quantities(text):
    assert find_quantities(text) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("0 mg", "more than zero"),
        ("0.0 mg", "more than zero"),
        ("-3 mg", "more than zero"),
        ("5 zg", "'zg'"),
        ("", "empty"),
        ("mg", "no number"),
        ("5 mg 6 mg", "more than one"),
        ("2-3 mg", "more than one"),
        ("1e12 mg", "larger"),
        ("5 mg x", "unknown unit"),
    ],
)
def test_the_strict_reader_says_what_is_wrong(text, word):
    with pytest.raises(QuantityError, match=word):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1 mg", "1000 mcg", True),
        ("0.5 g", "500毫克", True),
        ("1 L", "1000 cc", True),
        ("24 小時", "一天", True),
        ("1 mg/mL", "1 g/L", True),
        ("60 mL/min", "1 mL/s", True),
        ("兩顆", "2 tablets", True),
        ("1 mEq", "1 mmol", False),
        ("1 tablet", "1 capsule", False),
        ("1 mg", "1 mL", False),
        ("5 mg", "50 mg", False),
        ("1 month", "30 days", False),
    ],
)
def test_equal_amounts_are_the_same_and_others_are_not(one, other, same):
    assert parse_quantity(one).same(parse_quantity(other)) is same


def test_a_quantity_is_a_finite_number():
    with pytest.raises(QuantityError):
        Quantity(Decimal("NaN"), "mg")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mg", "mg"),
        ("µg", "ug"),
        ("[iU]", "[iU]"),
        ("[IU]", "[iU]"),
        ("{tablet}", "{tbl}"),
        ("1", ""),
        ("錠", "{tbl}"),
        ("TAB", "{tbl}"),
        ("mL/min/{1.73_m2}", None),
        ("zg", None),
        ("mg/mL", "mg/mL"),
    ],
)
def test_units_of_machines_and_people(text, code):
    assert canonical_unit(text) == code


def test_normalise_keeps_apart_what_belongs_apart():
    assert normalise("１½　ｍｇ") == "1 1⁄2 mg"
    assert normalise("兩\u200b顆") == "兩顆"
