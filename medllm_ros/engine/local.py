"""A language model on this machine: transformers, 4 bit or 16 bit, with an optional adapter."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from medllm_ros.bedside.prompt import shown_facts
from medllm_ros.engine.chat import (
    ChatMessage,
    ChatRequest,
    EngineError,
    Health,
    HealthLevel,
    ReplyEnd,
    StopReason,
    TextDelta,
)
from medllm_ros.engine.cited_fact import BONUS, Alike, CitedFact
from medllm_ros.engine.detokeniser import Detokeniser
from medllm_ros.engine.folders import ModelFolder, check_folders
from medllm_ros.engine.prompt_tokens import PromptEncoder
from medllm_ros.engine.weights import Loaded, Quantisation, load_weights, out_of_memory

if TYPE_CHECKING:
    from medllm_ros.engine.decoder import Decoder

_log = logging.getLogger(__name__)
_Part = TypeVar("_Part")


class LocalEngine:
    """Any causal language model folder of transformers, on the GPU or the CPU. Greedy, so the same words every time.

    Only local files are read. ``max_context`` bounds prompt and reply together, in tokens. Where ``config.json`` has a
    ``cited_fact_bonus`` (logits), the words of a cited fact are favoured by it (see :mod:`cited_fact`).
    """

    name = "local"

    def __init__(
        self,
        model_dir: str | Path,
        adapter_dir: str | Path | None = None,
        *,
        device: str = "auto",
        quantisation: Quantisation | str = Quantisation.AUTO,
        max_context: int = 2048,
        prompt_layout: int | None = None,
    ) -> None:
        try:
            self._quantisation = Quantisation(quantisation)
        except ValueError:
            allowed = ", ".join(Quantisation)
            raise EngineError(f"There is no quantisation {quantisation!r}; choose one of {allowed}.") from None
        if max_context < 16:
            raise EngineError(f"max_context is {max_context}; it must be at least 16 tokens.")
        self._model_dir, self._adapter_dir, self._device = model_dir, adapter_dir, device
        self._prompt_layout = prompt_layout
        self._context = max_context
        self._loaded: Loaded | None = None
        self._decoder: Decoder | None = None
        self._encoder: PromptEncoder | None = None
        self._alike: Alike | None = None
        self._stop: frozenset[int] = frozenset()
        self._speed = 0.0  # tokens per second of the last reply
        self._health = Health(level=HealthLevel.LOADING, message="The model is not loaded yet.")

    def check(self) -> ModelFolder:
        """Look at the files only, in milliseconds; raise :class:`EngineError` where something is missing."""
        return check_folders(self._model_dir, self._adapter_dir, self._prompt_layout)

    def load(self) -> None:
        """Load the model and read one token, so that the first patient does not wait for it."""
        self.close()
        try:
            loaded = load_weights(self.check(), self._device, self._quantisation)
            from medllm_ros.engine.decoder import Decoder  # imports torch

            bonus = float(getattr(loaded.model.config, BONUS, 0.0))
            self._alike = Alike(loaded.tokenizer) if bonus else None
            decoder = Decoder(loaded.model, loaded.device, bonus)
            encoder = PromptEncoder(loaded.tokenizer)
            self._stop = _stop_tokens(loaded)
            limit = getattr(loaded.model.config, "max_position_embeddings", None)
            self._context = min(self._context, limit or self._context)
            self._loaded, self._encoder, self._decoder = loaded, encoder, decoder
            with self._failures():
                decoder.step([next(iter(self._stop), 0)])
            decoder.forget()
        except EngineError as error:
            self.close()
            self._set_health(HealthLevel.ERROR, str(error))
            raise
        self._set_health(HealthLevel.OK, f"Ready: {loaded.description}.")

    def close(self) -> None:
        """Free the memory."""
        was_loaded = self._loaded is not None
        self._loaded = self._decoder = self._encoder = self._alike = None
        if was_loaded:
            gc.collect()
            _empty_gpu_cache()
        self._set_health(HealthLevel.LOADING, "The model is not loaded.")

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of ``text``."""
        return self._need(self._encoder).count(text)

    def prepare(self, messages: tuple[ChatMessage, ...]) -> int:
        """Read the beginning of a coming prompt; the next prompt that begins with it starts sooner."""
        ids = self._encode(messages, reply=False)
        with self._failures():
            self._need(self._decoder).read(ids, lambda: False)
        return len(ids)

    def stream(self, request: ChatRequest, cancelled: Callable[[], bool]) -> Iterator[TextDelta | ReplyEnd]:
        """Yield the reply as it is written. Raises :class:`EngineError`; after a failure of the model load it again."""
        start = time.perf_counter()
        ids = self._encode(request.messages, reply=True)
        room = max(1, min(request.max_new_tokens, self._context - len(ids)))
        decoder, tokenizer = self._need(self._decoder), self._need(self._loaded).tokenizer
        text = Detokeniser(lambda shown: str(tokenizer.decode(list(shown), skip_special_tokens=True)))
        count = waiting = 0
        first_s = 0.0
        cited = CitedFact(self._alike, shown_facts(request.messages[-1])) if self._alike else None
        tokens = decoder.reply(ids, limit=room, stop=self._stop, cancelled=cancelled, cited=cited)
        while True:
            with self._failures():
                token = next(tokens)
            if isinstance(token, StopReason):
                break
            count, waiting = count + 1, waiting + 1
            first_s = first_s or time.perf_counter() - start
            if piece := text.push(token):
                yield TextDelta(piece, waiting)
                waiting = 0
        if piece := text.flush():
            yield TextDelta(piece, waiting)
        total_s = time.perf_counter() - start
        self._measure(count, total_s - first_s)
        yield ReplyEnd(
            reason=token, prompt_tokens=len(ids), completion_tokens=count, first_token_s=first_s, total_s=total_s
        )

    def health(self) -> Health:
        """Return the present state; may be called from any thread."""
        return self._health

    def _encode(self, messages: tuple[ChatMessage, ...], *, reply: bool) -> list[int]:
        ids = self._need(self._encoder).encode(messages, reply=reply)
        if len(ids) >= self._context:
            raise EngineError(
                f"The prompt has {len(ids)} tokens and leaves no room for a reply in {self._context}. Shorten the "
                "memory or raise max_context."
            )
        return ids

    def _need(self, part: _Part | None) -> _Part:
        if part is None:
            raise EngineError("The model is not loaded. Call load() first.")
        return part

    def _measure(self, tokens: int, seconds: float) -> None:
        if tokens > 1 and seconds > 0:
            self._speed = (tokens - 1) / seconds
            self._set_health(self._health.level, self._health.message)

    def _set_health(self, level: HealthLevel, message: str) -> None:
        memory = _memory_bytes(self._loaded) if self._loaded else 0
        self._health = Health(level=level, message=message, memory_bytes=memory, tokens_per_second=self._speed)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what a model may raise into an EngineError; the engine is then in ERROR until it is loaded again."""
        try:
            yield
        except RuntimeError as error:  # torch.OutOfMemoryError and CUDA errors are RuntimeErrors too
            sentence = f"The model failed: {' '.join(str(error).split())[:300]}"
            if isinstance(error, EngineError):
                sentence = str(error)
            elif type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error):
                sentence = out_of_memory(str(self._loaded.device) if self._loaded else self._device)
                _empty_gpu_cache()
            _log.error("%s", sentence, exc_info=True)
            self._set_health(HealthLevel.ERROR, sentence)
            raise EngineError(sentence) from error


def _stop_tokens(loaded: Loaded) -> frozenset[int]:
    """Return the ids that end a reply: the model's and the tokenizer's."""
    configured = getattr(loaded.model, "generation_config", None)
    found = getattr(configured, "eos_token_id", None)
    ids = set(found if isinstance(found, list) else [found]) | {loaded.tokenizer.eos_token_id}
    return frozenset(int(index) for index in ids if index is not None)


def _memory_bytes(loaded: Loaded) -> int:
    if loaded.device.type == "cuda":
        import torch

        return int(torch.cuda.memory_allocated(loaded.device))
    return int(loaded.model.get_memory_footprint())


def _empty_gpu_cache() -> None:
    import torch

    with suppress(RuntimeError):  # a GPU that failed refuses this too, and the first error says more
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
