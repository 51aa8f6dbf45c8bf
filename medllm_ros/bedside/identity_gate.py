"""Who is in front of the robot: two identifiers by open question, or a wristband and one of them.

Two identifiers, never the bed or the room: Joint Commission NPSG.01.01.01 EP 1.
"""

from __future__ import annotations

from enum import StrEnum

from medllm_ros.delivery import PatientProfile, Profile
from medllm_ros.safety.identity import Identifier, compare


class Outcome(StrEnum):
    """What one answer amounted to."""

    NOTHING = "nothing"  # no identifier was given
    PARTIAL = "partial"  # one matches, one is missing
    MATCH = "match"
    MISMATCH = "mismatch"  # something given differs from the record
    FAILED = "failed"  # too many mismatches: staff must check
    OTHER_PERSON = "other_person"  # a relative or room-mate speaks
    IMPOSSIBLE = "impossible"  # all that is recorded was given and it is not enough


WRISTBAND = "wristband"
NEEDED = 2


class IdentityGate:
    """Collects matching identifiers over several answers. Recorded values never leave it."""

    def __init__(self, max_failures: int) -> None:
        self._max_failures = max_failures
        self.matched: set[str] = set()
        self.failures = 0
        self.by_staff = False

    @property
    def verified(self) -> bool:
        """Return True while the match stands."""
        return self.by_staff or len(self.matched) >= NEEDED

    @property
    def failed(self) -> bool:
        """Return True where only staff can verify any more."""
        return self.failures >= self._max_failures and not self.verified

    def missing(self, patient: PatientProfile) -> tuple[Identifier, ...]:
        """Return what can still be asked for, in the order of asking."""
        recorded = {
            Identifier.NAME: bool(patient.name),
            Identifier.DATE_OF_BIRTH: patient.date_of_birth is not None,
            Identifier.CHART_NUMBER: bool(patient.chart_number),
        }
        return tuple(kind for kind, present in recorded.items() if present and kind.value not in self.matched)

    def heard(self, texts: tuple[str, ...], patient: PatientProfile) -> Outcome:
        """Compare an answer (best hypothesis first) with the record."""
        comparison = compare(texts, patient)
        if comparison.other_person and Profile.CHILD not in patient.profiles:  # a child's parent answers for it
            return Outcome.OTHER_PERSON
        if comparison.mismatched:
            return self._mismatch()
        self.matched |= {kind.value for kind in comparison.matched}
        if self.verified:
            return Outcome.MATCH
        if self.matched and not self.missing(patient):
            return Outcome.IMPOSSIBLE
        return Outcome.PARTIAL if comparison.matched else Outcome.NOTHING

    def scanned(self, chart_number: str, by_staff: bool, patient: PatientProfile) -> Outcome:
        """Take a wristband scan, or the word of staff who checked two identifiers themselves."""
        if by_staff:
            self.by_staff = True
            return Outcome.MATCH
        if not patient.chart_number or chart_number.strip().casefold() != patient.chart_number.casefold():
            return self._mismatch()
        # The band already carries the chart number: a spoken chart number adds nothing to it.
        self.matched.discard(Identifier.CHART_NUMBER.value)
        self.matched.add(WRISTBAND)
        return Outcome.MATCH if self.verified else Outcome.PARTIAL

    def void(self) -> None:
        """Forget the match (transfer, new dose, other patient)."""
        self.matched.clear()
        self.by_staff = False

    def _mismatch(self) -> Outcome:
        self.void()
        self.failures += 1
        return Outcome.FAILED if self.failures >= self._max_failures else Outcome.MISMATCH

    def snapshot(self) -> dict[str, object]:
        """Return the state as plain data."""
        return {"matched": sorted(self.matched), "failures": self.failures, "by_staff": self.by_staff}
