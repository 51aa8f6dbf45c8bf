"""All stages in one command, each done once, going on where it stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import yaml

from medllm_ros.engine.folders import check_folders
from training import config
from training.errors import Interrupted, TrainingError
from training.stages import pipeline, sft

Settings = Callable[..., Any]
INIT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def written(folder: Path, name: str, made: Any) -> str:
    content = made.model_dump(mode="json", exclude_none=True)
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content), "utf-8")
    return str(file)


@pytest.fixture
def plan(settings: Settings, tiny: Path, tmp_path: Path) -> dict[str, Any]:
    new = {"init": INIT, "tokenizer": str(tiny), "template": "plain", "dtype": "float32"}
    full = {"method": {"kind": "full"}}
    merge = {"stage": "merge", "out": "-", "base": "-", "adapter": "-", "dtype": "float32"}
    (tmp_path / "merge.yaml").write_text(yaml.safe_dump(merge), "utf-8")
    return {
        "stage": "pipeline", "out": str(tmp_path / "all"),
        "steps": [
            {"name": "pretrain", "config": written(tmp_path, "pretrain", settings("pretrain", model=new, **full))},
            {"name": "base", "config": written(tmp_path, "base", settings("sft", **full)),
             "set": {"model.path": "{pretrain}"}},
            {"name": "sft", "config": written(tmp_path, "sft", settings("sft")), "set": {"model.path": "{base}"}},
            {"name": "dpo", "config": written(tmp_path, "dpo", settings("dpo")),
             "set": {"model.path": "{base}", "model.adapter": "{sft}"}},
            {"name": "merge", "config": str(tmp_path / "merge.yaml"), "set": {"base": "{base}", "adapter": "{dpo}"}},
            {"name": "talk", "command": ["infer", "--model", "{merge}", "--ask", "藥？", "--max-new-tokens", "3"]},
        ],
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_the_whole_pipeline_on_a_cpu(plan: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = pipeline.run(config.check(plan, "test"))
    assert check_folders(out / "merge" / "result", None, None)
    assert json.loads((out / "dpo" / "run.json").read_text())["state"] == "finished"
    assert not list(out.rglob("UNFINISHED"))
    capsys.readouterr()
    pipeline.run(config.check(plan, "test"))
    assert capsys.readouterr().out.count("is done already") == len(plan["steps"])


@pytest.mark.slow
def test_a_stopped_pipeline_goes_on_at_its_step(plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    plan["steps"] = plan["steps"][:2]
    real = sft.run

    def stopped(made: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return real(made)

    monkeypatch.setattr(sft, "run", stopped)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
    try:
        with pytest.raises((Interrupted, KeyboardInterrupt)):
            pipeline.run(config.check(plan, "test"))
    finally:
        signal.signal(signal.SIGINT, before)
    monkeypatch.undo()
    out = pipeline.run(config.check(plan, "test"))
    assert (out / "base" / "result" / "model.safetensors").is_file()


def test_a_step_that_names_no_earlier_step_is_refused_before_anything_runs(plan: dict[str, Any]) -> None:
    plan["steps"][1]["set"] = {"model.path": "{pretrian}"}
    with pytest.raises(TrainingError, match=r"step base: \{pretrian\} is no step before this one"):
        pipeline.run(config.check(plan, "test"))
    assert not Path(plan["out"]).exists()


def test_a_mistake_in_the_last_step_is_found_before_the_first_runs(plan: dict[str, Any]) -> None:
    plan["steps"][4]["set"]["basis"] = "x"
    with pytest.raises(TrainingError, match="basis"):
        pipeline.run(config.check(plan, "test"))
    assert not Path(plan["out"]).exists()


def test_a_command_that_fails_stops_the_pipeline(tmp_path: Path) -> None:
    plan = {
        "stage": "pipeline", "out": str(tmp_path / "all"),
        "steps": [{"name": "talk", "command": ["infer", "--model", str(tmp_path / "nowhere"), "--ask", "?"]}],
    }  # fmt: skip
    with pytest.raises(TrainingError, match="exit code 1"):
        pipeline.run(config.check(plan, "test"))
    assert not (tmp_path / "all" / "talk" / "done.json").exists()
