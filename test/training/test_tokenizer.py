"""The tokenizer of a model from nothing: every text comes back, and a name is cut the same way wherever it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from hypothesis import given
from hypothesis import strategies as st

from training import template
from training.cli import main
from training.tokenizer import make

TEXTS = [
    "F2 name: 達普利（Dapril）\nF12 side_effect: 可能會頭暈。", "[F12] 這個藥是達普利，請在飯後吃。",
    "F4 food_timing: Take it with food.", "[F4] Please take Dapril with food, 2 to 8 degrees.",
] * 20  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make(TEXTS, 1024)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_text_comes_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


@pytest.mark.parametrize("around", ["這是{}。", "{}", "可以吃{}嗎", "（{}）", "F2 name: {}\n"])
def test_a_chinese_name_is_cut_into_its_characters_wherever_it_stands(tokenizer: Any, around: str) -> None:
    before, after = around.split("{}")
    whole = tokenizer(around.format("達普利"), add_special_tokens=False)["input_ids"]
    alone = [tokenizer(part, add_special_tokens=False)["input_ids"] for part in (before, "達普利", after)]
    assert whole == [index for part in alone for index in part]
    assert len(alone[1]) == 3


def test_a_label_and_a_key_are_one_piece_each(tokenizer: Any) -> None:
    assert "F12" in tokenizer.tokenize("[F12] ")
    assert any("side_effect" in piece for piece in tokenizer.tokenize("F12 side_effect: "))


def test_it_fits_the_chat_template_of_small_models(tokenizer: Any) -> None:
    template.install(tokenizer, "plain")
    assert tokenizer.bos_token == "<|begin|>" and tokenizer.eos_token == "<|end|>"


def test_the_command_writes_a_folder_and_refuses_too_few_pieces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(TEXTS[:4]), encoding="utf-8")
    assert main(["tokenizer", str(text), "--out", str(tmp_path / "made"), "--size", "1024"]) == 0
    assert (tmp_path / "made" / "tokenizer.json").is_file()
    assert "a character" in capsys.readouterr().out
    assert main(["tokenizer", str(text), "--out", str(tmp_path / "small"), "--size", "100"]) == 1
    assert "1024 pieces are the least" in capsys.readouterr().err
