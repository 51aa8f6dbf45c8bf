"""Fit the two nets and measure them: ``python -m training.hearing.train`` (scikit-learn, PyTorch; some ten minutes).

``emergency.npz``: which emergency is it, or none (``calm``). ``intent.npz``: what else the patient wants.
Both are measured by cross-validation, the emergency net together with the word lists above it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from medllm_ros.bedside.intents import Intent, evidence
from medllm_ros.bedside.phrases import comparable
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import load_data
from medllm_ros.safety.learned import DATA, Net, pieces
from medllm_ros.safety.triage import LEARNED, Triage
from training.hearing.corpus import CALM, EMERGENCIES, FOLDER, Utterance, digest, files, together
from training.hearing.fit import Sample, fit

FOLDS = 3
# Where the emergency net speaks: a false alarm costs one nurse visit, a miss costs a life, and with the word lists
# together everyday talk must stay under the gate of 10 %. The table that this prints shows what other values cost.
THRESHOLD = 0.3
LISTED = 8.0  # weight of the sentences on which the word lists were made: short, plain, and not to be lost again
# What calm talk weighs in the emergency net that, in full, makes it miss more of test/safety/triage_pairs.tsv than the
# everyday talk is worth that it no longer takes for an emergency.
LIGHT = {"bedside_reactions": 0.0, "bedside_wishes": 0.0, "zh_fourth": 0.5, "en_third": 0.5}
JOINED, JOINED_CALM = 3_000, 9_000  # of each script at most: learned with a calm sentence beside them
TOLERANCE = 3e-4  # of the intent net, fitted further: the emergency net would miss more
SEVERE = "severe_symptom"  # staff must hear of it: taking it for an emergency is no false alarm
SECOND_LABEL = 0.4  # what an utterance's second intent weighs
# Whether another medicine is meant is told by its name, which the net never sees.
INTENTS = frozenset(Intent) - {Intent.OTHER_DRUG}


def emergency_samples(utterances: Sequence[Utterance]) -> list[Sample]:
    """Return every sentence as an emergency or as calm, then some of them with a calm sentence beside them."""
    learned = [u for u in utterances if LIGHT.get(u.group, 1.0)]
    weights = [LISTED if u.made_the_lists and u.emergency == CALM else LIGHT.get(u.group, 1.0) for u in learned]
    alone = [Sample(u.text, u.emergency, weight) for u, weight in zip(learned, weights, strict=True)]
    return [*alone, *joined([u for u in learned if not u.made_the_lists])]


def joined(utterances: Sequence[Utterance]) -> list[Sample]:
    """Return emergencies and calm sentences, in one breath with a calm one of their script, at full weight.

    "Where do I keep these, my nose has bled for twenty minutes": alone it was learned, beside a question it drowned.
    """
    draw = random.Random(0)
    found: list[Sample] = []
    for chinese in (True, False):
        same = [u for u in utterances if u.text.isascii() != chinese and len(pieces(u.text)) == 1]
        calm = [u for u in same if u.emergency == CALM]
        for some, count in (([u for u in same if u.emergency != CALM], JOINED), (calm, JOINED_CALM)):
            wanted = len(found) + min(count, len(some), len(calm))
            while len(found) < wanted:
                one, other = draw.choice(some), draw.choice(calm)
                before, after = draw.sample((one.text, other.text), 2)
                text = before.rstrip("。.，, ") + draw.choice("， 。" if chinese else (", ", ". ", " ")) + after
                if len(pieces(text)) == 1:
                    found.append(Sample(text, one.emergency))
    return found


def intent_samples(utterances: Sequence[Utterance]) -> list[Sample]:
    """Return the sentences that want something, once for each label."""
    return [
        Sample(
            heard(utterance),
            label,
            (1.0 if place == 0 else SECOND_LABEL) * (LISTED if utterance.made_the_lists else 1.0),
            evidence(heard(utterance)),
        )
        for utterance in utterances
        if utterance.emergency == CALM
        for place, label in enumerate(utterance.labels)
        if label in INTENTS
    ]


@cache
def formulary() -> Formulary:
    """Return the packaged formulary, loaded once."""
    return Formulary.load()


@cache
def heard(utterance: Utterance) -> str:
    """Return the sentence as the robot compares it: folded, names of medicines replaced."""
    return comparable(utterance.text, formulary())


def alarm(net: Net, text: str) -> float:
    """Return the probability that ``text`` is any emergency (whole text, no windows)."""
    found = net.probabilities(text)
    return 0.0 if found is None else float(1 - found[net.labels.index(CALM)])


def folds(utterances: Sequence[Utterance], seed: int, *, unseen_authors: bool = False) -> list[list[Utterance]]:
    """Return the sentences in parts, drawn one by one or, so that all of an author's are in one part, by file."""
    draw = random.Random(seed)
    order = list(utterances)
    draw.shuffle(order)
    if not unseen_authors:
        return [order[part::FOLDS] for part in range(FOLDS)]
    names = sorted({utterance.group for utterance in order})
    draw.shuffle(names)
    return [[u for u in order if names.index(u.group) % FOLDS == part] for part in range(FOLDS)]


def crossed(parts: Sequence[Sequence[Utterance]], seed: int) -> dict[str, Any]:
    """Return what the nets do on each part of the sentences, fitted to the others."""
    data = load_data("triage.yaml")
    lists = Triage(data)
    judged: list[tuple[Utterance, float, bool]] = []  # sentence, alarm of the net, found by the word lists for good
    taken_back: Counter[str] = Counter()
    meant: list[bool] = []
    for part in parts:
        held = [utterance for utterance in part if not utterance.made_the_lists]
        rest = [u for other in parts for u in other if other is not part or u.made_the_lists]
        emergency = as_net(fit(emergency_samples(rest), seed=seed, rounds=1))
        both = Triage(data, emergency)
        intent = as_net(fit(intent_samples(rest), seed=seed, tolerance=TOLERANCE, rounds=1))
        for utterance in held:
            found = both.triage(utterance.text)
            stands = found is not None and not found.rule.endswith(LEARNED)
            judged.append((utterance, alarm(emergency, utterance.text), stands))
            if not stands and lists.triage(utterance.text):
                taken_back["everyday" if utterance.emergency == CALM else "emergencies"] += 1
            if utterance.labels[0] in INTENTS:
                shares = intent.shares(heard(utterance), evidence(heard(utterance)))
                meant.append(bool(shares) and max(shares, key=shares.__getitem__) in utterance.labels)
    return {
        "sentences": sum(map(len, parts)),
        "intent_right": round(float(np.mean(meant)), 3),
        "lists_taken_back": dict(taken_back),
        "by_threshold": {str(t): _shares(judged, t) for t in (0.2, 0.3, 0.4, 0.5)},
        "recall_by_kind": {
            kind: round(_share([row for row in judged if row[0].emergency == kind], THRESHOLD), 3)
            for kind in EMERGENCIES
        },
    }  # fmt: skip


def _shares(judged: list[tuple[Utterance, float, bool]], threshold: float) -> dict[str, float]:
    kinds = {
        "emergencies_found": [row for row in judged if row[0].emergency != CALM],
        "hard_negatives_taken": [row for row in judged if row[0].labels[0] == CALM],
        "everyday_taken": [row for row in judged if row[0].labels[0] in INTENTS and row[0].labels[0] != SEVERE],
    }
    return {name: round(_share(rows, threshold), 3) for name, rows in kinds.items()}


def _share(rows: list[tuple[Utterance, float, bool]], threshold: float) -> float:
    """Return the share that the lists or the net take for an emergency."""
    return float(np.mean([listed or value > threshold for _, value, listed in rows])) if rows else 0.0


def as_net(arrays: dict[str, Any]) -> Net:
    """Return a net of freshly fitted arrays."""
    return Net({"threshold": np.float32(0.5), "corpus_hash": np.array(""), **arrays})


def main(argv: list[str] | None = None) -> int:
    """Measure, fit on everything, write."""
    parser = argparse.ArgumentParser(prog="python -m training.hearing.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the two .npz files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure-only", action="store_true", help="cross-validate and write nothing")
    parser.add_argument("--unseen-authors", action="store_true", help="cross-validate by file, not by sentence")
    args = parser.parse_args(argv)
    utterances = together()
    parts = folds(utterances, args.seed, unseen_authors=args.unseen_authors)
    print(json.dumps(crossed(parts, args.seed), ensure_ascii=False, indent=2))
    if args.measure_only:
        return 0
    source = np.array(digest(files(FOLDER)))
    for name, of, tolerance in (("emergency", emergency_samples, 1e-3), ("intent", intent_samples, TOLERANCE)):
        path = args.out / f"{name}.npz"
        samples = of(utterances)
        arrays = fit(samples, seed=args.seed, tolerance=tolerance)
        np.savez_compressed(path, corpus_hash=source, threshold=np.float32(THRESHOLD), **arrays)
        print(f"{path}: {len(samples)} samples, {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
