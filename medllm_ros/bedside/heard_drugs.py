"""Drug names as the recogniser wrote them, put right before the conversation; the doubtful ones are asked about.

What is put right is only what the patient is understood to have said. The transcript itself stays as it is: triage,
stop words and the identity gate read that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from medllm_ros.bedside.effects import Behaviour
from medllm_ros.bedside.fact_words import about, without_subject
from medllm_ros.bedside.intents import INFORMATIONAL, Intent, classify, share
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.visit import Visit
from medllm_ros.delivery import Delivery
from medllm_ros.formulary.model import Drug, FactField
from medllm_ros.formulary.sheet import NAME
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.findings import Finding
from medllm_ros.safety.heard_names import Heard, heard_names, written_out
from medllm_ros.safety.reported_allergy import reported_allergy

# What a drug's name changes: anything else is done without asking which one was meant.
_ABOUT_A_DRUG = (*INFORMATIONAL, Intent.UNCLEAR)
# Where the words are about hours or handling the delivered medicine is meant: "one time one week" names no other there.
_OF_WHAT_IS_HERE = (Intent.WHEN, Intent.HOW_TO_TAKE, Intent.STORAGE, Intent.MISSED_DOSE)
_IMPORTANCE = tuple(Intent)

# "Can't have grapefruit with it": what a pattern takes for the report of an allergy is talk of another kind where the
# net leaves less than this for one. Of 183 such sentences that it was not fitted to 66 are known as talk, of 145 true
# reports none: the least of them has 0.026.
_NO_REPORT = 0.01
_REPORTS = (Intent.ALLERGY, Intent.SEVERE_SYMPTOM)

_Check = Callable[[str, Delivery, Formulary], Finding | None]


@dataclass(frozen=True)
class Understood:
    """An utterance with the drug names that are certain written out, what it wants, and the drugs it names by id.

    ``doubtful`` is the drug to ask about, if any; ``supposed`` the utterance once the patient has said yes to that.
    """

    text: str
    intents: tuple[Intent, ...]
    mentioned: tuple[str, ...]
    doubtful: Drug | None = None
    supposed: str = ""


def understood(visit: Visit, text: str, intents: tuple[Intent, ...]) -> Understood:
    """Return how to take ``text``, which wants ``intents`` as it was heard."""
    formulary = visit.context.formulary
    found = _found(visit, text)
    certain = [heard for heard in found if heard.certain]
    written = written_out(text, certain, visit.locale)
    mentioned = tuple(dict.fromkeys(mention.drug.id for mention in formulary.mentioned(written)))
    rewritten = classify(written, formulary=formulary) if certain else intents
    if intents[0] not in _ABOUT_A_DRUG and _IMPORTANCE.index(intents[0]) < _IMPORTANCE.index(rewritten[0]):
        # What was heard of harm or of a wish stands as it was heard, whatever name may lie in it.
        return Understood(text, intents, mentioned)
    unsure = (heard for heard in found if not heard.certain)
    doubtful = sorted(
        (heard for heard in unsure if _mine(visit, heard) or rewritten[0] not in _OF_WHAT_IS_HERE),
        key=lambda heard: not _mine(visit, heard),
    )
    if not doubtful or rewritten[0] not in _ABOUT_A_DRUG:
        return Understood(written, rewritten, mentioned)
    supposed = written_out(text, [*certain, doubtful[0]], visit.locale)
    return Understood(written, rewritten, mentioned, doubtful[0].drug, supposed)


def ask(visit: Visit, utterance: Understood, out: Outbox) -> bool:
    """Ask whether the doubtful drug was meant; False where there is nothing to ask, or others may not hear it."""
    if utterance.doubtful is None or visit.privacy:
        return False
    visit.confirming = utterance.supposed
    text, facts = _question(visit, utterance.doubtful)
    visit.speak(text, out, behaviour=Behaviour.CLARIFY, rules=("clarify.drug",), facts=facts)
    visit.end_turn(out)
    return True


def readings(visit: Visit, text: str) -> tuple[str, ...]:
    """Return the words as they were heard, and with the certain names put right where there are any."""
    certain = [heard for heard in _found(visit, text) if heard.certain]
    return tuple(dict.fromkeys((text, written_out(text, certain, visit.locale))))


def reported(check: _Check, visit: Visit, readings: Sequence[str]) -> Finding | None:
    """Return the worst that ``check`` finds in any of the ``readings``."""
    assert visit.delivery
    found = [check(words, visit.delivery, visit.context.formulary) for words in readings]
    return max(filter(None, found), key=lambda finding: finding.severity.rank, default=None)


def allergy(visit: Visit, readings: Sequence[str]) -> Finding | None:
    """Return the worst allergy that any of the ``readings`` reports."""
    formulary = visit.context.formulary

    def believed(words: str) -> bool:
        return share(words, _REPORTS, formulary=formulary) >= _NO_REPORT

    return reported(partial(reported_allergy, believed=believed), visit, readings)


def _found(visit: Visit, text: str) -> tuple[Heard, ...]:
    assert visit.sheet
    delivered = frozenset(drug.id for drug in visit.sheet.drugs if drug)
    return heard_names(visit.context.formulary).find(text, delivered)


def _mine(visit: Visit, heard: Heard) -> bool:
    assert visit.sheet
    return any(drug and drug.id == heard.drug.id for drug in visit.sheet.drugs)


def _question(visit: Visit, drug: Drug) -> tuple[str, tuple[str, ...]]:
    """Return the question and the references of the facts that it tells: of a delivered drug also what it is for."""
    assert visit.sheet
    sheet, locale = visit.sheet, visit.locale
    medication = next((at for at, delivered in enumerate(sheet.drugs) if delivered and delivered.id == drug.id), None)
    if medication is None:
        return visit.word("clarify.drug", medicine=drug.name(locale)), ()
    name = sheet.of(NAME, medication)[0]
    purpose = sheet.of(FactField.PURPOSE, medication)[:1]
    if not purpose:
        return visit.word("clarify.drug", medicine=name.text), (name.ref,)
    fact = without_subject(purpose[0].text, locale)
    told = about(name.text, fact, locale) or visit.word("answer.about", medicine=name.text, fact=fact)
    return visit.word("clarify.drug_purpose", told=told), (name.ref, purpose[0].ref)
