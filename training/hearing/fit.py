"""Fit one net: n-grams, tf-idf, multinomial logistic regression, weights as bytes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from medllm_ros.safety.learned import ngrams

MIN_SENTENCES = 2  # an n-gram of one sentence alone says nothing about others
MAX_NGRAMS = 28_000  # the most frequent ones; together with bytes for weights this keeps a net near a megabyte
INVERSE_REGULARISATION = 30.0
ROUNDS, SHARE = 5, 0.8  # fits on random shares of the sentences whose mean is the net: one more sentence changes little


@dataclass(frozen=True)
class Sample:
    """One training sentence with one of its labels."""

    text: str
    label: str
    weight: float = 1.0
    evidence: tuple[str, ...] = ()  # what other means found in it, as the net will be given it


def fit(samples: Sequence[Sample], *, seed: int = 0, tolerance: float = 1e-3, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return the arrays of a net (see :class:`medllm_ros.safety.learned.Net`), threshold and corpus hash aside.

    ``tolerance`` is the gradient at which fitting ends; a larger one leaves the net less sure of itself. The mean of
    ``rounds`` linear models is one linear model: the net does not grow.
    """
    counter = CountVectorizer(
        analyzer=lambda sample: [*ngrams(sample.text), *sample.evidence],
        binary=True,
        min_df=MIN_SENTENCES,
        max_features=MAX_NGRAMS,
    )
    counts = counter.fit_transform(samples)
    tfidf = TfidfTransformer(norm="l2")
    values = tfidf.fit_transform(counts)
    labels = sorted({sample.label for sample in samples})
    frequency = {label: sum(s.weight for s in samples if s.label == label) for label in labels}
    # Rare classes count more, but not in full: half way between equal sentences and equal classes.
    weights = np.array([sample.weight * (len(samples) / frequency[sample.label]) ** 0.5 for sample in samples])
    wanted = np.array([sample.label for sample in samples])
    draw = np.random.default_rng(seed)
    models = []
    for _ in range(rounds):
        drawn = draw.random(len(samples)) < (SHARE if rounds > 1 else 1)
        model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300, tol=tolerance, random_state=seed)
        models.append(model.fit(values[drawn], wanted[drawn], sample_weight=weights[drawn] / weights.mean()))
        if list(models[-1].classes_) != labels:
            raise ValueError("A round saw no sentence of some label; write more of its kind.")
    return _packed(counter, tfidf, models)


def _packed(counter: Any, tfidf: Any, models: Sequence[Any]) -> dict[str, Any]:
    names = list(counter.get_feature_names_out())
    keys = np.array([zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in names], dtype=np.uint32)
    _, first = np.unique(keys, return_index=True)  # sorted; of two n-grams with one hash the first stays
    mean = np.mean([model.coef_ for model in models], axis=0)
    coefficients = mean.T[first].astype(np.float32)
    scale = np.abs(coefficients).max(axis=0) / 127
    return {
        "labels": np.array(list(models[0].classes_)),
        "keys": keys[first],
        "idf": tfidf.idf_[first].astype(np.float32),
        "weights": np.clip(np.rint(coefficients / scale), -127, 127).astype(np.int8),
        "scale": scale.astype(np.float32),
        "bias": np.mean([model.intercept_ for model in models], axis=0).astype(np.float32),
    }
