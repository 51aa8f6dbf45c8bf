"""Visits over a journal that may fail: full disk, read-only disk, another writer, a broken chain.

While the journal cannot be written nothing clinical is decided: :meth:`Safekeeping.handle` answers emergencies alone
and ``problem`` says why in a sentence. :meth:`Safekeeping.open` tries again and resumes every visit from its rows.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from pathlib import Path

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Effect, Hold, Release
from medllm_ros.bedside.events import Event, TranscriptHeard
from medllm_ros.bedside.recorder import RecordedVisits
from medllm_ros.bedside.unrecorded import UnrecordedEmergencies
from medllm_ros.bedside.visit import Phase
from medllm_ros.delivery import Delivery
from medllm_ros.journal import Journal, Status

log = logging.getLogger(__name__)


class Safekeeping:
    """Journal and visits, or the reason why there are none."""

    def __init__(self, path: Path, context: SessionContext) -> None:
        self.path = path
        self._context = context
        self._journal: Journal | None = None
        self._visits: RecordedVisits | None = None
        self._emergencies = UnrecordedEmergencies(context, boot=uuid.uuid4().hex[:8])
        self._ended: set[str] = set()
        self.problem = ""  # the journal cannot be written
        self.damage = ""  # it can, but its chain is broken

    def open(self, at: float) -> list[Effect]:
        """Open the journal and resume its visits; return what must be sent now (``at``: seconds since the epoch)."""
        self.close()
        try:
            self._journal = Journal(self.path)
            verification = self._journal.verify()
            self.damage = verification.message if verification.status is Status.BROKEN else ""
            self._visits = RecordedVisits(self._journal, self._context)
            effects = self._visits.resume(at)
            self._ended = set(self._journal.visits()) - set(self._visits.visits)
            closing, again = self._emergencies.hand_over()
            effects += closing  # what was called without a journal is called again, now on the record
            for event in again:
                effects += self._visits.handle(event)
        except OSError as error:
            self._fail(str(error))
            return []
        except Exception as error:  # whatever it is: held and staff, never a guess
            self._broken(error)
            return []
        self.problem = ""
        return _present_locks(effects)

    def handle(self, event: Event) -> list[Effect]:
        """Journal and apply one event; while the journal cannot be written only emergencies are answered."""
        if self._visits is None:
            return self._emergencies.handle(event)
        try:
            return self._visits.handle(event)
        except OSError as error:
            self._fail(str(error))
            return self._emergencies.handle(event)
        except Exception as error:  # whatever it is: held and staff, never a guess
            self._broken(error)
            return self._emergencies.handle(event)

    def overhear(self, event: TranscriptHeard) -> list[Effect]:
        """Take words that belong to no visit: only an emergency is acted on."""
        if self._visits is None:
            return self._emergencies.handle(event)
        try:
            return self._visits.overhear(event)
        except OSError as error:
            self._fail(str(error))
            return self._emergencies.handle(event)
        except Exception as error:
            self._broken(error)
            return self._emergencies.handle(event)

    def sent(self, effect_ids: Iterable[str]) -> None:
        """Note that these effects have left."""
        if self._journal is None:
            return
        try:
            self._journal.mark_sent(*(effect_id for effect_id in effect_ids if effect_id))
        except OSError as error:
            self._fail(str(error))

    def purge(self, older_than_s: float) -> tuple[str, ...]:
        """Delete patient text of visits that ended this long ago; return the visits."""
        if self._journal is None or self._running():
            return ()
        try:
            return self._journal.purge(older_than_s)
        except OSError as error:
            log.warning("%s", error)
            return ()

    def knows(self, delivery_id: str) -> bool:
        """Return True where this visit was dispatched and goes on."""
        session = self._visits.visits.get(delivery_id) if self._visits else None
        return session is not None and session.phase not in (Phase.NEW, Phase.CLOSED)

    def has_session(self, delivery_id: str) -> bool:
        """Return True where anything of this visit was heard, also before it was dispatched."""
        return bool(self._visits and delivery_id in self._visits.visits)

    def has_ended(self, delivery_id: str) -> bool:
        """Return True where this visit is over, also before a restart."""
        session = self._visits.visits.get(delivery_id) if self._visits else None
        return session.phase is Phase.CLOSED if session else delivery_id in self._ended

    def delivery(self, delivery_id: str) -> Delivery | None:
        """Return what is delivered in this visit."""
        session = self._visits.visits.get(delivery_id) if self._visits else None
        found = session.snapshot()["delivery"] if session else None
        return found if isinstance(found, Delivery) else None

    def visit_of_alert(self, alert_id: str) -> str:
        """Return the visit of an alert, answered or not; "" where there is none.

        Staff may answer first and free the lock later, with a second acknowledgement.
        """
        sessions = self._visits.visits if self._visits else self._emergencies.sessions
        return next((name for name, session in sessions.items() if session.knows_alert(alert_id)), "")

    @property
    def head(self) -> tuple[int, str]:
        """Return number and hash of the newest row; (0, "") where there is no journal."""
        if self._journal is None:
            return 0, ""
        return self._journal.sequence, self._journal.head

    @property
    def warning(self) -> str:
        """Return what is wrong with the journal though it can be written; "" where nothing is."""
        return self._journal.problem if self._journal else ""

    def close(self) -> None:
        """Close the journal. May be called twice."""
        if self._journal is not None:
            self._journal.close()
        self._journal = None
        self._visits = None

    def _running(self) -> bool:
        return any(session.active for session in self._visits.visits.values()) if self._visits else False

    def _broken(self, error: Exception) -> None:
        log.exception("A visit cannot go on.")
        self._fail(f"A visit cannot go on ({type(error).__name__}: {error}). Move the journal aside and report this.")

    def _fail(self, why: str) -> None:
        self.problem = why
        log.error("The journal cannot be used, so nothing clinical is said and the item is held. %s", why)
        self.close()


def _present_locks(effects: list[Effect]) -> list[Effect]:
    """Return ``effects`` with the last word on each visit's lock alone: they are performed locks first."""
    last = {effect.delivery_id: effect for effect in effects if isinstance(effect, Hold | Release)}
    return [
        effect for effect in effects
        if not isinstance(effect, Hold | Release) or last[effect.delivery_id] is effect
    ]  # fmt: skip
