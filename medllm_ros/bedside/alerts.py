"""Calls to the nurse: open until staff acknowledge them, repeated and escalated until then."""

from __future__ import annotations

from dataclasses import dataclass

from medllm_ros.bedside.effects import AlertNurse, ClearAlert, Level
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.timers import Timers


@dataclass
class OpenAlert:
    """One call and how often it was made."""

    alert_id: str
    level: Level
    category: str
    reason: str
    attempt: int = 1
    accepted: bool = False


class Alerts:
    """All calls of one visit."""

    def __init__(self, repeat_s: tuple[float, ...], timers: Timers, id_prefix: str = "") -> None:
        self._id_prefix = id_prefix
        self._repeat_s = repeat_s
        self._timers = timers
        self._alerts: dict[str, OpenAlert] = {}

    @property
    def open(self) -> tuple[OpenAlert, ...]:
        """Return the calls that nobody has acknowledged."""
        return tuple(alert for alert in self._alerts.values() if not alert.accepted)

    @property
    def any_accepted(self) -> bool:
        """Return True where staff acknowledged a call of this visit."""
        return any(alert.accepted for alert in self._alerts.values())

    def get(self, alert_id: str) -> OpenAlert | None:
        """Return one call."""
        return self._alerts.get(alert_id)

    def call(self, level: Level, category: str, reason: str, out: Outbox) -> OpenAlert:
        """Call staff; an open call of the same category is made again instead of doubled."""
        for alert in self.open:
            if alert.category == category:
                if level is Level.URGENT:
                    alert.level = level
                self.repeat(alert, out)
                return alert
        number = len(self._alerts) + 1
        alert = OpenAlert(f"{self._id_prefix}{out.event.delivery_id}-a{number}", level, category, reason)
        self._alerts[alert.alert_id] = alert
        self._send(alert, out)
        return alert

    def repeat(self, alert: OpenAlert, out: Outbox) -> None:
        """Make an unanswered call again; from the second repetition on it is urgent."""
        alert.attempt += 1
        if alert.attempt > 2:
            alert.level = Level.URGENT
        self._send(alert, out)

    def resend(self, out: Outbox) -> None:
        """Make every open call again after a restart, under the same ids."""
        for alert in self.open:
            self._send(alert, out)

    def accept(self, alert_id: str, by: str, out: Outbox) -> OpenAlert | None:
        """Note that staff answered; return the call, None where it is unknown or answered already."""
        alert = self._alerts.get(alert_id)
        if alert is None or alert.accepted:
            return None
        alert.accepted = True
        self._timers.stop(f"alert:{alert_id}")
        out.add(ClearAlert(alert_id=alert_id, by=by))
        return alert

    def _send(self, alert: OpenAlert, out: Outbox) -> None:
        out.add(
            AlertNurse(
                alert_id=alert.alert_id, level=alert.level, category=alert.category,
                reason=alert.reason, attempt=alert.attempt,
            )
        )  # fmt: skip
        steps = self._repeat_s
        waited = steps[alert.attempt - 2] if 2 <= alert.attempt <= len(steps) else 0.0
        step = steps[min(alert.attempt, len(steps)) - 1]
        self._timers.start(f"alert:{alert.alert_id}", step - waited if alert.attempt <= len(steps) else step, out)

    def snapshot(self) -> list[tuple[object, ...]]:
        """Return the state as plain data."""
        return [(a.alert_id, a.level, a.category, a.reason, a.attempt, a.accepted) for a in self._alerts.values()]
