"""Models in memory: what may lie in the CPU's memory, and that it changes no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
import transformers

from training import models
from training.errors import TrainingError
from training.stages import sft

IDS = torch.arange(12).view(2, 6)


def llama(**changes: Any) -> Any:
    torch.manual_seed(0)
    shape = transformers.LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, **changes
    )
    return transformers.LlamaForCausalLM(shape).requires_grad_(False)


def hooked(model: Any) -> bool:
    return hasattr(model.get_input_embeddings(), "_hf_hook")


def test_embeddings_in_the_cpus_memory_change_no_number() -> None:
    model = llama(tie_word_embeddings=False)
    before = model(IDS).logits
    models.offload_embeddings(model)
    assert hooked(model)
    assert model.get_input_embeddings().weight.device.type == "cpu"
    assert torch.equal(model(IDS).logits, before)


def test_embeddings_stay_where_the_head_needs_them_or_they_are_trained() -> None:
    shared, trained = llama(tie_word_embeddings=True), llama(tie_word_embeddings=False).requires_grad_(True)
    for model in (shared, trained):
        models.offload_embeddings(model)
        assert not hooked(model)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the sentence is for machines without a GPU")
def test_without_a_gpu_nothing_can_be_offloaded(settings: Callable[..., Any]) -> None:
    with pytest.raises(TrainingError, match="no GPU whose memory could be spared"):
        sft.run(settings("sft", **{"train.offload": True}))
