"""Checking a journal from its first row to its head."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from medllm_ros.journal.head import Head
from medllm_ros.journal.record import GENESIS, PURGED, row_hash, text_mac


class Status(StrEnum):
    """What a verification found."""

    OK = "ok"
    PURGED = "purged"  # whole, and the text of some visits was deleted as intended
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of a verification; ``message`` is a sentence for staff."""

    status: Status
    rows: int  # rows found right
    head: str  # hash of the last right row
    first_bad_seq: int | None = None
    purged_visits: tuple[str, ...] = ()
    message: str = ""


class _Broken(Exception):
    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq


def verify(connection: sqlite3.Connection, outside: Head | None, expected_head: str | None = None) -> Verification:
    """Check every row and text; ``outside`` is the head file's content, ``expected_head`` a hash kept elsewhere.

    Both must be the hash of some row, the last or an ancestor: a crash after a commit leaves the head file behind.
    """
    walk = _Walk(connection, {outside.hash if outside else GENESIS, expected_head or GENESIS})
    try:
        walk.run()
        walk.check_heads(outside, expected_head)
    except _Broken as broken:
        message = f"The journal is broken at row {broken.seq}: {broken}. Keep the files as evidence and tell staff."
        return Verification(
            status=Status.BROKEN, rows=walk.good, head=walk.head, first_bad_seq=broken.seq, message=message
        )
    except sqlite3.DatabaseError as error:
        bad = walk.good + 1
        message = f"The journal's database is damaged near row {bad} ({error}). Keep the files and tell staff."
        return Verification(status=Status.BROKEN, rows=walk.good, head=walk.head, first_bad_seq=bad, message=message)
    visits = tuple(sorted(walk.purges))
    if visits:
        message = f"All {walk.good} rows are whole; the patient text of {len(visits)} visits was purged as intended."
    else:
        message = f"All {walk.good} rows and their texts are whole."
    status = Status.PURGED if visits else Status.OK
    return Verification(status=status, rows=walk.good, head=walk.head, purged_visits=visits, message=message)


class _Walk:
    def __init__(self, connection: sqlite3.Connection, wanted: set[str]) -> None:
        self._db = connection
        self._wanted = wanted  # hashes that must be in the chain
        self._found = {GENESIS: 0}
        self.good = 0
        self.head = GENESIS
        self.purges: dict[str, int] = {}  # visit -> row of its last purge
        self._keys: dict[str, bytes] = {}
        self._bad_before: int | None = None  # what a purge found broken before it deleted texts

    def run(self) -> None:
        self._keys = dict(self._db.execute("SELECT visit, key FROM keys"))
        # A purge speaks about rows before it, so all purges are read first; the walk then proves them.
        for seq, payload in self._db.execute("SELECT seq, payload FROM rows WHERE kind = ? ORDER BY seq", (PURGED,)):
            visits, bad = _purge(seq, payload)
            self.purges.update(dict.fromkeys(visits, seq))
            self._bad_before = self._bad_before or bad
        query = "SELECT seq, visit, kind, at, payload, macs, effect_id, prev_hash, hash FROM rows ORDER BY seq"
        for seq, visit, kind, at, payload, macs, effect_id, prev, digest in self._db.execute(query):
            if seq != self.good + 1:
                raise _Broken(self.good + 1, f"row {self.good + 1} is missing")
            if prev != self.head:
                raise _Broken(seq, "it does not follow the row before it")
            if row_hash(seq, visit, kind, at, payload, macs, effect_id, prev) != digest:
                raise _Broken(seq, "its content was changed")
            self._check_texts(seq, visit, macs)
            self.good, self.head = seq, digest
            if digest in self._wanted:
                self._found[digest] = seq
        (orphan,) = self._db.execute("SELECT min(seq) FROM texts WHERE seq NOT IN (SELECT seq FROM rows)").fetchone()
        if orphan is not None:
            raise _Broken(orphan, "it is missing, and only its text is left")
        strange = "SELECT effect_id FROM sent WHERE effect_id NOT IN (SELECT effect_id FROM rows WHERE effect_id <> '')"
        found = self._db.execute(strange).fetchone()
        if found is not None:
            raise _Broken(self.good + 1, f"the effect {found[0]!r} is marked as sent, and no row holds it")
        if self._bad_before is not None:
            raise _Broken(self._bad_before, "a check before the last purge found it so")

    def _check_texts(self, seq: int, visit: str, macs_json: str) -> None:
        macs = json.loads(macs_json)
        bodies = dict(self._db.execute("SELECT name, body FROM texts WHERE seq = ?", (seq,)))
        if seq < self.purges.get(visit, 0):
            if bodies:
                raise _Broken(seq, "it has a text although its visit was purged")
            return
        if set(bodies) != set(macs):
            raise _Broken(seq, "one of its texts is missing or was added")
        for name, body in bodies.items():
            key = self._keys.get(visit)
            whole = isinstance(key, bytes) and isinstance(body, bytes) and text_mac(key, seq, name, body) == macs[name]
            if not whole:
                raise _Broken(seq, f"its text {name!r} or its visit's key was changed")

    def check_heads(self, outside: Head | None, expected_head: str | None) -> None:
        if outside is None and self.good:
            raise _Broken(self.good, "the head file is missing or damaged, so a cut tail could not be seen")
        if outside is not None and self._found.get(outside.hash) != outside.seq:
            raise _Broken(min(outside.seq, self.good + 1), f"the head file names row {outside.seq}, which is not there")
        if expected_head is not None and expected_head not in self._found:
            raise _Broken(self.good + 1, "the expected head is not in the chain: the end was cut off or rewritten")


def _purge(seq: int, payload: object) -> tuple[list[str], int | None]:
    try:
        found = json.loads(str(payload))
        bad = found["first_bad_seq"]
        return [str(visit) for visit in found["visits"]], None if bad is None else int(bad)
    except (ValueError, KeyError, TypeError):
        raise _Broken(seq, "its content was changed") from None
