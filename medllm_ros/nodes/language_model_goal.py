"""One goal of the language model node, from its acceptance to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from medllm_ros.engine.chat import ChatMessage


@dataclass(eq=False)
class Goal:
    """One accepted goal. ``accepted`` is seconds of the node's clock."""

    handle: Any
    messages: tuple[ChatMessage, ...]
    accepted: float
    ticket: int = 0  # the worker's epoch; 0 while it waits
    engine: str = ""
    text: str = ""
    pending: str = ""
    pending_tokens: int = 0
    flushed: float = 0.0
    batches: int = 0
    first_s: float = 0.0
    over: bool = False

    @property
    def request(self) -> Any:
        """Return what was asked for (``Generate.Goal``)."""
        return self.handle.request
