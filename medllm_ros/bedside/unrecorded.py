"""Emergencies while the journal cannot be written: nothing clinical is said, but nobody is left alone."""

from __future__ import annotations

from dataclasses import replace

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import ClearAlert, Effect
from medllm_ros.bedside.events import (
    AlertAccepted,
    AlertFailed,
    Event,
    SpeechEnded,
    StopRequested,
    TimerFired,
    TranscriptHeard,
)
from medllm_ros.bedside.session import BedsideSession

_HEARD = (TranscriptHeard, TimerFired, AlertAccepted, AlertFailed, SpeechEnded, StopRequested)


class UnrecordedEmergencies:
    """Sessions without a delivery, in memory alone. Without one a session answers emergencies and nothing else.

    ``boot`` is a text that no other life of this robot has: ids of utterances and calls begin with it, so that nobody
    takes them for ones they have seen.
    """

    def __init__(self, context: SessionContext, boot: str) -> None:
        self._context = context
        self._boot = boot
        self._sessions: dict[str, BedsideSession] = {}
        self._heard: dict[str, list[TranscriptHeard]] = {}

    def handle(self, event: Event) -> list[Effect]:
        """Return the call, the lock and the short sentence where ``event`` is an emergency or follows one."""
        if not isinstance(event, _HEARD):
            return []
        session = self._sessions.get(event.delivery_id)
        if session is None:
            if not isinstance(event, TranscriptHeard):
                return []
            session = BedsideSession(self._context, id_prefix=f"unrecorded-{self._boot}-")
            self._sessions[event.delivery_id] = session
        effects = session.apply(event)
        if isinstance(event, TranscriptHeard) and _in_emergency(session):
            self._heard.setdefault(event.delivery_id, []).append(event)
        return effects

    @property
    def sessions(self) -> dict[str, BedsideSession]:
        """Return the sessions by delivery id."""
        return dict(self._sessions)

    def hand_over(self) -> tuple[list[Effect], list[Event]]:
        """Return how to close these calls, and the words to be heard again now that the journal can be written.

        An emergency that staff have released is not heard again.
        """
        closing: list[Effect] = []
        again: list[Event] = []
        for name, session in self._sessions.items():
            closing += [
                ClearAlert(delivery_id=name, alert_id=alert.alert_id, by="journal") for alert in session.open_alerts
            ]
            if _in_emergency(session):
                again += [replace(event, final=True) for event in self._heard.get(name, [])]
        self._sessions.clear()
        self._heard.clear()
        return closing, again


def _in_emergency(session: BedsideSession) -> bool:
    return any(reason.startswith("emergency") for reason in session.hold_reasons)
