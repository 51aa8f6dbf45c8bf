"""What is wrong with a line of data, for the person who has to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.errors import TrainingError

MOST_SHOWN = 20  # problems in one message; the rest is counted


class DataError(TrainingError):
    """Data that must not be trained on; the message says what is wrong, with file and line."""


@dataclass(frozen=True)
class Problem:
    """A line that cannot be read. ``where`` is ``file:line``."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def listed(problems: Sequence[Problem]) -> str:
    """Return the problems one a line, the first :data:`MOST_SHOWN` of them."""
    lines = [str(problem) for problem in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        lines.append(f"... and {len(problems) - MOST_SHOWN} more")
    return "\n".join(lines)
