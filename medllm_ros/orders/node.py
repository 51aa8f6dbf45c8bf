"""A JSON object that knows where it stands, so that every error names the resource and the path."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from medllm_ros.delivery import MAX_NOTE_CHARS
from medllm_ros.orders.errors import OrderError, shown

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARTIAL: Final = re.compile(r"\d{4}(?:-\d{2})?")


class Node:
    """Typed access to one JSON object. A missing field is None or empty; one of the wrong type raises."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise OrderError(f"{path} must be an object, not {_kind(value)}.")
        self.value: Mapping[str, Any] = value
        self.path = path

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    @property
    def kind(self) -> str:
        """Return the resourceType."""
        return self.text("resourceType")

    @property
    def id(self) -> str:
        """Return the resource's id, "" where it has none."""
        return self.text("id")

    def fail(self, key: str, why: str) -> OrderError:
        """Return the error to raise for ``key``: the path, then why."""
        where = f"{self.path}.{key}" if key else self.path
        return OrderError(f"{where} {why}")

    def text(self, key: str, limit: int = MAX_NOTE_CHARS) -> str:
        """Return a string, "" where it is missing."""
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.fail(key, f"must be text, not {_kind(value)}.")
        if len(value) > limit:
            raise self.fail(key, f"has {len(value)} characters; at most {limit} are allowed.")
        return value.strip()

    def flag(self, key: str) -> bool | None:
        """Return a boolean, None where it is missing."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail(key, f"must be true or false, not {_kind(value)}.")
        return value

    def number(self, key: str) -> Decimal | None:
        """Return an exact number, None where it is missing."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise self.fail(key, f"must be a number, not {_kind(value)}.")
        number = Decimal(str(value))
        if not number.is_finite() or abs(number.adjusted()) > 40:
            raise self.fail(key, "is out of range.")
        return number

    def child(self, key: str) -> Node | None:
        """Return an object, None where it is missing."""
        value = self.value.get(key)
        return None if value is None else Node(value, f"{self.path}.{key}")

    def children(self, key: str) -> list[Node]:
        """Return a list of objects, [] where it is missing."""
        return [Node(value, f"{self.path}.{key}[{place}]") for place, value in enumerate(self.items(key))]

    def items(self, key: str) -> list[Any]:
        """Return a list, [] where it is missing."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fail(key, f"must be a list, not {_kind(value)}.")
        return value

    def date(self, key: str) -> dt.date | None:
        """Return the day of a FHIR date or dateTime; None where it is missing or gives no day."""
        text = self.text(key, 40)
        if not text or _PARTIAL.fullmatch(text):
            return None
        if not _DATE.match(text):
            raise self.fail(key, f"is {shown(text)}; write a date such as 1956-03-02.")
        try:
            return dt.date.fromisoformat(text[:10])
        except ValueError as error:
            raise self.fail(key, f"is {shown(text)}, which is no day of the calendar.") from error


def concept_text(concept: Node | None) -> str:
    """Return what a CodeableConcept says: its text, else a display, else a code; "" for none."""
    if concept is None:
        return ""
    codings = concept.children("coding")
    for key in ("display", "code"):
        for coding in codings:
            if concept.text("text"):
                return concept.text("text")
            if coding.text(key):
                return coding.text(key)
    return concept.text("text")


def codes(concept: Node | None) -> Iterator[tuple[str, str]]:
    """Yield (system, code) of a CodeableConcept."""
    if concept is not None:
        for coding in concept.children("coding"):
            if coding.text("code"):
                yield coding.text("system"), coding.text("code")


def status_code(concept: Node | None) -> str:
    """Return the first code of a status CodeableConcept in lower case, its text where it has no coding, "" for none."""
    first = next(codes(concept), None)
    return (first[1] if first else concept_text(concept)).lower()


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float | Decimal) else type(value).__name__)
