"""Every method: a fresh adapter changes nothing, a saved one comes back bit for bit, and the table tells the truth."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("peft")

import torch
import transformers
from pydantic import TypeAdapter

from training import methods
from training.config import MethodConfig
from training.errors import TrainingError
from training.methods import ABILITIES, Method

ADAPTERS = {
    Method.LORA: {"r": 4}, Method.QLORA: {"r": 4}, Method.RSLORA: {"r": 4}, Method.DORA: {"r": 4},
    Method.PREFIX: {"tokens": 6}, Method.BOTTLENECK: {"size": 8},
}  # fmt: skip
TEXT = "您是送藥機器人，只說資料裡寫的事。"
IDS = torch.tensor([[1, 20, 30, 40, 50]])


def base(tiny: Path, four_bit: bool = False) -> Any:
    if not four_bit:
        return transformers.AutoModelForCausalLM.from_pretrained(tiny)
    pytest.importorskip("bitsandbytes")
    from training import models
    from training.config import Dtype

    return models.from_folder(tiny, Dtype.FLOAT32, four_bit=True)


def config(kind: Method, **more: Any) -> Any:
    return TypeAdapter(MethodConfig).validate_python({"kind": kind, **ADAPTERS.get(kind, {}), **more})


def attached(tiny: Path, tokenizer: Any, kind: Method) -> Any:
    torch.manual_seed(1)
    made = config(kind)
    return methods.attach(base(tiny, made.four_bit), made, tokenizer, TEXT).eval()


def disturb(model: Any) -> None:
    for value in model.parameters():
        if value.requires_grad:
            torch.nn.init.normal_(value, std=0.2)


def saved(model: Any, kind: Method, folder: Path) -> Path:
    from medllm_ros.engine import bottleneck

    if kind is Method.BOTTLENECK:
        bottleneck.save(model, folder)
    else:
        model.save_pretrained(folder, save_embedding_layers=False)
    methods.tidy(folder)
    return folder


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    found: torch.Tensor = model(input_ids=IDS).logits
    return found


def test_every_method_has_its_abilities() -> None:
    assert set(ABILITIES) == set(Method)


@pytest.mark.parametrize("kind", [kind for kind in ADAPTERS if kind is not Method.PREFIX])
def test_a_fresh_adapter_changes_nothing(tiny: Path, tokenizer: Any, kind: Method) -> None:
    torch.testing.assert_close(logits(attached(tiny, tokenizer, kind)), logits(base(tiny, kind is Method.QLORA).eval()))


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_saved_adapter_comes_back_bit_for_bit(tiny: Path, tokenizer: Any, tmp_path: Path, kind: Method) -> None:
    model = attached(tiny, tokenizer, kind)
    disturb(model)
    folder = saved(model, kind, tmp_path / "adapter")
    again = methods.load(base(tiny, kind is Method.QLORA), folder).eval()
    assert torch.equal(logits(model), logits(again))
    assert not any(value.requires_grad for value in again.parameters())
    assert not torch.allclose(logits(again), logits(base(tiny).eval()))


@pytest.mark.parametrize("kind", ADAPTERS)
def test_only_the_adapter_is_trained_and_only_it_is_saved(
    tiny: Path, tokenizer: Any, tmp_path: Path, kind: Method
) -> None:
    model = attached(tiny, tokenizer, kind)
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    assert names
    assert all(word in name for name in names for word in [_word(kind)])
    folder = saved(model, kind, tmp_path / "adapter")
    assert {path.name for path in folder.iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] == tiny.name


def _word(kind: Method) -> str:
    return {Method.PREFIX: "prompt_encoder", Method.BOTTLENECK: "bottleneck"}.get(kind, "lora_")


def test_a_prefix_begins_as_the_keys_and_values_of_the_text(tiny: Path, tokenizer: Any) -> None:
    model = attached(tiny, tokenizer, Method.PREFIX)
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"][:, : ADAPTERS[Method.PREFIX]["tokens"]]
    plain = base(tiny).eval()
    with torch.no_grad():
        expected = plain(input_ids=torch.cat([ids, IDS], dim=1)).logits[:, -IDS.shape[1] :]
    torch.testing.assert_close(logits(model), expected)


def test_a_text_that_is_too_short_for_the_prefix_is_refused(tiny: Path, tokenizer: Any) -> None:
    with pytest.raises(TrainingError, match=r"longer method\.text"):
        methods.attach(base(tiny), config(Method.PREFIX, tokens=99), tokenizer, TEXT)


def test_targets_that_the_model_does_not_have_are_refused(tiny: Path, tokenizer: Any) -> None:
    with pytest.raises(TrainingError, match=r"method\.targets"):
        methods.attach(base(tiny), config(Method.LORA, targets=["query_key_value"]), tokenizer, TEXT)


def test_an_adapter_of_another_base_is_refused(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    for kind in (Method.LORA, Method.BOTTLENECK):
        folder = saved(attached(tiny, tokenizer, kind), kind, tmp_path / kind)
        shape = transformers.AutoConfig.from_pretrained(tiny)
        shape.hidden_size, shape.head_dim = 32, 8
        with pytest.raises(TrainingError, match="Name the base"):
            methods.load(transformers.LlamaForCausalLM(shape), folder)


def test_kinds_are_told_from_their_files(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    for kind in (Method.LORA, Method.RSLORA, Method.DORA, Method.PREFIX, Method.BOTTLENECK):
        assert methods.kind_of(saved(attached(tiny, tokenizer, kind), kind, tmp_path / kind)) is kind
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "OFT"}))
    with pytest.raises(TrainingError, match="OFT"):
        methods.kind_of(tmp_path)


def test_the_table_says_which_of_them_the_robot_loads(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    """A robot decodes with a cache of its own: the adapter must give the same words with it and without."""
    from medllm_ros.engine.decoder import Decoder

    for kind in (Method.LORA, Method.RSLORA, Method.DORA, Method.PREFIX):
        model = attached(tiny, tokenizer, kind)
        disturb(model)
        decoder = Decoder(model, torch.device("cpu"))
        try:
            kept = [decoder.step([int(index)]) for index in IDS[0]]
            works = kept == logits(model)[0].argmax(-1).tolist()
        except Exception:
            works = False
        assert works is ABILITIES[kind].robot, kind


def test_full_training_trains_everything(tiny: Path, tokenizer: Any) -> None:
    model = methods.attach(base(tiny).requires_grad_(False), SimpleNamespace(kind=Method.FULL), tokenizer, TEXT)
    assert all(value.requires_grad for value in model.parameters())
