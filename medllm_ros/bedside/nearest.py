"""Which approved fact comes nearest to a question in meaning, where no list has its words.

``topics.yaml`` joins the words that somebody thought of; patients find others ("halos round the lamps", "do I need a
scan with it"). Here the vector of the question is compared with those of the facts of one medicine, in all three
languages at once, and a few learned weights (``training/hearing/nearest.py``) say how like an answer each looks: what
kind of fact such a question wants, given what it was taken to ask, and whether any of them answers it. It chooses among
approved facts and words nothing.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medllm_ros.bedside.intents import INFORMATIONAL, Intent
from medllm_ros.bedside.phrases import DATA
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import FactSheet, SheetLine
from medllm_ros.safety.sentence_vector import sentence_vector, sentence_vectors

KINDS = tuple(FactField)
CHOSEN = tuple(kind for kind in KINDS if kind not in (FactField.MISSED_DOSE, FactField.PREGNANCY))
ASKED = INFORMATIONAL  # what a question may have been taken to ask; anything else is None
MEDICINES = 512  # whose facts are kept as vectors, 20 kB each

_Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ranked:
    """The facts of one medicine, best first, each with the probability that it answers; ``none``: that none does."""

    lines: tuple[tuple[SheetLine, float], ...]
    none: float

    def share(self, lines: Sequence[SheetLine]) -> float:
        """Return the highest probability among ``lines``, 0 where there is none of them."""
        return max((share for line, share in self.lines if line in lines), default=0.0)


class Nearest:
    """The weights. Vectors of questions and facts have 512 places, the learned likeness is of rank R."""

    def __init__(self, weights: dict[str, npt.NDArray[np.generic]]) -> None:
        self.corpus_hash = str(weights["corpus_hash"])
        self._scale = float(weights["scale"])
        self._question, self._fact, self._kind, self._intent, self._none = (
            np.asarray(weights[name], dtype=np.float32) for name in ("question", "fact", "kind", "intent", "none")
        )  # (512, R), (512, R), (512, kinds), (intents + 1, kinds + 1), (512,)

    @classmethod
    def load(cls, folder: Path | None = None) -> Nearest:
        """Read ``nearest.npz``; raise :class:`ValueError` with a sentence where it is missing or broken."""
        path = (folder or DATA) / "nearest.npz"
        try:
            with np.load(path, allow_pickle=False) as found:
                return cls({key: found[key] for key in found.files})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"The weights {path} cannot be read: {error}. Restore them from the package.") from error

    def ranked(self, question: str, intent: Intent | None, facts: Sequence[SheetLine]) -> Ranked:
        """Return ``facts`` by how likely each answers ``question``, which was taken to ask ``intent``."""
        if not facts:
            return Ranked((), 1.0)
        asked = sentence_vector(question)
        vectors = fact_vectors(_texts(facts))
        kinds = [KINDS.index(FactField(line.key)) for line in facts]
        logits = self.logits(asked, intent, vectors, kinds)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        order = np.argsort(-shares[:-1], kind="stable")
        return Ranked(tuple((facts[i], float(shares[i])) for i in order), float(shares[-1]))

    def logits(self, asked: _Vector, intent: Intent | None, vectors: _Vector, kinds: Sequence[int]) -> _Vector:
        """Return a logit for each fact and one, the last, for none; ``asked`` (512,), ``vectors`` (n, 512)."""
        alike = self._scale * (vectors @ asked) + (vectors @ self._fact) @ (asked @ self._question)
        bias = self._intent[asked_place(intent)]
        wanted = (asked @ self._kind + bias[:-1])[list(kinds)]
        return np.append(alike + wanted, asked @ self._none + bias[-1]).astype(np.float32)


def asked_place(intent: Intent | None) -> int:
    """Return the row of the weights for ``intent``; the last for what is no question about a medicine."""
    return ASKED.index(intent) if intent in ASKED else len(ASKED)


def read_ahead(sheet: FactSheet) -> None:
    """Read the facts of a sheet, a tenth of a second a medicine: on the way to the bed, where nobody waits."""
    for medication in range(len(sheet.drugs)):
        if facts := chosen_from(sheet, medication):
            fact_vectors(_texts(facts))


def chosen_from(sheet: FactSheet, medication: int) -> list[SheetLine]:
    """Return the facts of one medicine that may be chosen by their meaning: a missed dose has its own rule."""
    return [line for kind in CHOSEN for line in sheet.of(kind, medication) if line.fact is not None]


def _texts(facts: Sequence[SheetLine]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.fact.text.values()) for line in facts if line.fact)


@lru_cache(maxsize=MEDICINES)
def fact_vectors(texts: tuple[tuple[str, ...], ...]) -> _Vector:
    """Return the mean vector of each fact's texts: float32, shape (n, 512)."""
    each = sentence_vectors([text for fact in texts for text in fact])
    ends = np.cumsum([0, *map(len, texts)])
    return np.stack([each[start:end].mean(axis=0) for start, end in pairwise(ends)])


@lru_cache(maxsize=1)
def nearest() -> Nearest:
    """Return the packaged weights."""
    return Nearest.load()
