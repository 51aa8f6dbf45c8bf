"""Houlsby's adapters: two in every block, before the residual sum, on bases of any number type."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("transformers")

import torch
import transformers

from medllm_ros.engine import bottleneck
from medllm_ros.engine.chat import EngineError

IDS = torch.tensor([[1, 20, 30, 40]])


def model(tiny_model: Path) -> transformers.PreTrainedModel:
    return transformers.AutoModelForCausalLM.from_pretrained(tiny_model).eval()


def test_every_block_has_two(tiny_model: Path) -> None:
    found = bottleneck.attach(model(tiny_model), size=8)
    layers = [name for name, module in found.named_modules() if isinstance(module, bottleneck.Bottleneck)]
    assert len(layers) == 2 * found.config.num_hidden_layers
    assert len(bottleneck.weights(found)) == 4 * len(layers)


def test_it_stands_before_the_residual_sum(tiny_model: Path) -> None:
    """A layer that answers with the negative of its input takes its half of the block away."""
    plain, adapted = model(tiny_model), bottleneck.attach(model(tiny_model), size=64, activation="relu")
    for block in adapted.model.layers:
        for place in (block.self_attn.o_proj, block.mlp.down_proj):
            place.bottleneck.forward = torch.zeros_like
    embedded = plain.model.embed_tokens(IDS)
    nothing = plain.lm_head(plain.model.norm(embedded))
    with torch.no_grad():
        torch.testing.assert_close(adapted(input_ids=IDS).logits, nothing)


def test_gradients_reach_every_layer_through_checkpointing(tiny_model: Path) -> None:
    found = bottleneck.attach(model(tiny_model), size=8).train()
    found.gradient_checkpointing_enable({"use_reentrant": False})
    found(input_ids=IDS, labels=IDS, use_cache=False).loss.backward()
    own = {name: value for name, value in found.named_parameters() if ".bottleneck." in name}
    assert all(value.grad is not None for value in own.values())
    assert all(value.grad is None for name, value in found.named_parameters() if name not in own)
    assert any(bool(value.grad.abs().sum()) for name, value in own.items() if ".up." in name)


def test_generation_with_a_cache_says_what_a_whole_pass_says(tiny_model: Path) -> None:
    found = bottleneck.attach(model(tiny_model), size=8)
    for value in found.parameters():
        if value.requires_grad:
            torch.nn.init.normal_(value, std=0.2)
    ids = found.generate(input_ids=IDS, max_new_tokens=6, do_sample=False, eos_token_id=[], pad_token_id=0)
    with torch.no_grad():
        whole = found(input_ids=ids[:, :-1]).logits[0, IDS.shape[1] - 1 :].argmax(-1)
    assert whole.tolist() == ids[0, IDS.shape[1] :].tolist()


def test_a_half_precision_base_keeps_its_number_type(tiny_model: Path) -> None:
    found = bottleneck.attach(model(tiny_model).to(torch.bfloat16), size=8)
    with torch.no_grad():
        assert found(input_ids=IDS).logits.dtype is torch.bfloat16
    assert {value.dtype for value in bottleneck.weights(found).values()} == {torch.float32}


def test_a_model_without_such_layers_is_refused() -> None:
    with pytest.raises(EngineError, match=r"o_proj"):
        bottleneck.attach(torch.nn.Sequential(torch.nn.Linear(2, 2)), size=1)
