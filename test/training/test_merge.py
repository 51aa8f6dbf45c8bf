"""Merging: the merged model says what base and adapter say together, and how far 4 bit is from that is measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

import torch
import transformers
from pydantic import TypeAdapter

from medllm_ros.engine import bottleneck
from medllm_ros.engine.folders import check_folders
from training import config, methods
from training.config import MethodConfig
from training.errors import TrainingError
from training.stages import merge


def adapter(tiny: Path, tokenizer: Any, folder: Path, kind: str) -> Path:
    torch.manual_seed(3)
    made = TypeAdapter(MethodConfig).validate_python({"kind": kind, **({} if kind == "bottleneck" else {"r": 4})})
    model = methods.attach(transformers.AutoModelForCausalLM.from_pretrained(tiny), made, tokenizer, "")
    for value in model.parameters():
        if value.requires_grad:
            torch.nn.init.normal_(value, std=0.1)
    if kind == "bottleneck":
        bottleneck.save(model, folder)
    else:
        model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "chat_template.jinja").write_text(tokenizer.chat_template, "utf-8")
    methods.tidy(folder)
    return folder


def merged(tiny: Path, folder: Path, out: Path, **changes: Any) -> Any:
    content = {"stage": "merge", "out": str(out), "base": str(tiny), "adapter": str(folder), "dtype": "float32"}
    return merge.run(config.check({**content, **changes}, "test"))


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora"])
def test_the_merged_model_says_what_both_say(tiny: Path, tokenizer: Any, tmp_path: Path, kind: str) -> None:
    folder = adapter(tiny, tokenizer, tmp_path / "adapter", kind)
    run = merged(tiny, folder, tmp_path / "merged")
    drift = run.read()["drift"]["merged"]
    assert drift["same_choice"] == 1
    assert abs(drift["mean_kl"]) < 1e-6
    assert drift["largest_log_difference"] < 1e-4
    beside = methods.load(transformers.AutoModelForCausalLM.from_pretrained(tiny), folder).eval()
    alone = transformers.AutoModelForCausalLM.from_pretrained(run.result).eval()
    ids = torch.tensor([[1, 20, 30, 40]])
    with torch.no_grad():
        torch.testing.assert_close(alone(input_ids=ids).logits, beside(input_ids=ids).logits, rtol=1e-4, atol=1e-4)
    assert check_folders(run.result, None, None).template == tokenizer.chat_template
    assert merged(tiny, folder, tmp_path / "merged").path == run.path  # done already


@pytest.mark.slow
def test_drift_in_4_bit_is_measured_both_ways(
    tiny: Path, tokenizer: Any, tmp_path: Path, files: dict[str, str]
) -> None:
    pytest.importorskip("bitsandbytes")
    folder = adapter(tiny, tokenizer, tmp_path / "adapter", "lora")
    run = merged(tiny, folder, tmp_path / "merged", nf4=True, drift_data=[files["chats"]])
    drift = run.read()["drift"]
    assert set(drift) == {"merged", "adapter_on_nf4", "merged_nf4"}
    assert drift["merged"]["mean_kl"] < drift["adapter_on_nf4"]["mean_kl"]
    assert drift["merged"]["mean_kl"] < drift["merged_nf4"]["mean_kl"] < 1
    assert check_folders(run.path / merge.NF4, None, None).quantised
    assert json.dumps(drift["merged_nf4"]["mean_kl"])[:6] in (run.result / "README.md").read_text("utf-8")


def test_what_cannot_be_merged_is_refused_with_what_can(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    folder = adapter(tiny, tokenizer, tmp_path / "adapter", "bottleneck")
    with pytest.raises(TrainingError, match=r"bottleneck cannot be merged.*lora"):
        merged(tiny, folder, tmp_path / "merged")
