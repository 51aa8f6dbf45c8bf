"""The shape of a formulary file, and the rules a file must keep to be loaded at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from medllm_ros.delivery import Locale
from medllm_ros.formulary.frozen import FrozenDict
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy, ReviewStatus, Source
from medllm_ros.formulary.reading import Location

NOT_SHOWN = "not shown"  # what a file writes as the date of a page that shows none
ATC_PATTERN = r"[A-Z]\d\d[A-Z]{2}\d\d"  # WHO ATC, 5th level: B01AC06
ATC_PREFIX = r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?"  # any level: B, B01, B01A, B01AC, B01AC06

# WHO's dose forms as a pharmacist shelves them; what a patient is handed.
Form = Literal[
    "tablet", "capsule", "oral liquid", "powder", "sublingual tablet", "inhaler", "nebuliser solution", "nasal spray",
    "eye drops", "eye ointment", "ear drops", "cream", "patch", "suppository", "pen injector", "injection", "infusion",
]  # fmt: skip

# Medicines for which no missed-dose rule is spoken, by ATC (docs: safety design, section 4).
DEFER_ATC = (
    "B01AA03",  # warfarin
    "B01AB",  # heparins
    "B01AF01",  # rivaroxaban
    "B01AF02",  # apixaban
    "B01AF03",  # edoxaban
    "A10A",  # insulins
    "C01AA05",  # digoxin
    "N05AN",  # lithium
    "N03AB02",  # phenytoin
    "L01BA01",  # methotrexate
    "L04AX03",  # methotrexate, low dose
    "N02AA01",  # morphine
    "H02AB",  # systemic corticosteroids
    "A12BA",  # potassium, by mouth
    "B05XA01",  # potassium chloride, into a vein
)

_FACT_ID = re.compile(r"([a-z0-9_]+)\.([a-z_]+)\.([1-9]\d*)")
_FIELDS = frozenset(FactField)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AtcCode(_Strict):
    """One WHO ATC code, with the use it stands for where the drug has several."""

    code: Annotated[str, StringConstraints(pattern=f"^{ATC_PATTERN}$")]
    use: str = ""


class HighAlert(_Strict):
    """Why the drug is high alert, and the list that says so."""

    basis: Text
    source: Text


class LookAlike(_Strict):
    """A name that is mistaken for this one, and the list that says so."""

    name: Text
    source: Text


class MissedDose(_Strict):
    """What the robot does when asked about a missed dose, and why."""

    policy: MissedDosePolicy
    why: Text


class Page(_Strict):
    """A page that facts cite. ``date`` is the page's own, or ``not shown``."""

    publisher: Text
    title: str = ""
    address: str = ""
    date: str = ""
    language: str = ""


class Cited(_Strict):
    """What every claim carries: how far it is checked, and the place where it was read."""

    status: ReviewStatus
    source: str = ""  # a key of ``sources``
    section: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """Return what a message calls this entry."""
        raise NotImplementedError


class Identity(Cited):
    """Where a name or code was seen; never spoken."""

    what: Text
    seen: Text

    @property
    def label(self) -> str:
        """Return what was seen."""
        return f"{self.what} {self.seen}"


class FactEntry(Cited):
    """One sentence in every locale."""

    id: Text
    zh_TW: Text
    zh_CN: Text
    en_US: Text
    confidence: Literal["high", "medium", "low"] = "high"
    # Of an interaction: the medicines it is about, and what staff should do where the patient takes one of them.
    against: tuple[Annotated[str, StringConstraints(pattern=f"^{ATC_PREFIX}$")], ...] = ()
    severity: Literal["info", "caution", "hold"] = "caution"
    conflict: bool = False
    signed_by: str = ""  # the pharmacist, where the status is pharmacist_signed
    signed_on: str = ""

    @property
    def label(self) -> str:
        """Return the fact's id."""
        return self.id

    @property
    def field(self) -> str:
        """Return the field part of ``<drug>.<field>.<n>``."""
        parts = self.id.split(".")
        return parts[1] if len(parts) == 3 else ""


class DrugFile(_Strict):
    """One file of the formulary."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    names: dict[Locale, Annotated[tuple[Text, ...], Field(min_length=1)]]
    brands: tuple[Text, ...] = ()
    colloquial: tuple[Text, ...] = ()
    not_this: tuple[Text, ...] = ()
    atc: tuple[AtcCode, ...] = ()
    drug_class: str = Field(default="", alias="class")
    route: str = ""
    forms: tuple[Form, ...] = ()
    allergy_classes: tuple[Text, ...] = ()
    high_alert: HighAlert | None = None
    lasa: tuple[LookAlike, ...] = ()
    missed_dose: MissedDose
    staff_note: str = ""
    identity: tuple[Identity, ...] = ()
    facts: tuple[FactEntry, ...] = ()
    sources: dict[str, Page] = Field(default_factory=dict)

    @property
    def spoken_names(self) -> tuple[str, ...]:
        """Return every name and brand, without repeats, in file order."""
        return tuple(dict.fromkeys([*(name for names in self.names.values() for name in names), *self.brands]))


def problems(file: DrugFile) -> Iterator[tuple[Location, str]]:
    """Yield (place, sentence) for every rule the file breaks; a file that breaks one is not loaded."""
    for locale in Locale:
        if locale not in file.names:
            yield ("names",), f"A name in {locale} is missing."
    for index, entry in enumerate(file.identity):
        yield from _cited(file, entry, ("identity", index))
    seen: set[str] = set()
    for index, fact in enumerate(file.facts):
        place = ("facts", index)
        yield from _fact_id(file, fact, place, seen)
        yield from _cited(file, fact, place)
        if fact.against and fact.field != FactField.INTERACTION:
            yield place, f"{fact.id} is no interaction; only those name the medicines they are against."
        if fact.status is ReviewStatus.PHARMACIST_SIGNED:
            if fact.conflict:
                yield place, f"{fact.id} is signed and marked as a conflict; a signed fact is settled."
            if not (fact.signed_by.strip() and fact.signed_on.strip()):
                yield place, f"{fact.id} is pharmacist_signed; name the pharmacist (signed_by) and the day (signed_on)."
    yield from _missed_dose(file)


def _fact_id(file: DrugFile, fact: FactEntry, place: Location, seen: set[str]) -> Iterator[tuple[Location, str]]:
    match = _FACT_ID.fullmatch(fact.id)
    if match is None or match[1] != file.id:
        yield (*place, "id"), f"The id {fact.id} must be {file.id}.<field>.<number>."
    elif match[2] not in _FIELDS:
        yield (*place, "id"), f"{match[2]} is no field of a fact; use one of {', '.join(FactField)}."
    if fact.id in seen:
        yield (*place, "id"), f"The id {fact.id} is used twice."
    seen.add(fact.id)


def _cited(file: DrugFile, entry: Cited, place: Location) -> Iterator[tuple[Location, str]]:
    page = file.sources.get(entry.source)
    if entry.source and page is None:
        yield (*place, "source"), f"The source {entry.source} is not listed under `sources`."
        return
    if entry.status is ReviewStatus.RECALL:
        return
    label = entry.label
    if page is None:
        yield place, f"{label} claims {entry.status} but names no source; name it or write `status: recall`."
        return
    if not page.address.strip():
        yield ("sources", entry.source), f"{label} claims {entry.status} but its source has no address."
    if not page.date.strip():
        yield ("sources", entry.source), (
            f"{label} claims {entry.status} but its source has no date; "
            f"write `date: {NOT_SHOWN}` if the page shows none."
        )
    if not entry.section.strip():
        yield place, f"{label} claims {entry.status} but names no section of its source."


def _missed_dose(file: DrugFile) -> Iterator[tuple[Location, str]]:
    """Yield where the policy and the facts or the defer list contradict each other."""
    if file.missed_dose.policy is not MissedDosePolicy.ANSWER:
        return
    place = ("missed_dose", "policy")
    listed = [atc.code for atc in file.atc if atc.code.startswith(DEFER_ATC)]
    if listed or "IV" in file.route.upper().split("/"):
        yield place, f"{file.id} ({', '.join(listed) or file.route}) is on the defer list; the policy must be defer."
    rules = [fact for fact in file.facts if fact.field == FactField.MISSED_DOSE]
    if any(fact.conflict for fact in rules):
        yield place, f"Sources disagree on a missed dose of {file.id}; the policy must be defer."
    if not any(fact.status.reaches(ReviewStatus.SOURCE_OPENED) and not fact.conflict for fact in rules):
        yield place, f"No missed-dose rule of {file.id} was read at its source; the policy must be defer."


def drug(file: DrugFile) -> Drug:
    """Return the drug of a file that has no :func:`problems`."""
    sources: dict[tuple[str, str], Source] = {}
    return Drug(
        id=file.id,
        names=FrozenDict({locale: file.names[locale] for locale in Locale}),
        brands=file.brands,
        colloquial=file.colloquial,
        atc=tuple(atc.code for atc in file.atc),
        drug_class=file.drug_class,
        route=file.route,
        forms=file.forms,
        allergy_classes=file.allergy_classes,
        high_alert=file.high_alert is not None,
        lasa=tuple(partner.name for partner in file.lasa),
        missed_dose=file.missed_dose.policy,
        facts=tuple(_fact(file, entry, sources) for entry in file.facts),
    )


def _fact(file: DrugFile, entry: FactEntry, sources: dict[tuple[str, str], Source]) -> Fact:
    source = None
    if entry.source:
        key = (entry.source, entry.section)
        if key not in sources:
            page = file.sources[entry.source]
            sources[key] = Source(
                publisher=page.publisher,
                title=page.title,
                address=page.address,
                section=entry.section,
                date="" if page.date == NOT_SHOWN else page.date,
                language=page.language,
            )
        source = sources[key]
    return Fact(
        id=entry.id,
        field=FactField(entry.field),
        text=FrozenDict({Locale.ZH_TW: entry.zh_TW, Locale.ZH_CN: entry.zh_CN, Locale.EN_US: entry.en_US}),
        status=entry.status,
        source=source,
        conflict=entry.conflict,
        note=entry.note,
        against=entry.against,
        severity=entry.severity if entry.against else "",
    )
