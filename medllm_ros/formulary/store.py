"""The formulary: every drug the robot may speak about, loaded once and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medllm_ros.formulary.compiled import PACKAGED
from medllm_ros.formulary.frozen import FrozenDict
from medllm_ros.formulary.layers import Layers, read_layers
from medllm_ros.formulary.model import Drug, ReviewStatus
from medllm_ros.formulary.name_parts import FORMS_OF_ROUTE, fits_route
from medllm_ros.formulary.names import NameIndex, fold
from medllm_ros.formulary.reading import Document, FormularyError
from medllm_ros.formulary.schema import DrugFile, drug


@dataclass(frozen=True)
class Mention:
    """A drug named in a text; ``text`` is the name as written, at ``start`` to ``end`` of the original."""

    drug: Drug
    start: int
    end: int
    text: str


@dataclass(frozen=True, eq=False)
class Formulary:
    """The drugs by id, and the ways to find one by name. Immutable; a copy is the object itself."""

    drugs: Mapping[str, Drug]
    minimum: ReviewStatus
    hash: str  # SHA-256 over the files it was loaded from, in order
    _index: NameIndex = field(repr=False)

    @classmethod
    def load(cls, *folders: Path | str, minimum: ReviewStatus = ReviewStatus.SOURCE_OPENED) -> Formulary:
        """Return the formulary of ``folders`` (default: the packaged one), later ones laid over earlier ones.

        Raises :class:`FormularyError` with file, line and reason where a file is broken, claims a
        source it does not name, or gives a name to two drugs.
        """
        paths = [Path(folder) for folder in folders] or [PACKAGED]
        layers, documents = read_layers(paths)
        if not layers:
            raise FormularyError(", ".join(map(str, paths)), 0, "There is no drug file (*.yaml) here.")
        files = {drug_id: layers[drug_id].validated() for drug_id in sorted(layers)}
        clash = next(name_clashes(files, layers), None)
        if clash:
            raise clash
        return cls(
            drugs=FrozenDict({drug_id: drug(file) for drug_id, file in files.items()}),
            minimum=ReviewStatus(minimum),
            hash=_digest(documents),
            _index=_index(files),
        )

    @property
    def names(self) -> Mapping[str, str]:
        """Return every folded name with the id of its drug, "" for a name that is known to be another medicine."""
        return self._index.ids

    def find(self, name: str, route: str = "") -> Drug | None:
        """Return the drug of this name or brand (salt, form and strength aside), None where there is none.

        A form that goes another way into the body ("salbutamol tablets" where the formulary knows the
        inhaled drug) is another medicine: None. With the code of a ``route``, "fentanyl" by "TD" is the patch.
        """
        for form in FORMS_OF_ROUTE.get(route.upper(), ()):
            found = self.find(f"{name} {form}" if form.isascii() else f"{name}{form}")
            if found and route.upper() in found.route.upper().split("/"):
                return found
        drug_id = self._index.find(name)
        if drug_id is None:
            return None
        found = self.drugs[drug_id]
        return found if fits_route(fold(name), found.route) else None

    def mentioned(self, text: str) -> tuple[Mention, ...]:
        """Return the drugs named in ``text``, in order; the longest name wins and spans are those of ``text``."""
        return tuple(
            Mention(self.drugs[drug_id], start, end, text[start:end])
            for start, end, drug_id in self._index.mentions(text)
        )

    def __copy__(self) -> Formulary:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Formulary:
        return self


def name_clashes(files: Mapping[str, DrugFile], layers: Mapping[str, Layers]) -> Iterator[FormularyError]:
    """Yield an error for each name that belongs to two drugs."""
    owners: dict[str, str] = {}
    for drug_id, file in files.items():
        for name in file.spoken_names:
            owner = owners.setdefault(fold(name), drug_id)
            if owner != drug_id:
                reason = f"The name {name} belongs to {owner} as well; keep it in one file."
                yield layers[drug_id].error(("names",), reason)


def _index(files: Mapping[str, DrugFile]) -> NameIndex:
    ids = {fold(name): drug_id for drug_id, file in files.items() for name in file.spoken_names}
    for drug_id in files:
        ids.setdefault(fold(drug_id), drug_id)
    for file in files.values():
        for name in file.not_this:
            ids.setdefault(fold(name), "")
    return NameIndex(ids)


def _digest(documents: Iterable[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(f"{document.path.name}:{len(document.content)}\n".encode())
        digest.update(document.content)
    return digest.hexdigest()
