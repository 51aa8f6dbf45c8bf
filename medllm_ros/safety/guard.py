"""The guard: each sentence of a reply against the one fact that it cites, before it may be spoken.

A model writes ``[F3] sentence``. The sentence is spoken only where it is small talk from a closed list or says
what line F3 of the sheet says: predicate, polarity, terms, numbers, names. Otherwise the approved wording of
the cited line takes its place, or nothing where no line was cited. The guard never raises.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.delivery import Delivery, Locale
from medllm_ros.formulary.sheet import FactSheet, SheetLine
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety import claims
from medllm_ros.safety.clauses import guard_words, sentences
from medllm_ros.safety.entailment import differences
from medllm_ros.safety.fact_reading import folded_names, mask_names, read_fact
from medllm_ros.safety.folding import fold
from medllm_ros.safety.grounding import Numbers, numbers, ungrounded
from medllm_ros.safety.small_talk import without_small_talk

log = logging.getLogger(__name__)

MAX_CHARS = 400  # a longer "sentence" is not one, and is not spoken
MAX_CITED = 4
_CITATION = re.compile(r"[\[［【〔]\s*((?:[FfＦｆ]?\s*[0-9０-９]+\s*[,，、;\s]*)+)\s*[\]］】〕]")
_LABEL = re.compile(r"[0-9]+")
_PUNCTUATION = re.compile(r"[\s,。.;:!?、·~\"'“”‘’「」『』()\[\]-]+")


@dataclass(frozen=True)
class GuardContext:
    """What a sentence is judged against."""

    sheet: FactSheet
    delivery: Delivery
    locale: Locale
    formulary: Formulary
    named_by_patient: frozenset[str] = frozenset()  # formulary ids
    symptom_named: bool = False
    alert_accepted: bool = False


@dataclass(frozen=True)
class Verdict:
    """What may be spoken. ``facts`` are the labels it rests on; ``rules`` say why a sentence was replaced."""

    text: str  # the sentence, the approved wording in its place, or "" for silence
    passed: bool
    rules: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def check(sentence: str, context: GuardContext) -> Verdict:
    """Return what may be spoken of one sentence, citation included."""
    try:
        return _check(sentence, context)
    except Exception:  # a fault in the guard must silence the sentence, not let it through
        log.exception("The guard failed on a sentence of %d characters; it is not spoken.", len(sentence))
        return Verdict("", False, ("guard.fault",))


def _check(sentence: str, context: GuardContext) -> Verdict:
    if len(sentence) > MAX_CHARS:
        return Verdict("", False, ("guard.too_long",))
    labels, body = citations(sentence)
    cited = tuple(line for label in labels[:MAX_CITED] if (line := context.sheet.find(label)))
    if not any(char.isalnum() for char in body):
        return Verdict("", False, ("guard.empty",))
    verbatim = _verbatim(body, cited, context)
    if verbatim:
        blocked = context.symptom_named and claims.reassures(fold(verbatim.text))
        if blocked:
            return Verdict("", False, ("guard.reassurance",))
        return Verdict(body, True, (), (verbatim.label,))
    begun = _begun(body, cited, context)
    if begun:
        return Verdict(begun.text, True, ("guard.completed",), (begun.label,))
    rules = tuple(dict.fromkeys(_rules(body, labels, cited, context)))
    if not rules:
        return Verdict(body, True, (), tuple(line.label for line in cited))
    return _replaced(rules, cited, context)


def prepare(context: GuardContext) -> None:
    """Read every line of the sheet once, so that the first reply is judged as fast as the later ones."""
    for line in context.sheet.lines:
        _plain(line.text)
        numbers(line.text)
        read_fact(line.text, _names(line, context))


def citations(sentence: str) -> tuple[tuple[str, ...], str]:
    """Return the cited labels ("F3") and the sentence without them."""
    labels: dict[str, None] = {}
    for found in _CITATION.finditer(sentence):
        for number in _LABEL.findall(unicodedata.normalize("NFKC", found.group(1))):
            labels[f"F{int(number)}"] = None
    return tuple(labels), re.sub(r"\s{2,}", " ", _CITATION.sub(" ", sentence)).strip()


def _verbatim(body: str, cited: tuple[SheetLine, ...], context: GuardContext) -> SheetLine | None:
    """Return the line that a sentence quotes word for word; the cited ones are looked at first."""
    said = _plain(body)
    for line in (*cited, *context.sheet.lines):
        if said == _plain(line.text) or said == _plain(_quoted(line, context.locale)):
            return line
    return None


def _begun(body: str, cited: tuple[SheetLine, ...], context: GuardContext) -> SheetLine | None:
    """Return the cited line of which a sentence quotes the first sentence: the rest of the line belongs to it."""
    said = _plain(body)
    for line in cited:
        first, *others = sentences(line.text)
        if others and said == _plain(first) and not (context.symptom_named and claims.reassures(fold(line.text))):
            return line
    return None


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return ``text`` without blanks and punctuation, numbers kept apart by their own marks."""
    kept = re.sub(r"(?<=[0-9])[.,:](?=[0-9])", "\x00", unicodedata.normalize("NFKC", text).lower())
    return _PUNCTUATION.sub("", kept)


def _rules(body: str, labels: tuple[str, ...], cited: tuple[SheetLine, ...], context: GuardContext) -> Iterator[str]:
    folded = fold(body)
    if claims.is_machine_text(body.lower()):
        yield "guard.machine_text"
    if claims.error_prone_notation(body):
        yield "guard.notation"
    yield from claims.forbidden_acts(folded, [fold(line.text) for line in cited])
    if claims.status_claim(folded) and not context.alert_accepted:
        yield "guard.status"
    if claims.overstates(folded) or (context.symptom_named and claims.reassures(folded)):
        yield "guard.reassurance"
    diagnosis = claims.diagnoses(folded)
    if diagnosis and not any(diagnosis in fold(line.text) for line in cited):
        yield "guard.diagnosis"
    named = _patient_named(context)
    left = without_small_talk(mask_names(folded, named) if named else folded)
    if left and context.alert_accepted:
        left = _without_status(left)
    if not left:
        return
    if not cited:
        yield "guard.unknown_citation" if labels else "guard.no_citation"
        yield from ungrounded(numbers(body), _order_numbers(context, None))
        return
    yield from _foreign_drugs(body, cited, context)
    yield from ungrounded(numbers(body), [*(numbers(line.text) for line in cited), *_order_numbers(context, cited)])
    yield from _says_something_else(left, folded, cited, context)


def _says_something_else(body: str, whole: str, cited: tuple[SheetLine, ...], context: GuardContext) -> Iterator[str]:
    """Yield nothing where the sentence agrees with one cited line, or each of its clauses with one of them."""
    order = _merged(_order_numbers(context, cited))
    first: list[str] = []
    for line in cited:
        found = list(differences(body, whole, line.text, line.key, _names(line, context), order))
        if not found:
            return
        first = first or found
    if len(cited) > 1:
        clauses = [clause for clause in body.split(",") if clause.strip()]
        agreeing = [
            any(not list(differences(c, c, line.text, line.key, _names(line, context), order)) for line in cited)
            for c in clauses
        ]
        if len(clauses) > 1 and all(agreeing):
            return
    yield from first


def _foreign_drugs(body: str, cited: tuple[SheetLine, ...], context: GuardContext) -> Iterator[str]:
    """A named medicine must be the one that the fact is about, or stand in the fact itself."""
    allowed = {drug.id for line in cited if (drug := context.sheet.drugs[line.medication])}
    for line in cited:
        allowed.update(mention.drug.id for mention in context.formulary.mentioned(line.text))
    if any(mention.drug.id not in allowed for mention in context.formulary.mentioned(body)):
        yield "guard.drug"


def _names(line: SheetLine, context: GuardContext) -> tuple[str, ...]:
    drug = context.sheet.drugs[line.medication]
    ordered = context.delivery.medications[line.medication].name
    if drug is None:
        return folded_names(ordered)
    return folded_names(ordered, *(name for names in drug.names.values() for name in names), *drug.brands)


def _patient_named(context: GuardContext) -> tuple[str, ...]:
    """Return the names that the patient used: they may be mentioned in small talk, nothing more."""
    drugs = [context.formulary.drugs[id_] for id_ in sorted(context.named_by_patient) if id_ in context.formulary.drugs]
    return folded_names(*(name for drug in drugs for names in drug.names.values() for name in names)) if drugs else ()


def _order_numbers(context: GuardContext, cited: tuple[SheetLine, ...] | None) -> list[Numbers]:
    wanted = {line.medication for line in cited} if cited else set()
    return [numbers(line.text) for line in context.sheet.of("order") if line.medication in wanted]


def _merged(found: list[Numbers]) -> Numbers:
    return Numbers(
        tuple(q for n in found for q in n.quantities),
        tuple(t for n in found for t in n.times),
        tuple(d for n in found for d in n.dates),
        "",
    )


def _without_status(folded: str) -> str:
    """Return the clauses that do not merely say that staff were called."""
    return ",".join(clause for clause in folded.split(",") if not claims.status_claim(clause) or len(clause) > 40)


def _replaced(rules: tuple[str, ...], cited: tuple[SheetLine, ...], context: GuardContext) -> Verdict:
    for line in cited:
        text = _quoted(line, context.locale)
        if not (context.symptom_named and claims.reassures(fold(text))):
            return Verdict(text, False, rules, (line.label,))
    return Verdict("", False, rules)


def _quoted(line: SheetLine, locale: Locale) -> str:
    """Return the approved wording of a line: the fact, or the name or order in its short sentence."""
    template = guard_words()["quote"].get(line.key, {}).get(locale.value)
    return str(template).format(text=line.text) if template else line.text
