"""What the grammar finds: a quantity, a time, a date, each with its place in the text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from medllm_ros.quantities.units import convert_to_base


class QuantityError(ValueError):
    """A number, unit, time or date that cannot be right; the message says what is allowed."""


@dataclass(frozen=True)
class Quantity:
    """A number with a UCUM unit; ``unit`` is "" for a bare number. ``text`` is what was written."""

    value: Decimal
    unit: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.value, Decimal) or not self.value.is_finite():
            raise QuantityError(f"A quantity needs a finite decimal number, not {self.value!r}.")
        if not self.text:
            object.__setattr__(self, "text", f"{self.value:f} {self.unit}".strip())

    def same(self, other: Quantity) -> bool:
        """Return True where both mean the same amount after conversion (1000 ug == 1 mg)."""
        return convert_to_base(self.value, self.unit) == convert_to_base(other.value, other.unit)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Found:
    """A quantity at ``text[start:end]`` of the original text."""

    quantity: Quantity
    start: int
    end: int


@dataclass(frozen=True)
class FoundTime:
    """A wall-clock time at ``text[start:end]`` of the original text."""

    time: dt.time
    start: int
    end: int


@dataclass(frozen=True)
class FoundDate:
    """A calendar date at ``text[start:end]`` of the original text."""

    date: dt.date
    start: int
    end: int
