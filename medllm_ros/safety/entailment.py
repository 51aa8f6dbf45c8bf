"""Does a sentence say what its fact says, and nothing else?

Strict and closed: after the glue words, the medicine's own name and grounded numbers are taken away, every
remaining piece must be a piece of the fact, inside a clause of the same polarity, with the same predicate.
A sentence in words of its own fails, and the approved wording is spoken instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from medllm_ros.safety.clauses import Clause, guard_words, operators, read, split
from medllm_ros.safety.fact_reading import (
    LATIN,
    LONGEST_PIECE,
    Fact,
    FactClause,
    glue_en,
    glue_zh,
    mask_names,
    operator_length,
    operators_en,
    read_fact,
    stem,
)  # fmt: skip
from medllm_ros.safety.folding import is_cjk, simplified
from medllm_ros.safety.grounding import Numbers, known, numbers
from medllm_ros.safety.small_talk import DRUG

WHOLE_CLAUSE = 0.7  # share of a fact clause's content that must be said where a part would mislead
WHOLE_FACT = 0.85
_NUMBER = "#"
_CITABLE_ALONE = frozenset({"name", "order"})


@dataclass
class _Found:
    """What one clause of the sentence has in common with the fact."""

    clause: Clause
    pieces: list[str] = field(default_factory=list)
    where: set[int] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    names_or_numbers: bool = False
    said: Numbers | None = None


def differences(
    body: str, whole: str, fact_text: str, key: str, names: tuple[str, ...], order: Numbers
) -> Iterator[str]:
    """Yield a rule for each way in which ``body`` says something else than the fact; nothing where it agrees.

    ``body`` is folded, small talk already taken out; ``whole`` still has it. ``key`` is the fact's field, ``names``
    the folded names of its medicine, ``order`` the numbers of the order.
    """
    fact = read_fact(fact_text, names)
    english = not any(is_cjk(char) for char in fact_text) and not any(is_cjk(char) for char in body)
    found = [_compare(clause, fact, names, english) for clause in split(body)]
    if any(item.unknown for item in found):
        yield "guard.term"
    content = sum(len(piece) for item in found for piece in item.pieces)
    if content < 2 and not (key in _CITABLE_ALONE and any(item.names_or_numbers for item in found)):
        yield "guard.no_content"
        return
    yield from _predicates(whole, fact.text, key)
    yield from _polarity(found, fact)
    yield from _conditions(found, fact)
    yield from _completeness(found, fact, key, english)
    yield from _placed_numbers(found, fact, order)


def _compare(text: str, fact: Fact, names: tuple[str, ...], english: bool) -> _Found:
    said = numbers(text)
    item = _Found(read(text.strip()), said=said)
    masked = mask_names(said.masked, names)
    item.names_or_numbers = DRUG in masked or _NUMBER in masked
    (_compare_english if english else _compare_chinese)(masked, fact, item)
    return item


def _compare_chinese(text: str, fact: Fact, item: _Found) -> None:
    glue, longest = glue_zh()
    at = 0
    while at < len(text):
        latin = LATIN.match(text, at)
        if latin:
            if latin.group() in fact.latin:
                item.pieces.append(latin.group())
                item.where |= fact.pieces.get(latin.group(), frozenset())
            elif latin.group() not in glue_en():
                item.unknown.append(latin.group())
            at = latin.end()
            continue
        if not is_cjk(text[at]):
            at += 1
            continue
        piece = _longest_piece(text, at, fact)
        word = next((n for n in range(min(longest, len(text) - at), 0, -1) if text[at : at + n] in glue), 0)
        operator = operator_length(text, at)
        if len(piece) >= max(2, word, operator):
            item.pieces.append(piece)
            item.where |= fact.pieces[piece]
            at += len(piece)
        elif word or operator:
            at += max(word, operator)
        elif text[at] in fact.pieces and text[at] not in _critical():
            item.pieces.append(text[at])  # its polarity counts, its content hardly
            item.where |= fact.pieces[text[at]]
            at += 1
        else:
            item.unknown.append(text[at])
            at += 1


def _longest_piece(text: str, at: int, fact: Fact) -> str:
    best = ""
    for size in range(2, min(LONGEST_PIECE, len(text) - at) + 1):
        if text[at : at + size] not in fact.pieces:
            break
        best = text[at : at + size]
    return best


def _compare_english(text: str, fact: Fact, item: _Found) -> None:
    for word in LATIN.findall(text):
        root = stem(word)
        if root in fact.pieces and word not in glue_en():
            item.pieces.append(root)
            item.where |= fact.pieces[root]
        elif word not in glue_en() and word not in operators_en() and root not in fact.pieces:
            item.unknown.append(word)


def _predicates(body: str, fact_text: str, key: str) -> Iterator[str]:
    words = _predicate_words()
    for name, (pattern, fields) in words.only.items():
        if pattern.search(body) and key not in fields and not pattern.search(fact_text):
            yield f"guard.predicate.{name}"
    for name, (pattern, fields, when) in words.keep.items():
        if key in fields and (when or pattern).search(fact_text) and not pattern.search(body):
            yield f"guard.dropped.{name}"


def _polarity(found: list[_Found], fact: Fact) -> Iterator[str]:
    for item in found:
        if not item.where:
            continue
        agreeing = [
            fact.clauses[place].clause
            for place in item.where
            if fact.clauses[place].clause.polarity is item.clause.polarity
        ]
        for piece in item.pieces:
            if all(fact.clauses[p].clause.polarity is not item.clause.polarity for p in fact.pieces.get(piece, ())):
                yield "guard.polarity"
                return
        if not agreeing:
            yield "guard.polarity"
        elif item.clause.permits and not any(clause.permits for clause in agreeing):
            yield "guard.permission"
        elif item.clause.obliges and not item.clause.permits and all(clause.permits for clause in agreeing):
            yield "guard.obligation"


def _conditions(found: list[_Found], fact: Fact) -> Iterator[str]:
    """What a fact says under a condition may not be said without one."""
    condition = operators().condition
    wanted = sum(
        len(condition.findall(fact.clauses[place].clause.text))
        for place in {place for item in found for place in item.where}
    )
    if wanted > sum(len(condition.findall(item.clause.text)) for item in found):
        yield "guard.condition"


def _completeness(found: list[_Found], fact: Fact, key: str, english: bool) -> Iterator[str]:
    words = guard_words()
    if key not in words["whole_clause"]:
        return
    pieces = [piece for item in found for piece in item.pieces]
    shares = [_share(clause, pieces, english) for clause in fact.clauses]
    for item in found:
        same = [p for p in item.where if fact.clauses[p].clause.polarity is item.clause.polarity]
        if same and max(shares[place] for place in same) < WHOLE_CLAUSE:
            yield "guard.incomplete"
            return
    said = [item.said for item in found if item.said]
    for place in {place for item in found for place in item.where}:
        wanted = fact.clauses[place]
        if shares[place] >= WHOLE_CLAUSE and any(not known(q, said) for q in wanted.said.quantities):
            yield "guard.incomplete"
            return
    total = sum(len(clause.content) for clause in fact.clauses)
    if total and (key in words["whole_fact"] or fact.sentences > 1):
        reached = sum(share * len(clause.content) for share, clause in zip(shares, fact.clauses, strict=True))
        if reached / total < WHOLE_FACT:
            yield "guard.incomplete"


def _share(clause: FactClause, pieces: list[str], english: bool) -> float:
    if not clause.content:
        return 1.0
    text = clause.clause.text
    covered: set[int] = set()
    if english:
        spans = [(m.start(), m.end(), stem(m.group())) for m in LATIN.finditer(text)]
        for start, end, root in spans:
            if root in pieces:
                covered.update(range(start, end))
    else:
        for piece in pieces:
            at = text.find(piece)
            while at >= 0:
                covered.update(range(at, at + len(piece)))
                at = text.find(piece, at + 1)
    return len(covered & clause.content) / len(clause.content)


def _placed_numbers(found: list[_Found], fact: Fact, order: Numbers) -> Iterator[str]:
    """A number of the fact must stand with the words it stands with there."""
    for item in found:
        if not item.where or item.said is None:
            continue
        near = [fact.clauses[place].said for place in item.where]
        if any(not known(quantity, [*near, order]) for quantity in item.said.quantities):
            yield "guard.number_place"
            return
    for item in found:
        for quantity in item.said.quantities if item.said else ():
            holders = [clause for clause in fact.clauses if known(quantity, [clause.said])]
            if holders and all(clause.clause.polarity is not item.clause.polarity for clause in holders):
                yield "guard.polarity"
                return


@lru_cache(maxsize=1)
def _critical() -> frozenset[str]:
    return frozenset(str(guard_words()["critical"]).translate(simplified()))


class _Predicates:
    def __init__(self) -> None:
        data = guard_words()

        def one(pattern: str) -> re.Pattern[str]:
            return re.compile(pattern.translate(simplified()), re.ASCII)

        self.only = {
            name: (one(entry["words"]), frozenset(entry["fields"])) for name, entry in data["predicates"].items()
        }
        self.keep = {
            name: (one(entry["words"]), frozenset(entry["fields"]), one(entry["when"]) if "when" in entry else None)
            for name, entry in data["must_keep"].items()
        }


@lru_cache(maxsize=1)
def _predicate_words() -> _Predicates:
    return _Predicates()
