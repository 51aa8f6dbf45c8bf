"""How much is known of each drug, and how far it has been checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from medllm_ros.formulary.model import Drug, FactField, ReviewStatus
from medllm_ros.formulary.store import Formulary


@dataclass(frozen=True)
class Coverage:
    """Counts of one drug; ``spoken`` are the facts of each field that may be said."""

    drug: str
    spoken: dict[FactField, int]
    status: dict[ReviewStatus, int]
    disputed: int
    missed_dose: str
    high_alert: bool

    @property
    def silent(self) -> tuple[FactField, ...]:
        """Return the fields of which nothing may be said."""
        return tuple(field for field in FactField if not self.spoken[field])


def coverage(formulary: Formulary) -> tuple[Coverage, ...]:
    """Return one row a drug, by id."""
    return tuple(_row(drug, formulary.minimum) for _, drug in sorted(formulary.drugs.items()))


def _row(drug: Drug, minimum: ReviewStatus) -> Coverage:
    status = Counter(fact.status for fact in drug.facts)
    return Coverage(
        drug=drug.id,
        spoken={field: len(drug.about(field, minimum)) for field in FactField},
        status={level: status[level] for level in ReviewStatus},
        disputed=sum(fact.conflict for fact in drug.facts),
        missed_dose=drug.missed_dose.value,
        high_alert=drug.high_alert,
    )
