"""Pretraining: plain text in blocks, on what is there or from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from training.data import DataError
from training.stages import pretrain, sft

Settings = Callable[..., Any]
INIT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


@pytest.mark.slow
@pytest.mark.parametrize("batches", ["wrapped", "packed"])
def test_a_model_from_nothing_learns_the_text_and_goes_on_to_conversations(
    settings: Settings, tiny: Path, batches: str
) -> None:
    base = pretrain.run(settings("pretrain", **{
        "model": {"init": INIT, "tokenizer": str(tiny), "template": "plain", "dtype": "float32"},
        "method": {"kind": "full"}, "data.batches": batches, "data.validation_share": 0.2, "train.max_steps": 15,
        "train.learning_rate": 1e-2, "train.validate_steps": 5, "data.max_tokens": 128,
    }))  # fmt: skip
    lines = [json.loads(line) for line in (base.path / "metrics.jsonl").read_text("utf-8").splitlines()]
    held_out = [entry["eval_loss"] for entry in lines if "eval_loss" in entry]
    assert len(held_out) == 3
    assert held_out[-1] < held_out[0]
    after = sft.run(settings("sft", **{"model.path": str(base.path), "method": {"kind": "full"}}))
    assert after.read()["measured"]["trained_parameters"] == base.read()["measured"]["trained_parameters"]


@pytest.mark.slow
def test_an_adapter_reads_on(settings: Settings) -> None:
    run = pretrain.run(settings("pretrain", **{"train.batch": 1}))
    assert (run.result / "adapter_model.safetensors").is_file()


def test_conversations_are_no_text(settings: Settings, files: dict[str, str]) -> None:
    with pytest.raises(DataError, match="text rows are wanted"):
        pretrain.run(settings("pretrain", **{"data.train": [files["chats"]]}))
