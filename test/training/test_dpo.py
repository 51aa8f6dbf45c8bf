"""Preferences: they begin where the SFT result stands, and move away from there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file

from training import recipe
from training.errors import TrainingError
from training.run_folder import RunFolder
from training.stages import dpo, sft

Settings = Callable[..., Any]


def logged(run: RunFolder) -> list[dict[str, Any]]:
    lines = (run.path / "metrics.jsonl").read_text("utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if "loss" in entry]


METHODS = [{"kind": "lora", "r": 4, "alpha": 8, "dropout": 0.1}, {"kind": "bottleneck", "size": 8}]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["kind"])
def test_the_first_loss_is_ln_2_and_the_reference_is_the_sft_result(settings: Settings, method: dict[str, Any]) -> None:
    before = sft.run(settings("sft", method=method, **{"train.learning_rate": 1e-2}))
    run = dpo.run(settings("dpo", method=method, **{"model.adapter": str(before.path), "train.max_steps": 6}))
    first, last = logged(run)[0], logged(run)[-1]
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert first["rewards/margins"] == pytest.approx(0, abs=1e-4)
    assert last["rewards/margins"] > 0.01
    assert (run.path / "rewards.png").stat().st_size > 1000
    old, new = (load_file(folder.result / "adapter_model.safetensors") for folder in (before, run))
    assert old.keys() == new.keys()  # no frozen copy is left in the result
    assert not all(torch.equal(old[name], new[name]) for name in old)
    assert {path.name for path in run.result.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "medllm_adapter.json", "README.md"
    }  # fmt: skip


@pytest.mark.slow
def test_pairs_of_like_length_cost_what_shuffled_pairs_cost(settings: Settings, tmp_path: Path) -> None:
    before = sft.run(settings("sft", **{"train.learning_rate": 1e-2}))
    found = []
    for order in ("shuffled", "by_length"):
        change = {"out": str(tmp_path / order), "data.batches": order, "train.batch": 8, "train.max_steps": 2}
        found.append(logged(dpo.run(settings("dpo", **{"model.adapter": str(before.path), **change}))))
    assert [one["loss"] for one in found[1]] == pytest.approx([one["loss"] for one in found[0]], rel=1e-5)


@pytest.mark.slow
def test_a_whole_model_has_itself_as_reference(settings: Settings) -> None:
    run = dpo.run(settings("dpo", method={"kind": "full"}))
    assert logged(run)[0]["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert logged(run)[-1]["rewards/margins"] > 0


@pytest.mark.slow
def test_a_reference_that_is_not_the_sft_result_stops_the_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sft.run(settings("sft", **{"train.learning_rate": 3e-2}))
    real = recipe.fit

    def forget(trainer: Any, begun: Any) -> None:
        for name, value in trainer.model.named_parameters():  # the base alone, as another trainer would take it
            if "lora_B.ref" in name:
                torch.nn.init.zeros_(value)
        real(trainer, begun)

    monkeypatch.setattr(recipe, "fit", forget)
    with pytest.raises(TrainingError, match="The reference is not the model"):
        dpo.run(settings("dpo", **{"model.adapter": str(before.path)}))


@pytest.mark.slow
def test_an_anchored_loss_begins_at_zero_rewards_too(settings: Settings) -> None:
    before = sft.run(settings("sft"))
    run = dpo.run(settings("dpo", **{
        "model.adapter": str(before.path), "dpo": {"losses": ["sigmoid", "sft"], "weights": [1.0, 0.5]},
    }))  # fmt: skip
    assert logged(run)[0]["loss"] > math.log(2) + 0.5
    assert logged(run)[0]["rewards/margins"] == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
def test_dpo_goes_on_after_a_stop_as_if_nothing_had_been(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sft.run(settings("sft"))
    change = {"model.adapter": str(before.path), "train.max_steps": 5, "train.checkpoint_minutes": 1e-9}
    whole = dpo.run(settings("dpo", **change, out=str(tmp_path / "whole")))
    real = recipe.callbacks

    def falling(begun: Any) -> list[Any]:
        class Fall(recipe.Keeper):
            def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
                if state.global_step == 3:
                    raise RuntimeError("power cut")
                super().on_step_begin(args, state, control, **more)

        return [Fall(begun.run, begun.keeper._train, begun.meter), *real(begun)[1:]]

    with monkeypatch.context() as patched:
        patched.setattr(recipe, "callbacks", falling)
        with pytest.raises(RuntimeError):
            dpo.run(settings("dpo", **change))
    again = dpo.run(settings("dpo", **change))
    old, new = (load_file(run.result / "adapter_model.safetensors") for run in (whole, again))
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert [entry["loss"] for entry in logged(again)] == [entry["loss"] for entry in logged(whole)]


def test_an_adapter_of_another_method_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps({"peft_type": "BOTTLENECK"}))
    with pytest.raises(TrainingError, match="of the method bottleneck"):
        dpo.run(settings("dpo", **{"model.adapter": str(tmp_path / "adapter")}))
