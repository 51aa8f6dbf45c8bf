"""Facts as the guard reads them: clauses, their pieces, and the glue words that carry no content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.safety.clauses import Clause, Polarity, guard_words, read, sentences, split
from medllm_ros.safety.folding import fold, is_cjk
from medllm_ros.safety.grounding import Numbers, numbers
from medllm_ros.safety.small_talk import DRUG

LONGEST_PIECE = 16
LATIN = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class FactClause:
    """One clause of a fact."""

    clause: Clause
    content: frozenset[int]  # places that are not glue
    said: Numbers


@dataclass(frozen=True)
class Fact:
    """A fact, read once."""

    clauses: tuple[FactClause, ...]
    pieces: dict[str, frozenset[int]]  # every substring or stem -> the clauses it is in
    latin: frozenset[str]
    text: str
    sentences: int


@lru_cache(maxsize=1024)
def read_fact(text: str, names: tuple[str, ...]) -> Fact:
    """Return a fact's text, read into clauses and pieces; ``names`` are the folded names of its medicine."""
    folded = fold(text)
    clauses: list[FactClause] = []
    pieces: dict[str, set[int]] = {}
    for index, raw in enumerate(split(folded)):
        said = numbers(raw)
        bare = mask_names(said.masked, names).strip()
        clauses.append(FactClause(Clause(bare, *_rest(read(raw.strip()))), _content(bare), said))
        for start in range(len(bare)):
            for size in range(1, LONGEST_PIECE + 1):
                if start + size <= len(bare):
                    pieces.setdefault(bare[start : start + size], set()).add(index)
        for word in LATIN.findall(bare):
            pieces.setdefault(word, set()).add(index)
            pieces.setdefault(stem(word), set()).add(index)
    frozen = {piece: frozenset(places) for piece, places in pieces.items()}
    return Fact(tuple(clauses), frozen, frozenset(LATIN.findall(folded)), folded, len(sentences(text)))


def mask_names(text: str, names: tuple[str, ...]) -> str:
    """Return a folded text with the medicine's own names replaced by a mark."""
    for name in names:
        if name in text:
            text = text.replace(name, DRUG)
    return text


def folded_names(*names: str) -> tuple[str, ...]:
    """Return names folded, longest first; very short ones left out."""
    folded = {fold(name) for name in names}
    return tuple(sorted((name for name in folded if len(name) >= 2), key=len, reverse=True))


def stem(word: str) -> str:
    """Return an English word without its commonest endings."""
    for ending in ("ingly", "edly", "ing", "ies", "ied", "es", "ed", "s", "ly", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def operator_length(text: str, at: int) -> int:
    """Return the length of a Chinese negator or modal at ``at``; polarity judges it, so it is no content."""
    return next((n for n in range(5, 0, -1) if text[at : at + n] in _operators_zh()), 0)


@lru_cache(maxsize=1)
def glue_zh() -> tuple[frozenset[str], int]:
    """Return the Chinese glue words and the length of the longest."""
    words = frozenset(fold(word) for word in guard_words()["glue"]["zh"].split())
    return words, max(map(len, words))


@lru_cache(maxsize=1)
def glue_en() -> frozenset[str]:
    """Return the English glue words."""
    return frozenset(guard_words()["glue"]["en"].split())


@lru_cache(maxsize=1)
def _operators_zh() -> frozenset[str]:
    return frozenset(fold(word) for word in guard_words()["glue"]["operators_zh"].split())


@lru_cache(maxsize=1)
def operators_en() -> frozenset[str]:
    """Return the English negators and modals."""
    return frozenset(guard_words()["glue"]["operators_en"].split())


def _content(text: str) -> frozenset[int]:
    """Return the places of ``text`` that are neither glue nor operators nor punctuation."""
    glue, longest = glue_zh()
    places: set[int] = set()
    at = 0
    while at < len(text):
        latin = LATIN.match(text, at)
        if latin:
            if latin.group() not in glue_en() and latin.group() not in operators_en():
                places.update(range(at, latin.end()))
            at = latin.end()
            continue
        word = next((n for n in range(min(longest, len(text) - at), 0, -1) if text[at : at + n] in glue), 0)
        skip = max(word, operator_length(text, at))
        if skip:
            at += skip
            continue
        if is_cjk(text[at]):
            places.add(at)
        at += 1
    return frozenset(places)


def _rest(clause: Clause) -> tuple[Polarity, bool, bool]:
    return clause.polarity, clause.permits, clause.obliges
