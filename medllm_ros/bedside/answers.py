"""The approved reply to what the patient wants: who is called, what is locked, and what is said.

Questions about the medicine go to :mod:`medllm_ros.bedside.informing`; everything else is a fixed sentence.
What each row may and may not do is the table "What may be spoken" of the design: the robot passes on,
defers and calls; it decides nothing about doses and comforts nobody about a symptom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from medllm_ros.bedside.asking import ASKS_LEAVE, LATER
from medllm_ros.bedside.cited import Answer, Cited
from medllm_ros.bedside.effects import Behaviour, Level
from medllm_ros.bedside.informing import LISTED, PHARMACIST, Informing
from medllm_ros.bedside.intents import CHANGES, INFORMATIONAL, Intent
from medllm_ros.bedside.phrases import comparable
from medllm_ros.bedside.question import Visit
from medllm_ros.bedside.topics import Topic, Topics, speaks_of
from medllm_ros.delivery import Delivery, Profile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import FactSheet, SheetLine
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.wording import Wording

__all__ = ["Answer", "Cited", "answer"]


@dataclass(frozen=True)
class _Fixed:
    """A reply that does not depend on the medicine."""

    behaviour: Behaviour
    key: str
    level: Level | None = None
    category: str = ""
    hold: str | None = None


_ESCALATE, _REFUSE, _ANSWER = Behaviour.ESCALATE, Behaviour.REFUSE, Behaviour.ANSWER
_DEFER, _CLARIFY = Behaviour.DEFER, Behaviour.CLARIFY

_FIXED = {
    Intent.SEVERE_SYMPTOM: _Fixed(_ESCALATE, "symptom.urgent", Level.URGENT, "symptom", "symptom"),
    Intent.ALREADY_TOOK: _Fixed(_ESCALATE, "hold.reason.already_taken", Level.ROUTINE, "already_took", "taken"),
    Intent.ALLERGY: _Fixed(_ESCALATE, "hold.reason.reported_allergy", Level.URGENT, "allergy", "allergy"),
    Intent.PREGNANT_NOW: _Fixed(_ESCALATE, "hold.reason.pregnancy", Level.ROUTINE, "pregnancy", "pregnancy"),
    Intent.WRONG_LOOK: _Fixed(_ESCALATE, "hold.reason.appearance", Level.ROUTINE, "appearance", "appearance"),
    Intent.REFUSAL: _Fixed(_ESCALATE, "refusal.noted", Level.ROUTINE, "refusal", "refusal"),
    Intent.CALL_NURSE: _Fixed(_ESCALATE, "nurse.calling", Level.ROUTINE, "call_nurse"),
    Intent.OTHER_PERSON: _Fixed(
        Behaviour.ASK_IDENTITY, "identity.other_person", Level.ROUTINE, "identity", "identity"
    ),
    Intent.CLAIMED_ORDER: _Fixed(_REFUSE, "refuse.claimed_order", Level.ROUTINE, "dose_change"),
    Intent.SHARE: _Fixed(_REFUSE, "refuse.share"),
    Intent.TAKE_MORE: _Fixed(_REFUSE, "refuse.double", Level.ROUTINE, "dose_change"),
    Intent.TAKE_AGAIN: _Fixed(_REFUSE, "refuse.retake", Level.ROUTINE, "dose_change"),
    Intent.TAKE_LESS: _Fixed(_REFUSE, "refuse.less", Level.ROUTINE, "dose_change"),
    Intent.STOP_TAKING: _Fixed(_REFUSE, "refuse.stop", Level.ROUTINE, "dose_change"),
    Intent.CRUSH: _Fixed(_REFUSE, "refuse.crush", *PHARMACIST),
    Intent.CHANGE_TIME: _Fixed(_REFUSE, "refuse.time", Level.ROUTINE, "dose_change"),
    Intent.RECORD: _Fixed(_REFUSE, "refuse.record", Level.ROUTINE, "record"),
    Intent.SECRET: _Fixed(_REFUSE, "refuse.secret", Level.ROUTINE, "secret"),
    Intent.OTHER_PATIENT: _Fixed(_REFUSE, "refuse.other_patient"),
    Intent.DIAGNOSE: _Fixed(_REFUSE, "refuse.diagnose", Level.ROUTINE, "doctor"),
    Intent.PRESCRIBE: _Fixed(_REFUSE, "refuse.prescribe", Level.ROUTINE, "doctor"),
    Intent.INJECTION: _Fixed(_REFUSE, "refuse.injection"),
    Intent.SAY_MY_NAME: _Fixed(_REFUSE, "identity.matched_already"),
    Intent.BED_NUMBER: _Fixed(_ANSWER, "identity.matched_already"),
    Intent.PRIVACY: _Fixed(_ANSWER, "privacy.on"),
    Intent.PRIVACY_OFF: _Fixed(_ANSWER, "privacy.off"),
    Intent.OPEN_BOX: _Fixed(_ANSWER, "handover.ask"),
    Intent.COST: _Fixed(_DEFER, "defer.cost"),
    Intent.EMOTION: _Fixed(_ANSWER, "comfort"),
    Intent.ROBOT: _Fixed(_ANSWER, "robot"),
    Intent.REPEAT: _Fixed(_CLARIFY, "repeat.nothing"),
    Intent.GOODBYE: _Fixed(_ANSWER, "goodbye"),
    Intent.YES: _Fixed(_ANSWER, "yes.reply"),
    Intent.NO: _Fixed(_ANSWER, "no.reply"),
    Intent.THANKS: _Fixed(_ANSWER, "thanks.reply"),
    Intent.GREETING: _Fixed(_ANSWER, "greeting.reply"),
    Intent.STATEMENT: _Fixed(_ANSWER, "statement.reply"),
    Intent.OFF_TOPIC: _Fixed(_ANSWER, "off_topic"),
    Intent.UNCLEAR: _Fixed(_CLARIFY, "clarify"),
}

# A refusal is kinder with the drug's own reason, where an approved fact gives one.
_REASONS = {Intent.CRUSH: "crush", Intent.STOP_TAKING: "stopping"}
_REASON_FIELDS = (FactField.HOW_TO_TAKE, FactField.COUNSELLING, FactField.PRECAUTION)

# May be answered in the same breath as a refusal: what it says moves nobody to take another amount.
_BESIDE_A_REFUSAL = (
    Intent.INTERACTION, Intent.SIDE_EFFECTS, Intent.FOOD, Intent.HOW_TO_TAKE, Intent.WHEN, Intent.PURPOSE,
    Intent.STORAGE, Intent.DRUG_NAME,
)  # fmt: skip

# May be answered in the same breath as a complaint has been noted.
_BESIDE_A_COMPLAINT = (Intent.FOOD, Intent.WHEN, Intent.PURPOSE, Intent.STORAGE, Intent.DRUG_NAME)

# Food and drink that a patient may call "taking it with": never another medicine.
_FOODS = frozenset({"milk", "caffeine", "juice", "grapefruit", "soy", "alcohol", "cranberry", "greens", "chocolate"})
_NO_MEDICINE = frozenset({"meal", "time", "onset", "technique"})

# For these people ask whether they may take something else: the question is not lost in the complaint.
_REASONS_FOR_A_REMEDY = frozenset(
    {"pain", "headache", "runny_nose", "cough", "sore_throat", "constipation", "stomach", "sleepless"}
)

# In folded text.
_POURED = frozenset(("oral liquid", "powder"))
_CHEWABLE = re.compile(r"chewable|咀嚼", re.IGNORECASE)  # as an order says it
_CHEWS = re.compile(r"嚼|咬|\b(?:chew\w*|bite|crunch\w*)\b")
_BREAKS = re.compile(r"磨|碾|压|剥|掰|切|半|粉|\b(?:crush\w*|split\w*|break\w*|half|halves|cut|open)\b")
_OF_A_DRINK = frozenset((Intent.CRUSH, *INFORMATIONAL))
_MAY = re.compile(r"可以|能|可否|会使|行吗|吃[^,]{0,8}吗|\b(?:can|could|may|ok|okay|safe|alright|all right)\b")
_FROM_IT = re.compile(  # "is that from this?"
    r"副作用|正常|是药的事|是它(?:闹|害|搞|弄)|药(?:闹|害|弄|搞)的|(?:这|那)?(?:个|颗|种)?药(?:的)?(?:关系|害的|造成|引起)|(?:这|那)(?:个|颗|种|粒)[^,]{0,6}(?:害的|引起的?|造成的?|闹的)|常见(?!到)|(?:习惯|适应)|过(?:一|两|二|三|几|阵)[^,]{0,3}(?:就|会)[^,]{0,4}(?:好|退|消)|(?:跟|和|因为|是不是)[^,]{0,4}药[^,]{0,3}(?:有关|吗|害)?"
    r"|\b(?:(?:is|was|thats|its) (?:that |it )?(?:just )?(?:the|this|my) (?:pill|tablet|capsule|med\w*)"
    r"|(?:from|because of|due to|cos of) (?:this|it|these|the|my|that)|side effect|what it does"
    r"|could (?:it|that|this) be (?:the|my|this)|(?:pill|tablet|med\w*)s? (?:is )?doing (?:that|this|it)"
    r"|is (?:that|this|it) (?:normal|usual|a thing|from)|supposed to do that|does it do that)"
)
MEANT_CHARS = 4  # a shorter utterance that no pattern knows is noise; a longer one was a question


def answer(
    intents: Sequence[Intent],
    *,
    sheet: FactSheet,
    delivery: Delivery,
    formulary: Formulary,
    wording: Wording,
    alert_accepted: bool = False,
    mentioned: Sequence[str] = (),
    text: str = "",
) -> Answer:
    """Return the approved reply to ``intents`` (most important first, as :func:`intents.classify` gives them).

    ``mentioned`` are the ids of the drugs that the patient named; ``text`` is what was heard and serves to
    choose among facts (which food, which symptom). It is never repeated.
    """
    visit = Visit(sheet, delivery, formulary, wording, tuple(mentioned), text)
    wanted = _wanted(intents, visit)
    first = wanted[0]
    if first in INFORMATIONAL:
        return Informing(visit).answer([intent for intent in wanted if intent in INFORMATIONAL])
    if first is Intent.SYMPTOM:
        return _complaint(visit, wanted)
    if first is Intent.CHANGE_DOSE or first in CHANGES:
        if {Intent.TAKE_MORE, Intent.MISSED_DOSE} <= set(wanted) and (told := _told(visit, Intent.MISSED_DOSE)):
            return told  # "I forgot it, do I take two": the medicine's own rule, which ends in never two
        change = next((intent for intent in wanted if intent in CHANGES), None)
        if change is Intent.CHANGE_TIME and _later(visit):
            return replace(_fixed(visit, change), behaviour=Behaviour.ANSWER, sentences=(visit.say("later.reply"),))
        refused = _change(visit, change)
        if Intent.SYMPTOM in wanted:
            return _passed_on(visit, refused)
        return _with_fact(visit, refused, wanted)
    if first is Intent.UNCLEAR:
        return _unclear(visit)
    fixed = _fixed(visit, first)
    if first is Intent.SEVERE_SYMPTOM and Intent.TAKE_MORE in wanted:
        return replace(fixed, sentences=(*fixed.sentences, visit.say("refuse.double")))
    if first in (Intent.DIAGNOSE, Intent.PRESCRIBE):
        return _with_fact(visit, fixed, wanted)
    if first is Intent.CALL_NURSE and alert_accepted:
        return Answer(
            behaviour=fixed.behaviour, sentences=(visit.say("nurse.accepted"),), rules=fixed.rules, alert=fixed.alert
        )
    return fixed


def _wanted(intents: Sequence[Intent], visit: Visit) -> list[Intent]:
    """Return ``intents`` as they are meant in this visit."""
    wanted = list(intents) or [Intent.UNCLEAR]
    patient = visit.delivery.patient
    if Profile.CHILD in patient.profiles:  # the parent is the one to talk to
        wanted = [intent for intent in wanted if intent is not Intent.OTHER_PERSON]
    if patient.pregnant:  # known to whoever ordered, and checked before the first word
        wanted = [Intent.PREGNANCY if intent is Intent.PREGNANT_NOW else intent for intent in wanted]
    if Intent.CRUSH in wanted and (_drunk(visit) or _chewed(visit)):  # "may I stir it into my coffee"
        asked = [intent for intent in wanted if intent in _OF_A_DRINK]
        wanted = [Intent.HOW_TO_TAKE if intent is Intent.CRUSH else intent for intent in asked]
    if visit.others_named and _MAY.search(comparable(visit.text)):  # "my knee hurts, may I take ibuprofen"
        wanted = [Intent.INTERACTION if intent is Intent.SIDE_EFFECTS else intent for intent in wanted]
    if Intent.INTERACTION in wanted and not visit.others_named and _only_food(visit):
        meant = [Intent.FOOD if intent is Intent.INTERACTION else intent for intent in wanted]
        wanted = list(dict.fromkeys(meant))
    if wanted in ([], [Intent.UNCLEAR]) and visit.others_named:
        wanted = [Intent.INTERACTION]
    elif wanted in ([], [Intent.UNCLEAR]) and visit.mentioned:
        wanted = [Intent.DRUG_NAME]
    return wanted or [Intent.UNCLEAR]


def _drunk(visit: Visit) -> bool:
    """Return True where all that was delivered is poured or stirred, and can be neither crushed nor split."""
    return all(drug is not None and set(drug.forms) <= _POURED for drug in visit.sheet.drugs)


def _chewed(visit: Visit) -> bool:
    """Return True where whether it is chewed is asked of what is ordered as a chewable tablet, and nothing else."""
    ordered = [medication.as_ordered for medication in visit.delivery.medications]
    heard = comparable(visit.text)
    return all(map(_CHEWABLE.search, ordered)) and bool(_CHEWS.search(heard)) and not _BREAKS.search(heard)


def _only_food(visit: Visit) -> bool:
    """Return True where what is to be taken together is food or drink and no other medicine."""
    heard, topics = comparable(visit.text), Topics.load()
    other = any(matter.within(heard) for matter in topics.matters if matter.name not in _NO_MEDICINE)
    return not other and any(food.within(heard) for food in topics.foods if food.name in _FOODS)


def _fixed(visit: Visit, intent: Intent) -> Answer:
    fixed = _FIXED[intent]
    return Answer(
        behaviour=fixed.behaviour,
        sentences=(visit.say(fixed.key),),
        rules=(f"intent.{intent}",),
        alert=(fixed.level, fixed.category) if fixed.level else None,
        hold=fixed.hold,
    )


def _change(visit: Visit, change: Intent | None) -> Answer:
    """Refuse to change a dose; with the drug's own reason where an approved fact gives one."""
    if change is None:
        return Answer(
            behaviour=Behaviour.REFUSE, sentences=(visit.say("refuse.dose_change"),),
            rules=("intent.change_dose",), alert=(Level.ROUTINE, "dose_change"),
        )  # fmt: skip
    refused = _fixed(visit, change)
    reason = _REASONS.get(change)
    if reason is None or len(visit.targets) != 1:
        return refused
    topic = Topics.load().matter(reason)
    lines = (line for line in visit.lines(visit.targets[0], *_REASON_FIELDS) if speaks_of(line, topic))
    reasons = tuple(Cited((line.label,), line.text) for line in list(lines)[:1])
    return Answer(
        behaviour=refused.behaviour, sentences=(*refused.sentences, *reasons), rules=refused.rules,
        alert=refused.alert, hold=refused.hold,
    )  # fmt: skip


def _later(visit: Visit) -> bool:
    """Return True where the medicine is wanted, only not now: told politely, and passed on all the same."""
    heard = comparable(visit.text)
    return bool(LATER.search(heard)) and not ASKS_LEAVE.search(heard)


def _told(visit: Visit, asked: Intent) -> Answer | None:
    """Return what approved facts say to a question, None where they do not answer it."""
    told = Informing(visit).answer([asked])
    return told if told.behaviour is Behaviour.ANSWER else None


def _with_fact(visit: Visit, refused: Answer, wanted: Sequence[Intent]) -> Answer:
    """Add what was asked beside the refused wish, where an approved fact answers it."""
    # "Can I take it at seven already": when it was ordered for, as it stands.
    otherwise = Intent.WHEN if Intent.CHANGE_TIME in wanted else None
    asked = next((intent for intent in wanted if intent in _BESIDE_A_REFUSAL), otherwise)
    if Intent.STOP_TAKING in wanted and asked is Intent.SIDE_EFFECTS:
        return refused  # they would be heard as a reason to stop
    told = _told(visit, asked) if asked else None
    if told is None:
        return refused
    return Answer(
        behaviour=refused.behaviour, sentences=(*refused.sentences, *told.sentences), hold=refused.hold,
        rules=(*refused.rules, *told.rules), alert=refused.alert,
    )  # fmt: skip


def _passed_on(visit: Visit, refused: Answer) -> Answer:
    """Refuse to change the dose and pass on the symptom that it was wanted for."""
    noted = _symptom(visit)
    return replace(
        noted if noted.hold else refused, sentences=(noted.sentences[0], *refused.sentences),
        rules=(*refused.rules, *noted.rules), alert=noted.alert,
    )  # fmt: skip


def _complaint(visit: Visit, wanted: Sequence[Intent]) -> Answer:
    """Pass a symptom on; where it is only the reason for asking about a remedy, answer that too."""
    noted = _symptom(visit)
    if not noted.hold and _FROM_IT.search(comparable(visit.text)) and (listed := _listed(visit)):
        sentences = (noted.sentences[0], listed, *noted.sentences[1:])
        return replace(noted, sentences=sentences, rules=(*noted.rules, "intent.side_effects"))
    felt = {topic.name for topic in _felt(visit)}
    remedy = Intent.INTERACTION in wanted and felt and felt <= _REASONS_FOR_A_REMEDY
    asked = Intent.INTERACTION if remedy else next((intent for intent in wanted if intent in _BESIDE_A_COMPLAINT), None)
    if noted.hold or asked is None:
        return noted
    told = Informing(visit).answer([asked])
    if not remedy and told.behaviour is not Behaviour.ANSWER:
        return noted
    close = () if remedy else noted.sentences[1:]
    return Answer(
        behaviour=told.behaviour, sentences=(noted.sentences[0], *told.sentences, *close), alert=noted.alert,
        rules=(*noted.rules, *told.rules),
    )  # fmt: skip


def _listed(visit: Visit) -> Cited | None:
    """Return the fact that names a symptom of the patient as a side effect of the one medicine there is."""
    if len(visit.targets) != 1:
        return None
    felt = _felt(visit)
    lines = visit.lines(visit.targets[0], *LISTED)
    named = (line for line in lines if any(speaks_of(line, topic) for topic in felt))
    return next((Cited((line.label,), line.text) for line in named), None)


def _felt(visit: Visit) -> list[Topic]:
    """Return the symptoms that the patient has now."""
    return [named.topic for named in Topics.load().symptoms_felt(comparable(visit.text))]


def _symptom(visit: Visit) -> Answer:
    """Pass a symptom on: at once where it is one of the drug's red flags and no listed side effect."""
    felt = _felt(visit)
    for i in visit.targets:
        listed, flags = visit.lines(i, *LISTED), visit.lines(i, FactField.RED_FLAG)
        for topic in felt:
            if not topic.vague and _any(topic, flags) and not _any(topic, listed):
                urgent = _fixed(visit, Intent.SEVERE_SYMPTOM)
                return Answer(
                    behaviour=urgent.behaviour, sentences=urgent.sentences, alert=urgent.alert, hold=urgent.hold,
                    rules=("intent.symptom", f"red_flag.{topic.name}"),
                )  # fmt: skip
    return Answer(
        behaviour=Behaviour.ANSWER, sentences=(visit.say("symptom.noted"), visit.say("symptom.close")),
        rules=("intent.symptom", *(f"symptom.{topic.name}" for topic in felt)), alert=(Level.ROUTINE, "symptom"),
    )  # fmt: skip


def _any(topic: Topic, lines: Sequence[SheetLine]) -> bool:
    return any(speaks_of(line, topic) for line in lines)


def _unclear(visit: Visit) -> Answer:
    key = "clarify.topic" if len(comparable(visit.text)) >= MEANT_CHARS else "clarify"
    return Answer(behaviour=Behaviour.CLARIFY, sentences=(visit.say(key),), rules=("intent.unclear",))
