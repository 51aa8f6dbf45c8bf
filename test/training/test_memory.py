"""What a run needs is said before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("transformers")

import transformers

from training import config, memory
from training.errors import TrainingError
from training.memory import GIB


def llama8b() -> Any:
    return transformers.LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, tie_word_embeddings=False,
    )  # fmt: skip


def test_the_robot_systems_settings_fit_12_gigabytes() -> None:
    found = memory.estimate(config.load("llama31-8b-robot-sft"), llama8b())
    assert found.trained == 41_943_040  # r 16 on all linear layers of an 8B
    assert 5.3 * GIB < found.weights < 5.6 * GIB  # 6.98e9 in NF4, 1.05e9 in 16 bit, the adapter
    assert found.total < 12 * GIB
    assert memory.estimate(config.load("llama31-8b-robot-dpo"), llama8b()).total < 12 * GIB


def test_full_training_of_an_8b_does_not_fit_one_consumer_card() -> None:
    found = memory.estimate(config.load("llama31-8b-full"), llama8b())
    assert found.trained == 8_030_261_248
    assert found.total > 40 * GIB


def test_longer_rows_and_larger_batches_need_more_and_checkpointing_less() -> None:
    def needed(*changes: str) -> int:
        return memory.estimate(config.load("llama31-8b-robot-sft", changes), llama8b()).activations

    assert needed("train.batch=2") == 2 * needed()
    assert needed("data.max_tokens=2048") == 2 * needed()
    assert needed("train.gradient_checkpointing=false") > 5 * needed()


def test_what_lies_in_the_cpus_memory_needs_none_of_the_gpus() -> None:
    def needed(*changes: str) -> memory.Estimate:
        return memory.estimate(config.load("llama31-8b-robot-sft-fast", changes), llama8b())

    less, more = needed(), needed("train.offload=false")
    assert more.weights - less.weights == 128256 * 4096 * 2  # the input embeddings
    assert more.activations - less.activations == 2048 * 32 * 4096 * 2  # the inputs of the blocks
    assert less.total < memory.estimate(config.load("llama31-8b-robot-sft"), llama8b()).total


@pytest.mark.parametrize("kind", ["lora", "qlora", "rslora", "dora", "prefix", "bottleneck", "full"])
def test_trained_parameters_are_counted_before_loading(settings: Callable[..., Any], tiny: Any, kind: str) -> None:
    pytest.importorskip("peft")
    from training import methods, models

    method = {"kind": kind, **({"tokens": 6} if kind == "prefix" else {})}
    made = settings("sft", method=method)
    tokenizer = models.tokenizer_of(made.model)
    shape = models.configuration(made.model, tokenizer)
    model = methods.attach(
        transformers.AutoModelForCausalLM.from_pretrained(tiny), made.method, tokenizer, "資料" * 20
    )
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    if kind == "dora":
        trained -= sum(value.numel() for name, value in model.named_parameters() if "magnitude" in name)
    assert memory.estimate(made, shape).trained == trained


def test_too_little_memory_is_refused_with_what_would_help(
    settings: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl")
    from training.stages import sft

    monkeypatch.setattr(memory, "available", lambda: (GIB // 4, "a small card"))
    with pytest.raises(TrainingError, match=r"0\.2 GiB are free on a small card\. Lower train\.batch"):
        sft.run(settings("sft"))
