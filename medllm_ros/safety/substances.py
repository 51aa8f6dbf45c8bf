"""Which medicine or class is meant by free text in an allergy or a medication list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import fold, load_data

_ATC = re.compile(r"[A-Z][0-9]{2}(?:[A-Z]{1,2}(?:[0-9]{2})?)?")


@dataclass(frozen=True)
class Substance:
    """A medicine as the checks see it. ``atc`` may hold prefixes (a class without a member)."""

    id: str
    atc: tuple[str, ...]
    drug_id: str = ""  # formulary id, "" outside it

    def has(self, prefixes: Iterable[str]) -> bool:
        """Return True where an ATC code of this substance begins with one of ``prefixes``."""
        return any(code.startswith(prefix) for code in self.atc for prefix in prefixes)

    def same(self, other: Substance) -> bool:
        """Return True for the same ingredient."""
        return self.id == other.id or bool(set(c for c in self.atc if len(c) == 7) & set(other.atc))


def of_drug(drug: Drug) -> Substance:
    """Return a formulary drug as a substance."""
    return Substance(drug.id, tuple(found.group() for code in drug.atc if (found := _ATC.match(code))), drug.id)


def mentioned(text: str, formulary: Formulary) -> tuple[Substance, ...]:
    """Return every medicine that ``text`` names, formulary drugs first, each once."""
    found: dict[str, Substance] = {}
    exact = formulary.find(text)
    if exact:
        found[exact.id] = of_drug(exact)
    for mention in formulary.mentioned(text):
        found.setdefault(mention.drug.id, of_drug(mention.drug))
    known = list(found.values())
    for other in _lexicon().search(text):
        wide = tuple(code for code in other.atc if len(code) < 7)  # "insulin" beside "insulin aspart" adds nothing
        if not any(substance.same(other) or substance.has(wide) for substance in known):
            found[other.id] = other
    return tuple(found.values())


def placed(text: str, formulary: Formulary) -> list[tuple[int, Substance]]:
    """Return every medicine that folded ``text`` names, with where its name begins."""
    found = [(mention.start, of_drug(mention.drug)) for mention in formulary.mentioned(text)]
    for start, other in _lexicon().places(text):
        if not any(substance.same(other) for _, substance in found):
            found.append((start, other))
    return sorted(found, key=lambda pair: pair[0])


class Names:
    """A closed list of names, searched in folded running text."""

    def __init__(self, names: dict[str, str]) -> None:
        self._owner = {fold(name): owner for name, owner in names.items()}
        longest_first = sorted(self._owner, key=len, reverse=True)
        latin = "|".join(re.escape(name) for name in longest_first if name[0].isascii())
        other = "|".join(re.escape(name) for name in longest_first if not name[0].isascii())
        # The edges of a word stand once, outside: inside each name they cost ten times as much.
        parts = ([rf"(?<![a-z])(?:{latin})(?![a-z])"] if latin else []) + ([other] if other else [])
        self._pattern = re.compile("|".join(parts)) if parts else None

    def search(self, text: str) -> list[str]:
        """Return the owners of all names in ``text``, in order, each once."""
        return list(dict.fromkeys(owner for _, owner in self.places(fold(text))))

    def places(self, folded: str) -> list[tuple[int, str]]:
        """Return where each name begins in text that is folded already, with its owner."""
        if self._pattern is None:
            return []
        return [(found.start(), self._owner[found.group()]) for found in self._pattern.finditer(folded)]


class _Lexicon:
    def __init__(self) -> None:
        data = load_data("substances.yaml")["substances"]
        self._substances = {
            id_: Substance(id_.removesuffix("_names").removesuffix("_brands"), tuple(entry["atc"]))
            for id_, entry in data.items()
        }
        self._names = Names({str(name): id_ for id_, entry in data.items() for name in entry["names"]})

    def places(self, folded: str) -> list[tuple[int, Substance]]:
        return [(start, self._substances[owner]) for start, owner in self._names.places(folded)]

    def search(self, text: str) -> list[Substance]:
        return [self._substances[id_] for id_ in self._names.search(text)]


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    return _Lexicon()
