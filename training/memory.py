"""How much memory a run will need, said before anything is loaded. All numbers in bytes; an estimate, rounded up.

weights       parameters x bytes; in NF4 half a byte and 0.127 bit of scales a parameter, embeddings and head in 16 bit
gradients     trained parameters x their bytes
optimizer     two moments a trained parameter: 4 bytes each, 1 byte in 8 bit
activations   what a forward pass keeps for the way back: with gradient checkpointing the input of every block and the
              inside of one; without it the inside of all
offload       takes the input embeddings away, and the inputs of the blocks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from training.config import Dtype, FullMethod, LoraMethod, PrefixMethod, TrainingConfig
from training.errors import TrainingError
from training.methods import Method

GIB = 1 << 30
_BYTES = {Dtype.FLOAT32: 4, Dtype.BF16: 2, Dtype.FP16: 2}
_NF4 = 0.5 + 0.127 / 8
_RESERVE = GIB // 2  # of the library, the allocator and the kernels


@dataclass(frozen=True)
class Estimate:
    """Where the memory goes."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    trained: int  # parameters, not bytes

    @property
    def total(self) -> int:
        """Return the sum."""
        return self.weights + self.gradients + self.optimizer + self.activations + _RESERVE


def estimate(config: TrainingConfig, shape: Any) -> Estimate:
    """Return the estimate for a stage on a model of transformers' configuration ``shape``."""
    import transformers

    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(shape)
    parameters = sum(tensor.numel() for tensor in model.parameters())
    head = getattr(model.get_output_embeddings(), "weight", None)
    linear = {
        name: module for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.weight is not head
    }  # fmt: skip
    in_linear = sum(module.weight.numel() for module in linear.values())
    bytes_each = _BYTES[config.model.dtype]
    weights = parameters * bytes_each
    if config.method.four_bit:
        weights = int((parameters - in_linear) * bytes_each + in_linear * _NF4)
    embeddings = model.get_input_embeddings().weight
    if config.train.offload and config.method.kind is not Method.FULL and embeddings is not head:
        weights -= embeddings.numel() * bytes_each
    trained = _trained(config, shape, linear, parameters)
    trained_bytes = 4 if config.method.kind is not Method.FULL and not config.method.four_bit else bytes_each
    moment = 1 if "8bit" in config.train.optimizer else 4
    if config.method.kind is not Method.FULL:
        weights += trained * trained_bytes
    return Estimate(
        weights=int(weights),
        gradients=trained * trained_bytes,
        optimizer=0 if config.train.optimizer == "adafactor" else 2 * moment * trained,
        activations=_activations(config, shape),
        trained=trained,
    )


def check(config: TrainingConfig, shape: Any) -> Estimate:
    """Return the estimate; raise :class:`TrainingError` where less is free than it says."""
    found = estimate(config, shape)
    free, where = available()
    if found.total > free:
        raise TrainingError(
            f"The run needs about {found.total / GIB:.1f} GiB (weights {found.weights / GIB:.1f}, gradients "
            f"{found.gradients / GIB:.1f}, optimizer {found.optimizer / GIB:.1f}, activations "
            f"{found.activations / GIB:.1f}), and {free / GIB:.1f} GiB are free on {where}. "
            "Lower train.batch or data.max_tokens, set train.gradient_checkpointing or train.offload, take the "
            "optimizer paged_adamw_8bit or the method qlora; train.check_memory: false tries anyway."
        )
    return found


def available() -> tuple[int, str]:
    """Return the free memory of the device that is trained on, in bytes, and its name."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0]), torch.cuda.get_device_name()
    import psutil

    return int(psutil.virtual_memory().available), "this machine"


def peak() -> int:
    """Return the highest memory use of this process so far, on the device that is trained on."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB


def _trained(config: TrainingConfig, shape: Any, linear: dict[str, Any], parameters: int) -> int:
    method = config.method
    if isinstance(method, FullMethod):
        return parameters
    if isinstance(method, LoraMethod):
        chosen = [
            module for name, module in linear.items()
            if method.targets == "all-linear" or name.rpartition(".")[2] in method.targets
        ]  # fmt: skip
        return sum(method.r * (module.in_features + module.out_features) for module in chosen)
    if isinstance(method, PrefixMethod):
        heads = getattr(shape, "num_key_value_heads", None) or shape.num_attention_heads
        size = getattr(shape, "head_dim", None) or shape.hidden_size // shape.num_attention_heads
        return int(method.tokens * 2 * shape.num_hidden_layers * heads * size)
    return int(2 * shape.num_hidden_layers * (2 * shape.hidden_size * method.size + method.size + shape.hidden_size))


def _activations(config: TrainingConfig, shape: Any) -> int:
    rows = config.train.batch * (2 if str(config.stage) == "dpo" else 1)  # chosen and rejected together
    tokens = rows * config.data.max_tokens
    inner = getattr(shape, "intermediate_size", None) or 4 * shape.hidden_size
    # Kept of one block, in numbers a token: inputs of the norms and projections, queries to attention's result (about
    # 10 x hidden), gate, up, their product and the activation (4 x inner).
    block = 10 * shape.hidden_size + 4 * inner
    each = _BYTES[config.train.precision]
    if config.train.gradient_checkpointing:
        kept = block if config.train.offload else shape.num_hidden_layers * shape.hidden_size + block
    else:
        kept = shape.num_hidden_layers * block
    head = 2 * tokens * shape.hidden_size * 4  # the head's gradient is summed in float32; logits never stand as a whole
    square = rows * shape.num_attention_heads * config.data.max_tokens**2 * 8
    scores = square if config.model.attention == "eager" else 0
    return int(tokens * kept * each + head + scores)
