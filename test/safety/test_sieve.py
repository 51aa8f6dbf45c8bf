"""The sieve leaves a pattern out only where it cannot match; of the triage rules few are left to try."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medllm_ros.safety.sieve import Sieve, needed
from medllm_ros.safety.triage import Triage

RULES = [rule for category in Triage.load().categories for rule in category.rules]
TRIAGE = Sieve([rule.pattern for rule in RULES])


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("胸[口部]?痛", {"胸痛", "胸口痛", "胸部痛"}),
        (r"\bcan(?:not|t) breathe\b", {"cannot breathe", "cant breathe"}),
        ("(?:吃|吞)[^。]{0,4}(?:整瓶|一罐)", {"整瓶", "一罐"}),  # the longer words are the seldomer
        ("(?<!不)(?:ab)+c", {"ab"}),
        ("x*abc", {"abc"}),
        ("(?=cd)ab|ef", {"ab", "ef"}),
        ("[a-z]{3}", {""}),
        ("ab|.", {""}),
        ("(?:ab)?", {""}),
        ("[^死]", {""}),
        ("(?i:ab)c", {"c"}),
    ],
)
def test_one_of_the_needed_words_stands_in_every_match(pattern: str, words: set[str]) -> None:
    assert needed(re.compile(pattern)) == words


def test_a_pattern_that_ignores_case_is_refused() -> None:
    with pytest.raises(ValueError, match="Fold the text"):
        needed(re.compile("pain", re.IGNORECASE))


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_triage_rule_is_left_out_where_it_matches(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(RULES) - 1))
    pattern = RULES[number].pattern
    text = data.draw(st.from_regex(pattern))
    if not pattern.search(text):  # what a look-around forbids
        return
    assert TRIAGE.possible(text) & RULES[number].bit


@given(st.text(alphabet="ab c", max_size=8))
def test_what_is_left_out_does_not_match(text: str) -> None:
    patterns = [re.compile(pattern) for pattern in ("ab", "a b?c", "b{2}", "(?:a|c){2} ", r"\bc\b", "a.c", "")]
    possible = Sieve(patterns).possible(text)
    assert all(possible >> number & 1 for number, pattern in enumerate(patterns) if pattern.search(text))


def test_few_triage_rules_are_left_to_try_on_everyday_talk() -> None:
    possible = TRIAGE.possible("what time do they bring the tea round, and can i have my blood pressure tablet with it")
    assert possible.bit_count() < len(RULES) / 8
