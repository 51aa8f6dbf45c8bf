"""The one grammar of numbers, units, times and dates, in Chinese and English.

The order reader, the guard, the sentence splitter and the spoken form all use it, so that what one of them takes for
a dose the others take for the same dose.
"""

from __future__ import annotations

from medllm_ros.quantities.dates import find_dates
from medllm_ros.quantities.find import find_quantities, parse_quantity
from medllm_ros.quantities.fold import normalise
from medllm_ros.quantities.model import Found, FoundDate, FoundTime, Quantity, QuantityError
from medllm_ros.quantities.protect import protected_spans
from medllm_ros.quantities.times import find_times
from medllm_ros.quantities.units import canonical_unit

__all__ = [
    "Found",
    "FoundDate",
    "FoundTime",
    "Quantity",
    "QuantityError",
    "canonical_unit",
    "find_dates",
    "find_quantities",
    "find_times",
    "normalise",
    "parse_quantity",
    "protected_spans",
]
