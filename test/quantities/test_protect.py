"""The places where a sentence is never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.quantities import protected_spans


def cuts(text: str) -> set[int]:
    """Return where a sentence may be cut: after a full stop or comma, and not inside a protected span."""
    spans = protected_spans(text)
    places = {place + 1 for place, char in enumerate(text) if char in ".,。！？!?…" and place + 1 < len(text)}
    return {place for place in places if not any(start < place < end for start, end in spans)}


@pytest.mark.parametrize(
    "text",
    [
        "0.125 mg",
        "1,000 units",
        "p.o. t.i.d.",
        "q.6h.",
        "q.6.h. p.r.n.",
        "8 a.m. daily",
        "max. 4 g per day",
        "Dr. Lin",
        "no. 5",
        "2.5–5 mg",
        "e.g. 1.5 mg",
        "i.v. drip",
        "0.5 c.c.",
        "approx. 2 weeks",
        "1.5 顆",
        "每日 0.5 毫克",
        "5 tabs. daily",
        "１．５ 毫克",
        "45.3.2",
        "3 a.m. 8 p.m.",
        "b.i.d. with food",
        "q.h.s. only",
    ],
)
def test_the_golden_list_is_never_cut(text):
    assert cuts(text) == set()
    assert cuts(f"Take {text}") == set()


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Take 0.125 mg. Then rest.", "mg."),
        ("Take it p.o. t.i.d. Then rest.", "t.i.d."),
        ("Take it at 8 a.m. Then rest.", "a.m."),
        ("No. You must not.", "No."),
        ("每日 0.5 毫克。請休息。", "毫克。"),
        ("I am Dr. Lin. Hello.", "Lin."),
        ("At most 5. Take care.", "5."),
    ],
)
def test_a_sentence_that_is_over_may_be_cut(text, after):
    assert text.index(after) + len(after) in cuts(text)
    assert len(cuts(text)) == 1


@given(st.text(alphabet="0123456789., mgpoatid。早上八點半Dr", max_size=40))
def test_spans_are_sorted_disjoint_and_inside_the_text(text):
    last = 0
    for start, end in protected_spans(text):
        assert last <= start < end <= len(text)
        last = end
