"""Does a sentence say what its fact says, and nothing else?

Both are read into rows of words (:mod:`medllm_ros.safety.lexicon`): free words out, synonyms in one form, numbers by
their amount. The sentence agrees where its row is the fact's, word for word and in the same order. What may differ is
listed here and in ``guard_words.yaml``: a condition may stand first or last, a list of symptoms may be shorter or in
another order, "may cause" and "side effects are" may change places, a clause at the end may be left out where that
misleads nobody. A sentence in words of its own fails, and the approved wording is spoken instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from medllm_ros.formulary.sheet import NAME, ORDER
from medllm_ros.safety import lexicon
from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.fact_reading import Fact, joined, read_fact
from medllm_ros.safety.folding import fold
from medllm_ros.safety.lexicon import NEGATIONS, Row, Word, read_row, steers, texts, without
from medllm_ros.safety.list_items import fewer_items, may_stand
from medllm_ros.safety.word_lists import Gap

# After these a pause more or less would turn the sentence: "不，要停藥"; "不要吃，請告訴護理師".
_NO_PAUSE_AFTER = NEGATIONS | {"MAY", "CAN", "IF", "TAKE", "without", "只", "only", "no", "unless"}
# A clause with one of these belongs to the clause before it.
_BINDING = frozenset({"IF", "WHEN", "除", "unless", "until", "only", "只", "except"})
# A prohibition may be said more weakly ("you cannot chew it"), but "it does not help at once" is no prohibition.
_STANDS_FOR = frozenset({("CANNOT", "NOT"), ("DENY", "NOT")})

class Agreement(StrEnum):
    """What a sentence says of a fact."""

    WHOLE = "whole"
    BEGUN = "begun"  # its first sentences, and the rest of the fact belongs to them
    NO = "no"


@dataclass(frozen=True)
class Ground:
    """The fact that a sentence is held against: its text, its field, the folded names of its medicine, its route."""

    text: str
    key: str
    names: tuple[str, ...]
    by_mouth: bool

    @property
    def fact(self) -> Fact:
        """Return the fact, read."""
        return read_fact(self.text, self.key, self.names, self.by_mouth)

    def row(self, folded: str) -> Row:
        """Return a folded sentence, read with this medicine's names."""
        return read_row(folded, self.names, self.by_mouth)


def agreement(folded: str, ground: Ground) -> Agreement:
    """Return whether a folded sentence, small talk already taken out, says what the fact says."""
    if ground.key == NAME:
        return _names(folded, ground)
    return agreement_of_row(ground.row(folded), ground)


def agreement_of_row(said: Row, ground: Ground) -> Agreement:
    """Return whether a row says what the fact says."""
    fact, said = ground.fact, _without_extra(said, ground)
    if not said or not _all_known(said, ground):
        return Agreement.NO
    if ground.key == ORDER:
        return Agreement.WHOLE if _part_of_order(said, fact.wholes[0]) else Agreement.NO
    if any(_same(said, whole) for whole in fact.wholes):
        return Agreement.WHOLE
    words = _words()
    count = len(fact.sentences)
    if ground.key in words.loose or ground.key in words.shorter:
        calling = [at for at, orders in enumerate(fact.sentences) if _calls(orders[0])]
        for first in range(count):
            for last in range(first + 1, count + 1):
                if first and not calling:
                    continue  # "they usually get better" alone speaks of nothing
                if ground.key in words.loose and any(not first <= at < last for at in calling):
                    continue
                if any(_loosely(said, row, ground.key) for row in joined(fact, first, last)):
                    return Agreement.WHOLE
        return Agreement.NO
    for last in range(1, count):
        if any(_same(said, row) for row in joined(fact, 0, last)):
            return Agreement.BEGUN
    return Agreement.NO


def differences(folded: str, ground: Ground) -> Iterator[str]:
    """Yield the rules that say how a sentence that does not agree is different from its fact."""
    said, fact = _without_extra(ground.row(folded), ground), ground.fact
    known = fact.vocabulary
    words = [word.text for word in said]
    if not words:
        yield "guard.no_content"
    elif any(text not in known for text in words if not steers(text) and not text.startswith("#")):
        yield "guard.term"
    elif any(text not in known for text in words if text.startswith("#")):
        yield "guard.number"
    elif _steering(said) != _steering(fact.wholes[0]):
        yield "guard.polarity"
    elif len(said) < len(fact.wholes[0]):
        yield "guard.incomplete"
    else:
        yield "guard.order"


def _names(folded: str, ground: Ground) -> Agreement:
    """The name is said where nothing but the name is said."""
    named = lexicon.NAME in lexicon.mask_names(folded, ground.names)
    return Agreement.WHOLE if named and not _without_extra(ground.row(folded), ground) else Agreement.NO


def _all_known(said: Row, ground: Ground) -> bool:
    """Return False where a word is none of the fact's and stands for none of them: the quickest way to disagree."""
    words = _words()
    known = set(ground.fact.vocabulary)
    known.update(mine for mine, its in _STANDS_FOR if its in known)
    if ground.key in words.hedge_fields:
        known |= words.weaker | words.fillers
    return known.issuperset(word.text for word in said)


def _same(said: Row, fact: Row) -> bool:
    if len(said) != len(fact):
        return False
    choice = any(word.text == "CAN" for word in fact)  # "before, after meals: both allowed" is "before or after"
    for at, (mine, its) in enumerate(zip(said, fact, strict=True)):
        if mine.text != its.text and (mine.text, its.text) not in _STANDS_FOR:
            return False
        if at and not may_stand(mine.gap, its.gap) and not (choice and (mine.gap, its.gap) == (Gap.LIST, Gap.OR)):
            return False
        if at and (mine.gap is Gap.NONE) is not (its.gap is Gap.NONE) and said[at - 1].text in _NO_PAUSE_AFTER:
            return False
    return True


def _loosely(said: Row, fact: Row, key: str) -> bool:
    """Return True where the sentence is the fact with fewer items, or without clauses at its end."""
    words = _words()
    if key in words.hedge_fields and fact and fact[0].text in words.hedges:
        if not _hedged(said) or not _hedges(said) <= _hedges(fact) | words.fillers | words.weaker:
            return False
        said, fact = _without_hedges(said), _without_hedges(fact)
        if not said:
            return False
    if _same(said, fact):
        return True
    for end in range(len(fact), 0, -1):
        if end < len(fact) and not _may_end(fact, end):
            continue
        part = fact[:end]
        if _same(said, part) or (key in words.loose and fewer_items(said, part, mixed=key in words.hedge_fields)):
            return True
    return False


def _may_end(fact: Row, end: int) -> bool:
    """Return True where what follows may be left out: a clause of its own that calls nobody and sets no condition.

    Nor may it be what comes of a condition: "if it bothers you" alone would bind what stands before it.
    """
    rest = fact[end:]
    if rest[0].gap not in (Gap.COMMA, Gap.STOP) or _calls(rest) or any(word.text in _BINDING for word in rest):
        return False
    start = max((at for at in range(end) if fact[at].gap is Gap.STOP), default=0)
    sentence = fact[start:end] if rest[0].gap is Gap.COMMA else ()
    return _calls(sentence) or all(word.text not in _BINDING for word in sentence)


def _part_of_order(said: Row, order: Row) -> bool:
    """Return True where the sentence is made of whole parts of the order, in any sequence, each once."""
    if any(word.gap is Gap.OR for word in said[1:]):
        return False  # an order leaves no choice
    parts = [texts(part) for part in _cut(order)]
    left = texts(said)
    while left:
        part = next((part for part in parts if left[: len(part)] == part), None)
        if part is None:
            return False
        parts.remove(part)
        left = left[len(part) :]
    return True


def _cut(row: Row) -> list[Row]:
    parts: list[list[Word]] = []
    for word in row:
        if not parts or word.gap is not Gap.NONE:
            parts.append([])
        parts[-1].append(word)
    return [tuple(part) for part in parts]


def _without_extra(row: Row, ground: Ground) -> Row:
    """Return the row without what a sentence about this kind of fact may add at the ends of its clauses."""
    extra = _words().extra.get(ground.key, frozenset()) - ground.fact.vocabulary
    if not any(word.text in extra for word in row):
        return row
    added: set[int] = set()
    starts = [at for at, word in enumerate(row) if not at or word.gap is not Gap.NONE]
    for start, end in zip(starts, [*starts[1:], len(row)], strict=True):
        for places in (range(start, end), range(end - 1, start - 1, -1)):
            for at in places:
                if row[at].text not in extra:
                    break
                added.add(at)
    return tuple(without(row, added))


def _without_hedges(row: Row) -> Row:
    hedges = _words().hedges | _words().fillers
    return tuple(without(row, {at for at, word in enumerate(row) if word.text in hedges}))


def _hedged(row: Row) -> bool:
    """Return True where a "may", "common" or "side effect" comes before anything else."""
    words = _words()
    first = next((word.text for word in row if word.text not in words.fillers), "")
    return first in words.hedges


def _hedges(row: Row) -> frozenset[str]:
    return frozenset(word.text for word in row) & (_words().hedges | _words().fillers)


def _calls(row: Row) -> bool:
    return any(word.text in _words().calls for word in row)


def _steering(row: Row) -> list[str]:
    return [word.text for word in row if steers(word.text)]


class _Words:
    def __init__(self) -> None:
        data = guard_words()
        self.loose, self.shorter = frozenset(data["loose"]), frozenset(data["shorter"])
        self.calls = frozenset(data["calls"])
        hedges = data["hedges"]
        self.hedge_fields, self.hedges = frozenset(hedges["fields"]), frozenset(hedges["words"])
        self.weaker, self.fillers = frozenset(hedges["weaker"]), frozenset(hedges["fillers"])
        self.extra = {
            key: frozenset(
                (*entry["words"], *fold(entry["zh"]), *map(lexicon.stem, entry["en"].split()), *entry["en"].split())
            )
            for key, entry in data["extra"].items()
        }


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
