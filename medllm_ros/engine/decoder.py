"""Greedy decoding, one token at a time; the prompt's beginning is kept between replies. Imports torch: load lazily."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from medllm_ros.engine.chat import EngineError, StopReason
from medllm_ros.engine.cited_fact import CitedFact

PREFILL_CHUNK = 256  # tokens read between two questions whether the reply is still wanted


class Decoder:
    """A model with a cache that always holds the keys and values of exactly ``self.ids``.

    A new prompt keeps the longest common beginning with the last one and reads only the rest. A favoured token gets
    ``bonus`` (logits).
    """

    def __init__(self, model: Any, device: torch.device, bonus: float = 0.0) -> None:
        self._model = model
        self._device = device
        self._bonus = bonus
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        known = inspect.signature(base.forward).parameters
        self._options = {"logits_to_keep": 1} if "logits_to_keep" in known else {}
        self.forget()

    def forget(self) -> None:
        """Drop the cache."""
        self.ids: list[int] = []
        self._cache = DynamicCache()

    def read(self, ids: Sequence[int], cancelled: Callable[[], bool]) -> int | None:
        """Read a prompt and return the most likely next token, or None where the reply was cancelled meanwhile."""
        self._keep(ids)
        token = None
        for start in range(len(self.ids), len(ids), PREFILL_CHUNK):
            if cancelled():
                return None
            token = self.step(ids[start : start + PREFILL_CHUNK])
        return token

    def reply(
        self, ids: Sequence[int], *, limit: int, stop: frozenset[int], cancelled: Callable[[], bool],
        cited: CitedFact | None = None,
    ) -> Iterator[int | StopReason]:
        """Yield at most ``limit`` tokens, then why it ended; a ``stop`` token is not yielded.

        ``cancelled`` is asked before every token. What ``cited`` favours gets the decoder's bonus.
        """
        token = self.read(ids, cancelled)
        for count in range(1, limit + 1):
            if token is None:
                break
            if token in stop:
                yield StopReason.COMPLETE
                return
            yield token
            if count == limit:
                yield StopReason.LENGTH
                return
            if cited is not None:
                cited.push(token)
            token = None if cancelled() else self.step([token], cited.favoured() if cited is not None else ())
        yield StopReason.CANCELLED

    def step(self, ids: Sequence[int], favoured: Sequence[int] = ()) -> int:
        """Append tokens to the cache and return the most likely next one, ``favoured`` ones with the bonus."""
        try:
            with torch.inference_mode():
                batch = torch.tensor([list(ids)], device=self._device)
                found = self._model(input_ids=batch, past_key_values=self._cache, use_cache=True, **self._options)
                logits = found.logits[0, -1]
                if favoured:
                    logits[list(favoured)] += self._bonus
                best = logits.argmax()
                finite, token = bool(torch.isfinite(logits[best])), int(best)
            if not finite:
                raise EngineError("The model computes no finite numbers; its weights are damaged. Copy it again.")
        except BaseException:
            self.forget()  # some layers may have taken the tokens and some not
            raise
        self.ids.extend(ids)
        return token

    def _keep(self, ids: Sequence[int]) -> None:
        common = 0
        for old, new in zip(self.ids, ids[:-1], strict=False):  # the last token is read again: its logits are needed
            if old != new:
                break
            common += 1
        surplus = len(self.ids) - common
        if surplus and not self._cache.is_croppable:  # sliding windows have forgotten what came before
            self.forget()
        elif surplus:
            self._cache.crop(-surplus)
            del self.ids[common:]
