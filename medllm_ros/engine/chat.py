"""The one protocol that every language model speaks on the robot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from medllm_ros.bedside.chat import ChatMessage, Role

__all__ = [
    "ChatEngine", "ChatMessage", "ChatRequest", "EngineError", "Health", "HealthLevel", "ReplyEnd", "Role",
    "StopReason", "TextDelta",
]  # fmt: skip


class EngineError(RuntimeError):
    """An engine that cannot answer; the message says what to do and is never spoken to a patient."""


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """One reply wanted. ``approved`` is the approved wording with its citations, one sentence an item."""

    request_id: str
    messages: tuple[ChatMessage, ...]
    approved: tuple[str, ...] = ()
    max_new_tokens: int = 160


@dataclass(frozen=True)
class TextDelta:
    """A piece of the reply as it is written; ``tokens`` counts the new tokens in it."""

    text: str
    tokens: int = 1


class StopReason(StrEnum):
    """Why a reply ended."""

    COMPLETE = "complete"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class ReplyEnd:
    """Always the last item of a stream. Times are seconds since the call."""

    reason: StopReason
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    total_s: float


class HealthLevel(StrEnum):
    """State of an engine as diagnostics show it."""

    OK = "ok"
    LOADING = "loading"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Health:
    """What an engine says of itself. Memory in bytes, 0 where unknown."""

    level: HealthLevel
    message: str
    memory_bytes: int = 0
    tokens_per_second: float = 0.0


@runtime_checkable
class ChatEngine(Protocol):
    """A language model. Not thread-safe: one worker thread owns it (``health`` may be called from any)."""

    name: str  # "none", "local", "server"

    def load(self) -> None:
        """Bring the model into memory; raise :class:`EngineError` with a sentence where it cannot."""

    def close(self) -> None:
        """Free the memory. May be called twice."""

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of ``text``."""

    def prepare(self, messages: tuple[ChatMessage, ...]) -> int:
        """Pre-compute the prompt of a coming visit; return its length in tokens."""

    def stream(self, request: ChatRequest, cancelled: Callable[[], bool]) -> Iterator[TextDelta | ReplyEnd]:
        """Yield the reply as it is written, then one :class:`ReplyEnd`. ``cancelled`` is asked before every token."""

    def health(self) -> Health:
        """Return the present state without blocking."""
