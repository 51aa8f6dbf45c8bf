"""Lay files over one another: a hospital's folder corrects or signs facts without touching ours.

A later file may hold a part only. Its keys replace the earlier ones; its facts and sources replace
or join those with the same id. A signature counts only for the text that stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medllm_ros.formulary.compiled import Compiled
from medllm_ros.formulary.model import ReviewStatus
from medllm_ros.formulary.reading import Document, FormularyError, Location
from medllm_ros.formulary.schema import DrugFile, problems

TEXTS = ("zh_TW", "zh_CN", "en_US")


class Layers:
    """One drug, as the first file wrote it and the later ones changed it."""

    def __init__(self, document: Document, folder: int) -> None:
        """Start with the first file; ``folder`` is the number of the folder it lies in."""
        self.data = document.data
        self._documents = [document]
        self._folder = folder

    def lay(self, document: Document, folder: int) -> None:
        """Lay one more file on top; raise :class:`FormularyError` where it cannot be merged."""
        if folder == self._folder:
            other = self._documents[-1].path.name
            reason = f"{other} is about {self.data['id']} as well; keep one file."
            raise FormularyError(document.path, document.line(("id",)), reason)
        self.data = _merged(self.data, document)
        self._documents.append(document)
        self._folder = folder

    def error(self, location: Location, reason: str) -> FormularyError:
        """Return the error at its place in the newest file that has it."""
        for document in reversed(self._documents):
            place = _place(tuple(location), self.data, document.data)
            if place is not None:
                return FormularyError(document.path, document.line(place), reason)
        return FormularyError(self._documents[-1].path, 1, reason)

    def shaped(self) -> DrugFile | None:
        """Return the file where its shape is right, whether or not it keeps the rules; None otherwise."""
        checked = self._shape()
        return checked if isinstance(checked, DrugFile) else None

    def validated(self) -> DrugFile:
        """Return the checked file; raise the first of :meth:`errors`."""
        checked = self._shape()
        if isinstance(checked, DrugFile):
            for location, reason in problems(checked):
                raise self.error(location, reason)
            return checked
        raise next(self._shape_errors(checked)) from checked

    def errors(self) -> Iterator[FormularyError]:
        """Yield everything for which the drug would not be loaded."""
        checked = self._shape()
        if isinstance(checked, DrugFile):
            yield from (self.error(location, reason) for location, reason in problems(checked))
        else:
            yield from self._shape_errors(checked)

    def _shape(self) -> DrugFile | ValidationError:
        try:
            return DrugFile.model_validate(self.data)
        except ValidationError as error:
            return error

    def _shape_errors(self, error: ValidationError) -> Iterator[FormularyError]:
        for item in error.errors(include_url=False, include_context=False):
            yield self.error(item["loc"], f"{'.'.join(map(str, item['loc']))}: {item['msg']}.")


def read_layers(folders: Iterable[Path]) -> tuple[dict[str, Layers], list[Document]]:
    """Return every drug of ``folders``, later ones laid over earlier ones, and the files in the order read."""
    drugs: dict[str, Layers] = {}
    documents = []
    for number, folder in enumerate(folders):
        compiled = Compiled(folder)
        for document in (compiled.read(path) for path in files(folder)):
            documents.append(document)
            place(drugs, document, number)
        compiled.keep()
    return drugs, documents


def files(folder: Path) -> list[Path]:
    """Return the drug files of a folder by name; raise :class:`FormularyError` where it is no folder."""
    if not folder.is_dir():
        raise FormularyError(folder, 0, "This folder does not exist; name a folder of drug files.")
    return sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.name[0] != ".")


def place(drugs: dict[str, Layers], document: Document, folder: int) -> None:
    """Add one file to ``drugs``; raise :class:`FormularyError` where it says no id or cannot be merged."""
    drug_id = document.data.get("id")
    if not isinstance(drug_id, str) or not drug_id:
        raise FormularyError(document.path, 1, "The file must say which drug it is about: `id: <drug>`.")
    if drug_id in drugs:
        drugs[drug_id].lay(document, folder)
    else:
        drugs[drug_id] = Layers(document, folder)


def _merged(base: dict[str, Any], document: Document) -> dict[str, Any]:
    over = document.data
    merged = {**base, **over}
    if isinstance(over.get("sources"), dict) and isinstance(base.get("sources"), dict):
        merged["sources"] = {**base["sources"], **over["sources"]}
    if isinstance(over.get("facts"), list) and isinstance(base.get("facts"), list):
        written = [fact for fact in base["facts"] if isinstance(fact, dict) and isinstance(fact.get("id"), str)]
        facts = {fact["id"]: fact for fact in written}
        own: set[str] = set()
        for index, fact in enumerate(over["facts"]):
            fact_id = _overlay_id(document, index, fact)
            if fact_id in own:
                raise FormularyError(document.path, document.line(("facts", index)), f"The id {fact_id} is used twice.")
            own.add(fact_id)
            facts[fact_id] = {**_unsigned(facts.get(fact_id, {}), fact), **fact}
        merged["facts"] = list(facts.values())
    return merged


def _overlay_id(document: Document, index: int, fact: Any) -> str:
    """Return the fact's id; raise where it has none, or signs without repeating what is signed."""
    if not isinstance(fact, dict) or not isinstance(fact.get("id"), str):
        raise FormularyError(document.path, document.line(("facts", index)), "A fact needs an id.")
    if fact.get("status") == ReviewStatus.PHARMACIST_SIGNED and not fact.keys() >= set(TEXTS):
        reason = f"To sign {fact['id']}, repeat the texts that are signed ({', '.join(TEXTS)})."
        raise FormularyError(document.path, document.line(("facts", index)), reason)
    return str(fact["id"])


def _unsigned(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return the earlier fact, its signature withdrawn where the later one changes a signed text."""
    signed = base.get("status") == ReviewStatus.PHARMACIST_SIGNED
    if signed and any(text in over and over[text] != base.get(text) for text in TEXTS):
        return {**base, "status": ReviewStatus.RECALL.value}
    return base


def _place(location: tuple[str | int, ...], merged: dict[str, Any], own: dict[str, Any]) -> Location | None:
    """Return where ``location`` of the merged data stands in one file, None where it is not there."""
    if len(location) >= 2 and location[0] == "facts" and isinstance(location[1], int):
        if own is merged:
            return location
        wanted = merged["facts"][location[1]]
        wanted_id = wanted.get("id") if isinstance(wanted, dict) else None
        listed = own.get("facts")
        for index, fact in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(fact, dict) and fact.get("id") == wanted_id:
                return ("facts", index, *location[2:])
        return None
    if len(location) >= 2 and location[0] == "sources" and isinstance(own.get("sources"), dict):
        return location if location[1] in own["sources"] else None
    return location if not location or location[0] in own else None
