"""Model and adapter folders: is everything there, and do the two belong together? Needs no torch."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medllm_ros.engine.chat import EngineError

_log = logging.getLogger(__name__)

_WHOLE, _PART = 256 << 20, 1 << 20  # bytes: files hashed whole, and the pieces of larger ones
CARD = "medllm_adapter.json"  # written by training beside an adapter's weights
TEMPLATE = "chat_template.jinja"
_SHAPE = (  # the fields of config.json that decide whether an adapter fits
    "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "vocab_size",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A model folder, and perhaps an adapter folder, that were found complete."""

    model: Path
    adapter: Path | None
    template: str  # Jinja2 chat template
    quantised: bool  # the weights in the folder are quantised already


def check_folders(model_dir: str | Path, adapter_dir: str | Path | None, prompt_layout: int | None) -> ModelFolder:
    """Check both folders in milliseconds; raise :class:`EngineError` with a sentence for the first thing wrong.

    ``prompt_layout`` is the layout this robot writes; None leaves the adapter's layout unchecked.
    """
    if not str(model_dir):
        raise EngineError(
            "The local engine needs a model: set model_dir (parameter model, option --model) to a folder with "
            "config.json, tokenizer.json and *.safetensors, or choose the engine 'none'."
        )
    model = Path(model_dir).expanduser()
    config = _read_json(model, "config.json", "model")
    if not any(model.glob("*.safetensors")):
        raise EngineError(f"The model folder {model} has no *.safetensors. Copy the weights there.")
    if not any((model / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        raise EngineError(f"The model folder {model} has no tokenizer.json. Copy the model's tokenizer there.")
    adapter = Path(adapter_dir).expanduser() if adapter_dir and str(adapter_dir) else None
    if adapter is not None:
        _check_adapter(adapter, model, prompt_layout)
    template = _template([adapter, model] if adapter else [model])
    return ModelFolder(model=model, adapter=adapter, template=template, quantised="quantization_config" in config)


def base_fingerprint(model_dir: str | Path) -> str:
    """Return a SHA-256 over a model's shape and vocabulary: equal for every base on which the same adapter fits."""
    model = Path(model_dir)
    config = _read_json(model, "config.json", "model")
    digest = hashlib.sha256(json.dumps([config.get(key) for key in _SHAPE]).encode())
    tokenizer = model / "tokenizer.json"
    if tokenizer.is_file():
        vocabulary = json.loads(tokenizer.read_text("utf-8")).get("model", {}).get("vocab", {})
        digest.update(json.dumps(vocabulary, sort_keys=True).encode())
    return digest.hexdigest()


def weights_fingerprint(folder: str | Path) -> str:
    """Return a SHA-256 over the weights of a model or adapter; of files above 256 MiB over size, first and last MiB."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as stream:
            if size <= _WHOLE:
                digest.update(hashlib.file_digest(stream, "sha256").hexdigest().encode())
                continue
            digest.update(stream.read(_PART))
            stream.seek(size - _PART)
            digest.update(stream.read(_PART))
    return digest.hexdigest()


def write_card(adapter_dir: str | Path, model_dir: str | Path, prompt_layout: int) -> None:
    """Write the card by which an engine recognises the base and the prompt layout of an adapter."""
    card = {
        "prompt_layout": prompt_layout,
        "base_fingerprint": base_fingerprint(model_dir),
        "base_weights": weights_fingerprint(model_dir),
    }
    (Path(adapter_dir) / CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def adapter_kind(adapter_dir: Path) -> str:
    """Return the kind that an adapter's configuration names, as peft writes it: "LORA"."""
    return str(_read_json(adapter_dir, "adapter_config.json", "adapter").get("peft_type", ""))


def _check_adapter(adapter: Path, model: Path, prompt_layout: int | None) -> None:
    _read_json(adapter, "adapter_config.json", "adapter")
    if not (adapter / "adapter_model.safetensors").is_file():
        raise EngineError(f"The adapter folder {adapter} has no adapter_model.safetensors. Copy the adapter there.")
    if not (adapter / CARD).is_file():
        return
    card = _read_json(adapter, CARD, "adapter")
    layout, base = card.get("prompt_layout"), card.get("base_fingerprint")
    if layout is not None and prompt_layout is not None and layout != prompt_layout:
        raise EngineError(
            f"The adapter {adapter} was trained for prompt layout {layout}, and this robot writes layout "
            f"{prompt_layout}. Train it again with this version, or install the version it was made with."
        )
    if base is not None and base != base_fingerprint(model):
        raise EngineError(
            f"The adapter {adapter} was made for another base model than {model} (shape or vocabulary differ). "
            "Set model_dir to the base it was trained on, or leave the adapter out."
        )
    weights = card.get("base_weights")
    if weights is not None and weights != weights_fingerprint(model):  # a 4-bit copy of the base differs too, and fits
        _log.warning("The adapter %s was trained on other weights than those in %s; it may say worse.", adapter, model)


def _template(folders: list[Path]) -> str:
    for folder in folders:
        if (folder / TEMPLATE).is_file():
            return (folder / TEMPLATE).read_text("utf-8")
        if (folder / "tokenizer_config.json").is_file():
            template = _read_json(folder, "tokenizer_config.json", "model").get("chat_template")
            if isinstance(template, str) and template:
                return template
    raise EngineError(
        f"The model folder {folders[-1]} has no chat template. Put a {TEMPLATE} there, the one it was trained with."
    )


def _read_json(folder: Path, name: str, what: str) -> dict[str, Any]:
    path = folder / name
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        hint = f"There is no {what} in {folder}: {name} is missing. Put the {what}'s files there or correct the path."
        raise EngineError(hint) from None
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} cannot be read ({error}). Copy the {what} again.") from error
    if not isinstance(found, dict):
        raise EngineError(f"{path} is not a JSON object. Copy the {what} again.")
    return found
