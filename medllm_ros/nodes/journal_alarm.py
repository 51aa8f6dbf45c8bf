"""The node's own call to staff while its journal fails. It needs no visit and no journal."""

from __future__ import annotations

from collections.abc import Callable

from medllm_ros.bedside.context import SessionConfig
from medllm_ros.nodes.bedside_effects import EffectPublisher

REPEAT_S = SessionConfig().alert_repeat_s  # as for every call; the last step goes on


def journal_alert(robot_id: str) -> str:
    """Return the id of the alert that the node raises itself while its journal cannot be written."""
    return f"{robot_id}-journal"


class JournalAlarm:
    """Calls once and again until somebody acknowledges or the cause is gone; an acknowledged call stays quiet.

    ``clock`` returns seconds. The acknowledgement is a closed alert in ``effects``.
    """

    def __init__(self, effects: EffectPublisher, robot_id: str, clock: Callable[[], float]) -> None:
        self._effects = effects
        self._alert_id = journal_alert(robot_id)
        self._clock = clock
        self._reason = ""
        self._due = 0.0
        self._calls = 0

    def call(self, reason: str) -> None:
        """Call staff; ``reason`` is a key and a sentence. The same reason again changes nothing."""
        if reason != self._reason:
            self._reason, self._calls = reason, 0
            self._raise()

    def repeat(self) -> None:
        """Call again where that is due and nobody has acknowledged. To be called every few seconds."""
        if self._reason and self._open and self._clock() >= self._due:
            self._raise()

    def clear(self) -> None:
        """Take the call back: its cause is gone."""
        self._reason = ""
        self._effects.clear_own_alert(self._alert_id)

    def _raise(self) -> None:
        step = REPEAT_S[min(self._calls, len(REPEAT_S) - 1)]
        waited = REPEAT_S[self._calls - 1] if 0 < self._calls < len(REPEAT_S) else 0.0
        self._calls += 1
        self._due = self._clock() + step - waited
        self._effects.raise_own_alert(self._alert_id, "journal", self._reason)

    @property
    def _open(self) -> bool:
        return any(alert.alert_id == self._alert_id for alert in self._effects.open_alerts)
