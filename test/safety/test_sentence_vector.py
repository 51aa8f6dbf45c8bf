"""The vector of a sentence: what it promises for any text, and that meaning counts more than letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medllm_ros.safety.sentence_vector import DIMENSIONS, encoder, sentence_vector, sentence_vectors


@pytest.fixture(scope="module", autouse=True)
def _read() -> None:
    encoder()  # takes a second, which no property has


@given(st.text(max_size=200))
@example("")
@example("\ud800 broken")
def test_any_text_has_a_vector_of_unit_length(text: str) -> None:
    vector = sentence_vector(text)
    assert vector.shape == (DIMENSIONS,) and vector.dtype == np.float32
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-3)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_a_sentence_has_the_same_vector_alone_and_among_others(texts: list[str]) -> None:
    together = sentence_vectors(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(sentence_vector(text), vector, atol=1e-4)


@pytest.mark.parametrize(
    ("one", "like", "unlike"),
    [
        ("can I take it with milk", "这个药可以跟牛奶一起喝吗", "my chest feels tight"),
        ("我喘不過氣", "I cannot breathe", "can I take it with milk"),
        ("does this medicine go in the fridge", "這個藥要放冰箱嗎", "thank you very much"),
    ],
)
def test_what_means_the_same_lies_nearer_than_what_does_not_across_languages(one: str, like: str, unlike: str) -> None:
    first, near, far = sentence_vectors([one, like, unlike])
    assert first @ near > first @ far + 0.1


def test_the_encoder_is_read_once() -> None:
    assert encoder() is encoder()
