"""The one error of this room."""

from __future__ import annotations


class OrderError(ValueError):
    """An order that cannot be delivered as it is; the sentence says what is wrong, where, and what is allowed."""


def shown(value: object, limit: int = 60) -> str:
    """Return ``value`` as it may stand in an error sentence: quoted, printable and short."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return f"'{text[:limit]}…'" if len(text) > limit else f"'{text}'"
