"""Train, validation and test: rows of one group, and rows that repeat each other, never stand on two sides."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.data.duplicates import NEAR, duplicates
from training.data.errors import DataError
from training.data.leaks import leaks
from training.data.rows import Row, TextRow

MOST_ROUNDS = 20


@dataclass(frozen=True)
class Split:
    """Indices of the rows of each side, in their order."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def sides(self) -> dict[str, tuple[int, ...]]:
        """Return the sides by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split(
    rows: Sequence[Row], *, validation: float = 0.05, test: float = 0.05, seed: int = 0, near: float | None = NEAR
) -> Split:
    """Return the split; ``validation`` and ``test`` are shares of the rows, reached but hardly passed.

    Joined are rows of one group, of one dialogue, near repetitions, and questions that would be reported as leaks.
    The same rows, shares and seed give the same split in any order of the rows' groups. Raises :class:`DataError`
    where the groups are too few or too large for the shares.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise DataError("The shares of validation and test must be at least 0 and leave something to train on.")
    joined = _Joined(len(rows))
    for same in _alike(rows):
        joined.join(same)
    for item in duplicates(rows, near):
        joined.join((item.row, item.first))
    for _ in range(MOST_ROUNDS):
        found = _assign(rows, joined, validation, test, seed)
        held = [*found.validation, *found.test]
        leaked = leaks((rows[number] for number in found.train), [rows[number] for number in held]).leaks
        if not leaked:
            return found
        for leak in leaked:
            joined.join((held[leak.test], found.train[leak.train]))
    raise DataError("Questions of the held-out rows keep turning up in training; take duplicates out first.")


class _Joined:
    """Union and find over row numbers."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, numbers: Iterable[int]) -> None:
        first, *others = (self.root(number) for number in numbers)
        for other in others:
            self._parent[self.root(other)] = self.root(first)

    def parts(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parent)):
            found[self.root(number)].append(number)
        return list(found.values())


def _alike(rows: Sequence[Row]) -> Iterable[list[int]]:
    """Return the rows of each group and of each line of a file."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.group:
            found["group", row.group].append(number)
        if row.where and not isinstance(row, TextRow):
            found["where", row.where].append(number)
    return found.values()


def _assign(rows: Sequence[Row], joined: _Joined, validation: float, test: float, seed: int) -> Split:
    sides: dict[str, list[int]] = {"test": [], "validation": [], "train": []}
    wanted = {"test": round(test * len(rows)), "validation": round(validation * len(rows))}
    ordered = sorted((_draw(rows, part, seed), part) for part in joined.parts())
    for _, part in ordered:
        side = next((name for name, size in wanted.items() if len(sides[name]) + len(part) <= size), "train")
        sides[side] += part
    for name, size in wanted.items():
        if size and not sides[name]:
            largest = max(len(part) for _, part in ordered)
            raise DataError(
                f"No group fits into the {name} rows: {len(rows)} rows fall into {len(ordered)} groups that belong "
                f"together, the largest has {largest}. Give more rows, smaller groups or a larger share."
            )
    if rows and not sides["train"]:
        raise DataError("Nothing is left to train on; make the shares of validation and test smaller.")
    return Split(*(tuple(sorted(sides[name])) for name in ("train", "validation", "test")))


def _draw(rows: Sequence[Row], part: list[int], seed: int) -> str:
    """Return the place of a part in the draw: it rests on its first group's name and the seed alone."""
    key = min(rows[number].group or rows[number].where or str(number) for number in part)
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "replace")).hexdigest()
