"""Calendar dates as patients say them and records write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.quantities import find_dates

BORN = dt.date(1956, 3, 2)


@pytest.mark.parametrize(
    "text",
    [
        "1956-03-02",
        "1956/3/2",
        "1956.3.2",
        "１９５６／３／２",
        "3/2/1956",
        "03-02-1956",
        "19560302",
        "0450302",
        "45/3/2",
        "45.3.2",
        "民國45年3月2日",
        "45年3月2號",
        "中華民國四十五年三月二日",
        "民國四十五年三月二號",
        "四十五年三月二號",
        "民国四十五年三月二号",
        "西元1956年3月2日",
        "一九五六年三月二號",
        "1956年3月2日",
        "民國45/3/2",
        "1956年 3月 2日",
        "March 2nd, 1956",
        "March 2 1956",
        "Mar. 2, 1956",
        "2 March 1956",
        "2nd of March 1956",
        "March second nineteen fifty-six",
        "second of March, nineteen fifty six",
        "March two, nineteen fifty-six",
        "2-Mar-1956",
    ],
)
def test_a_birth_date_is_read(text):
    sentence = f"我是 {text} 生的"
    found = find_dates(sentence)
    assert [(item.date, sentence[item.start : item.end]) for item in found] == [(BORN, text)]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("March third two thousand and five", "2005-03-03"),
        ("May 9th nineteen oh five", "1905-05-09"),
        ("民國前五年三月二日", "1907-03-02"),
        ("民國一百零五年十二月卅一日", "2016-12-31"),
        ("December thirty-first twenty twenty-four", "2024-12-31"),
    ],
)
def test_years_as_they_are_said(text, date):
    assert [item.date.isoformat() for item in find_dates(text)] == [date]


@pytest.mark.parametrize(
    "text",
    [
        "1956-02-30",
        "45年13月2日",
        "3月2日",
        "March 2nd",
        "1/2",
        "120/80",
        "5.0.1",
        "1234567",
        "A123456789",
        "0912-345-678",
        "08:00",
    ],
)
def test_no_date_is_made_up(text):
    assert find_dates(text) == []


@given(st.dates(dt.date(1912, 1, 1), dt.date(2099, 12, 31)))
def test_every_day_is_found_in_every_calendar(in_chinese, date):
    roc = date.year - 1911
    digits = "".join("零一二三四五六七八九"[int(digit)] for digit in str(date.year))
    for text in (
        date.isoformat(),
        f"{date.year}年{date.month}月{date.day}日",
        f"民國{roc}年{date.month}月{date.day}日",
        f"民國{in_chinese(roc)}年{in_chinese(date.month)}月{in_chinese(date.day)}號",
        f"{digits}年{in_chinese(date.month)}月{in_chinese(date.day)}日",
        f"{date.month}/{date.day}/{date.year}",
        date.strftime("%B %d, %Y"),
        date.strftime("%d %b %Y"),
    ):
        assert [item.date for item in find_dates(text)] == [date], text
