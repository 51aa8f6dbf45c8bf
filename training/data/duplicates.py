"""Rows that say the same: word for word, or nearly so (MinHash and LSH, then the true Jaccard similarity).

Compared is what stands in the conversation, facts included, without the system message. Rows whose numbers differ are
never duplicates: "5 mg" for "10 mg" is what a model must learn to tell apart. Nor are the turns of one dialogue, or the
same words in the other Chinese script.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from datasketch import MinHash, MinHashLSH

from training.data import wording
from training.data.rows import Row, conversation

NEAR = 0.9  # Jaccard similarity of the shingles from which two rows are nearly the same
SHINGLE = 3  # characters: a word of Chinese, and a little more
# Bands x rows of LSH: at a similarity of 0.9 one pair in 10,000 is missed, at 0.8 one in 20.
BANDS = (16, 8)
_EMPTY = MinHash(num_perm=BANDS[0] * BANDS[1], seed=1, hashfunc=int)


@dataclass(frozen=True)
class Duplicate:
    """``row`` repeats ``first`` (indices); ``similarity`` is 1 where the words are the same."""

    row: int
    first: int
    similarity: float


def duplicates(rows: Sequence[Row], near: float | None = NEAR) -> list[Duplicate]:
    """Return every row that repeats an earlier one, with the first that it repeats; ``near`` None: exact ones only."""
    found: list[Duplicate] = []
    seen: dict[str, int] = {}
    left: list[int] = []
    texts = [conversation(row) for row in rows]
    for number, text in enumerate(texts):
        first = seen.setdefault(wording.written(text), number)
        if first != number and not _one_dialogue(rows[first], rows[number]):
            found.append(Duplicate(number, first, 1.0))
        else:
            left.append(number)
    if near is not None:
        numbered: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number in left:
            numbered[wording.numerals(texts[number])].append(number)
        for same in numbered.values():
            if len(same) > 1:
                found += _near(rows, texts, same, near)
    return sorted(found, key=lambda item: item.row)


def unique(rows: Sequence[Row], near: float | None = NEAR) -> tuple[list[Row], list[Duplicate]]:
    """Return the rows without those that repeat an earlier one, and what was left out."""
    repeated = duplicates(rows, near)
    dropped = {item.row for item in repeated}
    return [row for number, row in enumerate(rows) if number not in dropped], repeated


def _near(rows: Sequence[Row], texts: Sequence[str], left: Sequence[int], near: float) -> list[Duplicate]:
    index = MinHashLSH(num_perm=BANDS[0] * BANDS[1], params=BANDS)
    shingles: dict[int, np.ndarray] = {}
    found = []
    for number in left:
        mine = _shingles(texts[number])
        sketch = _EMPTY.copy()
        sketch.update_batch(mine.tolist())
        candidates = (other for other in sorted(index.query(sketch)) if not _one_dialogue(rows[other], rows[number]))
        scored = ((other, _jaccard(mine, shingles[other])) for other in candidates)
        match = next((Duplicate(number, other, score) for other, score in scored if score >= near), None)
        if match:
            found.append(match)
        else:  # only first ones are kept: a cluster of a thousand costs no more than a pair
            index.insert(number, sketch)
            shingles[number] = mine
    return found


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    common = np.intersect1d(one, other, assume_unique=True).size
    return float(common / (one.size + other.size - common))


def _shingles(text: str) -> np.ndarray:
    """Return the hashes of the character runs of a text, sorted and each once."""
    bare = wording.written(text)
    runs = {bare[at : at + SHINGLE] for at in range(max(1, len(bare) - SHINGLE + 1))}
    return np.unique(np.fromiter((zlib.crc32(run.encode("utf-8", "replace")) for run in runs), np.uint32, len(runs)))


def _one_dialogue(first: Row, second: Row) -> bool:
    return bool(first.where) and first.where == second.where
