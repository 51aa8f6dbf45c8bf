"""From our configuration to transformers' and trl's arguments, in one place."""

from __future__ import annotations

import os
from typing import Any

import torch
import trl

from training.config import DpoConfig, Dtype, PretrainConfig, Schedule, SftConfig
from training.errors import TrainingError
from training.run_folder import RunFolder


def text_arguments(config: PretrainConfig | SftConfig, run: RunFolder, *, validate: bool) -> Any:
    """Return the arguments of a text trainer. Rows come tokenised, so trl neither cuts nor prepares them."""
    return trl.SFTConfig(
        max_length=None, dataset_kwargs={"skip_prepare_dataset": True}, **_common(config, run, validate=validate)
    )


def pair_arguments(config: DpoConfig, run: RunFolder, *, validate: bool, precompute: bool) -> Any:
    """Return the arguments of a pair trainer. ``precompute``: score with the starting model before training."""
    loss = config.dpo
    return trl.DPOConfig(
        max_length=None, beta=loss.beta, loss_type=list(loss.losses), loss_weights=list(loss.weights),
        label_smoothing=loss.label_smoothing, precompute_ref_log_probs=precompute,
        **_common(config, run, validate=validate),
    )  # fmt: skip


def _common(config: Any, run: RunFolder, *, validate: bool) -> dict[str, Any]:
    train = config.train
    cpu = not torch.cuda.is_available()
    if cpu and train.precision is Dtype.FP16:
        raise TrainingError("float16 arithmetic needs a GPU; set train.precision to bfloat16 or float32.")
    if cpu and train.optimizer.startswith("paged"):
        raise TrainingError("Paged optimizers page between GPU and CPU memory; without a GPU set train.optimizer.")
    if cpu and train.offload:
        raise TrainingError("There is no GPU whose memory could be spared; leave train.offload out.")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    return {
        "output_dir": str(run.checkpoints),
        "num_train_epochs": train.epochs,
        "max_steps": train.max_steps or -1,
        "per_device_train_batch_size": train.batch,
        "per_device_eval_batch_size": train.batch,
        "gradient_accumulation_steps": train.accumulate,
        "learning_rate": train.learning_rate,
        "optim": "adamw_torch_fused" if train.optimizer == "muon" else train.optimizer,
        "adam_beta1": train.betas[0],
        "adam_beta2": train.betas[1],
        "weight_decay": train.weight_decay,
        "lr_scheduler_type": "constant" if train.schedule is Schedule.BY_TIME else str(train.schedule),
        "warmup_steps": train.warmup,
        "max_grad_norm": train.max_grad_norm,
        "bf16": train.precision is Dtype.BF16,
        "fp16": train.precision is Dtype.FP16,
        "gradient_checkpointing": train.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False} if train.gradient_checkpointing else None,
        "activation_offloading": train.offload,
        "seed": train.seed,
        "data_seed": train.seed,
        "use_cpu": cpu,
        "save_strategy": "no",  # the keeper saves by the clock
        "save_total_limit": train.keep_checkpoints,
        "eval_strategy": "no" if not validate else "steps" if train.validate_steps else "epoch",
        "eval_steps": train.validate_steps,
        "logging_steps": train.log_steps,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,  # a loss that is no number must be seen
        "report_to": "none",  # TensorBoard is added with a folder of its own
        "remove_unused_columns": False,
        "dataloader_pin_memory": not cpu,
        "ddp_find_unused_parameters": False,
    }
