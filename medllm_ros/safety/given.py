"""The ordered medicine as the checks see it, also where the formulary does not hold it."""

from __future__ import annotations

import re

from medllm_ros.delivery import Medication
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.allergies import named_class
from medllm_ros.safety.folding import fold
from medllm_ros.safety.substances import Substance, mentioned, of_drug

_ATC_CODE = re.compile(r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}")
_WORD = re.compile(r"[a-z]{4,}|[\u3400-\u9fff]{2,}")
# Words of an order that name no medicine.
_FORMS = frozenset(
    ("tablet", "tablets", "capsule", "capsules", "injection", "syrup", "solution", "cream", "patch", "oral", "with")
)


def given_substance(medication: Medication, formulary: Formulary) -> Substance | None:
    """Return the medicine from the formulary, the order's ATC code, the list of names, or a class by name."""
    drug = formulary.find(medication.name, medication.route)
    code = _ATC_CODE.match(medication.atc.strip().upper())
    if drug:
        substance = of_drug(drug)
        return Substance(substance.id, (*substance.atc, *((code.group(),) if code else ())), drug.id)
    found = mentioned(medication.name, formulary)
    if code:
        return Substance(found[0].id if len(found) == 1 else code.group(), (code.group(),))
    if found:
        return found[0] if len(found) == 1 else None
    own = named_class(medication.name)  # "Penicillin" is a class and no entry of the list
    return Substance(own.id, own.atc) if own else None


def same_name(medication: Medication, allergy: str) -> bool:
    """Return True where an allergy entry holds the order's own name, whether or not any list knows it."""
    entry = fold(allergy)
    words = [word for word in _WORD.findall(fold(medication.name)) if word not in _FORMS]
    return any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", entry) for word in words)
