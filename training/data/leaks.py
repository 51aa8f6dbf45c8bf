"""The leak report: which test rows ask what a training row asks.

A test row leaks where one training row holds most of the n-grams of its question (of its text, for texts), or where the
questions are the same words. A row that shows its facts is another question where the facts are others: "do I take it
with food?" of two medicines has two answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from training.data import wording
from training.data.rows import Row, TextRow, asked_facts, question

NGRAM = 8  # tokens: a word, a number or a Chinese character each
SHARE = 0.6  # of the n-grams of a test row that one training row must hold
SHORT = 6  # tokens; shorter questions ("thank you") are counted and prove nothing


@dataclass(frozen=True)
class Leak:
    """A test row that was trained on; ``test`` and ``train`` are indices."""

    test: int
    train: int
    share: float  # of the test row's n-grams; 1 where the words are the same


@dataclass(frozen=True)
class LeakReport:
    """What the test rows have in common with the training rows."""

    tested: int
    leaks: tuple[Leak, ...]
    same_question: int  # test rows whose very question some training row asks, whatever its facts
    mean_share: float  # of the best match of each test row


def leaks(train: Iterable[Row], test: Sequence[Row], *, size: int = NGRAM, limit: float = SHARE) -> LeakReport:
    """Return the report. Memory grows with ``test`` alone."""
    asked = [wording.tokens(probe(row)) for row in test]
    facts = [asked_facts(row) for row in test]
    grams = [wording.ngrams(words, size) for words in asked]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(grams):
        for gram in found:
            holders[gram].append(number)
    best = [0.0] * len(test)
    same: set[int] = set()
    found_leaks: dict[int, Leak] = {}
    for place, row in enumerate(train):
        words, shown = wording.tokens(probe(row)), asked_facts(row)
        common = Counter(number for gram in wording.ngrams(words, size) for number in holders.get(gram, ()))
        for number, count in common.items():
            alike = words == asked[number]
            share = 1.0 if alike else count / len(grams[number])
            best[number] = max(best[number], share)
            if alike:
                same.add(number)
            # Under ``size`` tokens a question is one single n-gram: it only counts where it is the whole other one.
            judged = alike or len(asked[number]) >= size
            if judged and share >= limit and len(asked[number]) >= SHORT and shown == facts[number]:
                known = found_leaks.get(number)
                if known is None or share > known.share:
                    found_leaks[number] = Leak(number, place, share)
    ordered = tuple(found_leaks[number] for number in sorted(found_leaks))
    return LeakReport(len(test), ordered, len(same), fmean(best) if best else 0.0)


def probe(row: Row) -> str:
    """Return what is looked for in the training rows: the question, or the whole text."""
    return row.text if isinstance(row, TextRow) else question(row)
