"""Fit the two nets and measure them: ``python -m training.hearing.train`` (scikit-learn; about a minute).

``emergency.npz``: which emergency is it, or none (``calm``). ``intent.npz``: what else the patient wants.
Both are measured by cross-validation over the corpus and, where named, on files that no sentence was learned from.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medllm_ros.safety.learned import DATA, Net
from training.hearing.corpus import CALM, EMERGENCIES, FOLDER, Utterance, digest, files, read
from training.hearing.fit import Sample, fit

FOLDS = 4
FALSE_ALARMS = 0.02  # share of calm sentences that the emergency net may take for an emergency
SECOND_LABEL = 0.4  # what an utterance's second intent weighs


def emergency_samples(utterances: Sequence[Utterance]) -> list[Sample]:
    """Return every sentence as an emergency or as calm."""
    return [Sample(utterance.text, utterance.emergency) for utterance in utterances]


def intent_samples(utterances: Sequence[Utterance]) -> list[Sample]:
    """Return the sentences that want something, once for each label."""
    return [
        Sample(utterance.text, label, 1.0 if place == 0 else SECOND_LABEL)
        for utterance in utterances
        if utterance.emergency == CALM
        for place, label in enumerate(utterance.labels)
        if label != CALM and label not in EMERGENCIES
    ]


def alarm(net: Net, text: str) -> float:
    """Return the probability that ``text`` is any emergency (whole text, no windows)."""
    found = net.probabilities(text)
    return 0.0 if found is None else float(1 - found[net.labels.index(CALM)])


def crossed(utterances: list[Utterance], seed: int) -> dict[str, Any]:
    """Return what the nets do on sentences that they were not fitted to."""
    order = list(utterances)
    random.Random(seed).shuffle(order)
    alarms: list[tuple[Utterance, float]] = []
    right = wrong_but_second = asked = 0
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        rest = [utterance for at, utterance in enumerate(order) if at % FOLDS != fold]
        emergency = as_net(fit(emergency_samples(rest), seed=seed))
        intent = as_net(fit(intent_samples(rest), seed=seed))
        alarms += [(utterance, alarm(emergency, utterance.text)) for utterance in held]
        for utterance in held:
            if utterance.labels[0] in (*EMERGENCIES, CALM):
                continue
            asked += 1
            guess = intent.guess(utterance.text)
            right += guess is not None and guess.label == utterance.labels[0]
            wrong_but_second += guess is not None and guess.label in utterance.labels[1:]
    calm = sorted(value for utterance, value in alarms if utterance.emergency == CALM)
    threshold = calm[int(len(calm) * (1 - FALSE_ALARMS))]
    urgent = [(utterance, value) for utterance, value in alarms if utterance.emergency != CALM]
    by_kind = {
        kind: round(
            float(np.mean([value > threshold for utterance, value in urgent if utterance.emergency == kind])), 3
        )
        for kind in EMERGENCIES
        if any(utterance.emergency == kind for utterance, _ in urgent)
    }
    return {
        "sentences": len(utterances),
        "threshold": round(threshold, 4),
        "emergency_recall": round(float(np.mean([value > threshold for _, value in urgent])), 4),
        "false_alarms": FALSE_ALARMS,
        "recall_by_kind": by_kind,
        "intent_right": round(right / max(asked, 1), 4),
        "intent_right_or_second": round((right + wrong_but_second) / max(asked, 1), 4),
    }


def as_net(arrays: dict[str, Any]) -> Net:
    """Return a net of freshly fitted arrays."""
    return Net({"threshold": np.float32(0.5), "corpus_hash": np.array(""), **arrays})


def main(argv: list[str] | None = None) -> int:
    """Measure, fit on everything, write."""
    parser = argparse.ArgumentParser(prog="python -m training.hearing.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the two .npz files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure-only", action="store_true", help="cross-validate and write nothing")
    args = parser.parse_args(argv)
    utterances = read()
    measured = crossed(utterances, args.seed)
    print(json.dumps(measured, ensure_ascii=False, indent=2))
    if args.measure_only:
        return 0
    source = np.array(digest(files(FOLDER)))
    for name, samples in (("emergency", emergency_samples(utterances)), ("intent", intent_samples(utterances))):
        threshold = measured["threshold"] if name == "emergency" else 0.5
        path = args.out / f"{name}.npz"
        np.savez_compressed(path, corpus_hash=source, threshold=np.float32(threshold), **fit(samples, seed=args.seed))
        print(f"{path}: {len(samples)} samples, {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
