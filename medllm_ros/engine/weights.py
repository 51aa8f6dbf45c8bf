"""Bringing weights, tokenizer and adapter into memory. Imports torch; load lazily."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from medllm_ros.engine.chat import EngineError
from medllm_ros.engine.folders import ModelFolder, adapter_kind

_log = logging.getLogger(__name__)


class Quantisation(StrEnum):
    """How weights are held in memory. AUTO: NF4 on a GPU, the folder's own type on a CPU."""

    AUTO = "auto"
    NF4 = "nf4"
    BF16 = "bf16"
    FLOAT32 = "float32"


@dataclass(frozen=True)
class Loaded:
    """What is in memory. The types are transformers' and torch's."""

    model: Any
    tokenizer: Any
    device: Any
    description: str  # "LlamaForCausalLM, nf4 on cuda:0"


def load_weights(folder: ModelFolder, device: str, quantisation: Quantisation) -> Loaded:
    """Load everything from local files; raise :class:`EngineError` with a sentence where that fails."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when huggingface_hub is imported, so before the next lines
    try:
        import torch
        import transformers
    except ImportError as error:
        raise EngineError(
            f"The local engine needs torch and transformers ({error}). Install them: pip install 'medllm_ros[local]'."
        ) from error
    where = _device(torch, device)
    if quantisation is Quantisation.AUTO and where.type == "cuda" and not folder.quantised:
        quantisation = Quantisation.NF4
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder.model, local_files_only=True)
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            folder.model, local_files_only=True, output_loading_info=True, device_map={"": str(where)},
            attn_implementation="sdpa", **_number_type(torch, transformers, quantisation),
        )  # fmt: skip
        missing = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
        if missing:  # transformers would go on with random numbers in their place
            raise EngineError(
                f"The model in {folder.model} is incomplete: {len(missing)} weights such as {missing[0]} are missing. "
                "Copy the model again."
            )
        if folder.adapter is not None:
            model = _with_adapter(model, folder)
    except torch.OutOfMemoryError as error:
        raise EngineError(out_of_memory(str(where))) from error
    except EngineError:
        raise
    except Exception as error:  # a damaged folder makes three libraries raise whatever they like
        raise EngineError(f"The model in {folder.model} cannot be loaded: {_short(error)}") from error
    tokenizer.chat_template = folder.template
    model.eval().requires_grad_(False)
    kind = type(model.get_base_model() if hasattr(model, "get_base_model") else model).__name__
    parts = [kind, f"{_held_as(model, quantisation)} on {where}", "with an adapter" if folder.adapter else ""]
    return Loaded(model, tokenizer, where, ", ".join(part for part in parts if part))


def out_of_memory(device: str) -> str:
    """Return what to do when memory is full."""
    return (
        f"The memory of {device} is full. Close other programs that use it, choose the quantisation nf4, lower "
        "max_context, or take a smaller model."
    )


def _device(torch: Any, device: str) -> Any:
    if device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        where = torch.device(device)
    except RuntimeError as error:
        raise EngineError(f"There is no device {device!r}; choose auto, cpu, cuda or cuda:1, ...") from error
    if where.type == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            f"The device {device} was chosen, and torch sees no GPU. Check the driver and that torch was installed "
            "with CUDA, or choose the device cpu."
        )
    return where


def _number_type(torch: Any, transformers: Any, quantisation: Quantisation) -> dict[str, Any]:
    if quantisation is Quantisation.NF4:  # the defaults are fp4, float32 and no double quantisation
        return {
            "dtype": torch.bfloat16,
            "quantization_config": transformers.BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16,
                bnb_4bit_use_double_quant=True,
            ),
        }  # fmt: skip
    return {"dtype": {Quantisation.BF16: torch.bfloat16, Quantisation.FLOAT32: torch.float32}.get(quantisation, "auto")}


def _with_adapter(model: Any, folder: ModelFolder) -> Any:
    from medllm_ros.engine import bottleneck  # imports torch

    assert folder.adapter is not None
    kind = adapter_kind(folder.adapter)
    if kind == "PREFIX_TUNING":
        raise EngineError(
            f"The adapter {folder.adapter} is a trained prefix; with one nothing that was read can be kept "
            "for the next reply, so the robot does not run it. Try it with medllm-train infer, or train another method."
        )
    if kind == bottleneck.KIND:
        return bottleneck.load(model, folder.adapter)
    try:
        import peft
    except ImportError as error:
        raise EngineError(f"An adapter needs peft ({error}). Install it: pip install 'medllm_ros[local]'.") from error
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*missing adapter keys.*")  # else random numbers stay in place
            return peft.PeftModel.from_pretrained(model, str(folder.adapter), is_trainable=False)
    except Exception as error:
        raise EngineError(
            f"The adapter {folder.adapter} does not fit the model in {folder.model}: {_short(error)} "
            "Set model_dir to the base it was trained on, or leave the adapter out."
        ) from error


def _held_as(model: Any, quantisation: Quantisation) -> str:
    return "4 bit" if getattr(model, "is_loaded_in_4bit", False) else str(model.dtype).removeprefix("torch.")


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:300].rstrip(".") + "."
