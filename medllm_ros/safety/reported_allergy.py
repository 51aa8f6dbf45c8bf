"""An allergy that somebody reports now, at the bedside: the medicine is held and staff look."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from medllm_ros.delivery import Delivery
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.allergies import Allergen, against, read_allergen
from medllm_ros.safety.findings import Finding, Severity
from medllm_ros.safety.folding import fold, load_data, simplified, with_pauses
from medllm_ros.safety.given import given_substance
from medllm_ros.safety.substances import Substance, mentioned

MAX_CHARS = 600
UNKNOWN, OTHER = "check.reported_allergy", "check.reported_allergy.other"
_CLAUSE = re.compile(r"[,。!;\n]|(?<=[?])|(?<![0-9])\.(?![0-9])|但是|但|可是|不过(?!敏)|\bbut\b")


def reported_allergy(
    text: str, delivery: Delivery, formulary: Formulary, *, believed: Callable[[str], bool] = lambda words: True
) -> Finding | None:
    """Return what a patient's words report about the delivered medicines, None where they report no allergy.

    HOLD where the allergy meets a delivered medicine, names "this one", or cannot be understood; CAUTION for an
    allergy to another medicine, which staff should record. A denial and a question are no report, nor is what
    ``believed`` knows to be talk of another kind: it is asked about the clause that reports and about all of ``text``,
    but never where the allergy meets a delivered medicine.
    """
    words = _words()
    worst: Finding | None = None
    text = text[:MAX_CHARS]
    for clause in dict.fromkeys((*_CLAUSE.split(fold(text)), *_CLAUSE.split(fold(with_pauses(text))))):
        what = words.reported_in(clause)
        named = words.named_in(clause) if what is None else []
        if what is None and not named:
            continue
        given = [given_substance(medication, formulary) for medication in delivery.medications]
        if what is None:
            finding = _named(named, given, delivery, formulary)
        else:
            finding = _judge(what, clause, given, delivery, formulary)
        if finding and finding.rule in (UNKNOWN, OTHER) and not (believed(clause) or believed(text)):
            continue
        if finding and (worst is None or finding.severity.rank > worst.severity.rank):
            worst = finding
    return worst


def _named(
    named: list[str], given: list[Substance | None], delivery: Delivery, formulary: Formulary
) -> Finding | None:
    """Judge a medicine that somebody "cannot have": only what the lists know."""
    for what in named:
        allergen = read_allergen(what, formulary)
        if allergen and allergen.known:
            return _against_all(allergen, given, delivery, formulary)
    return None


def _judge(
    what: str, clause: str, given: list[Substance | None], delivery: Delivery, formulary: Formulary
) -> Finding | None:
    allergen = read_allergen(what, formulary) if what else None
    if allergen is None or not allergen.known:
        named = mentioned(clause, formulary)
        if named:
            allergen = Allergen(named, (), False, False)
    if allergen and allergen.known:
        return _against_all(allergen, given, delivery, formulary)
    if allergen and allergen.not_a_drug and not _words().this.search(what):
        return None
    first = next((substance for substance in given if substance), None)
    ids = (first.drug_id,) if first else ()
    return Finding(UNKNOWN, Severity.HOLD, 0, "the delivered medicine", ids)


def _against_all(
    allergen: Allergen, given: list[Substance | None], delivery: Delivery, formulary: Formulary
) -> Finding | None:
    for index, substance in enumerate(given):
        if substance is None:
            other = mentioned(delivery.medications[index].name, formulary)
            substance = other[0] if other else None
        found = against(allergen, substance, index) if substance else None
        if found:
            # Said now, by the patient: every degree of it is a hold until staff have looked.
            return Finding(
                f"check.reported_allergy.{found.subject}", Severity.HOLD, index, found.subject, found.drug_ids
            )
    subject = allergen.substances[0].id if allergen.substances else allergen.classes[0].id
    return Finding(OTHER, Severity.CAUTION, 0, subject, ())


class _Words:
    def __init__(self) -> None:
        data = load_data("reported_allergy.yaml")

        def one(pattern: str) -> re.Pattern[str]:
            for name in ("reaction", "ereaction"):
                pattern = pattern.replace(f"<{name}>", data[name])
            return re.compile(pattern.translate(simplified()), re.ASCII)

        self._reported = [one(pattern) for pattern in data["reported"]]
        self._reaction = one("<reaction>|<ereaction>|react")  # none of those matches without
        self._not = [one(data[name]) for name in ("denied", "edenied", "medicine_for", "others")]
        self._question = one(data["question"])
        self._equestion = one(data["equestion"])
        self.this = one(data["this"])
        self._named = [one(pattern) for pattern in data["named"]]
        self._named_not = one(data["named_not"])
        self._food = one(data["food"])
        self._new_question = one(data["new_question"])

    def reported_in(self, clause: str) -> str | None:
        """Return what an allergy is reported to ("" for the medicine at hand), None where none is."""
        if not self._reaction.search(clause) or any(pattern.search(clause) for pattern in self._not):
            return None
        if self._equestion.match(clause.strip()):  # "does it", "am I allergic"
            return None
        for pattern in self._reported:
            found = pattern.search(clause)
            if found and not self._asks(clause, found.end()):
                return found.group("what").strip()
        return None

    def named_in(self, clause: str) -> list[str]:
        """Return what somebody cannot have, survived badly or was tested positive for, as each pattern reads it."""
        if self._named_not.search(clause) or self._equestion.match(clause.strip()):
            return []
        hits = (pattern.search(clause) for pattern in self._named)
        spoken = [found for found in hits if found and not self._asks(clause, found.end())]
        parts = (self._food.sub("", part).strip() for found in spoken for part in found.groups() if part)
        return [part for part in parts if part]

    def _asks(self, clause: str, end: int) -> bool:
        """Return True where the words up to ``end`` are asked and not said."""
        if self._question.search(clause[:end]):
            return True
        rest = clause[end:]
        if self._new_question.search(rest):
            return False
        return bool(self._question.search(rest) or ("?" in rest and self._equestion.search(clause)))


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
