"""Visits that survive a crash: an event and its effects are journalled together, before any effect leaves.

After a restart the journal is replayed into the same state. Ordinary speech goes out at most once; calls,
locks and emergency sentences at least once, under the same ids, and receivers de-duplicate.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from pathlib import Path

import medllm_ros
from medllm_ros.bedside.codec import CodecError, from_record, to_record
from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import (
    AlertNurse,
    ClearAlert,
    Effect,
    Hold,
    Priority,
    PublishState,
    Speak,
)
from medllm_ros.bedside.events import DeliveryDispatched, Event, Restarted, TranscriptHeard
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.bedside.warm_up import warm_up
from medllm_ros.journal import Entry, Journal, Row, Status
from medllm_ros.safety.triage import triage

log = logging.getLogger(__name__)

EVENT, EFFECT, BUILD = "event", "effect", "build"


class RecordedVisits:
    """All visits of one robot over one journal. One thread at a time."""

    def __init__(self, journal: Journal, context: SessionContext) -> None:
        self._journal = journal
        self._context = context
        self._visits: dict[str, BedsideSession] = {}
        self._sound = True  # the journal's chain was whole when we started
        self._restarts = 0
        warm_up(context)

    @property
    def visits(self) -> dict[str, BedsideSession]:
        """Return the visits that are known, by delivery id."""
        return dict(self._visits)

    def handle(self, event: Event) -> list[Effect]:
        """Apply ``event``, journal it with what follows as one batch, and return what follows.

        Nothing leaves before the batch is on the disk. Raises JournalError where it cannot be written; this object is
        then of no more use, and a new one replays the journal to where it was before the event.
        """
        visit = event.delivery_id
        session = self._visits.get(visit)
        if session is not None and session.has_seen(event.event_id):
            return []
        entries = []
        new = session is None
        if session is None and visit in self._journal.visits():  # it ended before a restart; its ids stay taken
            session, _ = self._replay(visit)
        if session is None:
            session = BedsideSession(self._context)
            entries.append(Entry(kind=BUILD, payload=self._build(), texts={}))
        effects = session.apply(event)
        entries.append(_entry(EVENT, event))
        entries += [_entry(EFFECT, effect) for effect in effects]
        self._journal.append_batch(visit, entries)
        self._visits[visit] = session
        if new and not self._sound and isinstance(event, DeliveryDispatched):
            effects = effects + self.handle(self._restarted(event.delivery_id, event.at, same_build=True))
        return effects

    def overhear(self, event: TranscriptHeard) -> list[Effect]:
        """Take words that belong to no visit: an emergency is acted on and journalled, all else is forgotten."""
        if triage(event.text, event.alternatives) is None:
            return []
        return self.handle(event)

    def resume(self, at: float) -> list[Effect]:
        """Verify and replay the journal; return what must be sent now (seconds since the epoch in ``at``)."""
        verification = self._journal.verify()
        self._sound = verification.status is not Status.BROKEN
        if not self._sound:
            log.error("%s Clinical talk stops; staff are called.", verification.message)
        effects: list[Effect] = []
        for visit in self._journal.visits():
            session, same_build = self._replay(visit)
            if session is None or not session.active:
                continue
            unsent = [effect for effect in self._unsent(visit) if _at_least_once(effect)]
            self._visits[visit] = session
            again = self.handle(self._restarted(visit, at, same_build=same_build))
            repeated = {effect.alert_id for effect in again if isinstance(effect, AlertNurse)}
            effects += [
                effect for effect in unsent
                if not isinstance(effect, Hold) and getattr(effect, "alert_id", None) not in repeated
            ] + again  # fmt: skip
        return effects

    def _replay(self, visit: str) -> tuple[BedsideSession | None, bool]:
        session = BedsideSession(self._context)
        same_build = self._sound
        for row in self._journal.rows(visit):
            if row.purged:
                return None, False  # only visits that ended long ago lose their text
            if row.kind == BUILD:
                same_build = same_build and row.payload == self._build()
            if not row.kind.startswith(f"{EVENT}."):
                continue
            try:
                event = _item(row)
            except CodecError as error:
                log.error("%s", error)
                return (session if session.phase.value != "new" else None), False
            assert isinstance(event, Event)
            session.apply(event)
        return session, same_build

    def _unsent(self, visit: str) -> list[Effect]:
        found = []
        for row in self._journal.unsent(visit):
            item = _item(row)
            assert isinstance(item, Effect)
            found.append(item)
        return found

    def _restarted(self, visit: str, at: float, *, same_build: bool) -> Restarted:
        self._restarts += 1
        return Restarted(
            event_id=f"restart-{visit}-{at:.6f}-{self._restarts}", at=at, delivery_id=visit,
            same_build=same_build, journal_ok=self._sound,
        )  # fmt: skip

    def _build(self) -> dict[str, str]:
        return {
            "code": code_hash(),
            "config": self._context.config_hash,
            "formulary": self._context.formulary.hash,
        }


def _entry(prefix: str, item: Event | Effect) -> Entry:
    kind, payload, texts = to_record(item)
    effect_id = item.effect_id if isinstance(item, Effect) else None
    return Entry(kind=f"{prefix}.{kind}", payload=payload, texts=texts, effect_id=effect_id)


def _item(row: Row) -> Event | Effect:
    return from_record(row.kind.split(".", 1)[1], dict(row.payload), dict(row.texts or {}))


def _at_least_once(effect: Effect) -> bool:
    if isinstance(effect, Speak):
        return effect.priority is Priority.EMERGENCY
    return isinstance(effect, AlertNurse | ClearAlert | Hold | PublishState)


@cache
def code_hash() -> str:
    """Return the SHA-256 over the package's code, word lists and weights: another of them does not resume a visit."""
    digest = hashlib.sha256()
    root = Path(medllm_ros.__file__).parent
    for path in sorted(path for path in root.rglob("*") if path.suffix in {".py", ".yaml", ".npz"}):
        relative = path.relative_to(root).as_posix()
        if relative.split("/")[0] in {"msg", "srv", "action"} or relative.startswith("formulary/data/"):
            continue  # generated, carries build paths; the formulary has a hash of its own
        digest.update(relative.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
