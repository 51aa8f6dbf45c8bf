"""What a medication check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding asks for, mildest first."""

    INFO = "info"  # recorded; nothing changes at the bedside
    CAUTION = "caution"  # staff are told
    HOLD = "hold"  # the compartment stays locked and staff are called

    @property
    def rank(self) -> int:
        """Return 0 for INFO up to 2 for HOLD."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against giving a medicine. Only its ``fact``, where it has one, is said to the patient."""

    rule: str  # "check.allergy.penicillins"
    severity: Severity
    medication: int  # index into the delivery's medicines
    subject: str  # the class, partner or condition: ids and names of medicines, never patient text
    drug_ids: tuple[str, ...] = ()  # formulary ids involved
    fact: str = ""  # id of the approved fact that says it to the patient, "" where none does
