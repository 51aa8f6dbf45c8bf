"""trl's trainers with what our runs need: counted tokens, saved bottlenecks, a clock as schedule, no telemetry."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import trl
from trl.kernels import chunked_logprob
from trl.trainer import utils as trl_utils

from medllm_ros.engine import bottleneck
from training.batches import ByLength, lengths
from training.config import Batches, Schedule, TrainConfig
from training.errors import TrainingError
from training.keeper import Meter
from training.muon import MuonBesideAdamW

# Logits are computed and thrown away in pieces of so many tokens; on a CPU a piece should stay in its cache.
_CPU_PIECE = 256
# trl scores only the tokens that carry loss on a GPU, but all of them elsewhere, for compilers that want fixed shapes.
# On a CPU that is most of the head's work on a prompt that nobody learns. The numbers are the same; a test holds them.
trl_utils._use_triton = lambda device: device.type in ("cuda", "xpu", "cpu")
if not torch.cuda.is_available():
    chunked_logprob.TOKEN_CHUNK_SIZE = _CPU_PIECE


class _Ours:
    """What both trainers share; comes before trl's class."""

    meter: Meter
    train_config: TrainConfig
    batches: Batches | str = Batches.SHUFFLED

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Count, then train."""
        tokens = inputs.pop("tokens", None)
        mask = inputs.get("attention_mask")
        ids = inputs["input_ids"]
        self.meter.tokens += int(tokens if tokens is not None else mask.sum() if mask is not None else ids.numel())
        self.meter.padded += ids.numel()
        return super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log the speed beside the loss."""
        if "loss" in logs:
            logs["tokens_per_second"] = self.meter.since_last()
        super().log(logs, *args, **kwargs)  # type: ignore[misc]

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        dataset = self.train_dataset if train_dataset is None else train_dataset  # type: ignore[attr-defined]
        if self.batches is not Batches.BY_LENGTH:
            return super()._get_train_sampler(dataset)  # type: ignore[misc]
        args = self.args  # type: ignore[attr-defined]
        rows = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        return ByLength(lengths(dataset), rows, args.seed)

    def create_optimizer(self, model: Any = None) -> Any:
        """Return transformers' optimizer, or Muon, which it does not know."""
        if self.train_config.optimizer != "muon" or self.optimizer is not None:  # type: ignore[has-type]
            return super().create_optimizer(model)  # type: ignore[misc]
        train = self.train_config
        self.optimizer = MuonBesideAdamW(
            model or self.model,  # type: ignore[attr-defined]
            lr=train.learning_rate, betas=train.betas, weight_decay=train.weight_decay,
        )  # fmt: skip
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Return transformers' schedule, or one by the clock."""
        if self.train_config.schedule is not Schedule.BY_TIME or self.lr_scheduler is not None:  # type: ignore[has-type]
            return super().create_scheduler(num_training_steps, optimizer)  # type: ignore[misc]
        warmup = self.args.get_warmup_steps(num_training_steps)  # type: ignore[attr-defined]
        minutes = self.train_config.max_minutes or 1

        def factor(step: int) -> float:
            left = max(0.0, 1 - self.meter.elapsed / (minutes * 60))
            return min(left, step / warmup) if step < warmup else left

        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)  # type: ignore[attr-defined]
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if bottleneck.is_attached(self.model):  # type: ignore[attr-defined]
            bottleneck.save(self.model, Path(output_dir or self.args.output_dir))  # type: ignore[attr-defined]
            return
        super()._save(output_dir, state_dict)  # type: ignore[misc]

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if bottleneck.is_attached(self.model):  # type: ignore[attr-defined]
            bottleneck.restore(self.model, Path(resume_from_checkpoint))  # type: ignore[attr-defined]
            return
        super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]

    def create_model_card(self, *_args: Any, **_kwargs: Any) -> None:
        """Leave it to the run folder, whose card says more."""

    def _send_telemetry(self) -> None:
        """Tell nobody that a hospital trains."""


class TextTrainer(_Ours, trl.SFTTrainer):
    """Loss on the labelled tokens; weighted where the batch brings ``weights``."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return trl's loss, or the weighted mean of the tokens' losses."""
        inputs.pop("tokens", None)
        weights = inputs.pop("weights", None)
        if weights is None:
            found = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            if self.model.training:
                self._metrics["train"]["num_tokens"] = [self.meter.tokens]  # trl counts one row of the batch
            return found
        shifted = weights[:, 1:]
        outputs = model(**inputs, use_cache=False, fused_lm_head=True)
        total = shifted[inputs["labels"][:, 1:] != -100].sum() if num_items_in_batch is None else num_items_in_batch
        loss = -(outputs.log_probs * shifted).sum() / total
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:
        if not batch_samples or "weights" not in batch_samples[0]:
            return super()._get_num_items_in_batch(batch_samples, device)
        total = sum(
            batch["weights"][:, 1:][batch["labels"][:, 1:] != -100].sum() for batch in batch_samples
        ).to(device)
        return self.accelerator.gather(total).sum() if self.args.world_size > 1 else total


class PairTrainer(_Ours, trl.DPOTrainer):
    """DPO that makes sure, at its first batch, that the reference is the model it starts from."""

    _begun = False

    def _prepare_dataset(self, dataset: Any, *_args: Any, **_kwargs: Any) -> Any:
        return dataset  # encoded by training.batches, as the robot encodes

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Return trl's loss."""
        found = super().compute_loss(model, inputs, *args, **kwargs)
        if not self._begun and self.model.training and self.state.global_step == 0:
            self._begun = True
            self._check_start(found[0] if isinstance(found, tuple) else found)
        return found

    def _check_start(self, loss: torch.Tensor) -> None:
        """Raise where the rewards of the first batch are not 0, or its loss not ln 2.

        The reference is the starting model exactly when both give the same log-probabilities.
        """
        rewards = [abs(self._metrics["train"][f"rewards/{side}"][-1]) for side in ("chosen", "rejected")]
        tolerance = 0.02 if self.args.bf16 or self.args.fp16 else 1e-3  # another batch's padding rounds otherwise
        wrong = max(rewards) > tolerance
        if self.loss_types == ["sigmoid"]:
            wrong = wrong or abs(float(loss.detach()) - math.log(2)) > tolerance
        if wrong:
            raise TrainingError(
                f"DPO does not start where its reference stands (loss {loss.item():.4f} instead of ln 2, rewards "
                f"{rewards[0]:.4f} and {rewards[1]:.4f} instead of 0). The reference is not the model that is trained."
            )
