"""What is for the eye only goes; nothing that stays is joined up by that."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.speech.markup import strip_markup


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("[F3] 這是藥。", "這是藥。"),
        ("[F1, F3]這是藥。【F2】好", "這是藥。好"),
        ("**很重要** 和 *這個* 和 __那個__ 和 `碼`", "很重要 和 這個 和 那個 和 碼"),
        ("# 標題\n> 引言\n- 一點\n* 兩點", "標題\n引言\n一點\n兩點"),
        ("[說明](http://example.org/a(b)) 好", "說明 好"),
        ("好 😀👍🏽 的", "好 的"),
        ("5**6", "5 6"),
        ("5[F3]2 mg", "5 2 mg"),
        ("a**5**b", "a 5 b"),
        ("3 * 4", "3 * 4"),
        ("37°C 和 ℃", "37°C 和 ℃"),
        ("snake_case", "snake_case"),
        ("| 藥 | 5 mg |", "， 藥 ， 5 mg ，"),
        ("[not a citation] F3", "[not a citation] F3"),
    ],
)
def test_markup_is_removed(written: str, plain: str) -> None:
    assert strip_markup(written) == plain


@given(st.text(alphabet="0123456789.*_`~[]F#> \n-😀", max_size=30))
def test_digits_never_join_up(text: str) -> None:
    kept = re.sub(r"[\[【]\s*F\d{1,3}(\s*,\s*F\d{1,3})*\s*[\]】]", " ", text)
    before = re.findall(r"[\d.]*\d", kept)
    for number in re.findall(r"[\d.]*\d", strip_markup(text)):
        assert number in before
