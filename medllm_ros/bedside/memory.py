"""What the model is reminded of: the last turns as they were spoken, within a budget of tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.bedside.prompt import harmless


def estimate_tokens(text: str) -> int:
    """Return a cautious count where no tokenizer is at hand: 1.5 a Chinese character, 1 per 3 others."""
    wide = sum(1 for char in text if ord(char) >= 0x2E80)
    return int(wide * 1.5) + (len(text) - wide + 2) // 3


@dataclass
class _Turn:
    turn_id: int
    heard: str
    spoken: str
    tokens: int


class Memory:
    """Turns of one visit. The system prompt is not in it, so it can never be pushed out."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._turns: deque[_Turn] = deque()

    def heard(self, turn_id: int, text: str, tokens: int) -> None:
        """Remember what the patient said."""
        self._turns.append(_Turn(turn_id, text, "", tokens or estimate_tokens(text)))
        self._trim()

    def spoken(self, turn_id: int, text: str) -> None:
        """Add what was really spoken (not what was generated) to its turn."""
        for turn in self._turns:
            if turn.turn_id == turn_id:
                turn.spoken += text
                turn.tokens += estimate_tokens(text)
        self._trim()

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return the complete past turns, oldest first."""
        found: list[ChatMessage] = []
        for turn in self._turns:
            if turn.spoken:
                found += [ChatMessage(Role.USER, harmless(turn.heard)), ChatMessage(Role.ASSISTANT, turn.spoken)]
        return tuple(found)

    @property
    def tokens(self) -> int:
        """Return the tokens held."""
        return sum(turn.tokens for turn in self._turns)

    def wipe(self) -> None:
        """Forget everything."""
        self._turns.clear()

    def _trim(self) -> None:
        while self._turns and self.tokens > self._budget:
            self._turns.popleft()
