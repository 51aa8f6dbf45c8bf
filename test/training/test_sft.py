"""Supervised fine-tuning: the same numbers however the batch is cut, and after a stop as without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
import yaml
from safetensors.torch import load_file
from transformers import TrainerCallback

from medllm_ros.engine.folders import check_folders
from training import recipe
from training.data import DataError, RowKind
from training.errors import Interrupted, TrainingError
from training.rows import load as load_rows
from training.run_folder import COMPLETE, RunFolder
from training.stages import sft

Settings = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]


def weights(run: RunFolder) -> dict[str, torch.Tensor]:
    file = next(run.result.glob("*.safetensors"))
    return dict(load_file(file))


def losses(run: RunFolder) -> list[float]:
    lines = (run.path / "metrics.jsonl").read_text("utf-8").splitlines()
    return [entry["loss"] for entry in map(json.loads, lines) if "loss" in entry]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=1e-4, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_step_is_the_same_however_its_rows_are_cut_into_passes(
    settings: Settings, tmp_path: Path, weight: float
) -> None:
    runs = [
        sft.run(settings("sft", **{
            "out": str(tmp_path / f"{batch}"), "train.batch": batch, "train.accumulate": 8 // batch,
            "train.max_steps": 2, "data.prompt_weight": weight,
        }))
        for batch in (8, 2)
    ]  # fmt: skip
    assert losses(runs[0]) == pytest.approx(losses(runs[1]), rel=1e-5)
    close(weights(runs[0]), weights(runs[1]))


@pytest.mark.slow
def test_packed_and_sorted_rows_cost_what_shuffled_rows_cost(settings: Settings, tmp_path: Path) -> None:
    found = []
    for batches in ("shuffled", "by_length", "packed"):
        change = {"out": str(tmp_path / batches), "data.batches": batches, "train.batch": 8, "train.max_steps": 1}
        found.append(losses(sft.run(settings("sft", **change)))[0])
    assert found[1:] == pytest.approx([found[0]] * 2, rel=1e-5)


def test_loss_on_a_cpu_is_the_mean_over_the_answers_tokens(settings: Settings, tiny: Path) -> None:
    """The trainers score only labelled tokens on a CPU too; this is the plain sum, with every token scored."""
    from transformers import AutoModelForCausalLM

    from training import batches, models, rows

    config = settings("sft", **{"train.batch": 8, "train.max_steps": 1})
    tokenizer = models.tokenizer_of(config.model)
    data = batches.chats(tokenizer, rows.load(config.data, "chat", 0).train, config.data)
    model = AutoModelForCausalLM.from_pretrained(tiny)
    total = tokens = 0.0
    with torch.no_grad():
        for row in data:
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1]
            total += float(torch.nn.functional.cross_entropy(logits, torch.tensor(row["labels"][1:]), reduction="sum"))
            tokens += sum(label != -100 for label in row["labels"][1:])
    assert losses(sft.run(config))[0] == pytest.approx(total / tokens, rel=1e-5)


class _Stop(TrainerCallback):
    """Does something at the end of a step."""

    def __init__(self, step: int, what: Callable[[], None]) -> None:
        self._step, self._what = step, what

    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.global_step == self._step:
            self._what()


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Let something happen in the next run when a step begins."""
    real = recipe.callbacks

    def plan(step: int, what: Callable[[], None]) -> None:
        monkeypatch.setattr(recipe, "callbacks", lambda begun: [*real(begun), _Stop(step, what)])

    yield plan
    monkeypatch.setattr(recipe, "callbacks", real)


METHODS = [
    {"kind": "lora", "r": 4, "dropout": 0.1}, {"kind": "bottleneck", "size": 8}, {"kind": "prefix", "tokens": 8},
    {"kind": "full"},
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "stored"), [(None, torch.float32), ("bfloat16", torch.bfloat16)])
def test_an_adapter_is_stored_as_it_was_trained_or_as_is_asked_for(
    settings: Settings, tmp_path: Path, wanted: str | None, stored: torch.dtype
) -> None:
    change = {"method": METHODS[0], "train.max_steps": 1, "save_dtype": wanted}
    run = sft.run(settings("sft", **change, out=str(tmp_path / "run")))
    assert {value.dtype for value in weights(run).values()} == {stored}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "optimizer"), [*((method, "adamw_torch") for method in METHODS), ({"kind": "full"}, "muon")],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)  # fmt: skip
def test_ctrl_c_saves_a_checkpoint_and_the_same_command_ends_as_if_nothing_had_been(
    settings: Settings, tmp_path: Path, at_step: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], method: dict[str, Any], optimizer: str,
) -> None:  # fmt: skip
    change = {
        "method": method, "train.optimizer": optimizer, "train.max_steps": 6, "train.batch": 3,
        "data.batches": "by_length",
    }  # fmt: skip
    whole = sft.run(settings("sft", **change, out=str(tmp_path / "whole")))
    stopped = settings("sft", **change, out=str(tmp_path / "stopped"))
    at_step(4, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match="step 5"):
        sft.run(stopped)
    monkeypatch.undo()
    folder = tmp_path / "stopped"
    assert (folder / "UNFINISHED").is_file()
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    capsys.readouterr()
    again = sft.run(stopped)
    assert "checkpoint-5" in capsys.readouterr().out
    assert losses(again) == losses(whole)
    assert same(weights(again), weights(whole))
    assert not (folder / "UNFINISHED").exists()


@pytest.mark.slow
def test_a_checkpoint_that_a_kill_left_half_written_is_not_used(
    settings: Settings, tmp_path: Path, at_step: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    change = {"train.max_steps": 4, "train.checkpoint_minutes": 1e-9}

    def fall() -> None:
        raise RuntimeError("power cut")

    whole = sft.run(settings("sft", **{**change, "out": str(tmp_path / "whole")}))
    config = settings("sft", **change)
    at_step(3, fall)
    with pytest.raises(RuntimeError):
        sft.run(config)
    monkeypatch.undo()
    checkpoints = sorted((tmp_path / "sft" / "checkpoints").glob("checkpoint-*"))
    assert [path.name for path in checkpoints] == ["checkpoint-2", "checkpoint-3"]
    (checkpoints[-1] / COMPLETE).unlink()
    capsys.readouterr()
    assert same(weights(sft.run(config)), weights(whole))
    assert "checkpoint-2" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_process_goes_on_to_the_same_weights(settings: Settings, tmp_path: Path) -> None:
    change = {"train.max_steps": 12, "train.checkpoint_minutes": 1e-9, "train.accumulate": 2}
    whole = sft.run(settings("sft", **change, out=str(tmp_path / "whole")))
    killed = settings("sft", **change, out=str(tmp_path / "killed"))
    file = tmp_path / "killed.yaml"
    file.write_text(yaml.safe_dump(killed.model_dump(mode="json", exclude_none=True)), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "training.cli", "sft", "--config", str(file)], env=environment, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    run = RunFolder(tmp_path / "killed", None)  # type: ignore[arg-type]
    while process.poll() is None and run.newest_checkpoint() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert (tmp_path / "killed" / "UNFINISHED").is_file()
    assert same(weights(sft.run(killed)), weights(whole))


def test_a_llama_is_trained_from_nothing(settings: Settings, tiny: Path) -> None:
    init = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    run = sft.run(settings("sft", **{
        "model": {"init": init, "tokenizer": str(tiny), "template": "plain", "dtype": "float32"},
        "method": {"kind": "full"}, "train.max_steps": 12, "train.learning_rate": 3e-3, "train.precision": "bfloat16",
    }))  # fmt: skip
    assert losses(run)[-1] < losses(run)[0] - 0.5
    folder = check_folders(run.result, None, None)  # the robot takes it as it is
    assert "<|assistant|>" in folder.template
    assert {value.dtype for value in weights(run).values()} == {torch.bfloat16}
    with pytest.raises(TrainingError, match="hidden_sizes"):
        sft.run(settings("sft", **{
            "model": {"init": {"hidden_sizes": 32}, "tokenizer": str(tiny)}, "method": {"kind": "full"},
            "out": str(run.path / "other"),
        }))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("method", [{"kind": "qlora", "r": 4}, {"kind": "bottleneck", "size": 8, "nf4": True},
                                    {"kind": "prefix", "tokens": 8, "nf4": True}], ids=lambda m: m["kind"])  # fmt: skip
def test_adapters_train_beside_a_base_in_4_bit(settings: Settings, method: dict[str, Any]) -> None:
    pytest.importorskip("bitsandbytes")
    change = {"method": method, "train.max_steps": 4, "train.batch": 8, "train.learning_rate": 1e-2}
    run = sft.run(settings("sft", **change))
    assert losses(run)[-1] < losses(run)[0]


def test_time_that_is_given_ends_a_stage_cleanly(settings: Settings) -> None:
    run = sft.run(settings("sft", **{
        "train.max_minutes": 1e-6, "train.max_steps": 500, "train.schedule": "by_time", "train.warmup": 2,
    }))  # fmt: skip
    found = run.read()
    assert found["state"] == "finished"
    assert found["measured"]["steps"] == 1
    assert found["measured"]["time_was_up"]


def test_a_finished_run_is_left_as_it_is(settings: Settings) -> None:
    first = sft.run(settings("sft"))
    before = (first.path / "SHA256SUMS").read_text()
    assert sft.run(settings("sft")).path == first.path
    assert (first.path / "SHA256SUMS").read_text() == before


def test_the_robot_loads_what_was_trained(settings: Settings, tiny: Path) -> None:
    from medllm_ros.bedside.chat import ChatMessage, Role
    from medllm_ros.bedside.prompt import LAYOUT
    from medllm_ros.engine.chat import ChatRequest
    from medllm_ros.engine.local import LocalEngine

    run = sft.run(settings("sft"))
    engine = LocalEngine(tiny, run.result, device="cpu", prompt_layout=LAYOUT)
    engine.load()
    request = ChatRequest(request_id="1", messages=(ChatMessage(Role.USER, "「藥？」"),), max_new_tokens=4)
    assert list(engine.stream(request, lambda: False))[-1].completion_tokens >= 0
    engine.close()


def test_dirty_data_stops_before_anything_is_loaded(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "dirty.jsonl"
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b\ufffd\ufffd\ufffd"}]}
    file.write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"dirty\.jsonl:1"):
        sft.run(settings("sft", **{"data.train": [str(file)]}))
    assert not (tmp_path / "sft").exists()


def test_rows_that_repeat_one_another_are_refused_or_learned_once(settings: Settings, tmp_path: Path) -> None:
    settled = settings("sft")
    again = tmp_path / "again.jsonl"
    again.write_text(Path(settled.data.train[0]).read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    both = [*settled.data.train, str(again)]
    with pytest.raises(DataError, match=r"again\.jsonl:1: repeats"):
        sft.run(settings("sft", **{"data.train": both}))
    config = settings("sft", **{"data.train": both, "data.repeats": "drop"})
    assert len(load_rows(config.data, RowKind.CHAT, 1).train) == len(load_rows(settled.data, RowKind.CHAT, 1).train)


def test_a_missing_model_is_a_sentence_that_says_where_to_put_it(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"config\.json is missing\. Copy the model"):
        sft.run(settings("sft", **{"model.path": str(tmp_path / "nowhere")}))


def test_validation_never_trains_on_its_own_file(settings: Settings, files: dict[str, str]) -> None:
    with pytest.raises(DataError, match="held out and trained on"):
        sft.run(settings("sft", **{"data.validation": [files["chats"]]}))


def test_an_unfinished_run_is_no_model_for_the_next_stage(settings: Settings, at_step: Any) -> None:
    at_step(1, lambda: signal.raise_signal(signal.SIGTERM))
    config = settings("sft")
    with pytest.raises(Interrupted):
        sft.run(config)
    with pytest.raises(TrainingError, match="not finished"):
        sft.run(settings("sft", **{"model.adapter": config.out, "out": config.out + "2"}))
