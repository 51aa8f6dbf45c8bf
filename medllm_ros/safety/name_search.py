"""Where a name of a closed list may stand in running text, judged by sound. Distances only, no decisions.

Two lists: Chinese names, compared syllable by syllable with Chinese text; Latin names, compared phone by phone with
words of either script ("met for men", "美福明"). Each is searched coarsely over the whole text first; what is found is
then aligned, so that sounds and whole syllables may be lost, added or confused.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from medllm_ros.formulary.names import same_length
from medllm_ros.safety.folding import is_cjk
from medllm_ros.safety.sounds import (
    Syllable,
    loss,
    phone_costs,
    spoken,
    syllable_cost,
    syllable_phones,
    syllables,
    word_phones,
)

GAP = 0.75  # cost of a syllable too many or too few
_WALL = 3.0  # cost of a token that no name contains, per syllable or phone
_FAR = 99.0
_LENGTHS = range(2, 13)  # syllables of a Chinese name
_LEAST = 0.6  # part of a Latin name's phones that must have been heard at all
_MOST = 6  # Latin names that are aligned after one coarse search: the nearest ones
_TOKEN = re.compile(r"[\u3400-\u9fff]|[a-z]+|\|+")
_BREAK = re.compile(r"[^\u3400-\u9fffa-z|\s'’-]+")
# Consonants by where they are made, and vowels, for the coarse search; weak vowels, h and y do not count.
_CLASSES = {"P": "pb", "T": "td", "K": "kg", "S": "szSCJ", "N": "mn", "L": "lr", "F": "fvw", "V": "aeiou", "|": "|"}
_CLASS = {phone: kind for kind, phones in _CLASSES.items() for phone in phones}


@dataclass(frozen=True)
class Place:
    """A name that may have been said at ``start`` to ``end`` of a text; ``distance`` is 0 where it sounds the same.

    ``weight`` is how much there is to recognise: syllables of a Chinese name, consonants of a Latin one.
    """

    name: str
    start: int
    end: int
    distance: float
    weight: int


@dataclass(frozen=True)
class _Token:
    """A character or a word; "|" stands for words that no name contains."""

    start: int
    end: int
    readings: tuple[Syllable, ...]
    phones: str


Segment = Sequence[_Token]


def segments(text: str, hidden: Iterable[tuple[int, int]] = ()) -> list[Segment]:
    """Return the runs of characters and words between punctuation; no name goes across what is ``hidden``."""
    lowered = same_length(text)
    for start, end in hidden:
        lowered = lowered[:start] + "|" * (end - start) + lowered[end:]
    cuts = [0, *(at for found in _BREAK.finditer(lowered) for at in found.span()), len(lowered)]
    found = (
        [_token(token.group(), token.start()) for token in _TOKEN.finditer(lowered, start, end)]
        for start, end in zip(cuts[::2], cuts[1::2], strict=True)
    )
    return [segment for segment in found if any(token.phones.isalpha() for token in segment)]


def within(segment: Segment, place: Place) -> Segment:
    """Return the part of ``segment`` that ``place`` takes up; empty where it lies in another one."""
    return [token for token in segment if place.start <= token.start and token.end <= place.end]


def _token(text: str, start: int) -> _Token:
    readings = syllables(text) if is_cjk(text) else ()
    if text[0] == "|":
        phones = "|"
    elif readings:
        phones = syllable_phones(readings[0])
    else:
        phones = "" if is_cjk(text) else word_phones(text)
    return _Token(start, start + len(text), readings, phones)


class ChineseNames:
    """Chinese names by their syllables."""

    def __init__(self, names: Iterable[str]) -> None:
        readings = {name: spoken(name) for name in names if len(name) in _LENGTHS}
        self.names = sorted((name for name, found in readings.items() if found), key=len)
        self._known = sorted({syllable for name in self.names for syllable in readings[name]}, key=str)
        place = {syllable: at for at, syllable in enumerate(self._known)}
        self._syllables = [np.array([place[syllable] for syllable in readings[name]]) for name in self.names]
        self._by_length = []  # length, the first name's place, names x syllables
        for length, group in groupby(enumerate(self._syllables), key=lambda item: len(item[1])):
            found = list(group)
            self._by_length.append((length, found[0][0], np.stack([table for _, table in found])))
        self._row = lru_cache(maxsize=4096)(self._new_row)

    def near(self, segment: Segment, limits: npt.NDArray[np.float32]) -> Iterator[Place]:
        """Yield, at its best place, each name whose syllables are on average at most its limit away."""
        if not any(token.readings for token in segment):
            return
        costs = np.stack([self._row(token.readings, token.phones) for token in segment])
        for length, first, table in self._by_length:
            starts = len(segment) - length + 1
            if starts < 1:
                break
            sums = costs[:starts, table[:, 0]]
            for at in range(1, length):
                sums += costs[at : starts + at, table[:, at]]
            near = sums.min(axis=0) <= limits[first : first + len(table)] * length
            for name in np.flatnonzero(near).tolist():
                yield self._aligned(first + name, segment, costs, int(sums[:, name].argmin()))

    def _aligned(self, which: int, segment: Segment, costs: npt.NDArray[np.float32], start: int) -> Place:
        meant = self._syllables[which]
        first, last = max(0, start - 1), min(len(segment), start + len(meant) + 1)
        heard = segment[first:last]
        extra = [_WALL if token.phones == "|" else GAP for token in heard]
        distance, begin, end = _align(
            costs[first:last, meant].tolist(), [GAP] * len(meant), extra, range(len(heard)), range(1, len(heard) + 1)
        )
        return Place(self.names[which], heard[begin].start, heard[end - 1].end, distance / len(meant), len(meant))

    def _new_row(self, readings: tuple[Syllable, ...], phones: str) -> npt.NDArray[np.float32]:
        if not readings:
            return np.full(len(self._known), _WALL if phones == "|" else 1.0, dtype=np.float32)
        return np.array(
            [min(syllable_cost(heard, meant) for heard in readings) for meant in self._known], dtype=np.float32
        )


@dataclass(frozen=True)
class LatinGroup:
    """Some of the Latin names, in their order: places in the list and skeletons, the shortest first."""

    which: tuple[int, ...]
    skeletons: tuple[str, ...]


class LatinNames:
    """Latin names by their phones."""

    def __init__(self, names: Iterable[str]) -> None:
        phones = {name: "".join(map(word_phones, name.split())) for name in names}
        skeletons = {name: _skeleton(found) for name, found in phones.items()}
        usable = (name for name, skeleton in skeletons.items() if _consonants(skeleton) > 2)
        self.names = sorted(usable, key=lambda name: len(skeletons[name]))
        self._phones = [phones[name] for name in self.names]
        self._skeletons = [skeletons[name] for name in self.names]
        self._sizes = [sum(map(loss, found)) for found in self._phones]
        self.weights = [_consonants(skeleton) for skeleton in self._skeletons]
        self._losses = [[loss(phone) for phone in found] for found in self._phones]

    def group(self, which: Sequence[int]) -> LatinGroup:
        """Return some of the names as :meth:`near` wants them."""
        return LatinGroup(tuple(which), tuple(self._skeletons[at] for at in which))

    def near(self, segment: Segment, group: LatinGroup, ratio: float) -> Iterator[Place]:
        """Yield each name of ``group`` of whose phones about ``ratio`` percent stand somewhere in order."""
        code: list[str] = []
        places: list[int] = []
        for at, token in enumerate(segment):
            found = _skeleton(token.phones)
            code += found
            places += [at] * len(found)
        heard = "".join(code)
        long = bisect.bisect_right(group.skeletons, len(heard) / _LEAST, key=len)
        for skeleton, _, at in process.extract(
            heard, group.skeletons[:long], scorer=fuzz.partial_ratio, processor=None, score_cutoff=ratio, limit=_MOST
        ):
            which = group.which[at]
            spot = fuzz.partial_ratio_alignment(skeleton, heard)
            if spot is None or len(skeleton) > len(heard):
                yield self._aligned(which, segment)
                continue
            first, last = places[spot.dest_start], places[spot.dest_end - 1]
            yield self._aligned(which, segment[_reach(segment, first, -1) : _reach(segment, last, 1) + 1])

    def rivals(self, segment: Segment) -> Iterator[Place]:
        """Yield the names that are nearest to the whole of ``segment``."""
        heard = _skeleton("".join(token.phones for token in segment))
        for _, _, at in process.extract(
            heard, self._skeletons, scorer=Levenshtein.normalized_similarity, processor=None, score_cutoff=0.6,
            limit=_MOST,
        ):  # fmt: skip
            yield self._aligned(at, segment)

    def _aligned(self, which: int, heard: Segment) -> Place:
        meant, costs = self._phones[which], phone_costs()
        edges = [0]
        for token in heard:
            edges.append(edges[-1] + len(token.phones))
        phones = "".join(token.phones for token in heard)
        wall = [_WALL] * len(meant)
        change = [[costs[phone][wanted] for wanted in meant] if phone != "|" else wall for phone in phones]
        extra = [loss(phone) if phone != "|" else _WALL for phone in phones]
        distance, begin, end = _align(change, self._losses[which], extra, edges[:-1], edges[1:])
        first = max(at for at, edge in enumerate(edges[:-1]) if edge <= begin)
        last = min(at for at, edge in enumerate(edges[1:]) if edge >= end)
        return Place(
            self.names[which], heard[first].start, heard[last].end, distance / self._sizes[which], self.weights[which]
        )


def _skeleton(phones: str) -> str:
    return "".join(_CLASS.get(phone, "") for phone in phones)


def _consonants(skeleton: str) -> int:
    return len(skeleton) - skeleton.count("V")


def _reach(segment: Segment, at: int, step: int) -> int:
    """Return the token that lies about two phones before or behind the one at ``at``."""
    phones = 0
    while phones < 2 and 0 <= at + step < len(segment) and segment[at + step].phones != "|":
        at += step
        phones += len(segment[at].phones)
    return at


def _align(
    change: Sequence[Sequence[float]], lost: Sequence[float], extra: Sequence[float],
    starts: Iterable[int], ends: Iterable[int],
) -> tuple[float, int, int]:  # fmt: skip
    """Return cost, start and end of the cheapest stretch of what was heard that makes up all that was meant.

    ``change[j][i]`` is the cost of hearing sound ``j`` for the meant ``i``. The stretch begins at one of ``starts`` and
    ends at one of ``ends``: a name is made of whole words.
    """
    begins, closes = set(starts), set(ends)
    cost, origin = [0.0, *accumulate(lost)], [0] * (len(lost) + 1)
    best = (_FAR, 0, len(extra))
    for j, (row, surplus) in enumerate(zip(change, extra, strict=True), 1):
        least, where = (0.0, j) if j in begins else (cost[0] + surplus, origin[0])
        now, came = [least], [where]
        for other, gone, before, above, before_from, above_from in zip(
            row, lost, cost, cost[1:], origin, origin[1:], strict=False
        ):
            least += gone
            if before + other <= least:
                least, where = before + other, before_from
            if above + surplus < least:
                least, where = above + surplus, above_from
            now.append(least)
            came.append(where)
        if least < best[0] and where < j and j in closes:
            best = (least, where, j)
        cost, origin = now, came
    return best
