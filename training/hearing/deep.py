"""The deep part of a net: what the vector of the whole sentence says beside its n-grams, fitted together with them.

"Wide and deep" (Cheng et al. 2016): a linear model that remembers single n-grams and a small net over a dense vector
that carries over to other words are added before the softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track
from torch import nn
from torch.nn import functional

from medllm_ros.safety.sentence_vector import DIMENSIONS, sentence_vectors

HIDDEN = 256  # units of one fit
EPOCHS, BATCH = 12, 128
DROPOUT, WEIGHT_DECAY = 0.3, 0.01
STEP, WIDE_STEP = 2e-3, 1e-2  # learning rates; an n-gram is seen seldom
UNIT = DIMENSIONS**0.5  # a vector of length 1, stretched until its numbers are about 1
_READ: dict[str, npt.NDArray[np.float32]] = {}


class WideAndDeep(nn.Module):
    """Logits (n, labels) of sparse n-gram values and of sentence vectors (n, 512)."""

    def __init__(self, features: int, labels: int) -> None:
        super().__init__()
        self.wide = nn.EmbeddingBag(features, labels, mode="sum")
        nn.init.zeros_(self.wide.weight)
        self.hidden = nn.Linear(DIMENSIONS, HIDDEN)
        self.out = nn.Linear(HIDDEN, labels)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, values: Any, vectors: torch.Tensor) -> torch.Tensor:
        """Return the logits; ``values`` is a SciPy CSR matrix with as many rows as ``vectors``."""
        indices, starts = torch.from_numpy(values.indices).long(), torch.from_numpy(values.indptr[:-1]).long()
        wide = self.wide(indices, starts, per_sample_weights=torch.from_numpy(values.data).float())
        return torch.as_tensor(wide + self.out(self.dropout(functional.relu(self.hidden(vectors)))))


def vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the vector of each text, shape (n, 512), about 1 in size; each different text is read once a process."""
    new = [text for text in dict.fromkeys(texts) if text not in _READ]
    for start in track(range(0, len(new), BATCH), "sentence vectors", transient=True):
        some = new[start : start + BATCH]
        _READ.update(zip(some, sentence_vectors(some), strict=True))
    return np.stack([_READ[text] for text in texts]) * np.float32(UNIT)


def fit(values: Any, texts: Sequence[str], wanted: npt.NDArray[np.int64], weights: npt.NDArray[np.float64],
        *, seed: int = 0, rounds: int = 3) -> list[WideAndDeep]:  # fmt: skip
    """Return ``rounds`` fitted nets, which differ in where they began.

    ``values``: CSR matrix (n, features); ``wanted``: places of the labels, shape (n,); ``weights``: what each sample
    counts, shape (n,).
    """
    dense, target = torch.from_numpy(vectors(texts)), torch.from_numpy(wanted)
    counts = torch.from_numpy(weights).float()
    return [_once(values, dense, target, counts, seed + turn) for turn in range(rounds)]


def _once(values: Any, dense: torch.Tensor, target: torch.Tensor, counts: torch.Tensor, seed: int) -> WideAndDeep:
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    net = WideAndDeep(values.shape[1], int(target.max()) + 1)
    deep = [*net.hidden.parameters(), *net.out.parameters()]
    groups = [
        {"params": [net.wide.weight], "lr": WIDE_STEP},
        {"params": deep, "lr": STEP, "weight_decay": WEIGHT_DECAY},
    ]
    optimizer = torch.optim.AdamW(groups)
    batches = -(-len(target) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [WIDE_STEP, STEP], total_steps=EPOCHS * batches)
    for _ in track(range(EPOCHS), f"wide and deep, seed {seed}", transient=True):
        order = draw.permutation(len(target))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            losses = functional.cross_entropy(net(values[rows], dense[rows]), target[rows], reduction="none")
            optimizer.zero_grad()
            (losses * counts[rows]).mean().backward()
            optimizer.step()
            schedule.step()
    return net.eval()
