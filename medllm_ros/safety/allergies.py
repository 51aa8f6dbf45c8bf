"""Allergies against a delivered medicine, by ATC class and across classes (``data/cross_reactivity.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.findings import Finding, Severity
from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.substances import Names, Substance, mentioned


@dataclass(frozen=True)
class AllergyClass:
    """Medicines that share an allergy."""

    id: str
    atc: tuple[str, ...]
    within: Severity


@dataclass(frozen=True)
class Cross:
    """Somebody allergic to one class may react to another."""

    source: str
    target: str
    severity: Severity
    first_generation: Severity | None


@dataclass(frozen=True)
class Allergen:
    """What an allergy entry means: medicines, classes, or neither."""

    substances: tuple[Substance, ...]
    classes: tuple[AllergyClass, ...]
    severe: bool
    not_a_drug: bool

    @property
    def known(self) -> bool:
        """Return True where the entry names something the checks can compare."""
        return bool(self.substances or self.classes)


def read_allergen(text: str, formulary: Formulary) -> Allergen | None:
    """Return what a free text allergy entry means; None where it says that there is none."""
    table = _table()
    folded = fold(text)
    if not folded or (table.none.search(folded) and not table.unless.search(folded)):
        return None
    return Allergen(
        substances=mentioned(text, formulary),
        classes=tuple(table.classes[id_] for id_ in table.names.search(text)),
        severe=bool(table.severe.search(folded)),
        not_a_drug=bool(table.not_a_drug.search(folded)),
    )


def named_class(text: str) -> AllergyClass | None:
    """Return the one narrow class that ``text`` names ("Penicillin"), None for none, several or a wide one."""
    table = _table()
    found = [id_ for id_ in table.names.search(text) if id_ not in table.wide]
    return table.classes[found[0]] if len(found) == 1 else None


def against(allergen: Allergen, given: Substance, index: int) -> Finding | None:
    """Return the worst reaction to fear when ``given`` is given to somebody with this allergy."""
    found = sorted(_against(allergen, given, index), key=lambda finding: -finding.severity.rank)
    return found[0] if found else None


def _against(allergen: Allergen, given: Substance, index: int) -> Iterator[Finding]:
    table = _table()
    for substance in allergen.substances:
        if substance.same(given) or any(len(code) < 7 and given.has((code,)) for code in substance.atc):
            yield _finding(substance.id, Severity.HOLD, given, index, substance)
    for own in (*allergen.classes, *_classes_of(allergen.substances)):
        if given.has(own.atc):
            severity = Severity.HOLD if allergen.severe else own.within
            yield _finding(own.id, severity, given, index, *allergen.substances)
        for cross in table.cross:
            if cross.source == own.id and given.has(table.classes[cross.target].atc):
                severity = cross.severity
                if cross.first_generation and given.has(table.first_generation):
                    severity = cross.first_generation
                if allergen.severe:
                    severity = Severity.HOLD
                yield _finding(f"{own.id}.{cross.target}", severity, given, index, *allergen.substances)


def _classes_of(substances: Iterable[Substance]) -> Iterator[AllergyClass]:
    """Yield the narrow classes of the substances; wide ones ("antibiotics") only count when named."""
    for substance in substances:
        for own in _table().classes.values():
            if own.id not in _table().wide and substance.has(own.atc):
                yield own


def _finding(what: str, severity: Severity, given: Substance, index: int, *others: Substance) -> Finding:
    ids = tuple(dict.fromkeys(s.drug_id for s in (given, *others) if s.drug_id))
    return Finding(f"check.allergy.{what}", severity, index, what, ids)


class _Table:
    wide = frozenset({"beta_lactams", "antibiotics", "painkillers", "anticoagulants"})

    def __init__(self) -> None:
        data = load_data("cross_reactivity.yaml")
        self.classes = {
            id_: AllergyClass(id_, tuple(entry["atc"]), Severity(entry["within"]))
            for id_, entry in data["classes"].items()
        }
        self.names = Names({str(name): id_ for id_, entry in data["classes"].items() for name in entry["names"]})
        self.cross = tuple(
            Cross(
                entry["from"],
                entry["to"],
                Severity(entry["severity"]),
                Severity(entry["first_generation"]) if "first_generation" in entry else None,
            )
            for entry in data["cross"]
        )
        self.first_generation = tuple(data["first_generation"])
        self.none, self.unless, self.severe, self.not_a_drug = (
            re.compile(str(data[key]).translate(simplified())) for key in ("none", "unless", "severe", "not_a_drug")
        )


@lru_cache(maxsize=1)
def _table() -> _Table:
    return _Table()
