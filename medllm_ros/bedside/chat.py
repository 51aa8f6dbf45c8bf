"""Messages of the conversation with the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who a chat message comes from."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class ChatMessage:
    """One message of the conversation. ``content`` is quoted data and never becomes control tokens."""

    role: Role
    content: str
