"""Texts for continued pretraining -> :class:`TextRow`: paragraphs, ``text`` records, MIMIC-III notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from training.data import fields
from training.data.rows import TextRow
from training.data.templates import Template

# MIMIC-III writes "[**2151-7-16**]", "[**Hospital 18**]", "[**Known lastname **]" where a detail was taken out.
_MARK = re.compile(r"\[\*\*[^\]]*?\*\*\]")
_LEFT_OPEN = re.compile(r"\[\*\*|\*\*\]")
_BEFORE_STOP = re.compile(r"[ \t]+(?=[,.;:)])")
_BLANKS = re.compile(r"[ \t]{2,}")


def paragraph(record: str | Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[TextRow]:
    """A paragraph of a .txt file, or a record with ``text``."""
    if isinstance(record, str):
        yield TextRow(fields.plain(record, "The text"), where)
    else:
        yield TextRow(fields.text(record, "text"), where, fields.text(record, "group", ""), fields.tags(record))


def mimic(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[TextRow]:
    """A line of MIMIC-III's NOTEEVENTS; notes marked as errors are left out, one patient is one group.

    The notes are access-controlled (PhysioNet credentialed data use agreement): none come with this package.
    """
    columns = {key.upper(): value for key, value in record.items()}
    if fields.text(columns, "ISERROR", "").strip() in ("", "0"):
        subject = fields.text(columns, "SUBJECT_ID", "").strip()
        yield TextRow(without_marks(fields.text(columns, "TEXT")), where, f"subject.{subject}" if subject else "")


def without_marks(note: str) -> str:
    """Return a note without its de-identification marks; its lines stay."""
    bare = _LEFT_OPEN.sub("", _MARK.sub(" ", note))
    return "\n".join(_BLANKS.sub(" ", _BEFORE_STOP.sub("", line)).strip() for line in bare.splitlines()).strip()
