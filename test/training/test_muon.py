"""Muon moves the matrices of the blocks, AdamW what lies beside them, and both come back as they were."""

from __future__ import annotations

import copy

import pytest

pytest.importorskip("trl")

import torch
import transformers

from training.config import TrainingConfig
from training.muon import MuonBesideAdamW


def model() -> torch.nn.Module:
    torch.manual_seed(1)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2,
    ))  # fmt: skip


def optimizer(of: torch.nn.Module) -> MuonBesideAdamW:
    return MuonBesideAdamW(of, lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)


def step(trained: torch.nn.Module, by: torch.optim.Optimizer, seed: int) -> float:
    ids = torch.randint(40, (4, 12), generator=torch.Generator().manual_seed(seed))
    loss = trained(input_ids=ids, labels=ids).loss
    by.zero_grad()
    loss.backward()
    by.step()
    return float(loss)


def test_matrices_of_blocks_are_muons_and_all_else_is_adamws() -> None:
    trained = model()
    muon, adamw = optimizer(trained)._both
    names = {id(weight): name for name, weight in trained.named_parameters()}
    by_muon = {names[id(weight)] for group in muon.param_groups for weight in group["params"]}
    by_adamw = {names[id(weight)] for group in adamw.param_groups for weight in group["params"]}
    assert len(by_muon) == 2 * 7 and all(".layers." in name and name.endswith("proj.weight") for name in by_muon)
    assert by_muon | by_adamw == set(names.values()) and not by_muon & by_adamw
    assert any("embed" in name for name in by_adamw) and any("norm" in name for name in by_adamw)


def test_an_update_of_a_matrix_is_nearly_orthogonal() -> None:
    trained = model()
    before = trained.model.layers[0].self_attn.q_proj.weight.detach().clone()
    made = MuonBesideAdamW(trained, lr=1e-2, betas=(0.9, 0.95), weight_decay=0.0)
    step(trained, made, 0)
    moved = torch.linalg.svdvals(trained.model.layers[0].self_attn.q_proj.weight.detach() - before)
    assert moved.max() / moved.median() < 2  # a gradient's singular values differ a hundredfold


def test_a_schedule_sees_both() -> None:
    made = optimizer(model())
    schedule = torch.optim.lr_scheduler.LambdaLR(made, lambda _: 0.5)
    assert {group["lr"] for part in made._both for group in part.param_groups} == {5e-3}
    schedule.step()


def test_with_its_state_it_goes_on_to_the_same_weights() -> None:
    trained = model()
    made = optimizer(trained)
    for seed in range(3):
        step(trained, made, seed)
    other = model()
    other.load_state_dict(copy.deepcopy(trained.state_dict()))
    again = optimizer(other)
    again.load_state_dict(copy.deepcopy(made.state_dict()))
    assert [step(trained, made, seed) for seed in (3, 4)] == [step(other, again, seed) for seed in (3, 4)]
    assert all(map(torch.equal, trained.state_dict().values(), other.state_dict().values()))


def test_it_is_for_whole_models_alone() -> None:
    made = {"stage": "sft", "out": "x", "model": {"path": "m"}, "data": {"train": ["t.jsonl"]}}
    train = {"learning_rate": 1e-3, "optimizer": "muon"}
    with pytest.raises(ValueError, match="muon"):
        TrainingConfig(**made, train=train, method={"kind": "lora"})
