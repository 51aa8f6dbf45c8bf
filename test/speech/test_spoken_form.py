"""The spoken form says the same amounts, the way a person would."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.quantities import find_dates, find_quantities, find_times
from medllm_ros.speech import spoken_form as module
from medllm_ros.speech.markup import strip_markup
from medllm_ros.speech.numerals import chinese_number
from medllm_ros.speech.spoken_form import amounts, read_digits, spoken_form
from medllm_ros.speech.spoken_quantity import say_time
from medllm_ros.speech.spoken_words import spoken_words
from medllm_ros.speech.tables import read_table

GOLDEN_ZH = [
    ("Amlodipine 5 mg PO QD 08:00", "Amlodipine 五毫克口服，每天一次，早上八點"),
    ("[F3] **每日 0.125 mg**，飯後 2 顆。", "每日零點一二五毫克，飯後兩顆。"),
    ("每 6 小時 2 mL，b.i.d. 使用", "每六小時兩毫升，每天兩次使用"),
    ("胰島素 12 units q6h", "胰島素十二單位每六小時一次"),
    ("鉀 20 mEq q.6h. p.r.n.", "鉀二十毫當量每六小時一次，需要時。"),
    ("q.h.s. 吃", "每天睡前吃"),
    ("AC 30 分鐘", "飯前三十分鐘"),
    ("PC 吃", "飯後吃"),
    ("500 mcg 和 5µg", "五百微克和五微克"),
    ("2.5–5 mg", "二點五到五毫克"),
    ("每8~12小時", "每八到十二小時"),
    ("２.５ｍｇ，每日２次", "二點五毫克，每日兩次"),
    ("血壓 120/80 mmHg", "血壓一百二十、八十毫米汞柱"),
    ("5%葡萄糖 500 mL", "百分之五葡萄糖五百毫升"),
    ("維生素B12 500 mcg", "維生素B12 五百微克"),
    ("½ 顆，1/2 顆，1/3 瓶", "半顆，半顆，三分之一瓶"),
    ("1,000 units", "一千單位"),
    ("10 萬單位", "十萬單位"),
    ("200 mg、2000 mg、12000 單位", "兩百毫克、兩千毫克、一萬兩千單位"),
    ("第2天吃第 3 次", "第二天吃第三次"),
    ("病歷號 1234567，電話 0912", "病歷號一二三四五六七，電話零九一二"),
    ("第IV期", "第IV期"),
    ("Q 6 H 吃 po 的藥", "每六小時一次吃口服的藥"),
    ("2 號床", "二號床"),
    ("體溫 38.5℃", "體溫三十八點五度"),
    ("體溫 -5 ℃", "體溫負五度"),
    ("5 mg/kg", "五毫克每公斤"),
    ("民國45年3月2日", "民國四十五年三月二日"),
    ("2024-03-02 回診", "二零二四年三月二日回診"),
    ("8點30分和第4點，晚上 8:00，20:00，早上8點", "八點三十分和第四點，晚上八點，晚上八點，早上八點"),
    ("兩顆，早上八點半", "兩顆，早上八點半"),
    ("1. 飯後吃\n2. 多喝水", "一. 飯後吃。二. 多喝水"),
    ("5[F3]2 mg", "五，兩毫克"),
    ("max. 4 g", "最多四公克"),
    ("≥ 65 歲", "大於等於六十五歲"),
    ("[說明](http://example.org/5) 很好 😀。", "說明很好。"),
]
GOLDEN_EN = [
    ("Take 0.125 mg of digoxin PO QD at 08:00.", "Take 0.125 milligrams of digoxin by mouth, once a day at 8 AM."),
    ("[F1] **Take** 1,000 units s.c. q.h.s.", "Take 1000 units under the skin, every day at bedtime."),
    ("2.5–5 mg b.i.d. p.r.n.", "2.5 to 5 milligrams twice a day, as needed."),
    ("1/2 tablet at 13:30", "half a tablet at 1:30 PM"),
    ("1 mg", "1 milligram"),
    ("5 mg/kg q6h", "5 milligrams per kilogram every 6 hours"),
    ("20 mEq AC", "20 milliequivalents before meals"),
    ("I bid you good morning.", "I bid you good morning."),
    ("5% dextrose", "5 percent dextrose"),
]


@pytest.mark.parametrize(("written", "spoken"), GOLDEN_ZH)
def test_chinese_is_said_as_a_person_would(written: str, spoken: str) -> None:
    assert spoken_form(written, "zh_TW") == spoken


@pytest.mark.parametrize(("written", "spoken"), GOLDEN_EN)
def test_english_is_said_as_a_person_would(written: str, spoken: str) -> None:
    assert spoken_form(written, "en_US") == spoken


def test_simplified_chinese_has_its_own_words() -> None:
    assert spoken_form("胰岛素 12 units 每日 2 次，2 g，08:30", "zh_CN") == "胰岛素十二单位每日两次，两克，早上八点半"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "零"), ("0.125", "零點一二五"), ("10", "十"), ("11", "十一"), ("20", "二十"), ("100", "一百"),
        ("101", "一百零一"), ("110", "一百一十"), ("222", "兩百二十二"), ("1001", "一千零一"),
        ("1010", "一千零一十"), ("2000", "兩千"), ("10000", "一萬"), ("20000", "兩萬"), ("100005", "十萬零五"),
        ("10500000", "一千零五十萬"), ("100010000", "一億零一萬"), ("5.50", "五點五"),
    ],
)  # fmt: skip
def test_numbers_in_words(value: str, words: str) -> None:
    assert chinese_number(Decimal(value)) == words


def test_a_number_that_cannot_be_read_out_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="cannot be read out"):
        chinese_number(Decimal("-1"))


NUMBERS = st.decimals(min_value="0.001", max_value="99999", places=3).map(lambda value: f"{value.normalize():f}")
UNITS = [
    "mg",
    "mcg",
    "µg",
    "g",
    "kg",
    "mL",
    "L",
    "units",
    "IU",
    "mEq",
    "mmol",
    "%",
    "tab",
    "cap",
    "drops",
    "puffs",
    "mg/kg",
    "mg/dL",
]
UNITS_ZH = [
    "毫克",
    "微克",
    "公克",
    "毫升",
    "單位",
    "毫當量",
    "顆",
    "錠",
    "片",
    "滴",
    "次",
    "天",
    "小時",
    "分鐘",
    "週",
    "個月",
    "歲",
    "度",
]
FRAMES_ZH = [
    "每次 {}。",
    "[F3] 每日{}，飯後服用。",
    "**{}** 就好",
    "請吃{}，不是{}。",
    "先{}再{}",
    "藥量是 {}–{}。",
    "{} 或 {}",
    "- {}\n- {}",
]
FRAMES_EN = ["Take {}.", "[F1] **Take {}** daily.", "Take {} and not {}.", "It is {} or {}.", "- {}\n- {}"]


@given(st.sampled_from(FRAMES_ZH), NUMBERS, NUMBERS, st.sampled_from(UNITS + UNITS_ZH), st.sampled_from(["", " "]))
def test_the_amounts_stay_the_same_in_chinese(frame: str, first: str, second: str, unit: str, gap: str) -> None:
    written = frame.format(f"{first}{gap}{unit}", f"{second}{gap}{unit}")
    spoken = spoken_form(written, "zh_TW")
    assert amounts(spoken) == amounts(strip_markup(written))
    assert not any(char.isascii() and char.isdigit() for char in spoken)


@given(st.sampled_from(FRAMES_EN), NUMBERS, NUMBERS, st.sampled_from(UNITS))
def test_the_amounts_stay_the_same_in_english(frame: str, first: str, second: str, unit: str) -> None:
    written = frame.format(f"{first} {unit}", f"{second} {unit}")
    assert amounts(spoken_form(written, "en_US")) == amounts(strip_markup(written))


def test_amounts_sees_a_changed_value_and_a_changed_unit() -> None:
    assert amounts("5 mg") == amounts("五毫克") == amounts("0.005 g")
    assert amounts("5 mg") != amounts("50 mg")
    assert amounts("5 mg") != amounts("5 mcg")
    assert amounts("5 mg 5 mg") != amounts("5 mg")
    assert amounts("08:00") != amounts("20:00")


@given(st.times().map(lambda time: time.replace(second=0, microsecond=0)), st.sampled_from(["zh_TW", "zh_CN", "en_US"]))
def test_a_time_is_heard_as_the_same_time(time: dt.time, locale: str) -> None:
    spoken = say_time(time, "", locale)
    assert [found.time for found in find_times(spoken)] == [time], spoken


@given(st.dates(min_value=dt.date(1912, 1, 1), max_value=dt.date(2100, 12, 31)))
def test_a_date_is_heard_as_the_same_date(date: dt.date) -> None:
    for locale in ("zh_TW", "en_US"):
        spoken = spoken_form(date.isoformat(), locale)
        assert [found.date for found in find_dates(spoken)] == [date], spoken


ALPHABET = st.sampled_from(
    [
        *"0123456789.,/-–~:%*_[]F()#\n 毫克顆mgLTake半兩點每第。，B12µ℃＋５",
        "mg",
        "BID",
        "q6h",
        "[F3]",
        "**",
        "08:00",
        "2 顆",
    ]
)


@given(
    st.one_of(st.lists(ALPHABET, max_size=20).map("".join), st.text(max_size=40)),
    st.sampled_from(["zh_TW", "zh_CN", "en_US"]),
)
def test_anything_can_be_said_without_an_error(text: str, locale: str) -> None:
    assert isinstance(spoken_form(text, locale), str)


def test_where_the_amounts_would_differ_the_digits_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "say_quantity", lambda *args, **kwargs: "五十毫克")
    assert spoken_form("每次 12.5 mg", "zh_TW") == "每次一二點五毫克"


def test_digits_in_names_are_left_to_the_name() -> None:
    assert read_digits("B12 和 0.5", "zh_TW") == "B12 和 零點五"


@pytest.mark.parametrize("locale", ["zh_TW", "zh_CN", "en_US"])
def test_every_prescription_code_is_expanded_with_and_without_dots(locale: str) -> None:
    words = spoken_words(locale)
    for code, meaning in read_table("spoken.yaml")["codes"][locale].items():
        plain = code.replace("{n}", "8")
        assert words.expand_codes(plain) == meaning.replace("{n}", "8")
        dotted = ".".join(plain.lower()) + "."
        assert words.expand_codes(dotted + " x").startswith(meaning.replace("{n}", "8")), dotted


def test_the_tables_of_all_locales_have_the_same_keys_and_placeholders() -> None:
    data = read_table("spoken.yaml")
    for table in data.values():
        first, *others = (set(entries) for entries in table.values())
        assert all(keys == first for keys in others)
        for entries in table.values():
            assert all(
                ("{n}" in code) == ("{n}" in str(word)) for code, word in entries.items() if code.startswith("Q")
            )


@pytest.mark.parametrize("locale", ["zh_TW", "zh_CN", "en_US"])
def test_every_unit_word_is_understood_as_that_unit(locale: str) -> None:
    words = spoken_words(locale)
    for code in words.units:
        spoken = f"五{words.unit(code)}" if words.chinese else f"5 {words.unit(code)}"
        (found,) = find_quantities(spoken)
        assert found.quantity.unit == code, spoken
