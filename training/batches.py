"""From rows to token ids with labels, from these to batches. -100 carries no loss, as everywhere in transformers.

Batches have no attention mask: padding stands on the right, where causal attention never looks, and packed rows are
told apart by positions that begin anew (transformers then masks each row from the others).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from trl.data_utils import pack_dataset

from medllm_ros.bedside.chat import ChatMessage, Role
from training.config import Batches, DataConfig, TextConfig
from training.data import ChatRow, Learn, PairRow, TextRow
from training.errors import TrainingError
from training.template import Turns, encode_all

IGNORED = -100


def chats(tokenizer: Any, rows: Sequence[ChatRow], config: DataConfig, *, pack: bool = True) -> Dataset:
    """Return conversations as ``input_ids``, ``labels`` and, where the prompt carries loss, ``weights``."""
    encoded = encode_all(tokenizer, [row.messages for row in rows])
    kept = _short_enough(rows, [len(turns.ids) for turns in encoded], config)
    columns: dict[str, list[Any]] = {"input_ids": [], "labels": []}
    if config.prompt_weight:
        columns["weights"] = []
    for place in kept:
        turns = _last_only(encoded[place]) if rows[place].learn is Learn.LAST else encoded[place]
        if not any(turns.answer):
            raise TrainingError(f"{rows[place].where}: no answer is left to learn from.")
        ids = turns.ids
        everything = config.prompt_weight > 0
        labels = [index if own or everything else IGNORED for index, own in zip(ids, turns.answer, strict=True)]
        columns["input_ids"].append(ids)
        columns["labels"].append([IGNORED, *labels[1:]])  # nothing comes before the first token
        if everything:
            columns["weights"].append([1.0 if own else config.prompt_weight for own in turns.answer])
    dataset = Dataset.from_dict(columns)
    if pack and config.batches is Batches.PACKED:
        return pack_dataset(dataset, config.max_tokens, "bfd")
    return dataset


def texts(tokenizer: Any, rows: Sequence[TextRow], config: TextConfig) -> Dataset:
    """Return plain text as blocks of at most ``max_tokens``; every text begins and ends with its token."""
    encoded = tokenizer(
        [row.text for row in rows], add_special_tokens=False, split_special_tokens=True, return_attention_mask=False
    )["input_ids"]
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    ids = [[*begin, *text, tokenizer.eos_token_id] for text in encoded]
    if config.batches == "packed":  # a text that is too long goes on in another block, as a text of its own
        size = config.max_tokens
        ids = [text[start : start + size] for text in ids for start in range(0, len(text), size)]
        labels = [[IGNORED, *text[1:]] for text in ids]
        return pack_dataset(Dataset.from_dict({"input_ids": ids, "labels": labels}), size, "bfd")
    return pack_dataset(Dataset.from_dict({"input_ids": ids, "labels": ids}), config.max_tokens, "wrapped")


def pairs(tokenizer: Any, rows: Sequence[PairRow], config: DataConfig) -> Dataset:
    """Return preferences as trl's DPO trainer takes them after its own tokenisation."""
    chosen = encode_all(tokenizer, [_answered(row, row.chosen) for row in rows])
    rejected = encode_all(tokenizer, [_answered(row, row.rejected) for row in rows])
    longest = [max(len(one.ids), len(other.ids)) for one, other in zip(chosen, rejected, strict=True)]
    columns: dict[str, list[Any]] = {"prompt_ids": [], "chosen_ids": [], "rejected_ids": []}
    for place in _short_enough(rows, longest, config):
        good, bad = _last_only(chosen[place]), _last_only(rejected[place])
        start = good.answer.index(True)
        if good.ids[:start] != bad.ids[: bad.answer.index(True)]:
            raise TrainingError(f"{rows[place].where}: the two answers do not follow the same prompt.")
        columns["prompt_ids"].append(good.ids[:start])
        columns["chosen_ids"].append([i for i, own in zip(good.ids, good.answer, strict=True) if own])
        columns["rejected_ids"].append([i for i, own in zip(bad.ids, bad.answer, strict=True) if own])
    return Dataset.from_dict(columns)


@dataclass(frozen=True)
class Collator:
    """Pads on the right. Gives ``input_ids``, ``labels``, ``position_ids`` [rows, tokens], and ``weights``.

    ``tokens`` is the number of tokens that are no padding, for measuring.
    """

    pad: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the batch."""
        width = max(len(row["input_ids"]) for row in rows)
        fill = {"input_ids": self.pad, "labels": IGNORED, "weights": 0.0}
        batch: dict[str, Any] = {
            name: torch.tensor([[*row[name], *[fill[name]] * (width - len(row[name]))] for row in rows])
            for name in fill
            if name in rows[0]
        }
        batch["position_ids"] = torch.stack([_positions(row, width) for row in rows])
        batch["tokens"] = sum(len(row["input_ids"]) for row in rows)
        return batch


def lengths(rows: Dataset) -> list[int]:
    """Return the tokens of each row, of a pair those of its longer side."""
    if "prompt_ids" not in rows.column_names:
        return [len(ids) for ids in rows["input_ids"]]
    sides = zip(rows["prompt_ids"], rows["chosen_ids"], rows["rejected_ids"], strict=True)
    return [len(prompt) + max(len(chosen), len(rejected)) for prompt, chosen, rejected in sides]


class ByLength(torch.utils.data.Sampler[int]):
    """Rows of like length in one batch, the batches in random order. Every epoch has an order of its own."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed = lengths, batch, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order; the data loader calls it, also where a run is gone on with."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self._seed} {self._epoch}")
        order = sorted(range(len(self._lengths)), key=lambda place: (self._lengths[place], draw.random()))
        rows = [order[start : start + self._batch] for start in range(0, len(order), self._batch)]
        last = [rows.pop()] if len(rows[-1]) < self._batch else []  # a short batch must be the last one
        draw.shuffle(rows)
        return iter([place for row in [*rows, *last] for place in row])


def _positions(row: dict[str, Any], width: int) -> torch.Tensor:
    lengths = row.get("seq_lengths") or [len(row["input_ids"])]
    parts = [torch.arange(length) for length in lengths[:-1]]
    parts.append(torch.arange(width - sum(lengths[:-1])))  # padding belongs to the last row
    return torch.cat(parts)


def _short_enough(rows: Sequence[Any], lengths: Sequence[int], config: DataConfig) -> list[int]:
    kept = [place for place, length in enumerate(lengths) if length <= config.max_tokens]
    long = [place for place, length in enumerate(lengths) if length > config.max_tokens]
    if long and config.too_long == "refuse":
        raise TrainingError(
            f"{rows[long[0]].where} has {lengths[long[0]]} tokens and data.max_tokens is {config.max_tokens} "
            f"({len(long)} of {len(rows)} rows are longer; the longest has {max(lengths)}). Raise data.max_tokens or "
            "set data.too_long: drop. Nothing is cut in silence."
        )
    if not kept:
        raise TrainingError(f"Every row is longer than data.max_tokens ({config.max_tokens}); raise it.")
    return kept


def _last_only(turns: Turns) -> Turns:
    end = max(place for place, own in enumerate(turns.answer) if own)
    start = end
    while start and turns.answer[start - 1]:
        start -= 1
    return Turns(turns.ids, [start <= place <= end for place in range(len(turns.ids))])


def _answered(row: PairRow, answer: str) -> tuple[ChatMessage, ...]:
    return (*row.prompt, ChatMessage(Role.ASSISTANT, answer))
