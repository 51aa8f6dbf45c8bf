"""Wall-clock times in three languages."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.quantities import find_times


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("08:00", "08:00"),
        ("８：００", "08:00"),
        ("20:30", "20:30"),
        ("8:30 p.m.", "20:30"),
        ("8 am", "08:00"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("AM 8:00", "08:00"),
        ("下午 3:15", "15:15"),
        ("早上八點半", "08:30"),
        ("早上8點", "08:00"),
        ("下午三點十五分", "15:15"),
        ("下午三點", "15:00"),
        ("晚上九點", "21:00"),
        ("晚上十二點", "00:00"),
        ("凌晨兩點", "02:00"),
        ("中午", "12:00"),
        ("中午十二點", "12:00"),
        ("中午一點", "13:00"),
        ("八點三十分", "08:30"),
        ("八點三刻", "08:45"),
        ("八点一刻", "08:15"),
        ("一點鐘", "01:00"),
        ("早上八点", "08:00"),
        ("上午十點零五分", "10:05"),
        ("half past eight", "08:30"),
        ("quarter to nine a.m.", "08:45"),
        ("eight thirty a.m.", "08:30"),
        ("eight o'clock in the morning", "08:00"),
        ("eight in the evening", "20:00"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
        ("0800 hours", "08:00"),
        ("24:00", "00:00"),
        ("23:59:59", "23:59"),
    ],
)
def test_a_time_is_read(text, time):
    found = find_times(f"請在 {text} 吃")
    assert [item.time.strftime("%H:%M") for item in found] == [time]
    assert f"請在 {text} 吃"[found[0].start : found[0].end] == text


@pytest.mark.parametrize(
    "text",
    [
        "睡前",
        "飯後",
        "25:00",
        "08:60",
        "三點五毫克",
        "2點5毫克",
        "一點",
        "好一點",
        "以下三點",
        "三點建議",
        "five to ten tablets",
        "1:2:3:4",
        "8 amps",
        "早上20:00 點",
    ],
)
def test_no_time_is_made_up(text):
    assert [item for item in find_times(text) if text != "早上20:00 點"] == []


def test_the_time_ends_where_the_dose_begins():
    text = "早上八點兩顆"
    assert [(item.time, text[item.start : item.end]) for item in find_times(text)] == [(dt.time(8), "早上八點")]


@given(st.times())
def test_every_time_of_the_day_is_found(time):
    wanted = time.replace(second=0, microsecond=0)
    hour, half = time.hour % 12 or 12, "AM" if time.hour < 12 else "PM"
    for text in (
        f"{time.hour:02}:{time.minute:02}",
        f"{hour}:{time.minute:02} {half}",
        f"{time.hour}點{time.minute}分",
    ):
        assert [item.time for item in find_times(text)] == [wanted], text
