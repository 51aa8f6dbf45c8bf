"""Checks of a delivery before the first word about it: on ATC class, without a model.

Severities and their sources are data (``data/cross_reactivity.yaml``, ``interactions.yaml``,
``patient_cautions.yaml``) and the interaction facts of the formulary that name
ATC classes. An entry that was only recalled can lock the compartment or call staff and is never spoken as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from medllm_ros.delivery import Delivery, Medication, PatientProfile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.allergies import against, read_allergen
from medllm_ros.safety.findings import Finding, Severity
from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.given import given_substance, same_name
from medllm_ros.safety.reported_allergy import reported_allergy
from medllm_ros.safety.reported_medicine import taken_now
from medllm_ros.safety.substances import Substance, mentioned

__all__ = [
    "Finding", "Severity", "check_delivery", "given_substance", "interactions_with", "reported_allergy",
    "reported_medicine",
]  # fmt: skip


def check_delivery(delivery: Delivery, formulary: Formulary) -> tuple[Finding, ...]:
    """Return everything that speaks against giving these medicines to this patient, worst first."""
    patient = delivery.patient
    given = [given_substance(medication, formulary) for medication in delivery.medications]
    current = [s for entry in patient.current_medications for s in mentioned(entry, formulary)]
    found: list[Finding] = []
    for index, substance in enumerate(given):
        found += _allergies(delivery.medications[index], patient, substance, index, formulary)
        if substance is None:
            found.append(Finding("check.unknown_drug", Severity.INFO, index, "not in the formulary", ()))
            continue
        for other in _distinct(current):
            found += _both(substance, other, index, formulary)
        found += _patient(patient, substance, index)
        found += _labels(delivery.medications[index], formulary, index)
    for (left, one), (right, two) in combinations(enumerate(given), 2):
        if one and two:
            found += [*_both(one, two, left, formulary), *_both(two, one, right, formulary)]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: (-finding.severity.rank, finding.medication)))


def interactions_with(other: Substance, delivery: Delivery, formulary: Formulary) -> tuple[Finding, ...]:
    """Return what speaks against the delivered medicines beside ``other``, worst first."""
    found: list[Finding] = []
    for index, medication in enumerate(delivery.medications):
        substance = given_substance(medication, formulary)
        if substance:
            found += _both(substance, other, index, formulary)
    return tuple(sorted(found, key=lambda finding: -finding.severity.rank))


# A kind of medicine beside the delivered one of that kind; "they say iron turns it black" means the delivered one.
_ANOTHER = re.compile(
    r"也|另外|同时|自己(?:有|去|在)?买|家里|原本|本来|平常|一直|还(?:有)?(?:在)?(?:吃|用|打|喝|补)"
    r"|\b(?:also|another|too|as well|my own|other|already|at home|besides|extra|still)\b"
)


def reported_medicine(text: str, delivery: Delivery, formulary: Formulary) -> Finding | None:
    """Return the worst interaction of a delivered medicine with one that is reported as taken now or lately.

    HOLD or CAUTION by the interaction tables; None where nothing is reported, where the medicine is itself
    delivered or recorded (staff know it), and where no list has anything against it.
    """
    taken = taken_now(text, formulary)
    if not taken:
        return None
    known = [s for entry in delivery.patient.current_medications for s in mentioned(entry, formulary)]
    known += [s for m in delivery.medications if (s := given_substance(m, formulary))]
    worst: Finding | None = None
    for other in taken:
        if any(other.same(substance) for substance in known):
            continue
        if not _ANOTHER.search(fold(text)) and any(_own_kind(other, substance) for substance in known):
            continue  # "they say iron turns it black": what is delivered, by its kind
        for finding in interactions_with(other, delivery, formulary):
            if finding.severity is Severity.INFO or (worst and finding.severity.rank <= worst.severity.rank):
                continue
            rule = finding.rule.replace("check.", "check.reported_medicine.", 1)
            worst = Finding(rule, finding.severity, finding.medication, finding.subject, finding.drug_ids)
    return worst


_ATC_LENGTH = 7  # of a substance; a shorter code is a kind


def _own_kind(other: Substance, given: Substance) -> bool:
    return given.has(kind for kind in other.atc if len(kind) < _ATC_LENGTH)


def _distinct(substances: Sequence[Substance]) -> tuple[Substance, ...]:
    return tuple(dict.fromkeys(substances))


def _allergies(
    medication: Medication, patient: PatientProfile, substance: Substance | None, index: int, formulary: Formulary
) -> Iterator[Finding]:
    for entry in patient.allergies:
        allergen = read_allergen(entry, formulary)
        if allergen is None:
            continue
        finding = against(allergen, substance, index) if substance else None
        if finding:
            yield finding
        elif same_name(medication, entry):
            yield Finding("check.allergy.same_name", Severity.HOLD, index, "the ordered name", ())
        elif not allergen.known and not allergen.not_a_drug:
            yield Finding("check.allergy.unclear", Severity.CAUTION, index, "an allergy that no list knows", ())
        elif substance is None and allergen.known:
            yield Finding(
                "check.allergy.unknown_drug", Severity.CAUTION, index, "allergy, medicine not in the formulary", ()
            )


def _both(substance: Substance, other: Substance, index: int, formulary: Formulary) -> Iterator[Finding]:
    """Yield what speaks against two medicines together: by the tables, then by the drug's own approved facts."""
    by_table = tuple(_pair(substance, other, index))
    yield from by_table
    drug = formulary.drugs.get(substance.drug_id)
    for fact in drug.about(FactField.INTERACTION, formulary.minimum) if drug and not substance.same(other) else ():
        if other.has(fact.against) and not any(f.severity.rank > Severity(fact.severity).rank for f in by_table):
            ids = tuple(dict.fromkeys(s.drug_id for s in (substance, other) if s.drug_id))
            yield Finding(f"check.fact.{fact.id}", Severity(fact.severity), index, other.id, ids, fact.id)


def _pair(substance: Substance, other: Substance, index: int) -> Iterator[Finding]:
    """Yield duplicates and interactions of one medicine with another that is taken or delivered as well."""
    ids = tuple(dict.fromkeys(s.drug_id for s in (substance, other) if s.drug_id))
    duplicate = _duplicate(substance, other)
    if duplicate:
        yield Finding(f"check.duplicate.{duplicate[0]}", duplicate[1], index, other.id, ids)
        return
    for rule in _tables().interactions:
        if rule.joins(substance, other):
            yield Finding(f"check.interaction.{rule.id}", rule.severity, index, other.id, ids)


def _duplicate(one: Substance, two: Substance) -> tuple[str, Severity] | None:
    """Return what is taken twice: the ingredient, an ATC level 4 (5 characters), or a wider group."""
    tables = _tables()
    if one.same(two):
        return "ingredient", Severity.HOLD
    shared = {code[:5] for code in one.atc if len(code) >= 5} & {code[:5] for code in two.atc if len(code) >= 5}
    shared |= {code for code in one.atc + two.atc if len(code) < 7 and one.has((code,)) and two.has((code,))}
    if shared - tables.meant.keys():
        return min(shared - tables.meant.keys()), Severity.HOLD
    for name, atc, severity in tables.groups:
        if one.has(atc) and two.has(atc):
            return name, severity
    if shared:
        return min(shared), max((tables.meant[level] for level in shared), key=lambda severity: severity.rank)
    return None


def _patient(patient: PatientProfile, substance: Substance, index: int) -> Iterator[Finding]:
    tables = _tables()
    conditions = fold(" ; ".join(patient.conditions))

    def finding(kind: str, rule: _Caution) -> Finding:
        ids = (substance.drug_id,) if substance.drug_id else ()
        return Finding(f"check.{kind}.{rule.id}", rule.severity, index, rule.id, ids)

    pregnant = patient.pregnant
    if pregnant is None:
        pregnant = bool(tables.pregnancy.search(tables.not_pregnant.sub("", conditions)))
    egfr = float(patient.egfr) if patient.egfr is not None else None
    if egfr is None and tables.dialysis.search(conditions):
        egfr = tables.dialysis_egfr
    for rule in tables.in_pregnancy:
        if pregnant and substance.has(rule.atc):
            yield finding("pregnancy", rule)
    for rule in tables.age:
        if patient.age_years is not None and substance.has(rule.atc) and rule.holds_for(patient.age_years):
            yield finding("age", rule)
    for rule in tables.renal:
        if egfr is not None and substance.has(rule.atc) and rule.holds_for(egfr):
            yield finding("renal", rule)
    for rule in tables.conditions:
        if rule.pattern and substance.has(rule.atc) and rule.pattern.search(conditions):
            yield finding("condition", rule)


def _labels(medication: Medication, formulary: Formulary, index: int) -> Iterator[Finding]:
    drug = formulary.find(medication.name, medication.route)
    if drug and drug.high_alert:
        yield Finding("check.high_alert", Severity.INFO, index, drug.id, (drug.id,))
    if drug and drug.lasa:
        partners = tuple(partner for partner in drug.lasa if partner in formulary.drugs)
        yield Finding("check.look_alike", Severity.INFO, index, ", ".join(drug.lasa), (drug.id, *partners))


@dataclass(frozen=True)
class _Interaction:
    id: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    not_b: tuple[str, ...]
    severity: Severity

    def joins(self, one: Substance, two: Substance) -> bool:
        if one.same(two):
            return False
        return self._joins(one, two) or self._joins(two, one)

    def _joins(self, one: Substance, two: Substance) -> bool:
        return one.has(self.a) and two.has(self.b) and not two.has(self.not_b)


@dataclass(frozen=True)
class _Caution:
    id: str
    atc: tuple[str, ...]
    severity: Severity
    below: float | None
    from_: float | None
    pattern: re.Pattern[str] | None

    def holds_for(self, value: float) -> bool:
        return (self.below is None or value < self.below) and (self.from_ is None or value >= self.from_)


class _Tables:
    def __init__(self) -> None:
        data = load_data("interactions.yaml")
        self.interactions = tuple(
            _Interaction(e["id"], tuple(e["a"]), tuple(e["b"]), tuple(e.get("not_b", ())), Severity(e["severity"]))
            for e in data["interactions"]
        )
        duplicates = data["duplicates"]
        self.meant = {level: Severity(severity) for level, severity in duplicates["meant"].items()}
        self.groups = tuple((n, tuple(g["atc"]), Severity(g["severity"])) for n, g in duplicates["groups"].items())
        cautions = load_data("patient_cautions.yaml")
        self.pregnancy = _pattern(cautions["pregnancy"]["pattern"])
        self.not_pregnant = _pattern(cautions["pregnancy"]["denied"])
        self.in_pregnancy = _cautions(cautions["pregnancy"]["rules"])
        self.age = _cautions(cautions["age"])
        self.renal = _cautions(cautions["renal"]["rules"])
        self.dialysis = _pattern(cautions["renal"]["dialysis"])
        self.dialysis_egfr = float(cautions["renal"]["dialysis_egfr"])
        self.conditions = _cautions(cautions["conditions"])


def _cautions(entries: list[dict[str, Any]]) -> tuple[_Caution, ...]:
    return tuple(
        _Caution(
            e["id"], tuple(e["atc"]), Severity(e["severity"]), e.get("below"), e.get("from"),
            _pattern(e["pattern"]) if "pattern" in e else None,
        )
        for e in entries
    )  # fmt: skip


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.translate(simplified()))


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    return _Tables()
