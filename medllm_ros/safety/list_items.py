"""Lists in a sentence and in its fact: which marks may stand for which, and which items may be missing."""

from __future__ import annotations

from dataclasses import replace

from medllm_ros.safety.lexicon import Row, Word, steers
from medllm_ros.safety.word_lists import Gap

_KEEPS_ITS_ITEMS = frozenset({"NOT", "CANNOT", "DENY", "NO_NEED", "CAN", "MUST", "NEED"})
# What may stand in the sentence where the fact has which mark.
_MAY_STAND_FOR = {
    Gap.NONE: {Gap.NONE, Gap.LIST, Gap.COMMA},
    Gap.LIST: {Gap.NONE, Gap.LIST, Gap.COMMA, Gap.AND},
    Gap.COMMA: {Gap.NONE, Gap.LIST, Gap.COMMA, Gap.STOP, Gap.AND},
    Gap.STOP: {Gap.COMMA, Gap.STOP},
    Gap.AND: {Gap.AND, Gap.LIST, Gap.COMMA, Gap.STOP},
    Gap.OR: {Gap.OR, Gap.LIST},
}
_Item = tuple[tuple[str, ...], Gap]


def may_stand(said: Gap, fact: Gap) -> bool:
    """Return True where a sentence may have the mark ``said`` at a place where its fact has ``fact``."""
    return fact in _MAY_STAND_FOR[said]


def fewer_items(said: Row, fact: Row, *, mixed: bool) -> bool:
    """Return True where both have the same steering words, and between them the sentence has some of the fact's items.

    Items may go out of a list only, never all of them, and never behind a "do not": its next item would take its
    place. ``mixed`` is True where "and" and "or" mean the same, in a list of what may happen.
    """
    mine, its = _parts(said), _parts(fact)
    if [mark.text for mark, _ in mine] != [mark.text for mark, _ in its]:
        return False
    for (mark, some), (other, offered) in zip(mine, its, strict=True):
        if not may_stand(mark.gap, other.gap):
            return False
        if mark.text in _KEEPS_ITS_ITEMS:
            if [item for item, _ in some] != [item for item, _ in offered]:
                return False
            gaps = [(gap, link) for (_, gap), (_, link) in zip(some, offered, strict=True)]
            if not all(may_stand(gap, link) for gap, link in gaps[1:]):
                return False
            if any((gap is Gap.NONE) is not (link is Gap.NONE) for gap, link in gaps[:1]):
                return False
        elif not _shorter_lists(some, offered, mixed):
            return False
    return True


def _shorter_lists(some: list[_Item], offered: list[_Item], mixed: bool) -> bool:
    """Return True where ``some`` are items of ``offered``, at least one from between each two commas."""
    left = list(some)
    for number, group in enumerate(_groups(offered)):
        links = dict(group)
        taken: list[tuple[str, ...]] = []
        while left and left[0][0] in links and left[0][0] not in taken:
            item, link = left.pop(0)
            if number and not taken and link is Gap.OR:
                return False  # where the fact goes on, the sentence may not leave a choice
            # "chest pain and wheezing" is less often true than "chest pain or wheezing"
            if taken and link is Gap.AND and links[item] is not Gap.AND and not mixed:
                return False
            taken.append(item)
        if not taken:
            return False
    return not left


def _groups(items: list[_Item]) -> list[list[_Item]]:
    groups: list[list[_Item]] = []
    for at, (item, gap) in enumerate(items):
        if not at or gap in (Gap.COMMA, Gap.STOP):
            groups.append([])
        groups[-1].append((item, gap))
    return groups


def _parts(row: Row) -> list[tuple[Word, list[_Item]]]:
    """Return the steering words, each with the items that follow it."""
    parts: list[tuple[Word, list[_Item]]] = [(Word("", Gap.NONE), [])]
    fresh = True
    for at, word in enumerate(row):
        if steers(word.text):
            parts.append((word if at else replace(word, gap=Gap.NONE), []))
            fresh = True
        elif fresh or word.gap is not Gap.NONE:
            parts[-1][1].append(((word.text,), word.gap))
            fresh = False
        else:
            item, gap = parts[-1][1][-1]
            parts[-1][1][-1] = ((*item, word.text), gap)
    return parts
