"""Find what is wrong in formulary files: all that would stop loading, and what a pharmacist should look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medllm_ros.formulary import layers as overlay
from medllm_ros.formulary import texts
from medllm_ros.formulary.model import FactField, ReviewStatus
from medllm_ros.formulary.names import fold
from medllm_ros.formulary.reading import FormularyError, Location, read
from medllm_ros.formulary.schema import DrugFile, FactEntry
from medllm_ros.formulary.store import name_clashes

Found = Iterator[tuple[Location, str]]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to correct, at a line (from 1; 0 where it concerns the whole file)."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def lint(folder: Path | str, *, over: Iterable[Path | str] = ()) -> list[Problem]:
    """Return every problem of the files in ``folder``, laid over the folders ``over`` where it corrects those."""
    drugs, found = _read([*map(Path, over), Path(folder)])
    files: dict[str, DrugFile] = {}
    for drug_id, layers in sorted(drugs.items()):
        found += layers.errors()
        if (file := layers.shaped()) is not None:
            files[drug_id] = file
    found += name_clashes(files, drugs)
    for drug_id, file in files.items():
        found += [drugs[drug_id].error(location, reason) for location, reason in _advice(file)]
    own = str(Path(folder))
    return sorted({Problem(error.file, error.line, error.reason) for error in found if error.file.startswith(own)})


def _read(folders: list[Path]) -> tuple[dict[str, overlay.Layers], list[FormularyError]]:
    """Return what can be read, and an error for each file that cannot."""
    drugs: dict[str, overlay.Layers] = {}
    errors: list[FormularyError] = []
    for number, folder in enumerate(folders):
        for path in overlay.files(folder):
            try:
                overlay.place(drugs, read(path), number)
            except FormularyError as error:
                errors.append(error)
    return drugs, errors


def _advice(file: DrugFile) -> Found:
    """Yield what loads but should be corrected."""
    yield from _names(file)
    yield from _codes(file)
    for index, fact in enumerate(file.facts):
        yield from _fact(fact, ("facts", index))
    yield from _contradictions(file)
    cited = {entry.source for entry in (*file.facts, *file.identity)}
    for key in file.sources:
        if key not in cited:
            yield ("sources", key), f"No fact cites the source {key}; remove it."


def _names(file: DrugFile) -> Found:
    for name in file.spoken_names:
        if len(fold(name)) < 2 or re.search(r"[()（）\[\]/、,，;；]|\d\s*(?:mg|毫克)", name):
            yield ("names",), f"The name {name} is more than a name; leave out brackets, strengths and lists."
    for name in file.not_this:
        if fold(name) in {fold(own) for own in file.spoken_names}:
            yield ("not_this",), f"{name} is a name of {file.id} and listed as another medicine; keep one."
    for locale, names in file.names.items():
        for name in names:
            for reason in texts.script_problems(name, locale):
                yield ("names", locale), f"The name {name}: {reason}"
    for kind in ("brands", "colloquial"):
        values = [fold(value) for value in getattr(file, kind)]
        for value in {value for value in values if values.count(value) > 1}:
            yield (kind,), f"{value} is listed twice."


def _codes(file: DrugFile) -> Found:
    codes = [atc.code for atc in file.atc]
    if not codes:
        yield ("id",), f"{file.id} has no ATC code; the medication checks need one."
    for code in {code for code in codes if codes.count(code) > 1}:
        yield ("atc",), f"The ATC code {code} is listed twice."


def _fact(fact: FactEntry, place: Location) -> Found:
    for locale, text in texts.by_locale(fact).items():
        for reason in (*texts.script_problems(text, locale), *texts.wording_problems(text)):
            yield (*place, locale.value), f"{fact.id} in {locale}: {reason}"
    for reason in texts.number_problems(fact):
        yield place, f"{fact.id}: {reason}"
    if fact.conflict and not fact.note:
        yield place, f"{fact.id} is marked as a conflict; the note must say with what."


def _contradictions(file: DrugFile) -> Found:
    """Yield speakable facts that cannot both be right, and facts that say the same twice."""
    spoken = [(index, fact) for index, fact in enumerate(file.facts) if _spoken(fact)]
    seen: dict[str, str] = {}
    for index, fact in spoken:
        other = seen.setdefault(fact.zh_TW, fact.id)
        if other != fact.id:
            yield ("facts", index), f"{fact.id} says the same as {other}; keep one."
    stances: dict[str, str] = {}
    for index, fact in spoken:
        if fact.field not in {FactField.FOOD_TIMING, FactField.HOW_TO_TAKE}:
            continue
        stance = texts.food_stance(fact.en_US)
        if stance is None:
            continue
        for other_stance, other in stances.items():
            if other_stance != stance:
                yield ("facts", index), f"{fact.id} ({stance}) contradicts {other} ({other_stance}); mark the conflict."
        stances.setdefault(stance, fact.id)


def _spoken(fact: FactEntry) -> bool:
    return fact.status.reaches(ReviewStatus.SOURCE_OPENED) and not fact.conflict
