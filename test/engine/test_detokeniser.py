"""Text appears as soon as it is whole, and never broken."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.engine.detokeniser import BROKEN, Detokeniser


def _bytes(ids: Sequence[int]) -> str:
    """Decode as a byte-level tokenizer with one token per byte does: the hardest case."""
    return bytes(ids).decode("utf-8", "replace")


@given(st.text(st.characters(codec="utf-8", exclude_characters=BROKEN), max_size=30))
def test_the_pieces_join_to_the_text_and_each_is_whole(text: str) -> None:
    detokeniser = Detokeniser(_bytes)
    pieces = [detokeniser.push(byte) for byte in text.encode()]
    assert "".join([*pieces, detokeniser.flush()]) == text
    assert "".join(pieces) == text, "a whole character waits for nothing"


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_never_come_out(data: bytes) -> None:
    detokeniser = Detokeniser(_bytes)
    pieces = [detokeniser.push(byte) for byte in data]
    assert BROKEN not in "".join([*pieces, detokeniser.flush()])


def test_a_character_appears_with_its_last_byte() -> None:
    detokeniser = Detokeniser(_bytes)
    assert [detokeniser.push(byte) for byte in "藥🤖".encode()] == ["", "", "藥", "", "", "", "🤖"]


def test_a_character_that_is_cut_off_is_dropped() -> None:
    detokeniser = Detokeniser(_bytes)
    assert [detokeniser.push(byte) for byte in "好藥".encode()[:5]][2] == "好"
    assert detokeniser.flush() == ""


def test_spaces_between_words_survive_decoders_that_strip_the_first() -> None:
    words = ["▁the", "▁nur", "se", "▁comes"]

    def decode(ids: Sequence[int]) -> str:
        return "".join(words[index] for index in ids).replace("▁", " ").removeprefix(" ")

    detokeniser = Detokeniser(decode)
    assert [detokeniser.push(index) for index in range(4)] == ["the", " nur", "se", " comes"]
