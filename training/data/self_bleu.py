"""Self-BLEU: how much the texts of a set repeat each other (0: nothing in common, 100: one text over and over).

Each text of a seeded sample is scored against all others of the sample (Zhu et al., "Texygen", 2018), with sacreBLEU's
tokenizers and formula (exponential smoothing, effective order). Chinese needs its tokenizer ``zh``: without it, it
scores 0. What the others hold is counted once for all texts, so that a thousand take a second.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean

from sacrebleu.metrics.bleu import BLEU

from medllm_ros.safety.folding import is_cjk

SAMPLE = 500
_ORDER = 4


def self_bleu(texts: Sequence[str], *, sample: int = SAMPLE, seed: int = 0) -> float | None:
    """Return the mean over the sample; None where there are fewer than two texts. Names and numbers are not masked."""
    texts = [text for text in texts if text.strip()]
    if len(texts) < 2:
        return None
    return fmean(scores(random.Random(seed).sample(texts, min(sample, len(texts)))))


def scores(texts: Sequence[str]) -> list[float]:
    """Return the BLEU of each text against all others."""
    bleu = BLEU(tokenize="zh" if _chinese(texts) else "13a", effective_order=True)
    words = [tuple(bleu.tokenizer(text.rstrip()).split()) for text in texts]
    counted = [_grams(each) for each in words]
    most = _most(counted)
    lengths = sorted(map(len, words))
    return [_score(number, words[number], counted[number], most, lengths) for number in range(len(texts))]


def _chinese(texts: Iterable[str]) -> bool:
    marks = [any(map(is_cjk, text)) for text in texts]
    return sum(marks) > len(marks) / 2


def _grams(words: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    return Counter(words[at : at + size] for size in range(1, _ORDER + 1) for at in range(len(words) - size + 1))


def _most(counted: Sequence[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return of each n-gram the highest count in one text, that text, and the highest count in any other."""
    most: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for number, grams in enumerate(counted):
        for gram, count in grams.items():
            first, owner, second = most.get(gram, (0, -1, 0))
            most[gram] = (count, number, first) if count > first else (first, owner, max(second, count))
    return most


def _score(
    number: int,
    words: tuple[str, ...],
    grams: Counter[tuple[str, ...]],
    most: dict[tuple[str, ...], tuple[int, int, int]],
    lengths: Sequence[int],
) -> float:
    correct, total = [0] * _ORDER, [max(0, len(words) - size) for size in range(_ORDER)]
    for gram, count in grams.items():
        first, owner, second = most[gram]
        correct[len(gram) - 1] += min(count, second if owner == number else first)
    others = list(lengths)
    others.remove(len(words))
    closest = min(others, key=lambda length: (abs(length - len(words)), length))
    found = BLEU.compute_bleu(correct, total, len(words), closest, smooth_method="exp", effective_order=True)
    return float(found.score)
