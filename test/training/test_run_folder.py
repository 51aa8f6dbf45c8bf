"""The folder of a run: what it holds, when it may be gone on with, and that its sums are right."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from training import run_folder
from training.errors import TrainingError
from training.run_folder import State

CONFIG = {"stage": "sft", "train": {"learning_rate": 0.1, "max_minutes": None}}
INPUTS = {"rows_sha256": {"train": "a"}, "files": {"x": "1"}}


def test_a_new_run_is_marked_until_it_is_finished(tmp_path: Path) -> None:
    run = run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    assert run.state is State.NEW
    assert (run.path / "UNFINISHED").is_file()
    assert yaml.safe_load((run.path / "config.yaml").read_text()) == CONFIG
    with pytest.raises(TrainingError, match="not finished"):
        run_folder.resolve(run.path)
    (run.begin_result() / "adapter_model.safetensors").write_bytes(b"weights")
    run.finish(measured={"steps": 3})
    assert not (run.path / "UNFINISHED").exists()
    assert run_folder.resolve(run.path) == run.result
    assert run_folder.open_run(run.path, CONFIG, INPUTS).state is State.DONE


def test_sums_hold_every_file_as_sha256sum_reads_them(tmp_path: Path) -> None:
    run = run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    (run.begin_result() / "weights").write_bytes(b"w")
    (run.checkpoints / "checkpoint-1").mkdir(parents=True)
    (run.checkpoints / "checkpoint-1" / "big").write_bytes(b"not listed")
    run.finish()
    lines = (run.path / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {"config.yaml", "run.json", "result/weights"}
    assert sums["result/weights"] == hashlib.sha256(b"w").hexdigest()
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=run.path, check=False).returncode == 0


def test_other_rows_or_another_configuration_are_refused_by_name(tmp_path: Path) -> None:
    run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    with pytest.raises(TrainingError, match=r"rows_sha256\.train"):
        run_folder.open_run(tmp_path / "run", CONFIG, {**INPUTS, "rows_sha256": {"train": "b"}})
    with pytest.raises(TrainingError, match=r"train\.learning_rate"):
        run_folder.open_run(tmp_path / "run", {"stage": "sft", "train": {"learning_rate": 0.2}}, INPUTS)


def test_more_time_may_be_given_to_a_run_that_goes_on(tmp_path: Path) -> None:
    run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    longer = {"stage": "sft", "train": {"learning_rate": 0.1, "max_minutes": 5}}
    assert run_folder.open_run(tmp_path / "run", longer, INPUTS).state is State.GO_ON


def test_a_folder_of_somebody_else_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(TrainingError, match="not empty"):
        run_folder.open_run(tmp_path, CONFIG, INPUTS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_half_written_checkpoints_are_thrown_away_and_the_newest_whole_one_is_used(tmp_path: Path) -> None:
    run = run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    for step, complete in ((9, True), (10, True), (11, False)):
        folder = run.checkpoints / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if complete:
            (folder / run_folder.COMPLETE).write_text("{}")
    again = run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    assert again.newest_checkpoint() == run.checkpoints / "checkpoint-10"
    assert not (run.checkpoints / "checkpoint-11").exists()


def test_a_result_that_was_half_written_is_no_result(tmp_path: Path) -> None:
    run = run_folder.open_run(tmp_path / "run", CONFIG, INPUTS)
    (run.begin_result() / "weights").write_bytes(b"half")
    assert not run.result.exists()


@pytest.mark.slow
def test_a_run_leaves_everything_that_is_promised(settings: Callable[..., Any], tiny: Path) -> None:
    pytest.importorskip("trl")
    import json

    from medllm_ros.bedside.prompt import LAYOUT
    from medllm_ros.engine.folders import CARD, base_fingerprint, weights_fingerprint
    from training.stages import sft

    run = sft.run(settings("sft", **{"data.validation_share": 0.25, "train.validate_steps": 2}))
    found = {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}
    assert {
        "config.yaml", "run.json", "metrics.jsonl", "loss.png", "SHA256SUMS", "result/README.md",
        "result/adapter_model.safetensors", "result/adapter_config.json", "result/chat_template.jinja",
    } <= found  # fmt: skip
    assert any(name.startswith("tensorboard/events") for name in found)
    record = run.read()
    measured = record["measured"]
    for key in ("tokens_per_second", "peak_memory_gib", "minutes", "tokens", "first_loss", "held_out_loss"):
        assert measured[key] > 0, key
    assert record["seed"] == 7
    assert {"torch", "transformers", "trl", "peft", "python"} <= set(record["versions"])
    assert record["inputs"]["files"]["chats.jsonl"]
    card = json.loads((run.result / CARD).read_text())
    assert card == {
        "prompt_layout": LAYOUT, "base_fingerprint": base_fingerprint(tiny), "base_weights": weights_fingerprint(tiny)
    }  # fmt: skip
    text = (run.result / "README.md").read_text("utf-8")
    assert card["base_fingerprint"] in text
    assert f"| prompt layout | {LAYOUT} |" in text
    assert str(tiny) not in text + (run.result / "adapter_config.json").read_text()
