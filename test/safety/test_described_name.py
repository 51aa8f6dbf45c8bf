"""Names that are taken apart: "弓長張", "世界的世", "單名一個偉"."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.safety.birth_date import compare_birth_date
from medllm_ros.safety.described_name import plain_name
from medllm_ros.safety.person_name import compare_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("言午許 世界的世 文昌君的昌", "許世昌"),
        ("我姓张 弓长张 单名一个伟", "張偉"),
        ("弓長張 偉大的偉", "張偉"),
        ("姓林，雙木林，叫淑芬", "林淑芬"),
        ("木子李 美麗的美 玉環的玉", "李美玉"),
        ("it's Katherine with a K K A T H E R I N E Bloom B L O O M", "Katherine Bloom"),
    ],
)
def test_a_described_name_is_the_name(text: str, name: str) -> None:
    assert compare_name(text, name) is True


@pytest.mark.parametrize(
    ("text", "name"),
    [("言午許 世界的世 文昌君的昌", "許世明"), ("我姓张 弓长张 单名一个伟", "李偉"), ("木子李 美麗的美", "李美玉")],
)
def test_another_name_does_not_match(text: str, name: str) -> None:
    assert compare_name(text, name) is not True


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    plain_name(text)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("三十八年九月 啊不對 十月二號", dt.date(1949, 10, 2)),
        ("民國三十二年二月初九，國曆", dt.date(1943, 2, 9)),
        ("一九七零年的 元月六号", dt.date(1970, 1, 6)),
        ("ninth of uh April nineteen sixty one", dt.date(1961, 4, 9)),
    ],
)
def test_a_birth_date_corrected_in_the_middle_or_named_oddly(text: str, date: dt.date) -> None:
    assert compare_birth_date(text, date) is True
    assert compare_birth_date(text, date + dt.timedelta(days=1)) is False


def test_a_day_of_the_lunar_calendar_is_still_no_birth_date() -> None:
    assert compare_birth_date("民國三十二年二月初九", dt.date(1943, 2, 9)) is None
