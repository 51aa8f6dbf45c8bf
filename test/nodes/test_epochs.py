"""Epochs of many visits in one voice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.nodes.epochs import Epochs


def test_a_stop_ends_what_came_before_and_lets_pass_what_comes_after():
    epochs = Epochs()
    before = epochs.number("d1", 1)
    floor = epochs.stop("d1", 2)
    assert before < floor == epochs.number("d1", 2)


def test_a_late_sentence_of_a_stopped_epoch_never_sounds():
    epochs = Epochs()
    epochs.stop("d1", 5)
    assert epochs.number("d1", 4) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50))))
def test_no_stop_of_one_visit_silences_a_later_sentence_of_another(stops):
    epochs = Epochs()
    for visit, epoch in stops:
        epochs.stop(visit, epoch)
    assert epochs.number("new", 0) == epochs.floor
