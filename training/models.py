"""Models and tokenizers into memory, from local files only, with a sentence for everything that is missing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when huggingface_hub is imported, so before the next lines

import torch
import transformers
from accelerate import PartialState
from accelerate.hooks import AlignDevicesHook, add_hook_to_module

from medllm_ros.engine.cited_fact import BONUS
from medllm_ros.engine.folders import base_fingerprint, weights_fingerprint
from training import methods, template
from training.config import Dtype, ModelConfig
from training.errors import TrainingError
from training.run_folder import resolve, sha256


def folder(path: str | Path) -> Path:
    """Return a complete model folder, that of a run or a plain one; raise :class:`TrainingError` where it is not."""
    found = resolve(path)
    if not (found / "config.json").is_file():
        raise TrainingError(
            f"There is no model in {found}: config.json is missing. Copy the model's folder (config.json, "
            "tokenizer.json, *.safetensors) there, or name another one with model.path=..."
        )
    if not any(found.glob("*.safetensors")):
        raise TrainingError(f"The model folder {found} has no *.safetensors. Copy the weights there.")
    return found


def tokenizer_of(config: ModelConfig) -> Any:
    """Return the tokenizer with its chat template installed and checked."""
    place = resolve(config.tokenizer) if config.tokenizer else folder(config.path or "")
    tokenizer = plain_tokenizer(place)
    template.install(tokenizer, config.template)
    return tokenizer


def plain_tokenizer(place: Path) -> Any:
    """Return the tokenizer of a folder as it is."""
    if not any((place / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        raise TrainingError(f"There is no tokenizer.json in {place}. Copy the model's tokenizer there.")
    try:
        return transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
    except Exception as error:  # a damaged file makes the library raise whatever it likes
        raise TrainingError(f"The tokenizer in {place} cannot be read: {_short(error)}") from error


def configuration(config: ModelConfig, tokenizer: Any) -> Any:
    """Return transformers' configuration of the model, of a new Llama where ``init`` describes one."""
    if config.init is None:
        return transformers.AutoConfig.from_pretrained(folder(config.path or ""), local_files_only=True)
    known = {BONUS, *transformers.LlamaConfig().to_dict()} - {"transformers_version", "model_type", "architectures"}
    unknown = sorted(set(config.init) - known)
    if unknown:
        raise TrainingError(f"model.init: a Llama has no field {unknown[0]}; there are {', '.join(sorted(known))}.")
    fields = {
        "vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id, **config.init,
    }  # fmt: skip
    return transformers.LlamaConfig(**fields)


def load(config: ModelConfig, tokenizer: Any, *, four_bit: bool = False) -> Any:
    """Return the base model, on the device of this process. Random weights follow torch's seed."""
    shape = configuration(config, tokenizer)
    try:
        if config.init is not None:
            shape._attn_implementation = config.attention
            model = transformers.LlamaForCausalLM(shape).to(number_type(config.dtype))
            model.generation_config.eos_token_id = sorted({tokenizer.eos_token_id, template.end_of_turn(tokenizer)})
            model.generation_config.pad_token_id = tokenizer.pad_token_id
            return model
        return from_folder(folder(config.path or ""), config.dtype, four_bit=four_bit, attention=config.attention)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "The memory is full while the model loads. Use the method qlora, or free the device."
        ) from error


def from_folder(path: Path, dtype: Dtype, *, four_bit: bool = False, attention: str = "sdpa") -> Any:
    """Return the model of a folder."""
    options: dict[str, Any] = {"dtype": number_type(dtype), "attn_implementation": attention}
    if four_bit:
        options["quantization_config"] = nf4(dtype)
    if torch.cuda.is_available() and not _sharded():
        options["device_map"] = {"": PartialState().local_process_index}
    try:
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            path, local_files_only=True, output_loading_info=True, **options
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise TrainingError(f"The model in {path} cannot be loaded: {_short(error)}") from error
    missing = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if missing:  # transformers would go on with random numbers in their place
        raise TrainingError(f"The model in {path} lacks {len(missing)} weights such as {missing[0]}. Copy it again.")
    return model


def nf4(dtype: Dtype) -> Any:
    """Return the 4-bit configuration: NF4, double quantisation; the library's defaults are neither."""
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=number_type(dtype),
    )  # fmt: skip


def number_type(dtype: Dtype) -> torch.dtype:
    """Return torch's number type."""
    return {Dtype.FLOAT32: torch.float32, Dtype.BF16: torch.bfloat16, Dtype.FP16: torch.float16}[dtype]


def prepared(config: ModelConfig, method: Any, tokenizer: Any, prefix_text: str = "") -> Any:
    """Return the model ready to train: with the adapter to go on with, or a fresh one, or all weights."""
    model = load(config, tokenizer, four_bit=method.four_bit)
    if config.adapter is None:
        return methods.attach(model, method, tokenizer, prefix_text)
    adapter = resolve(config.adapter)
    found, wanted = methods.kind_of(adapter), method.kind
    if wanted is methods.Method.QLORA:
        wanted = methods.Method.LORA
    if found is not wanted:
        raise TrainingError(f"The adapter {adapter} is of the method {found}; set method.kind to it.")
    return methods.load(model, adapter, trainable=True)


def offload_embeddings(model: Any) -> None:
    """Let the input embeddings lie and work in the CPU's memory: few of their rows are read, and none is trained.

    Nothing happens where they are trained, or where the head shares them.
    """
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    if embeddings.weight.requires_grad or embeddings.weight is head.weight:
        return
    add_hook_to_module(embeddings, AlignDevicesHook(execution_device="cpu", io_same_device=True))


def fingerprint(config: ModelConfig) -> dict[str, str]:
    """Return hashes of everything of the model that is read, for the run folder."""
    found = {}
    if config.path is not None:
        place = folder(config.path)
        found["shape_and_vocabulary"] = base_fingerprint(place)
        found["weights"] = weights_fingerprint(place)
    else:
        found["init"] = hashlib.sha256(json.dumps(config.init, sort_keys=True).encode()).hexdigest()
    if config.tokenizer is not None and (resolve(config.tokenizer) / "tokenizer.json").is_file():
        found["tokenizer"] = sha256(resolve(config.tokenizer) / "tokenizer.json")
    if config.adapter is not None:
        found["adapter"] = weights_fingerprint(resolve(config.adapter))
    if config.template != template.OWN:
        found["template"] = hashlib.sha256(template.text(config.template).encode()).hexdigest()
    return found


def _sharded() -> bool:
    """Return whether FSDP or DeepSpeed places the weights itself."""
    return os.environ.get("ACCELERATE_USE_FSDP") == "true" or os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true"


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300].rstrip(".") + "."
