"""Which facts fit the form that is ordered: of a suppository nobody is told to swallow the tablet whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medllm_ros.delivery import Locale, Medication
from medllm_ros.formulary.model import Drug, Fact, FactField

# Of the forms that are not swallowed: the route that means them, and how orders write them.
_ORDERED = {
    "suppository": ("PR", r"\bsupp(?:ositor\w*|s?)\b|塞劑|栓劑|栓剂|肛門|肛门"),
    "patch": ("TD", r"\bpatch\w*|貼片|贴片|貼劑|贴剂"),
    "nasal spray": ("NAS", r"\bnasal\b|\bnose\b|鼻噴|鼻喷"),
    "nebuliser solution": ("NEB", r"\bneb\w*|吸入液|霧化|雾化"),
}
# Other forms of the same drugs: an order that names one of these too leaves open which is meant.
_BESIDE = {
    "tablet": r"\btab(?:let)?s?\b|錠|片剂", "capsule": r"\bcap(?:sule)?s?\b|膠囊|胶囊", "inhaler": r"\binhaler"
}  # fmt: skip
# What depends on the form; a warning is told whatever form it names.
_OF_FORM = (
    FactField.HOW_TO_TAKE, FactField.FOOD_TIMING, FactField.FOOD_DRINK, FactField.STORAGE, FactField.WHAT_TO_EXPECT,
)  # fmt: skip
# How facts name a form, in English: every fact has all languages.
_NAMED = {
    "tablet": r"\btablets?\b", "capsule": r"\bcapsules?\b", "suppository": r"\bsuppositor", "patch": r"\bpatch",
    "nasal spray": r"\bnasal\b|\bnostrils?\b", "nebuliser solution": r"\binhalation solution|\bnebuli",
    "inhaler": r"\binhaler",
}  # fmt: skip


def fitting(facts: Sequence[Fact], medication: Medication, drug: Drug) -> tuple[Fact, ...]:
    """Return ``facts`` without those of other forms, where one that is not swallowed is ordered."""
    ordered = _ordered(medication, drug)
    if not ordered:
        return tuple(facts)
    others = [form for form in drug.forms if form != ordered]

    def fits(fact: Fact) -> bool:
        return fact.field not in _OF_FORM or _names(fact, ordered) or not any(_names(fact, form) for form in others)

    return tuple(filter(fits, facts))


def _ordered(medication: Medication, drug: Drug) -> str:
    """Return which of the drug's forms an order asks for, "" where it says none of those that are not swallowed."""
    route = medication.route.upper()
    if len(drug.forms) < 2 or route == "PO":
        return ""
    words = f"{medication.name} {medication.as_ordered}".lower()
    other = any(re.search(_BESIDE[form], words) for form in set(drug.forms) & _BESIDE.keys())
    named = {
        form for form in set(drug.forms) & _ORDERED.keys()
        if route == _ORDERED[form][0] or re.search(_ORDERED[form][1], words)
    }  # fmt: skip
    return named.pop() if len(named) == 1 and not other else ""


def _names(fact: Fact, form: str) -> bool:
    return form in _NAMED and bool(re.search(_NAMED[form], fact.text[Locale.EN_US], re.IGNORECASE))
