"""What a row of the journal is, and how it is hashed."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64  # the previous hash of row 1, and the head of an empty journal
KEY_BYTES = 32  # RFC 2104: a key as long as the hash's output
RESERVED = "journal."  # kinds that only the journal itself writes
PURGED = "journal.purged"


class JournalError(OSError):
    """The journal cannot be opened, read or written; the message says what to do. Nothing was half-written."""


@dataclass(frozen=True)
class Entry:
    """One row to be. ``payload`` is JSON without patient text, ``texts`` is patient text by field name.

    ``effect_id`` puts the row in the outbox: it is *unsent* until :meth:`Journal.mark_sent`.
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    effect_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the chain. ``at`` is seconds since the epoch; hashes and MACs are 64 hex digits."""

    seq: int  # 1, 2, 3, ... without gaps
    visit: str  # "" for rows about the robot itself
    kind: str
    at: float
    payload: Mapping[str, Any]
    macs: Mapping[str, str]  # field name -> HMAC-SHA256 of its text under the visit's key
    texts: Mapping[str, str] = field(default_factory=dict)  # empty after a purge
    effect_id: str = ""
    prev_hash: str
    hash: str

    @property
    def purged(self) -> bool:
        """Return whether this row had patient text that is gone now."""
        return bool(self.macs) and not self.texts


@dataclass(frozen=True, kw_only=True)
class VisitSummary:
    """One visit at a glance. Times are seconds since the epoch."""

    visit: str
    rows: int
    first_at: float
    last_at: float
    has_texts: bool


def canonical(value: object, what: str) -> str:
    """Return ``value`` as JSON that is the same for equal values; raise ValueError where it is not JSON."""
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{what} must be plain JSON (text, finite numbers, lists, objects): {error}.") from error
    return text


def row_hash(
    seq: object, visit: object, kind: object, at: object, payload: object, macs: object, effect_id: object, prev: object
) -> str:
    """Return SHA-256 over a row's stored columns (``payload`` and ``macs`` as their stored JSON text)."""
    columns = [seq, visit, kind, at, payload, macs, effect_id, prev]
    text = json.dumps(columns, ensure_ascii=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def text_mac(key: bytes, seq: int, name: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of one text. Row and field are bound in, so equal texts have different MACs."""
    head = json.dumps([seq, name], ensure_ascii=True).encode() + b"\0"
    return hmac.new(key, head + body, hashlib.sha256).hexdigest()


def encode_text(text: str) -> bytes:
    """Return the stored bytes of a text; lone surrogates (from invalid UTF-8) survive the way there and back."""
    return text.encode("utf-8", "surrogatepass")


def decode_text(body: bytes) -> str:
    """Return the text of stored bytes."""
    return body.decode("utf-8", "surrogatepass")


def check_entry(visit: str, entry: Entry) -> None:
    """Raise ValueError with a sentence where an entry may not be appended."""
    if not isinstance(visit, str):
        raise ValueError(f"A visit's name must be str, not {type(visit).__name__}.")
    if not entry.kind or entry.kind.startswith(RESERVED):
        raise ValueError(f"A row's kind must not be empty or begin with {RESERVED!r}; got {entry.kind!r}.")
    if entry.texts and not visit:
        raise ValueError(f"The row {entry.kind!r} carries patient text but no visit; name the visit it belongs to.")
    for name, text in entry.texts.items():
        if not isinstance(text, str):
            raise ValueError(f"The text {name!r} of {entry.kind!r} must be str, not {type(text).__name__}.")


def check_time(at: float) -> float:
    """Return a clock's reading as a finite float."""
    at = float(at)
    if not math.isfinite(at):
        raise ValueError(f"The journal's clock returned {at}; it must return seconds since the epoch.")
    return at
