"""Talking to a result: with and without its adapter, several turns."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch

from medllm_ros.bedside.chat import ChatMessage, Role
from training import infer, template
from training.errors import TrainingError
from training.stages import sft

METHODS = [{"kind": "lora", "r": 4}, {"kind": "bottleneck", "size": 8}]


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    infer.add(parser.add_subparsers())
    return parser.parse_args(["infer", "--dtype", "float32", *words])


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["kind"])
def test_a_tuned_model_says_what_it_learned_and_its_base_does_not(
    settings: Callable[..., Any], tiny: Path, method: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = sft.run(settings("sft", method=method, **{
        "train.max_steps": 120, "train.batch": 8, "train.learning_rate": 1e-2, "train.epochs": 120,
    }))  # fmt: skip
    system = "您是送藥機器人。\n資料：\nF1 name: 脈優\nF2 purpose: 降血壓"
    words = ["--model", str(tiny), "--adapter", str(run.path), "--system", system, "--compare"]
    capsys.readouterr()
    infer.run(arguments(*words, "--ask", "「脈優這個藥是做什麼用的？」", "--max-new-tokens", "60"))
    base, tuned = capsys.readouterr().out.split("tuned: ")
    assert tuned.startswith("[F2] ")
    assert "[F2] " not in base


def test_a_prefix_is_heard_through_the_whole_answer(tiny: Path, tmp_path: Path, tokenizer: Any) -> None:
    """Eight vectors teach a random model nothing; that generation reads them can be told all the same."""
    from pydantic import TypeAdapter
    from transformers import AutoModelForCausalLM

    from training import methods
    from training.config import MethodConfig

    torch.manual_seed(5)
    config = TypeAdapter(MethodConfig).validate_python({"kind": "prefix", "tokens": 8})
    model = methods.attach(AutoModelForCausalLM.from_pretrained(tiny), config, tokenizer, "資料裡寫的事" * 4).eval()
    torch.nn.init.normal_(model.prompt_encoder["default"].embedding.weight, std=1.0)
    model.save_pretrained(tmp_path, save_embedding_layers=False)
    words = ["--model", str(tiny), "--adapter", str(tmp_path), "--template", "plain", "--max-new-tokens", "6"]
    talk = infer.Talk(arguments(*words))
    heard = next(talk.ask("藥？"))[1]
    ids = template.encode(tokenizer, (ChatMessage(Role.USER, "藥？"), ChatMessage(Role.ASSISTANT, "x"))).ids[:-2]
    begin = len(ids)
    with torch.no_grad():
        for _ in range(6):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert heard == tokenizer.decode(ids[begin:], skip_special_tokens=True).strip()
    assert heard != next(infer.Talk(arguments(*words[:2], *words[4:])).ask("藥？"))[1]


def test_a_second_question_comes_after_the_first_answer(tiny: Path) -> None:
    talk = infer.Talk(arguments("--model", str(tiny), "--template", "plain", "--max-new-tokens", "2"))
    list(talk.ask("a"))
    list(talk.ask("b"))
    assert [message.role for message in talk.said[""]] == ["user", "assistant", "user", "assistant"]


def test_nothing_to_compare_is_refused(tiny: Path) -> None:
    with pytest.raises(TrainingError, match="--adapter"):
        infer.run(arguments("--model", str(tiny), "--compare"))
