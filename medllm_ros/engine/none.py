"""The engine without a model: it says the approved wording."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from medllm_ros.engine.chat import ChatMessage, ChatRequest, Health, HealthLevel, ReplyEnd, StopReason, TextDelta


class ApprovedEngine:
    """Stream the request's approved sentences, one a line. Needs no memory and cannot fail."""

    name = "none"

    def load(self) -> None:
        """Do nothing: there is nothing to load."""

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def count_tokens(self, text: str) -> int:
        """Return a cautious estimate: one token per character outside ASCII, one per four characters inside."""
        ascii_chars = sum(char.isascii() for char in text)
        return len(text) - ascii_chars + -(-ascii_chars // 4)

    def prepare(self, messages: tuple[ChatMessage, ...]) -> int:
        """Return the length of the prompt; there is nothing to pre-compute."""
        return sum(self.count_tokens(message.content) for message in messages)

    def stream(self, request: ChatRequest, cancelled: Callable[[], bool]) -> Iterator[TextDelta | ReplyEnd]:
        """Yield one approved sentence at a time. ``cancelled`` is asked before every sentence."""
        start = time.perf_counter()
        first_s, tokens, reason = 0.0, 0, StopReason.COMPLETE
        for index, sentence in enumerate(request.approved):
            if cancelled():
                reason = StopReason.CANCELLED
                break
            count = self.count_tokens(sentence)
            tokens += count
            first_s = first_s or time.perf_counter() - start
            yield TextDelta(sentence if index == 0 else f"\n{sentence}", count)
        yield ReplyEnd(
            reason=reason, prompt_tokens=self.prepare(request.messages), completion_tokens=tokens,
            first_token_s=first_s, total_s=time.perf_counter() - start,
        )  # fmt: skip

    def health(self) -> Health:
        """Return OK."""
        return Health(level=HealthLevel.OK, message="The robot speaks approved wording only.")
