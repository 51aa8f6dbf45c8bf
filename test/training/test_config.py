"""Every shipped configuration loads, and every mistake in one is a sentence that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from training import config
from training.config import CONFIGS, Stage
from training.errors import TrainingError
from training.methods import Method

SHIPPED = sorted(CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_configuration_loads(path: Path) -> None:
    assert config.load(path).stage in Stage


@pytest.mark.parametrize("path", [p for p in SHIPPED if "stage: pipeline" in p.read_text()], ids=lambda path: path.stem)
def test_every_step_of_a_shipped_pipeline_loads_with_its_changes(path: Path, tmp_path: Path) -> None:
    from training.stages import pipeline

    plan = config.load(path, {"out": str(tmp_path)})
    found = pipeline.planned(plan)
    assert [made.out for made in found] == [str(tmp_path / step.name) for step in plan.steps if step.config]


@pytest.mark.parametrize("path", [p for p in SHIPPED if "template: " in p.read_text()], ids=lambda path: path.stem)
def test_every_configured_template_is_there(path: Path) -> None:
    from training import template

    name = config.load(path).model.template
    assert name == template.OWN or template.text(name)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_the_rows_of_every_shipped_configuration_split_where_a_share_is_held_out(stage: str) -> None:
    from training import rows

    made = [config.load(path) for path in SHIPPED if f"stage: {stage}\n" in path.read_text()]
    data = {
        (one.data.train, one.data.validation_share, one.train.seed): one.data for one in made
        if one.data.validation_share and all(name.startswith(rows.SHIPPED) for name in one.data.train)
    }  # fmt: skip
    assert data
    for (*_, seed), wanted in data.items():
        found = rows.load(wanted, "chat" if stage == "sft" else "pair", seed)
        assert 0 < len(found.validation) < len(found.train) / 5


def test_the_fast_settings_learn_with_the_same_numbers() -> None:
    for stage in ("sft", "dpo"):
        slow, fast = config.load(f"llama31-8b-robot-{stage}"), config.load(f"llama31-8b-robot-{stage}-fast")
        assert fast.method == slow.method
        how = {"batch", "accumulate", "offload"}
        assert fast.train.model_dump(exclude=how) == slow.train.model_dump(exclude=how)


def test_the_robot_system_trains_as_it_always_did() -> None:
    sft, dpo = config.load("llama31-8b-robot-sft"), config.load("llama31-8b-robot-dpo")
    assert (sft.method.kind, sft.method.r, sft.method.alpha, sft.method.dropout) == (Method.QLORA, 16, 32, 0.05)
    assert sft.method == dpo.method
    assert sft.train.batch == dpo.train.batch == 1
    assert sft.train.accumulate in (2, 3, 4)
    assert (sft.train.learning_rate, dpo.train.learning_rate) == (2e-4, 5e-6)
    assert sft.train.optimizer == dpo.train.optimizer == "paged_adamw_8bit"
    assert sft.train.gradient_checkpointing
    assert dpo.train.gradient_checkpointing


def test_the_instruction_system_learns_128_rows_a_step_in_micro_batches() -> None:
    for name in ("llama-7b-lora", "llama-7b-qlora", "llama-7b-bottleneck"):
        train = config.load(name).train
        assert train.batch * train.accumulate == 128
        assert train.batch < 128
        assert (train.schedule, train.betas) == ("linear", (0.9, 0.999))


def test_changes_on_the_command_line_come_last_and_are_checked() -> None:
    found = config.load("llama31-8b-robot-sft", ["train.learning_rate=1e-4", "data.train=[a.jsonl, b.jsonl]"])
    assert found.train.learning_rate == 1e-4
    assert found.data.train == ("a.jsonl", "b.jsonl")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("train.lerning_rate=1", ["`train.lerning_rate`", "learning_rate"]),
        ("zzz=1", ["`zzz`", "model"]),
        ("method.kind=lorra", ["`method.kind`", "qlora", "'lorra'"]),
        ("method.kind=prefix", ["`method.r` of prefix", "tokens"]),
        ("method.targets=[lm_head]", ["lm_head"]),
        ("train.batch=many", ["`train.batch`", "'many'"]),
        ("train.batch=0", ["`train.batch`", "greater than or equal to 1"]),
        ("model.path=null", ["model.path", "model.init"]),
        ("model.init={hidden_size: 8}", ["model.path", "model.init"]),
        ("train.schedule=by_time", ["train.max_minutes"]),
        ("data.validation=[a.jsonl]", ["data.validation_share"]),
        ("method={kind: prefix}", ["gradient_checkpointing"]),
        ("method={kind: full}", []),
        ("train.batch.y=1", ["train.batch"]),
        ("train.batch", ["key=value"]),
        ("stage=sftt", ["pretrain", "'sftt'"]),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_key(change: str, words: list[str]) -> None:
    if not words:
        assert config.load("llama31-8b-robot-sft", [change])
        return
    with pytest.raises(TrainingError) as caught:
        config.load("llama31-8b-robot-sft", [change])
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert sentence.rstrip()[-1] in ".?"
    assert "pydantic" not in sentence


def test_a_configuration_of_another_stage_and_one_that_is_not_there_are_refused() -> None:
    with pytest.raises(TrainingError, match="medllm-train sft"):
        config.load("nano-sft", (), Stage.DPO)
    with pytest.raises(TrainingError, match="nano-sft"):
        config.load("nano-stf")


def test_random_weights_cannot_carry_an_adapter(tmp_path: Path) -> None:
    content: dict[str, Any] = yaml.safe_load((CONFIGS / "nano-drill.yaml").read_text())
    content["method"] = {"kind": "lora"}
    with pytest.raises(TrainingError, match="method full"):
        config.check(content, "test")


def test_a_prefix_has_no_dpo() -> None:
    with pytest.raises(TrainingError, match="prefix"):
        config.load("llama31-8b-robot-dpo", ["method={kind: prefix}", "train.gradient_checkpointing=false"])


def test_the_command_answers_a_mistake_with_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    from training.cli import main

    assert main(["sft", "--config", "nano-sft", "train.lerning_rate=1"]) == 1
    assert "medllm-train: " in capsys.readouterr().err


def test_the_tables_of_the_documentation_are_the_codes() -> None:
    from training import docs

    text = docs.PAGE.read_text("utf-8")
    assert docs.written(text) == text, "run: python -m training.docs"


@pytest.mark.parametrize("path", [p for p in SHIPPED if "init:" in p.read_text()], ids=lambda path: path.stem)
def test_a_shipped_new_llama_can_be_made(path: Path, tokenizer: Any) -> None:
    pytest.importorskip("torch")
    from training import models

    shape = models.configuration(config.load(path).model, tokenizer)
    assert shape.hidden_size % shape.num_attention_heads == 0
