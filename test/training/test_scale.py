"""Two processes of a CPU learn what one learns with the same rows a step, through `accelerate launch`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
import yaml
from safetensors.torch import load_file

from training.config import SftConfig

ROOT = Path(__file__).resolve().parents[2]
ACCELERATE = ROOT / "training" / "accelerate"


def sft_in_two_processes(made: SftConfig, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the stage as a user would, from a configuration file in ``folder``."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(made.model_dump(mode="json", exclude_none=True)), "utf-8")
    return launched(["-m", "training.cli", "sft", "--config", str(file)], folder)


def launched(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``words`` in two processes."""
    return subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(ACCELERATE / "cpu.yaml"), *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_two_processes_equal_one(settings: Callable[..., Any], tmp_path: Path, weight: float) -> None:
    from training.stages import sft

    change = {"train.max_steps": 3, "train.batch": 2, "data.prompt_weight": weight, "data.batches": "by_length"}
    one = sft.run(settings("sft", **change, **{"out": str(tmp_path / "one"), "train.accumulate": 2}))
    two = settings("sft", **change, out=str(tmp_path / "two"))
    answer = sft_in_two_processes(two, tmp_path)
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert answer.stdout.count(f"run: {tmp_path / 'two'} (new)") == 1, answer.stdout
    losses = [
        [entry["loss"] for entry in map(json.loads, (tmp_path / name / "metrics.jsonl").read_text().splitlines())
         if "loss" in entry]
        for name in ("one", "two")
    ]  # fmt: skip
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    measured = [json.loads((tmp_path / name / "run.json").read_text())["measured"] for name in ("one", "two")]
    assert measured[1]["processes"] == 2
    assert measured[0]["tokens"] == measured[1]["tokens"]
    alone, together = (
        load_file(folder / "result" / "adapter_model.safetensors") for folder in (one.path, tmp_path / "two")
    )
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-4, atol=2e-6)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_mistake_is_said_once_and_ends_both_processes(settings: Callable[..., Any], tmp_path: Path) -> None:
    made = settings("sft", out=str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    answer = sft_in_two_processes(made, tmp_path)
    assert answer.returncode != 0
    assert "is not empty and not a run" in answer.stderr


SLOW_TO_WRITE = """
import sys, time
from training import cards, cli

drawn = cards.plots
cards.plots = lambda *args: (time.sleep(1), drawn(*args))
sys.exit(cli.main(["pipeline", "--config", sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_next_stage_waits_until_the_first_process_has_written_the_result(
    settings: Callable[..., Any], tmp_path: Path
) -> None:
    steps: list[dict[str, Any]] = []
    for name, method, model in (("base", {"method": {"kind": "full"}}, {}), ("sft", {}, {"model.path": "{base}"})):
        content = settings("sft", **method).model_dump(mode="json", exclude_none=True)
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content), "utf-8")
        steps.append({"name": name, "config": str(tmp_path / f"{name}.yaml"), "set": model})
    plan = {"stage": "pipeline", "out": str(tmp_path / "all"), "steps": steps}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan), "utf-8")
    (tmp_path / "slow.py").write_text(SLOW_TO_WRITE, "utf-8")
    answer = launched([str(tmp_path / "slow.py"), str(tmp_path / "plan.yaml")], tmp_path)
    assert answer.returncode == 0, answer.stderr[-3000:]
    assert json.loads((tmp_path / "all" / "sft" / "run.json").read_text())["state"] == "finished"


@pytest.mark.parametrize("path", sorted(ACCELERATE.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_reads_every_shipped_configuration(path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    found = load_config_from_file(str(path))
    assert found.num_processes >= 2
    kind = str(found.distributed_type).removeprefix("DistributedType.")
    assert kind in {"MULTI_CPU", "MULTI_GPU", "FSDP", "DEEPSPEED"}
