"""Muon for the matrices of the blocks, AdamW for everything else, as one optimizer.

Muon (Jordan et al. 2024) makes the update of a matrix orthogonal; its step is scaled as Liu et al. (2025, "Muon is
Scalable for LLM Training") do, so one learning rate fits both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class MuonBesideAdamW(torch.optim.Optimizer):
    """One step of both; their groups lie side by side, so a schedule sees them all."""

    def __init__(self, model: nn.Module, *, lr: float, betas: tuple[float, float], weight_decay: float) -> None:
        trained = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        matrices = [weight for name, weight in trained if weight.ndim == 2 and ".layers." in f".{name}"]
        known = set(map(id, matrices))
        others = [weight for _, weight in trained if id(weight) not in known]
        if not matrices or not others:
            raise ValueError("muon is for whole models: it needs matrices in blocks, and others beside them.")
        super().__init__([*matrices, *others], {"lr": lr})
        self._both = (
            torch.optim.Muon(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=lr, betas=betas, weight_decay=weight_decay, fused=True),
        )
        self._gather()

    def _gather(self) -> None:
        self.param_groups = [group for part in self._both for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take a step of both."""
        loss = closure() if closure else None
        for part in self._both:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both."""
        return {"muon": self._both[0].state_dict(), "adamw": self._both[1].state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of both."""
        for name, part in zip(("muon", "adamw"), self._both, strict=True):
            part.load_state_dict(state_dict[name])
        self._gather()
