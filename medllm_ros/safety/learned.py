"""A net under the word lists: n-grams and the vector of the whole sentence, trained offline on varied speech.

Word lists know what somebody thought of; this knows what is near to many thousand sentences that people say
(``training/hearing``, which also writes the weights). Pure arithmetic, the same answer for the same words, always.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medllm_ros.safety.folding import DATA, fold, is_cjk, load_data, loosen, toned
from medllm_ros.safety.rule_parts import Script, script_of
from medllm_ros.safety.sentence_vector import encoder, kept_vectors, sentence_vector

CHINESE_SIZES = (1, 2, 3, 4)  # characters
SOUND_SIZES = (2, 3)  # syllables without tone: a recogniser writes homophones
WORD_SIZES = (1, 2, 3)  # English words
PIECE = 4  # letters of a piece of an English word
WINDOW = 48  # characters; a longer transcript is judged piece by piece, so that nothing is diluted
_ENGLISH = re.compile("[a-z]+")
MIN_FEATURES = 3  # fewer known n-grams are no evidence


class Net:
    """The weights of one classifier. ``labels`` are its classes, ``threshold`` is where it was calibrated to speak."""

    def __init__(self, weights: dict[str, npt.NDArray[np.generic]]) -> None:
        self.labels = tuple(str(label) for label in weights["labels"])
        self.threshold = float(weights["threshold"])
        self.corpus_hash = str(weights["corpus_hash"])
        self._keys = np.asarray(weights["keys"], dtype=np.uint32)
        self._idf = np.asarray(weights["idf"], dtype=np.float32)
        self._weights = np.asarray(weights["weights"], dtype=np.int8)
        self._scale = np.asarray(weights["weights_scale"], dtype=np.float32)
        self._bias = np.asarray(weights["bias"], dtype=np.float32)
        self._hidden = _matrix(weights, "hidden")
        self._hidden_bias = np.asarray(weights["hidden_bias"], dtype=np.float32)
        self._out = _matrix(weights, "out")

    @classmethod
    def load(cls, name: str, folder: Path | None = None) -> Net:
        """Read ``<name>.npz``; raise :class:`ValueError` with a sentence where it is missing or broken."""
        path = (folder or DATA) / f"{name}.npz"
        try:
            encoder()
            with np.load(path, allow_pickle=False) as found:
                return cls({key: found[key] for key in found.files})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"The weights {path} cannot be read: {error}. Restore them from the package.") from error

    def knows(self, word: str) -> bool:
        """Return True for a folded English word that stood in several sentences of everyday speech."""
        key = zlib.crc32(f"w {word}".encode())
        at = int(np.searchsorted(self._keys, key))
        return at < len(self._keys) and int(self._keys[at]) == key

    def shares(self, text: str, evidence: Iterable[str] = ()) -> dict[str, float]:
        """Return the probability of each label for the whole of ``text``; nothing without evidence.

        ``evidence`` are further features that the net was fitted with: what other means found in the same words.
        """
        found = self.probabilities(text, evidence)
        return {} if found is None else dict(zip(self.labels, map(float, found), strict=True))

    def probabilities(self, text: str, evidence: Iterable[str] = ()) -> npt.NDArray[np.float32] | None:
        """Return the probability of each label for the whole of ``text``; None without evidence."""
        return self._probabilities(sentence_vector(fold(text)), text, evidence)

    def judged(self, texts: Sequence[str]) -> list[npt.NDArray[np.float32] | None]:
        """Return :meth:`probabilities` of each of ``texts``, which are read in one go."""
        if not texts:
            return []
        vectors = kept_vectors(tuple(map(fold, texts)))
        return [self._probabilities(vector, text) for vector, text in zip(vectors, texts, strict=True)]

    def _probabilities(
        self, vector: npt.NDArray[np.float32], text: str, evidence: Iterable[str] = ()
    ) -> npt.NDArray[np.float32] | None:
        hashed = hashes(text, evidence)
        at = np.searchsorted(self._keys, hashed)
        at[at == len(self._keys)] = 0
        known = at[self._keys[at] == hashed]
        if len(known) < MIN_FEATURES:
            return None
        values = self._idf[known]
        values = values / np.float32(np.sqrt(np.dot(values, values)))
        wide = values @ self._weights[known].astype(np.float32) * self._scale
        units = np.maximum(vector @ self._hidden + self._hidden_bias, 0)
        logits = wide + units @ self._out + self._bias
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)


def _matrix(weights: dict[str, npt.NDArray[np.generic]], name: str) -> npt.NDArray[np.float32]:
    """Return a matrix that is kept as bytes."""
    return np.asarray(weights[name], dtype=np.float32) * np.asarray(weights[f"{name}_scale"], dtype=np.float32)


def pieces(text: str) -> tuple[str, ...]:
    """Return ``text`` itself, or overlapping windows of it where it is long."""
    size = WINDOW if any(map(is_cjk, text)) else 3 * WINDOW
    if len(text) <= size * 3 // 2:
        return (text,)
    return tuple(text[start : start + size] for start in range(0, len(text) - size // 2, size // 2))


def hashes(text: str, evidence: Iterable[str] = ()) -> npt.NDArray[np.uint32]:
    """Return the sorted CRC-32 of every n-gram of ``text`` and of ``evidence``, each once."""
    found = {zlib.crc32(gram.encode("utf-8", "surrogatepass")) for gram in (*ngrams(text), *evidence)}
    return np.array(sorted(found), dtype=np.uint32)


def ngrams(text: str) -> Iterator[str]:
    """Yield the n-grams of a text: characters, syllables, English words and their pieces."""
    chinese: list[str] = []
    words: list[str] = []
    word = ""
    folded = fold(text)
    yield from _concepts().grams(folded)
    for char in folded:
        if char.isascii() and char.isalnum():
            word += "0" if char.isdigit() else char
            continue
        if word:
            words.append(word)
            word = ""
        if is_cjk(char):
            chinese.append(char)
    if word:
        words.append(word)
    yield from _runs("", chinese, CHINESE_SIZES)
    yield from _runs("~", [loosen((toned(char) or "-").rstrip("012345")) for char in chinese], SOUND_SIZES)
    yield from _runs("w ", words, WORD_SIZES)
    for word in words:
        padded = f"_{word}_"
        yield from (f"p {padded[at : at + PIECE]}" for at in range(len(padded) - PIECE + 1))


def _runs(kind: str, items: list[str], sizes: tuple[int, ...]) -> Iterator[str]:
    edged = ["^", *items, "$"] if items else []
    for size in sizes:
        for at in range(len(edged) - size + 1):
            yield kind + " ".join(edged[at : at + size])


class Concepts:
    """Words that mean nearly the same (``data/concepts.yaml``) as features: each, and what follows what."""

    def __init__(self) -> None:
        self._words: dict[str, list[str]] = {}  # whole English words
        self._stems: dict[str, list[str]] = {}  # beginnings of English words
        self._patterns: dict[Script, list[tuple[str, re.Pattern[str]]]] = {}  # Chinese; English of several words
        for name, entries in load_data("concepts.yaml").items():
            phrases: dict[Script, list[str]] = {}
            for word in sorted(map(fold, entries), key=len, reverse=True):
                if not word[0].isascii():
                    phrases.setdefault(Script.CHINESE, []).append(re.escape(word))
                elif " " in word:
                    phrase = r"\b" + re.escape(word).replace(r"\*", "[a-z]*") + r"\b"
                    phrases.setdefault(Script.LATIN, []).append(phrase)
                elif word.endswith("*"):
                    self._stems.setdefault(word[:-1], []).append(name)
                else:
                    self._words.setdefault(word, []).append(name)
            for script, some in phrases.items():
                self._patterns.setdefault(script, []).append((name, re.compile("|".join(some), re.ASCII)))
        self._longest_stem = max(map(len, self._stems))

    def grams(self, folded: str) -> Iterator[str]:
        """Yield the concepts of a folded text, their pairs and their triples in the order in which they begin."""
        places: dict[str, int] = {}
        for script in script_of(folded):
            for name, pattern in self._patterns[script]:
                if match := pattern.search(folded):
                    places[name] = min(match.start(), places.get(name, match.start()))
        for word in _ENGLISH.finditer(folded):
            for name in self._named(word.group()):
                places[name] = min(word.start(), places.get(name, word.start()))
        names = sorted(places, key=lambda name: (places[name], name))
        for at, name in enumerate(names):
            yield f"c {name}"
            yield from (f"c {name} {other}" for other in names[at + 1 :])
        yield from (f"c {one} {two} {three}" for one, two, three in zip(names, names[1:], names[2:], strict=False))

    def _named(self, word: str) -> Iterator[str]:
        yield from self._words.get(word, ())
        for length in range(2, min(len(word), self._longest_stem) + 1):
            yield from self._stems.get(word[:length], ())


@lru_cache(maxsize=1)
def _concepts() -> Concepts:
    return Concepts()


@lru_cache(maxsize=4)
def packaged(name: str) -> Net:
    """Return a packaged net, read once."""
    return Net.load(name)
