"""Fit one net: n-grams, tf-idf, multinomial logistic regression beside wide-and-deep nets, weights as bytes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from medllm_ros.safety.folding import fold
from medllm_ros.safety.learned import ngrams
from training.hearing import deep

MIN_SENTENCES = 2  # an n-gram of one sentence alone says nothing about others
MAX_NGRAMS = 28_000  # the most frequent ones; together with bytes for weights this keeps a net near a megabyte
INVERSE_REGULARISATION = 30.0
DEEP = 0.6  # of the logits; the rest is the linear models' part
DEEP_ROUNDS = 3
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

    ``tolerance`` is the gradient at which fitting a linear model ends; a larger one leaves it less sure of itself. The
    mean of ``rounds`` linear models is one linear model, and so are the wide parts of the nets: they do not grow.
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
    places = np.searchsorted(labels, wanted)
    texts = [fold(sample.text) for sample in samples]
    nets = deep.fit(values, texts, places, weights / weights.mean(), seed=seed, rounds=min(rounds, DEEP_ROUNDS))
    return _packed(counter, tfidf, models, nets)


def _packed(counter: Any, tfidf: Any, models: Sequence[Any], nets: Sequence[deep.WideAndDeep]) -> dict[str, Any]:
    names = list(counter.get_feature_names_out())
    keys = np.array([zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in names], dtype=np.uint32)
    _, first = np.unique(keys, return_index=True)  # sorted; of two n-grams with one hash the first stays

    def both(linear: Sequence[Any], wide: Sequence[torch.Tensor]) -> npt.NDArray[np.float32]:
        """Return the mean of the linear models beside the mean of the nets."""
        found = (1 - DEEP) * np.mean(linear, axis=0) + DEEP * np.mean([_array(part) for part in wide], axis=0)
        return np.asarray(found, dtype=np.float32)

    # The units of all nets lie side by side; what they say together counts like one net.
    matrices = {
        "weights": both([model.coef_.T for model in models], [net.wide.weight for net in nets])[first],
        "hidden": np.concatenate([_array(net.hidden.weight).T * deep.UNIT for net in nets], axis=1),
        "out": np.concatenate([_array(net.out.weight).T for net in nets]) * DEEP / len(nets),
    }
    return {
        "labels": np.array(list(models[0].classes_)),
        "keys": keys[first],
        "idf": tfidf.idf_[first].astype(np.float32),
        "bias": both([model.intercept_ for model in models], [net.out.bias for net in nets]),
        "hidden_bias": np.concatenate([_array(net.hidden.bias) for net in nets]),
        **{key: part for name, matrix in matrices.items() for key, part in _bytes(name, matrix).items()},
    }


def _array(tensor: torch.Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(tensor.detach().numpy())


def _bytes(name: str, array: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.generic]]:
    """Return a matrix as bytes and what a byte of each column is worth."""
    scale = np.abs(array).max(axis=0) / 127
    return {
        name: np.clip(np.rint(array / scale), -127, 127).astype(np.int8), f"{name}_scale": scale.astype(np.float32)
    }  # fmt: skip
