"""Triage rules are cut at their alternatives, and those of one script are kept together."""

from __future__ import annotations

import re

import pytest

from medllm_ros.safety.rule_parts import Script, alternatives, either_order, needed_script


def test_only_top_level_bars_cut() -> None:
    assert alternatives(r"a(?:b|c)|[|)]d|\|e") == [r"a(?:b|c)", "[|)]d", r"\|e"]


@pytest.mark.parametrize(
    ("part", "script"),
    [
        (r"\bchest\b[^不]pain", Script.LATIN),
        ("胸[^,。]{0,3}痛", Script.CHINESE),
        (r"血糖|\blow\b", Script.NONE),
        ("[0-9]{2}", Script.NONE),
    ],
)
def test_a_part_needs_the_script_it_is_written_in(part: str, script: Script) -> None:
    assert needed_script(part) is script


def test_two_signs_count_in_either_order_but_not_across_a_denial_or_a_sentence() -> None:
    pattern = re.compile(either_order("手", "麻", 6))
    assert pattern.search("手一直麻") and pattern.search("麻到手")
    assert not pattern.search("手沒有麻") and not pattern.search("洗手。很麻")
