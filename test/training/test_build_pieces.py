"""Pieces: words are exchanged for pieces of a tokenizer, each as often as any other."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from training.data.build.curriculum import Curriculum
from training.data.build.pieces import Pieces

TOKENIZER = Path(__file__).parents[2] / "models" / "nano" / "base"


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return Pieces.of(TOKENIZER)


def test_a_tokenizer_has_characters_beginnings_and_further_pieces(pieces: Pieces) -> None:
    assert "藥" in pieces.han and "medicine" in pieces.begin and len(pieces.more) > 100
    assert all(len(text) == 1 for text in pieces.han)


def test_a_seldom_character_is_drawn_as_often_as_a_common_one(pieces: Pieces) -> None:
    random, drawn = Random(1), Counter[str]()
    for _ in range(300):
        drawn.update(pieces.sprinkled(random, "口" * 400, Locale.ZH_TW).replace("口", ""))
    common = [drawn[text] for text in pieces.han if text != "口"]
    assert min(common) > 0 and max(common) < 12 * sum(common) / len(common)


def test_marks_numbers_and_order_of_the_other_words_stay(pieces: Pieces) -> None:
    random = Random(2)
    for _ in range(200):
        text = pieces.sprinkled(random, "Take it 2 hours before, or 4 hours after food.", Locale.EN_US)
        assert [char for char in text if not char.isalpha() and char != " "] == ["2", ",", "4", "."]
        assert len(text.split()) == 10


def test_a_renamed_medicine_keeps_its_facts_and_its_cell(pieces: Pieces) -> None:
    drug = next(iter(Formulary.load().drugs.values()))
    renamed = [pieces.renamed(Random(seed), drug) for seed in range(40)]
    assert all((other.id, other.facts) == (drug.id, drug.facts) for other in renamed)
    assert len({other.name(Locale.EN_US) for other in renamed}) > 20


def test_a_curriculum_with_pieces_states_what_stands_in_the_prompt(pieces: Pieces) -> None:
    drawn = replace(Curriculum.load(), spliced=1.0, pieces=pieces, stages={"drill": 1.0, "full": 1.0})
    for row in islice(drawn.rows(3), 150):
        prompt = "\n".join(message.content for message in row.messages)
        assert all(f"{fact.label} {fact.key}: {fact.text}" in prompt for fact in row.facts)
