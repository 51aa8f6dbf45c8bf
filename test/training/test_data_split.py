"""A split never puts on two sides what belongs together."""

from __future__ import annotations

import pytest
from data_rows import chat, text
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data import DataError
from training.data.duplicates import duplicates
from training.data.leaks import leaks
from training.data.split import split

WORDS = ["甲板", "乙醚", "丙酮", "丁香", "戊烷", "己酸", "庚申", "辛苦", "壬寅", "癸水", "子時", "丑牛"]
rows_of_groups = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(1, 9)),
    min_size=1,
    max_size=60,
).map(
    lambda parts: [
        chat(f"請問{first}和{second}可以一起用嗎", f"答案{number}{first}", f"group {group}", f"file:{at // 2}")
        for at, (group, first, second, number) in enumerate(parts)
    ]
)


@settings(deadline=None)
@given(rows_of_groups, st.floats(0, 0.4), st.floats(0, 0.4), st.integers(0, 5))
def test_a_split_never_crosses_groups_lines_repetitions_or_questions(rows, validation, test, seed):
    try:
        found = split(rows, validation=validation, test=test, seed=seed)
    except DataError as error:
        assert "groups" in str(error) or "train on" in str(error)
        return
    assert sorted([*found.train, *found.validation, *found.test]) == list(range(len(rows)))
    assert found.train
    side = {number: name for name, numbers in found.sides.items() for number in numbers}
    for first, row in enumerate(rows):
        for second, other in enumerate(rows[:first]):
            if row.group == other.group or row.where == other.where:
                assert side[first] == side[second]
    for item in duplicates(rows):
        assert side[item.row] == side[item.first]
    held = [rows[number] for number in (*found.validation, *found.test)]
    assert not leaks([rows[number] for number in found.train], held).leaks


def many(count: int, groups: int) -> list:
    return [
        text(f"{number * 7919} 號的第 {number} 段文字", f"f:{number}", f"g{number % groups}") for number in range(count)
    ]


def test_the_shares_are_reached_and_hardly_passed():
    found = split(many(400, 200), validation=0.1, test=0.2)
    assert 38 <= len(found.validation) <= 40 and 78 <= len(found.test) <= 80


def test_the_seed_alone_decides_and_another_one_decides_otherwise():
    rows = many(200, 100)
    assert split(rows, seed=1) == split(rows, seed=1) != split(rows, seed=2)


def test_most_groups_stay_on_their_side_when_rows_are_added():
    rows = many(400, 200)
    more = [*rows, *(text(f"另外的第 {number} 段", f"x:{number}", f"x{number}") for number in range(10))]
    before, after = split(rows), split(more)
    assert len(set(before.test) & set(after.test)) >= 0.8 * len(before.test)


def test_groups_too_large_for_a_share_are_a_sentence():
    with pytest.raises(DataError, match="largest has 50"):
        split(many(100, 2), validation=0.1, test=0)


@pytest.mark.parametrize(("validation", "test"), [(0.6, 0.5), (-0.1, 0), (1.0, 0)])
def test_shares_that_leave_nothing_are_refused(validation, test):
    with pytest.raises(DataError, match="leave something to train on"):
        split(many(10, 10), validation=validation, test=test)
