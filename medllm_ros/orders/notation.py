"""Error-prone notation in order texts: read, but warned about.

Sources: The Joint Commission, Official "Do Not Use" List of Abbreviations (U, IU, QD, QOD, trailing zero, lack of a
leading zero, MS/MSO4/MgSO4); ISMP, List of Error-Prone Abbreviations, Symbols, and Dose Designations (the rest).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Notation:
    """One error-prone way of writing, what it was mistaken for, and what to write instead."""

    pattern: str
    hazard: str
    instead: str


NOTATIONS: Final[tuple[Notation, ...]] = (
    Notation(r"(?<![A-Za-z])(?<!I)[Uu](?![A-Za-z])", "was read as 0, 4 or cc", "units"),
    Notation(r"(?<![A-Za-z])(?:IU|I\.U\.)(?![A-Za-z])", "was read as IV or 10", "units"),
    Notation(r"(?<![A-Za-z])(?:QD|qd|Q\.D\.?|q\.d\.?)(?![A-Za-z])", "was read as QID or QOD", "daily"),
    Notation(r"(?<![A-Za-z])(?:QOD|qod|Q\.O\.D\.?|q\.o\.d\.?)(?![A-Za-z])", "was read as QD or QID", "every other day"),
    Notation(
        r"(?<![\d.])\d+\.0+(?!\d)(?=\s*[A-Za-zµμ毫微公單错顆錠片粒])",
        "is read ten times too high when the point is missed",
        "the whole number",
    ),
    Notation(
        r"(?<![\d.])\.\d+", "is read ten or more times too high when the point is missed", "a leading zero, such as 0.5"
    ),
    Notation(
        r"(?:MS|MSO4|MgSO4)(?![A-Za-z0-9])", "was read as the other of morphine and magnesium sulfate", "the full name"
    ),
    Notation(r"[µμ]g", "was read as mg", "mcg"),
    Notation(r"(?<=\d)\s*(?:cc|CC|c\.c\.)(?![A-Za-z])", "was read as U", "mL"),
    Notation(r"(?<![A-Za-z])(?:SQ|sq|sub q|SubQ)(?![A-Za-z])", "was read as SL or 5 every", "subcutaneously"),
    Notation(r"(?<![A-Za-z])(?:HS|hs|qhs|QHS)(?![A-Za-z])", "was read as half-strength or every hour", "at bedtime"),
    Notation(
        r"(?<![A-Za-z])(?:OD|OS|OU|AD|AS|AU)(?![A-Za-z])",
        "was read as the other eye or ear, or once daily",
        "the words",
    ),
    Notation(r"(?<![A-Za-z])(?:BIW|biw|TIW|tiw)(?![A-Za-z])", "was read as times a day", "times weekly"),
    Notation(
        r"(?<![A-Za-z])(?:MTX|HCTZ|AZT|CPZ|PTU|ASA)(?![A-Za-z])", "stands for more than one drug", "the full name"
    ),
    Notation(
        r"(?<=[a-z])(?=\d+(?:\.\d+)?\s?(?:mg|mcg|g|mL|units))",
        "runs name and dose together",
        "a space before the number",
    ),
    Notation(
        r"(?<![\d,.])\d{5,}(?![\d.])(?=\s*(?:units|U\b|IU|mg|mcg))",
        "is hard to read without commas",
        "commas, such as 10,000",
    ),
)
_COMPILED: Final = tuple((re.compile(item.pattern), item) for item in NOTATIONS)


def notation_warnings(text: str) -> tuple[str, ...]:
    """Return one sentence for each error-prone notation in ``text``; () where there is none."""
    warnings = []
    for pattern, item in _COMPILED:
        found = pattern.search(text)
        if found:
            written = found.group().strip() or text[max(0, found.start() - 8) : found.end() + 8].strip()
            warnings.append(f"{written!r} {item.hazard}; write {item.instead}.")
    return tuple(warnings)
