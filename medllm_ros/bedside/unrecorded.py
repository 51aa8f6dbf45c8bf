"""Emergencies while the journal cannot be written: nothing clinical is said, but nobody is left alone."""

from __future__ import annotations

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Effect
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
    """Sessions without a delivery, in memory alone. Without one a session answers emergencies and nothing else."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._sessions: dict[str, BedsideSession] = {}

    def handle(self, event: Event) -> list[Effect]:
        """Return the call, the lock and the short sentence where ``event`` is an emergency or follows one."""
        if not isinstance(event, _HEARD):
            return []
        session = self._sessions.get(event.delivery_id)
        if session is None:
            if not isinstance(event, TranscriptHeard):
                return []
            session = self._sessions[event.delivery_id] = BedsideSession(self._context)
        return session.apply(event)

    @property
    def sessions(self) -> dict[str, BedsideSession]:
        """Return the sessions by delivery id."""
        return dict(self._sessions)

    @property
    def active(self) -> bool:
        """Return True while a call is open."""
        return any(session.open_alerts for session in self._sessions.values())
