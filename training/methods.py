"""The ways to train, and what each can do. Imports torch and peft only when a model is at hand."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medllm_ros.engine.chat import EngineError
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.config import BottleneckMethod, LoraMethod, PrefixMethod


class Method(StrEnum):
    """What is trained."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"
    RSLORA = "rslora"
    DORA = "dora"
    PREFIX = "prefix"
    BOTTLENECK = "bottleneck"


@dataclass(frozen=True)
class Ability:
    """What can be done with a method's result. ``docs/training.md`` prints this table."""

    merge: bool  # into the base's weights
    four_bit: bool  # trains on a base held in NF4
    graph: bool  # its decode step has fixed shapes and no Python state: a CUDA graph can hold it unmerged
    dpo: bool  # can be gone on with by preferences
    robot: bool  # engine `local` loads it as it is


ABILITIES: dict[Method, Ability] = {
    Method.FULL: Ability(merge=False, four_bit=False, graph=True, dpo=True, robot=True),
    Method.LORA: Ability(merge=True, four_bit=True, graph=True, dpo=True, robot=True),
    Method.QLORA: Ability(merge=True, four_bit=True, graph=True, dpo=True, robot=True),
    Method.RSLORA: Ability(merge=True, four_bit=True, graph=True, dpo=True, robot=True),
    Method.DORA: Ability(merge=True, four_bit=True, graph=True, dpo=True, robot=True),
    # peft gives every forward pass a new cache that begins with the prefix, so the robot's kept cache is lost
    Method.PREFIX: Ability(merge=False, four_bit=True, graph=False, dpo=False, robot=False),
    Method.BOTTLENECK: Ability(merge=False, four_bit=True, graph=True, dpo=True, robot=True),
}


def attach(model: Any, method: Any, tokenizer: Any, prefix_text: str) -> Any:
    """Return the model with a fresh, trainable adapter; of the method full the model itself, all weights trainable.

    ``prefix_text`` initialises a prefix where the method names no text of its own.
    """
    if method.kind is Method.FULL:
        return model.requires_grad_(True)
    model.requires_grad_(False)
    if method.kind is Method.BOTTLENECK:
        return _bottleneck(model, method)
    if method.kind is Method.PREFIX:
        return _prefix(model, method, tokenizer, method.text or prefix_text)
    return _lora(model, method)


def load(model: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """Return the model with a saved adapter of any kind; raise :class:`TrainingError` where the two do not fit."""
    from medllm_ros.engine import bottleneck

    try:
        if kind_of(adapter) is Method.BOTTLENECK:
            return bottleneck.load(model, adapter, trainable=trainable)
        import peft

        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*missing adapter keys.*")  # else random numbers stay in place
            model.requires_grad_(False)  # peft freezes a base for LoRA alone
            found = peft.PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
            return found if trainable else found.requires_grad_(False)
    except TrainingError:
        raise
    except EngineError as error:
        raise TrainingError(str(error)) from error
    except Exception as error:  # peft raises whatever it likes
        raise TrainingError(
            f"The adapter {adapter} does not fit the model: {' '.join(str(error).split())[:300]} "
            "Name the base that it was trained on."
        ) from error


def tidy(folder: Path) -> None:
    """Leave of a saved adapter what belongs to it, and name its base by no path of this machine."""
    for path in folder.iterdir():
        if path.name not in ("adapter_config.json", "adapter_model.safetensors", "chat_template.jinja"):
            path.unlink()
    path = folder / "adapter_config.json"
    content = json.loads(path.read_text("utf-8"))
    content["base_model_name_or_path"] = Path(content.get("base_model_name_or_path") or "").name
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")


def kind_of(adapter: Path) -> Method:
    """Return the method of a saved adapter (of LoRA kinds without regard to the base's number type)."""
    path = adapter / "adapter_config.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        kind = str(content["peft_type"])
    except FileNotFoundError:
        raise TrainingError(f"There is no adapter in {adapter}: adapter_config.json is missing.") from None
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path} cannot be read ({error}); copy the adapter again.") from error
    if kind == "LORA":
        return Method.DORA if content.get("use_dora") else Method.RSLORA if content.get("use_rslora") else Method.LORA
    found = {"PREFIX_TUNING": Method.PREFIX, "BOTTLENECK": Method.BOTTLENECK}.get(kind)
    if found is None:
        raise TrainingError(f"The adapter {adapter} is of the kind {kind}, which is none of {', '.join(Method)}.")
    return found


def _lora(model: Any, method: LoraMethod) -> Any:
    import peft

    targets = method.targets if method.targets == "all-linear" else list(method.targets)
    config = peft.LoraConfig(
        r=method.r, lora_alpha=method.alpha, lora_dropout=method.dropout, target_modules=targets, bias="none",
        use_rslora=method.kind is Method.RSLORA, use_dora=method.kind is Method.DORA, task_type="CAUSAL_LM",
    )  # fmt: skip
    try:
        return peft.get_peft_model(model, config)
    except ValueError as error:  # a target that no module is called
        raise TrainingError(f"The adapter cannot be attached: {error} Correct method.targets.") from error


def _prefix(model: Any, method: PrefixMethod, tokenizer: Any, text: str) -> Any:
    import peft

    ids = tokenizer(text, add_special_tokens=True)["input_ids"]
    if len(ids) < method.tokens:
        raise TrainingError(
            f"The text that initialises the prefix has {len(ids)} tokens and method.tokens is {method.tokens}; "
            "give a longer method.text or fewer tokens."
        )
    config = peft.PrefixTuningConfig(num_virtual_tokens=method.tokens, task_type="CAUSAL_LM")
    wrapped = peft.get_peft_model(model, config)
    wrapped.eval()  # its keys and values must not depend on dropout
    peft.initialize_kv_prefix_from_text(wrapped, tokenizer, text=text, use_chat_template=False)
    return wrapped


def _bottleneck(model: Any, method: BottleneckMethod) -> Any:
    from medllm_ros.engine import bottleneck

    return bottleneck.attach(model, size=method.size, activation=method.activation)
