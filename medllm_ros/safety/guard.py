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
from medllm_ros.formulary.sheet import NAME, FactSheet, SheetLine
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety import claims, lexicon
from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.entailment import Agreement, Ground, agreement, agreement_of_row, differences
from medllm_ros.safety.folding import fold
from medllm_ros.safety.lexicon import Row, folded_names
from medllm_ros.safety.small_talk import accepted_call, without_small_talk, without_yes
from medllm_ros.safety.word_lists import Gap

log = logging.getLogger(__name__)

MAX_CHARS = 400  # a longer "sentence" is not one, and is not spoken
MAX_CITED = 4
_PIECES_END = (Gap.COMMA, Gap.STOP, Gap.AND)  # where one fact may follow another; after "or" it would be a choice
_QUOTED = ("name", "order")  # these have a short sentence of their own
_SWALLOWED = ("PO", "")  # routes of a medicine that is eaten; a patch is not
# One class of characters: no text can make this slow.
_CITATION = re.compile(r"[\[［【〔]([FfＦｆ0-9０-９\s,，、;]{1,60})[\]］】〕]")
_LABEL = re.compile(r"[0-9]+")
_QUESTION = re.compile(r"\?|吗[,。.;!\s]*$")  # folded; 吗 stands in names too (司来吉兰、吗氯贝胺)
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
    quoted = _verbatim(body, cited, context)
    body, trimmed = (body, False) if quoted else without_yes(body)
    noted = ("guard.yes",) if trimmed else ()
    if not any(char.isalnum() for char in body):
        return Verdict("", False, noted or ("guard.empty",))
    verbatim = quoted or _verbatim(body, cited, context)
    if verbatim:
        if context.symptom_named and claims.reassures(fold(verbatim.text)):
            return Verdict("", False, ("guard.reassurance",))
        return Verdict(_own_words(body, verbatim, context), True, noted, (verbatim.label,))
    folded = fold(body)
    if claims.is_machine_text(body.lower()):
        return _replaced(("guard.machine_text",), cited, context)
    spoken = accepted_call(folded) if context.alert_accepted else folded
    left = without_small_talk(spoken, _patient_named(context)) if spoken else ("",)
    if not left[-1]:
        calm = context.symptom_named and claims.reassures(folded)
        return Verdict("", False, ("guard.reassurance",)) if calm else Verdict(body, True, noted)
    for said in left:
        lines, whole = _agreed(said, cited, context)
        if lines:
            against = tuple(dict.fromkeys(_against(body, said, lines, context)))
            if against:
                return _replaced(against, cited, context)
            text, completed = (body, ()) if whole else (lines[0].text, ("guard.completed",))
            return Verdict(text, True, (*noted, *completed), tuple(line.label for line in lines))
    rules = (*_against(body, folded, cited, context), *_why_not(folded, left[-1], labels, cited, context))
    return _replaced(tuple(dict.fromkeys(rules)), cited, context)


def prepare(context: GuardContext) -> None:
    """Read every line of the sheet once, so that the first reply is judged as fast as the later ones."""
    for line in context.sheet.lines:
        _plain(line.text)
        agreement(fold(line.text), _ground(line, context))
    check("[F1] .a", context)  # compiles the patterns


def names_medicine(text: str, line: SheetLine, context: GuardContext) -> bool:
    """Return True where a text names the medicine that a line is about."""
    return lexicon.NAME in lexicon.mask_names(fold(text), _names(line, context))


def citations(sentence: str) -> tuple[tuple[str, ...], str]:
    """Return the cited labels ("F3") and the sentence without them."""
    labels: dict[str, None] = {}

    def taken_out(found: re.Match[str]) -> str:
        numbers = _LABEL.findall(unicodedata.normalize("NFKC", found.group(1)))
        labels.update((f"F{int(number)}", None) for number in numbers)
        return " " if numbers else found.group()

    body = _CITATION.sub(taken_out, sentence)
    return tuple(labels), re.sub(r"\s{2,}", " ", body).strip()


def _verbatim(body: str, cited: tuple[SheetLine, ...], context: GuardContext) -> SheetLine | None:
    """Return the line that a sentence quotes word for word; the cited ones are looked at first.

    Where several medicines were brought, a line that was not cited could be taken for another one's.
    """
    said = _plain(body)
    uncited = () if len(context.sheet.drugs) > 1 else context.sheet.lines
    for line in (*cited, *uncited):
        if said == _plain(line.text) or (line.key in _QUOTED and said == _plain(_quoted(line, context.locale))):
            return line
    return None


def _own_words(body: str, line: SheetLine, context: GuardContext) -> str:
    """Return the line as it is written, not with the model's marks: "may I?" is no "you may."."""
    return line.text if _plain(body) == _plain(line.text) else _quoted(line, context.locale)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return ``text`` without blanks and punctuation, numbers kept apart by their own marks."""
    kept = re.sub(r"(?<=[0-9])[.,:](?=[0-9])", "\x00", unicodedata.normalize("NFKC", text).lower())
    return _PUNCTUATION.sub("", kept)


def _agreed(left: str, cited: tuple[SheetLine, ...], context: GuardContext) -> tuple[tuple[SheetLine, ...], bool]:
    """Return the lines that the sentence says, and whether to their end; none where it says something else."""
    if not cited or len({line.medication for line in cited}) > 1:
        return (), False
    for line in cited:
        found = agreement(left, _ground(line, context))
        if found is not Agreement.NO:
            return (line,), found is Agreement.WHOLE
    return (_each_clause(left, cited, context) if len(cited) > 1 else ()), True


def _each_clause(left: str, cited: tuple[SheetLine, ...], context: GuardContext) -> tuple[SheetLine, ...]:
    """Return the lines that the pieces of the sentence say, cut at some of its commas; none where a piece says none."""
    grounds = {line.label: (line, _ground(line, context)) for line in cited}
    row = next(iter(grounds.values()))[1].row(left)
    cuts = [0, *(at for at, word in enumerate(row) if at and word.gap in _PIECES_END), len(row)]
    reached: dict[int, tuple[SheetLine, ...]] = {0: ()}
    for end in cuts[1:]:
        for start in [cut for cut in cuts if cut in reached and cut < end]:
            piece: Row = row[start:end]
            said = (line for line, ground in grounds.values() if agreement_of_row(piece, ground) is Agreement.WHOLE)
            line = next(said, None)
            if line:
                reached[end] = (*reached[start], line)
                break
    return reached.get(len(row), ())


def _against(body: str, said: str, cited: tuple[SheetLine, ...], context: GuardContext) -> Iterator[str]:
    """Yield what forbids a sentence even where its words are those of its fact; a second look, by other means."""
    facts = [fold(line.text) for line in cited]
    if _QUESTION.search(said):
        yield "guard.question"
    if claims.error_prone_notation(body) and not any(claims.error_prone_notation(line.text) for line in cited):
        yield "guard.notation"
    allowed = {act for fact in facts for act in claims.forbidden_acts(fact)}
    yield from (act for act in claims.forbidden_acts(said, facts) if act not in allowed)
    overstated = claims.overstates(said) and not any(map(claims.overstates, facts))
    if overstated or (context.symptom_named and claims.reassures(fold(body))):
        yield "guard.reassurance"


def _why_not(
    folded: str, left: str, labels: tuple[str, ...], cited: tuple[SheetLine, ...], context: GuardContext
) -> Iterator[str]:
    """Yield what is wrong with a sentence that is not spoken, for the journal."""
    if claims.status_claim(folded) and not context.alert_accepted:
        yield "guard.status"
    diagnosis = claims.diagnoses(folded)
    if diagnosis and not any(diagnosis in fold(line.text) for line in cited):
        yield "guard.diagnosis"
    if not cited:
        yield "guard.unknown_citation" if labels else "guard.no_citation"
        return
    if len({line.medication for line in cited}) > 1:
        yield "guard.two_medicines"
    yield from differences(left, _ground(cited[0], context))


def _ground(line: SheetLine, context: GuardContext) -> Ground:
    medication, drug = context.delivery.medications[line.medication], context.sheet.drugs[line.medication]
    route = medication.route or (drug.route if drug else "")
    return Ground(line.text, line.key, _names(line, context), line.key != NAME and route.upper() in _SWALLOWED)


def _names(line: SheetLine, context: GuardContext) -> tuple[str, ...]:
    """Return the folded names of a line's medicine; as what it is called, a brand counts only where it was ordered."""
    drug = context.sheet.drugs[line.medication]
    ordered = context.delivery.medications[line.medication].name
    if drug is None:
        return folded_names(ordered)
    brands = () if line.key == NAME else drug.brands
    return _folded((ordered, *(name for names in drug.names.values() for name in names), *brands))


@lru_cache(maxsize=1024)
def _folded(names: tuple[str, ...]) -> tuple[str, ...]:
    return folded_names(*names)


def _patient_named(context: GuardContext) -> tuple[str, ...]:
    """Return the names that the patient used: they may be mentioned in small talk, nothing more."""
    drugs = [context.formulary.drugs[id_] for id_ in sorted(context.named_by_patient) if id_ in context.formulary.drugs]
    return folded_names(*(name for drug in drugs for names in drug.names.values() for name in names)) if drugs else ()


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
