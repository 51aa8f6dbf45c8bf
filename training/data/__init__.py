"""Data: every format in, canonical rows out, and the gate that a run must pass."""

from __future__ import annotations

from training.data.errors import DataError, Problem
from training.data.formats import Format
from training.data.reading import read, scan
from training.data.rows import ChatRow, Learn, PairRow, Row, RowKind, Tags, TextRow

__all__ = [
    "ChatRow",
    "DataError",
    "Format",
    "Learn",
    "PairRow",
    "Problem",
    "Row",
    "RowKind",
    "Tags",
    "TextRow",
    "read",
    "scan",
]
