"""Bottleneck adapters after Houlsby et al. (2019), "Parameter-Efficient Transfer Learning for NLP", ICML.

In every block two small layers, one on what attention gives back and one on what the MLP gives back, each before the
residual sum: ``h + up(activation(down(h)))``. ``up`` begins at zero, so a fresh adapter changes nothing.

Saved in the layout that peft uses (``adapter_config.json``, ``adapter_model.safetensors``). Needs torch and
safetensors alone (load lazily); works by forward hooks, so the base may be held in 4 bit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from medllm_ros.engine.chat import EngineError

KIND = "BOTTLENECK"
TARGETS = ("self_attn.o_proj", "mlp.down_proj")  # the last layer of each half of a Llama-, Qwen- or GLM-shaped block
_ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
_NAME = "bottleneck"  # of the module that hangs on a target


@dataclass(frozen=True)
class Shape:
    """What an adapter's layers look like."""

    size: int
    activation: str
    targets: tuple[str, ...] = TARGETS


class Bottleneck(nn.Module):
    """``[..., hidden] -> [..., hidden]``. Computes in its weights' number type and answers in the input's."""

    def __init__(self, hidden: int, shape: Shape) -> None:
        super().__init__()
        self.down = nn.Linear(hidden, shape.size)
        self.act = _ACTIVATIONS[shape.activation]()
        self.up = nn.Linear(shape.size, hidden)
        nn.init.normal_(self.down.weight, std=0.02)
        for tensor in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(tensor)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the input plus what the layer adds."""
        inner = hidden if torch.is_autocast_enabled(hidden.device.type) else hidden.to(self.down.weight.dtype)
        return hidden + self.up(self.act(self.down(inner))).to(hidden.dtype)


def attach(model: Any, *, size: int, activation: str = "gelu", targets: tuple[str, ...] = TARGETS) -> Any:
    """Hang fresh, trainable layers on the model and return it. Its own weights stay as they are, frozen."""
    shape = Shape(size, activation, tuple(targets))
    model.requires_grad_(False)
    places = [module for name, module in model.named_modules() if name.endswith(shape.targets)]
    if not places:
        raise EngineError(f"The model has no layer {' or '.join(shape.targets)} on which a bottleneck could hang.")
    for module in places:
        layer = Bottleneck(int(module.out_features), shape).to(_device(module))
        module.add_module(_NAME, layer)
        module.register_forward_hook(_adapted)
    model.bottleneck_shape = shape
    if hasattr(model, "enable_input_require_grads"):
        model.enable_input_require_grads()  # else gradient checkpointing finds nothing to compute
    model._hf_peft_config_loaded = bool(getattr(model, "is_quantized", False))  # lets transformers train on NF4
    return model


def is_attached(model: Any) -> bool:
    """Return whether the model carries bottleneck layers."""
    return isinstance(getattr(model, "bottleneck_shape", None), Shape)


def weights(model: Any) -> dict[str, torch.Tensor]:
    """Return the adapter's tensors by their names in the model."""
    found = {name: value for name, value in model.named_parameters() if f".{_NAME}." in name}
    return {name: value.detach().to("cpu").contiguous() for name, value in found.items()}


def save(model: Any, folder: Path) -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors``."""
    shape = model.bottleneck_shape
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "peft_type": KIND, "task_type": "CAUSAL_LM", "size": shape.size, "activation": shape.activation,
        "targets": list(shape.targets), "base_model_name_or_path": str(getattr(model, "name_or_path", "")),
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    save_file(weights(model), folder / "adapter_model.safetensors", metadata={"format": "pt"})


def load(model: Any, folder: Path, *, trainable: bool = False) -> Any:
    """Hang a saved adapter on the model; raise :class:`EngineError` where it does not fit."""
    content = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    attach(
        model, size=int(content["size"]), activation=str(content["activation"]), targets=tuple(content["targets"])
    )
    restore(model, folder)
    for name, value in model.named_parameters():
        if f".{_NAME}." in name:
            value.requires_grad_(trainable)
    return model


def restore(model: Any, folder: Path) -> None:
    """Fill the layers that hang on the model from a folder."""
    saved = load_file(folder / "adapter_model.safetensors")
    own = {name: value for name, value in model.named_parameters() if f".{_NAME}." in name}
    if {name: value.shape for name, value in saved.items()} != {name: value.shape for name, value in own.items()}:
        raise EngineError(f"The adapter {folder} does not fit the model. Name the base that it was trained on.")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(saved[name])


def _adapted(module: nn.Module, _inputs: Any, output: torch.Tensor) -> Any:
    return getattr(module, _NAME)(output)


def _device(module: nn.Module) -> torch.device:
    return next(module.parameters()).device
