"""Rows in and out of the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from medllm_ros.journal.head import EMPTY, Head
from medllm_ros.journal.record import KEY_BYTES, Entry, Row, canonical, decode_text, encode_text, row_hash, text_mac

COLUMNS = "seq, visit, kind, at, payload, macs, effect_id, prev_hash, hash"


def insert_row(
    db: sqlite3.Connection, head: Head, visit: str, entry: Entry, at: float, key_source: Callable[[int], bytes]
) -> Row:
    """Insert the row after ``head`` with its texts; raise ValueError where the entry cannot be a row."""
    effect_id = entry.effect_id or ""
    if effect_id and db.execute("SELECT 1 FROM rows WHERE effect_id = ?", (effect_id,)).fetchone():
        raise ValueError(f"The effect {effect_id!r} is already in the journal; give every effect its own id.")
    seq = head.seq + 1
    bodies = {name: encode_text(text) for name, text in entry.texts.items()}
    key = _key(db, visit, key_source) if bodies else b""
    macs = {name: text_mac(key, seq, name, body) for name, body in bodies.items()}
    payload_json = canonical(entry.payload, f"The payload of {entry.kind!r}")
    macs_json = canonical(macs, "The text hashes")
    digest = row_hash(seq, visit, entry.kind, at, payload_json, macs_json, effect_id, head.hash)
    columns = (seq, visit, entry.kind, at, payload_json, macs_json, effect_id, head.hash, digest)
    db.execute(f"INSERT INTO rows ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", columns)
    texts = [(seq, name, body) for name, body in bodies.items()]
    db.executemany("INSERT INTO texts (seq, name, body) VALUES (?, ?, ?)", texts)
    return _row(columns, dict(entry.texts))


def read_rows(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Row]:
    """Return rows with their texts. ``where`` is a constant of this package, never outside text."""
    rows = []
    for columns in db.execute(f"SELECT {COLUMNS} FROM rows WHERE {where}", values).fetchall():
        bodies = db.execute("SELECT name, body FROM texts WHERE seq = ?", (columns[0],))
        rows.append(_row(columns, {name: decode_text(body) for name, body in bodies}))
    return rows


def last_row(db: sqlite3.Connection) -> Head:
    """Return the head of the chain as the database has it."""
    found = db.execute("SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(int(found[0]), str(found[1])) if found else EMPTY


def _key(db: sqlite3.Connection, visit: str, key_source: Callable[[int], bytes]) -> bytes:
    found = db.execute("SELECT key FROM keys WHERE visit = ?", (visit,)).fetchone()
    if found:
        return bytes(found[0])
    key = key_source(KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise ValueError(f"The key source returned {len(key)} bytes; {KEY_BYTES} are needed.")
    db.execute("INSERT INTO keys (visit, key) VALUES (?, ?)", (visit, key))
    return key


def _row(columns: Sequence[Any], texts: Mapping[str, str]) -> Row:
    seq, visit, kind, at, payload, macs, effect_id, prev, digest = columns
    return Row(
        seq=seq, visit=visit, kind=kind, at=at, payload=json.loads(payload), macs=json.loads(macs), texts=texts,
        effect_id=effect_id, prev_hash=prev, hash=digest,
    )  # fmt: skip
