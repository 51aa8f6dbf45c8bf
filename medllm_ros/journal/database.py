"""The SQLite file under the journal: opening it, its tables, and its errors as sentences.

WAL with ``synchronous=FULL`` flushes once per commit, and a committed transaction survives a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous). ``secure_delete`` writes zeros over deleted content.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from medllm_ros.journal.record import JournalError

PRIVATE = 0o600  # patient text and its keys: nobody but the robot's user reads them
SCHEMA_VERSION = 1
APPLICATION_ID = 0x6D646C6A  # "mdlj", https://www.sqlite.org/pragma.html#pragma_application_id
BUSY_TIMEOUT_S = 5.0  # a reader's checkpoint may hold the file for a moment

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE rows (
    seq INTEGER PRIMARY KEY, visit TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL, payload TEXT NOT NULL,
    macs TEXT NOT NULL, effect_id TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX rows_of_visit ON rows (visit, seq);
CREATE UNIQUE INDEX rows_of_effect ON rows (effect_id) WHERE effect_id <> '';
CREATE TABLE texts (seq INTEGER NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (seq, name));
CREATE TABLE keys (visit TEXT PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE sent (effect_id TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE chores (name TEXT PRIMARY KEY);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


def open_database(path: Path, read_only: bool) -> sqlite3.Connection:
    """Open or create the database; raise :class:`JournalError` where it is not a journal of this version."""
    if read_only and not path.is_file():
        raise JournalError(f"There is no journal at {path}. Check the path.")
    with translated(path):
        if not read_only:
            _keep_private(path)
        connection = _connect(path, "ro" if read_only else "rwc")
        try:
            _check_or_create(connection, path, read_only)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """Run a block as one transaction: everything in it is committed and flushed, or nothing is."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # some errors (a full disk) have already rolled back
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into a :class:`JournalError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(_sentence(path, error)) from error
    except JournalError:
        raise
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be used: {error.strerror or error}. {_ADVICE_ACCESS}") from error


_ADVICE_ACCESS = "Give the robot's user write access to this folder, on a disk that is mounted writable."


def _sentence(path: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return f"The disk is full: nothing was written to the journal {path}. Free some space; the visit cannot go on."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"The journal {path} cannot be written ({error}). {_ADVICE_ACCESS}"
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return f"{path} is damaged or is not a journal ({error}). Move it aside, keep it as evidence, and start anew."
    if name.startswith("SQLITE_IOERR"):
        return f"The disk under the journal {path} failed ({error}); nothing was written. Check the disk and its space."
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"Another program holds the journal {path} ({error}). Close it and try again."
    return f"The journal {path} could not be used: {error}."


def _keep_private(path: Path) -> None:
    """Create the file for this user alone; SQLite gives its -wal and -shm the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            path.with_name(name).chmod(PRIVATE)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    wal = path.with_name(path.name + "-wal")
    if mode == "ro" and not wal.exists():
        try:
            return _probe(uri)
        except sqlite3.OperationalError:  # a WAL database on a read-only disk, closed cleanly: nothing can change it
            return _probe(uri + "&immutable=1")
    return _probe(uri)


def _probe(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S, cached_statements=64
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _check_or_create(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise JournalError(f"{path} is a database of another program. Give the journal a path of its own.")
    if tables and version != SCHEMA_VERSION:
        raise JournalError(
            f"The journal {path} has layout {version}; this version reads layout {SCHEMA_VERSION}. Keep the file, and "
            "start a new journal or use the version that wrote it."
        )
    if not tables and read_only:
        raise JournalError(f"{path} is empty and not a journal. Check the path.")
    if not read_only:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        if not tables:
            connection.executescript(_SCHEMA)
