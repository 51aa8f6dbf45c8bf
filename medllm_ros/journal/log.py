"""The journal itself."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from medllm_ros.journal import verification
from medllm_ros.journal.database import open_database, transaction, translated
from medllm_ros.journal.head import EMPTY, Head, HeadFile, head_path, read_head
from medllm_ros.journal.lock import WriterLock
from medllm_ros.journal.record import PURGED, Entry, JournalError, Row, VisitSummary, check_entry, check_time
from medllm_ros.journal.rows import insert_row, last_row, read_rows
from medllm_ros.journal.verification import Verification

_log = logging.getLogger(__name__)
_COMPACT_LATER = "The purged text is deleted, but old pages of it may remain in the journal's files"
_PAGE = 256  # rows read at a time


class Journal:
    """An append-only log in one SQLite file, with ``<path>.head`` and ``<path>.lock`` beside it.

    One writer per file; any number of readers (``read_only=True``) beside it. Methods may be called from any thread.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        key_source: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path).absolute()
        self.read_only = read_only
        self.problem = ""  # a sentence for diagnostics where the head file cannot follow
        self._key_source = key_source
        self._clock = clock
        self._mutex = threading.RLock()
        self._lock: WriterLock | None = None
        self._head_file: HeadFile | None = None
        self._db: sqlite3.Connection | None = None
        with translated(self.path):
            if not read_only:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = WriterLock(self.path)
            try:
                self._db = open_database(self.path, read_only)
                self._head = last_row(self._open())
                if not read_only:
                    self._open_head_file()
            except BaseException:
                self.close()
                raise

    # -- writing

    def append(
        self, visit: str, kind: str, payload: Mapping[str, Any] | None = None, texts: Mapping[str, str] | None = None
    ) -> Row:
        """Append one row and flush it to the disk; raise :class:`JournalError` where nothing could be written."""
        return self.append_batch(visit, [Entry(kind, payload or {}, texts or {})])[0]

    def append_batch(self, visit: str, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Append rows of one visit as one commit: all of them or none."""
        for entry in entries:
            check_entry(visit, entry)
        return self._commit(visit, entries) if entries else ()

    def mark_sent(self, *effect_ids: str) -> None:
        """Note durably that these effects have left; marking twice changes nothing."""
        with self._mutex, transaction(self._writable(), self.path) as db:
            for effect_id in effect_ids:
                if not db.execute("SELECT 1 FROM rows WHERE effect_id = ?", (effect_id,)).fetchone() or not effect_id:
                    raise ValueError(f"No effect {effect_id!r} is in the journal, so it cannot be marked as sent.")
                at = check_time(self._clock())
                db.execute("INSERT OR IGNORE INTO sent (effect_id, at) VALUES (?, ?)", (effect_id, at))

    def purge(self, older_than_s: float, *, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Delete text and key of every visit whose last row is older than this many seconds; return the visits.

        Rows stay, and so do the visits named in ``keep``. The purge is a row of its own. Afterwards the bytes are gone
        from all the journal's files. Takes as long as copying the database: call it between visits.
        """
        with self._mutex:
            limit = check_time(self._clock()) - older_than_s
            query = (
                "SELECT visit FROM rows WHERE visit IN (SELECT visit FROM keys) GROUP BY visit HAVING max(at) < ? "
                "ORDER BY min(seq)"
            )
            with translated(self.path):
                old = self._writable().execute(query, (limit,)).fetchall()
            visits = tuple(visit for (visit,) in old if visit not in keep)

            def delete(db: sqlite3.Connection) -> None:
                for visit in visits:
                    db.execute("DELETE FROM texts WHERE seq IN (SELECT seq FROM rows WHERE visit = ?)", (visit,))
                    db.execute("DELETE FROM keys WHERE visit = ?", (visit,))
                db.execute("INSERT OR IGNORE INTO chores (name) VALUES ('compact')")

            if visits:
                bad = self.verify().first_bad_seq  # a purge would hide a changed text, so its row says what was found
                payload = {"visits": list(visits), "older_than_s": older_than_s, "first_bad_seq": bad}
                self._commit("", [Entry(PURGED, payload)], delete)
            self._compact()
            return visits

    def _compact(self) -> None:
        """Rewrite the database without deleted bytes; after a crash or on a full disk the chore waits for next time."""
        with translated(self.path):  # zeros over deleted cells are not enough: pages that were split keep residues
            db = self._writable()
            if not db.execute("SELECT 1 FROM chores WHERE name = 'compact'").fetchone():
                return
            try:
                db.execute("VACUUM")
                busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as error:
                raise JournalError(f"{_COMPACT_LATER} ({error}). Free some disk space and purge again.") from error
            if busy:
                raise JournalError(f"{_COMPACT_LATER}. Close other programs that read {self.path} and purge again.")
            db.execute("DELETE FROM chores WHERE name = 'compact'")

    # -- reading

    @property
    def head(self) -> str:
        """Return the hash of the last row (GENESIS where there is none)."""
        return self._newest().hash

    @property
    def sequence(self) -> int:
        """Return the number of the last row (0 where there is none)."""
        return self._newest().seq

    def rows(self, visit: str | None = None) -> Iterator[Row]:
        """Iterate over the rows of one visit, or of all, in order, with their texts where these still exist."""
        last = 0
        where = "seq > ? AND (? IS NULL OR visit = ?) ORDER BY seq LIMIT ?"
        while page := self._page(where, (last, visit, visit, _PAGE)):
            yield from page
            last = page[-1].seq

    def unsent(self, visit: str) -> tuple[Row, ...]:
        """Return the effects of a visit that were journalled and never marked as sent, in order."""
        where = "visit = ? AND effect_id <> '' AND effect_id NOT IN (SELECT effect_id FROM sent) ORDER BY seq"
        return tuple(self._page(where, (visit,)))

    def visits(self) -> tuple[str, ...]:
        """Return the names of all visits in the order of their first row."""
        return tuple(summary.visit for summary in self.summaries())

    def summaries(self) -> tuple[VisitSummary, ...]:
        """Return all visits at a glance, in the order of their first row."""
        query = (
            "SELECT visit, count(*), min(at), max(at), visit IN (SELECT visit FROM keys) FROM rows WHERE visit <> '' "
            "GROUP BY visit ORDER BY min(seq)"
        )
        with self._mutex, translated(self.path):
            found = self._open().execute(query).fetchall()
        return tuple(
            VisitSummary(visit=visit, rows=rows, first_at=first, last_at=last, has_texts=bool(texts))
            for visit, rows, first, last, texts in found
        )

    def verify(self, *, expected_head: str | None = None) -> Verification:
        """Check the whole journal, also against a head that was published (``expected_head``).

        Appends wait meanwhile (about 10 us per row): verify while running with a second, read-only journal. A broken
        journal still takes rows, so that staff can be called; it stays broken, and later rows cannot hide that.
        """
        with self._mutex:
            outside = read_head(head_path(self.path))  # before the snapshot: it must not be newer than the rows
            db = self._open()
            with translated(self.path):
                db.execute("BEGIN")
            try:
                return verification.verify(db, outside, expected_head)
            finally:
                db.execute("ROLLBACK")

    def export(self, visit: str | None = None, *, redact: bool = True) -> Iterator[dict[str, Any]]:
        """Iterate over rows as JSON objects. A redacted text is 12 digits of its MAC and its length in characters."""
        for row in self.rows(visit):
            texts: dict[str, Any] = {
                name: {"mac": mac[:12], "chars": len(row.texts[name]) if name in row.texts else None}
                for name, mac in row.macs.items()
            }
            yield {
                "seq": row.seq, "visit": row.visit, "kind": row.kind, "at": row.at, "payload": dict(row.payload),
                "texts": texts if redact else dict(row.texts), "effect_id": row.effect_id,
                "prev_hash": row.prev_hash, "hash": row.hash,
            }  # fmt: skip

    # -- life

    def close(self) -> None:
        """Close the files. May be called twice."""
        with self._mutex:
            if self._db is not None:
                with suppress(sqlite3.Error):
                    self._db.close()
                self._db = None
            if self._head_file is not None:
                self._head_file.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- helpers

    def _commit(
        self, visit: str, entries: Sequence[Entry], also: Callable[[sqlite3.Connection], None] | None = None
    ) -> tuple[Row, ...]:
        with self._mutex:
            head = self._head
            rows = []
            try:
                with transaction(self._writable(), self.path) as db:
                    for entry in entries:
                        row = insert_row(db, head, visit, entry, check_time(self._clock()), self._key_source)
                        head = Head(row.seq, row.hash)
                        rows.append(row)
                    if also is not None:
                        also(db)
                self._head = head
            except BaseException:  # Ctrl-C too: only the database knows what was committed
                self._reread_head()
                raise
            self._write_head(head)
            return tuple(rows)

    def _newest(self) -> Head:
        with self._mutex, translated(self.path):
            if self.read_only:
                self._head = last_row(self._open())
            return self._head

    def _page(self, where: str, values: tuple[object, ...]) -> list[Row]:
        with self._mutex, translated(self.path):
            return read_rows(self._open(), where, values)

    def _reread_head(self) -> None:
        with suppress(sqlite3.Error, JournalError):
            self._head = last_row(self._open())

    def _open_head_file(self) -> None:
        path = head_path(self.path)
        outside = read_head(path)
        if outside is None and self._head == EMPTY:
            outside = EMPTY
        known = outside is not None and (outside == EMPTY or self._hash_of(outside.seq) == outside.hash)
        if known:
            self._head_file = HeadFile(path, self._head)
        else:  # keep the head file as it is: it is the evidence
            self.problem = (
                f"The journal {self.path} does not contain the row that its head file names: its end was cut off or "
                "changed. Move the files aside, keep them as evidence, and start a new journal."
            )
            _log.error("%s", self.problem)

    def _hash_of(self, seq: int) -> str | None:
        found = self._open().execute("SELECT hash FROM rows WHERE seq = ?", (seq,)).fetchone()
        return str(found[0]) if found else None

    def _write_head(self, head: Head) -> None:
        if self._head_file is None:
            return
        try:
            self._head_file.write(head)
            self.problem = ""
        except OSError as error:  # the row is safe in the database: raising would have it written twice
            self.problem = f"The journal's head file {head_path(self.path)} cannot be written: {error.strerror}."
            _log.error("%s", self.problem)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            raise JournalError(f"The journal {self.path} is closed. Open it again.")
        return self._db

    def _writable(self) -> sqlite3.Connection:
        if self.read_only:
            raise JournalError(f"The journal {self.path} was opened for reading only. Open it as its writer.")
        return self._open()

