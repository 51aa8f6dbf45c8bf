"""Answers as a table: shares with 95 % intervals (bootstrap over dialogues), paired against the first system."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import medllm_ros
from training.evaluate.overlap import overlap
from training.evaluate.play import Answer

RESAMPLES = 1000
# Everything that judges a sentence, code and words.
_GUARD = (
    *(f"safety/{name}.py" for name in (
        "claims", "clauses", "entailment", "fact_reading", "folding", "grounding", "guard", "lexicon", "list_items",
        "small_talk", "word_lists",
    )),
    "safety/data/guard_words.yaml", "safety/data/forbidden_acts.yaml", "quantities/*.py",
)  # fmt: skip


def guard_hash() -> str:
    """Return the SHA-256 of what judges a sentence; figures compare only where it is the same."""
    root = Path(medllm_ros.__file__).parent
    digest = hashlib.sha256()
    for pattern in _GUARD:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def summary(answers: Mapping[str, Sequence[Answer]], seed: int = 0) -> dict[str, Any]:
    """Return for each system and each part of the set what ``docs/training.md`` describes."""
    parts: dict[str, Callable[[Answer], bool]] = {
        "all": lambda a: True,
        "formulary": lambda a: not a.invented,
        "invented": lambda a: a.invented,
    }
    first = next(iter(answers))
    for locale in sorted({answer.locale for answer in answers[first]}):
        parts[str(locale)] = lambda a, locale=locale: a.locale is locale  # type: ignore[misc]
    found: dict[str, Any] = {}
    for name, given in answers.items():
        found[name] = {}
        for part, belongs in parts.items():
            own = [answer for answer in given if belongs(answer)]
            if own:
                found[name][part] = _measured(own, [a for a in answers[first] if belongs(a)], name != first, seed)
                if len({a.locale for a in own}) == 1:  # words of several languages have no common measure
                    found[name][part] |= overlap([(a.text, a.reference) for a in own])
    return found


def _measured(own: Sequence[Answer], first: Sequence[Answer], compare: bool, seed: int) -> dict[str, Any]:
    right = _by_dialogue(own, lambda a: a.right)
    measured: dict[str, Any] = {
        "replies": len(own),
        "right": round(float(np.mean([a.right for a in own])), 4),
        "right_95": _interval(right, seed),
        "passes_whole": round(float(np.mean([not a.refused for a in own])), 4),
        "states_all": round(float(np.mean([not a.missing for a in own])), 4),
        "language_right": round(float(np.mean([not a.foreign for a in own])), 4),
        "first_sentence_ms": round(float(np.median([a.first_sentence_s for a in own])) * 1000),
        "tokens_per_second": round(sum(a.tokens for a in own) / max(1e-9, sum(a.total_s for a in own)), 1),
    }
    if compare:
        base = _by_dialogue(first, lambda a: a.right)
        both = {name: (right[name][0] - base[name][0], right[name][1]) for name in right if name in base}
        measured["better_than_first_by_95"] = _interval(both, seed)
    return measured


def _by_dialogue(answers: Sequence[Answer], value: Callable[[Answer], bool]) -> dict[str, tuple[int, int]]:
    """Return (hits, replies) of each dialogue: turns of one dialogue are no independent draws."""
    found: dict[str, tuple[int, int]] = {}
    for answer in answers:
        hits, count = found.get(answer.dialogue, (0, 0))
        found[answer.dialogue] = (hits + value(answer), count + 1)
    return found


def _interval(counted: Mapping[str, tuple[int, int]], seed: int) -> list[float]:
    """Return the 95 % bootstrap interval of the share."""
    pairs = np.array(list(counted.values()), dtype=float)
    if not len(pairs):
        return [0.0, 0.0]
    drawn = np.random.default_rng(seed).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    shares = pairs[drawn, 0].sum(axis=1) / pairs[drawn, 1].sum(axis=1)
    return [round(float(share), 4) for share in np.percentile(shares, (2.5, 97.5))]


def plot(found: Mapping[str, Mapping[str, Mapping[str, Any]]], path: Path) -> None:
    """Draw the shares with their intervals."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    parts = list(next(iter(found.values())))
    figure, axes = plt.subplots(figsize=(1.6 * len(parts) + 2, 4), layout="constrained")
    width = 0.8 / len(found)
    for number, (name, measured) in enumerate(found.items()):
        at = [place + number * width for place in range(len(parts))]
        right = [100 * measured[part]["right"] for part in parts]
        low = [share - 100 * measured[part]["right_95"][0] for share, part in zip(right, parts, strict=True)]
        high = [100 * measured[part]["right_95"][1] - share for share, part in zip(right, parts, strict=True)]
        bars = axes.bar(at, right, width, label=name, yerr=[low, high], capsize=2)
        axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(parts))], parts)
    axes.set_ylim(0, 109)
    axes.set_ylabel("% of replies that state what is owed\nand pass the guard whole")
    axes.legend(frameon=False, ncols=len(found), loc="upper center", bbox_to_anchor=(0.5, 1.12))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
