"""Patterns by the words that they cannot match without, so that most of them need not be tried on a text.

As RE2's ``FilteredRE2`` does it, for :mod:`re`, whose look-arounds RE2 does not know: of each pattern's parse a set of
words is read of which one stands in whatever the pattern matches. Of four hundred triage patterns ten or twenty are
left to try on a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from medllm_ros.safety.folding import is_cjk

MOST = 16  # words that are spelled out of neighbouring choices; more of them are looked at one by one
START = 3  # characters by which a word is looked up
_ZERO_WIDTH = (op.AT, op.ASSERT, op.ASSERT_NOT)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


class Sieve:
    """Tells which of ``patterns`` may match a text; those that it leaves out cannot."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self._starts: dict[str, dict[str, int]] = {}
        for number, pattern in enumerate(patterns):
            for word in needed(pattern):
                words = self._starts.setdefault(word[:START], {})
                words[word] = words.get(word, 0) | 1 << number
        self._always = self._starts.pop("", {}).get("", 0)

    def possible(self, text: str) -> int:
        """Return a number whose bit ``i`` is set where ``patterns[i]`` may match ``text``."""
        found = self._always
        starts = {text[at : at + size] for size in range(1, START + 1) for at in range(len(text))}
        for start in starts & self._starts.keys():
            for word, bits in self._starts[start].items():
                if word in text:
                    found |= bits
        return found


def needed(pattern: re.Pattern[str]) -> frozenset[str]:
    """Return words of which one stands in every match of ``pattern``; the empty word where none is known.

    Raises :class:`ValueError` for a pattern that ignores case: its words would have more spellings than one.
    """
    if pattern.flags & re.IGNORECASE:
        raise ValueError(f"A pattern in a sieve must not ignore case: {pattern.pattern}. Fold the text instead.")
    return frozenset(_sequence(_parser.parse(pattern.pattern, pattern.flags)).needed)


class _Words(NamedTuple):
    """All that a part can match, where that is a small set, and words of which one stands in whatever it matches."""

    exact: set[str] | None
    needed: set[str]


_ANYTHING = _Words(None, {""})


def _sequence(items: Iterable[tuple[Any, Any]]) -> _Words:
    exact, best, whole = {""}, {""}, True
    for code, argument in items:
        part = _item(code, argument)
        if part.exact is not None and len(exact) * len(part.exact) <= MOST:
            exact = {before + after for before in exact for after in part.exact}
            continue
        best = min(best, exact, part.needed, key=_often)
        exact, whole = {""}, False
    return _Words(exact if whole else None, min(best, exact, key=_often))


def _item(code: Any, argument: Any) -> _Words:
    if code is op.LITERAL:
        return _Words({chr(argument)}, {chr(argument)})
    if code is op.IN and all(kind is op.LITERAL for kind, _ in argument):
        letters = {chr(letter) for _, letter in argument}
        return _Words(letters, letters)
    if code in _ZERO_WIDTH:
        return _Words({""}, {""})
    if code is op.SUBPATTERN:
        return _ANYTHING if argument[1] else _sequence(argument[3])  # flags of its own: "(?i:pain)"
    if code is op.BRANCH:
        return _branch([_sequence(branch) for branch in argument[1]])
    if code in _REPEATS:
        least, most, repeated = argument
        once = _sequence(repeated)
        if least == 0:
            return _Words(once.exact | {""} if once.exact is not None and most == 1 else None, {""})
        return _Words(once.exact if most == 1 else None, once.needed)
    return _ANYTHING


def _branch(branches: list[_Words]) -> _Words:
    exact: set[str] | None = set()
    for branch in branches:
        exact = None if exact is None or branch.exact is None else exact | branch.exact
    return _Words(exact, set().union(*(branch.needed for branch in branches)))


def _often(words: set[str]) -> float:
    """Return roughly how often one of ``words`` stands in speech: the fewer and longer they are, the seldomer."""
    return sum((20.0 if is_cjk(word[0]) else 3.0) ** -len(word) if word else 1.0 for word in words)
