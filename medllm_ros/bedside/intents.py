"""What the patient wants: the same answer for the same words, always.

Patterns (``data/intents.yaml``) say what they find; a small learned net (``safety/learned.py``) reads the words and
what the patterns found, and decides where they found nothing or it is surer than they can be. What staff must hear of
is taken back by it only where it is sure of a question and of nothing else. Emergencies are not told here: triage runs
before this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from medllm_ros.bedside.asking import to_the_point
from medllm_ros.bedside.phrases import comparable, load_phrases
from medllm_ros.bedside.topics import Topics
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import is_cjk
from medllm_ros.safety.learned import packaged
from medllm_ros.safety.triage import only_asks


class Intent(StrEnum):
    """What one utterance may want; the order of the members is their importance, most important first."""

    INJECTION = "injection"  # "ignore your instructions", role-play, developer mode
    SEVERE_SYMPTOM = "severe_symptom"  # no emergency for triage, but staff must hear of it before the dose
    ALREADY_TOOK = "already_took"  # duplicate risk
    ALLERGY = "allergy"  # reports an allergy that the medication checks could not match
    PREGNANT_NOW = "pregnant_now"  # says that she is pregnant or breastfeeding
    WRONG_LOOK = "wrong_look"  # "this pill looks different"
    OTHER_PERSON = "other_person"  # a relative or room-mate speaks
    CHANGE_DOSE = "change_dose"  # always followed by which change, one of the next eight
    CLAIMED_ORDER = "claimed_order"  # "the doctor said three tablets"
    SHARE = "share"
    TAKE_MORE = "take_more"
    TAKE_AGAIN = "take_again"  # vomited, or does not know whether it was taken
    TAKE_LESS = "take_less"
    STOP_TAKING = "stop_taking"
    CRUSH = "crush"
    CHANGE_TIME = "change_time"
    RECORD = "record"  # "write down that I took it"
    SECRET = "secret"
    OTHER_PATIENT = "other_patient"
    DIAGNOSE = "diagnose"  # illness, laboratory results
    PRESCRIBE = "prescribe"  # wants another medicine
    CALL_NURSE = "call_nurse"
    REFUSAL = "refusal"  # does not want the medicine
    SYMPTOM = "symptom"  # any symptom named as present
    SAY_MY_NAME = "say_my_name"  # "you read my name out first": identity is asked openly, never offered
    BED_NUMBER = "bed_number"  # gives a bed or a room, which identifies nobody
    PRIVACY = "privacy"
    PRIVACY_OFF = "privacy_off"
    OPEN_BOX = "open_box"
    PREGNANCY = "pregnancy"
    INTERACTION = "interaction"
    MISSED_DOSE = "missed_dose"
    SIDE_EFFECTS = "side_effects"
    FOOD = "food"
    HOW_TO_TAKE = "how_to_take"
    WHEN = "when"
    DOSE_AMOUNT = "dose_amount"
    DRUG_NAME = "drug_name"
    PURPOSE = "purpose"
    STORAGE = "storage"
    OTHER_DRUG = "other_drug"
    COST = "cost"
    EMOTION = "emotion"
    ROBOT = "robot"
    REPEAT = "repeat"
    GOODBYE = "goodbye"
    YES = "yes"
    NO = "no"
    THANKS = "thanks"
    GREETING = "greeting"
    STATEMENT = "statement"  # tells something and asks nothing: "I slept well"
    OFF_TOPIC = "off_topic"
    UNCLEAR = "unclear"


CHANGES = (
    Intent.CLAIMED_ORDER, Intent.SHARE, Intent.TAKE_MORE, Intent.TAKE_AGAIN, Intent.TAKE_LESS,
    Intent.STOP_TAKING, Intent.CRUSH, Intent.CHANGE_TIME,
)  # fmt: skip

# Questions that approved facts may answer, or that go to the pharmacist.
INFORMATIONAL = (
    Intent.PREGNANCY, Intent.INTERACTION, Intent.MISSED_DOSE, Intent.SIDE_EFFECTS, Intent.FOOD, Intent.HOW_TO_TAKE,
    Intent.WHEN, Intent.DOSE_AMOUNT, Intent.PURPOSE, Intent.STORAGE, Intent.DRUG_NAME, Intent.OTHER_DRUG,
)  # fmt: skip

# Where no fact answers these the pharmacist is asked, whatever else of the same breath is known.
CAUTIOUS = (Intent.MISSED_DOSE, Intent.INTERACTION, Intent.PREGNANCY)

_SMALL_TALK = frozenset(
    {
        Intent.ROBOT, Intent.REPEAT, Intent.GOODBYE, Intent.YES, Intent.NO, Intent.THANKS, Intent.GREETING,
        Intent.OFF_TOPIC, Intent.STATEMENT, Intent.EMOTION, Intent.COST,
    }
)  # fmt: skip

# May go before a question.
_POLITE = frozenset({Intent.GREETING, Intent.THANKS, Intent.GOODBYE, Intent.OFF_TOPIC, Intent.STATEMENT})

# The left one is what was meant where both patterns are found.
_ABSORBS: dict[Intent, frozenset[Intent]] = {
    Intent.INJECTION: frozenset(Intent) - {Intent.INJECTION, Intent.CHANGE_DOSE, *CHANGES},
    Intent.SEVERE_SYMPTOM: frozenset({Intent.SYMPTOM, Intent.SIDE_EFFECTS}),
    Intent.TAKE_AGAIN: frozenset({Intent.ALREADY_TOOK, Intent.MISSED_DOSE, Intent.SYMPTOM}),
    Intent.TAKE_MORE: frozenset({Intent.DOSE_AMOUNT, Intent.TAKE_AGAIN, Intent.STOP_TAKING, Intent.REFUSAL}),
    # What was claimed is a time or an amount too: it is not asked.
    Intent.CLAIMED_ORDER: frozenset({Intent.WHEN, Intent.DOSE_AMOUNT, Intent.HOW_TO_TAKE, Intent.DRUG_NAME}),
    Intent.STOP_TAKING: frozenset({Intent.REFUSAL}),
    Intent.CRUSH: frozenset({Intent.TAKE_LESS, Intent.HOW_TO_TAKE, Intent.FOOD}),
    Intent.SHARE: frozenset({Intent.OTHER_PATIENT, Intent.OTHER_DRUG}),
    Intent.RECORD: frozenset({Intent.ALREADY_TOOK, Intent.CALL_NURSE}),
    # A secret kept from family is privacy too: that part is granted.
    Intent.SECRET: frozenset({Intent.CALL_NURSE, Intent.OTHER_PERSON}),
    Intent.PREGNANT_NOW: frozenset({Intent.PREGNANCY}),
    Intent.ALLERGY: frozenset({Intent.SYMPTOM, Intent.SIDE_EFFECTS}),
    Intent.PRIVACY: frozenset({Intent.OTHER_PERSON, Intent.PRIVACY_OFF}),  # in doubt it stays private
    Intent.MISSED_DOSE: frozenset({Intent.WHEN, Intent.CHANGE_TIME, Intent.STORAGE}),
    Intent.INTERACTION: frozenset({Intent.OTHER_DRUG, Intent.PRESCRIBE}),
    Intent.PREGNANCY: frozenset({Intent.SIDE_EFFECTS}),
    Intent.FOOD: frozenset({Intent.WHEN, Intent.HOW_TO_TAKE}),
    Intent.WHEN: frozenset({Intent.HOW_TO_TAKE}),
    Intent.STORAGE: frozenset({Intent.WHEN, Intent.PURPOSE}),
    Intent.SAY_MY_NAME: frozenset({Intent.WRONG_LOOK, Intent.DRUG_NAME, Intent.REPEAT, Intent.ROBOT}),
    Intent.DRUG_NAME: frozenset({Intent.ROBOT, Intent.PURPOSE}),
}


# Found by a pattern, these stand whatever the net takes the words for: a wrong one costs a question or a visit.
_KEPT = frozenset(
    {
        Intent.INJECTION, Intent.SEVERE_SYMPTOM, Intent.ALREADY_TOOK, Intent.ALLERGY, Intent.PREGNANT_NOW,
        Intent.WRONG_LOOK, Intent.OTHER_PATIENT,
    }
)  # fmt: skip

# Probabilities from which the net is believed (it has seen what the patterns found): where no pattern found anything;
# beside a pattern that found something else; against a dose change; against another question (else both are answered).
ALONE, AGAINST, AGAINST_CHANGE, AGAINST_QUESTION = 0.1, 0.2, 0.3, 0.3
SURE = 0.5  # from here no word is missed that speaks for what it means
ANOTHER = 0.4  # that somebody else speaks: the box is locked for it
# From here a bad reaction to a medicine is taken as told, whatever else is likelier ("is that a sulfa one? they had the
# priest in for me"). Of 90 told by an author unseen 84 are heard so (63 where it must be the likeliest), and of 70
# sentences that only sound like it 10; of 282 everyday ones none.
REPORTED = 0.2
CALLED_ALONE, CALLED_SURE = 0.3, 0.8  # where somebody is called to the bed or the box is locked for it
_CALLS = frozenset(
    {
        Intent.SEVERE_SYMPTOM, Intent.ALREADY_TOOK, Intent.ALLERGY, Intent.PREGNANT_NOW, Intent.WRONG_LOOK,
        Intent.REFUSAL, Intent.CALL_NURSE,
    }
)  # fmt: skip


# A pattern takes "this makes the hands shake, does it" for felt, "had mine with juice, is that all right" for taken
# already, and "can Dad have his beer with it" for sharing; not so where the net hears a question (QUESTION), a wish to
# change a dose (SURE) or anything else (CERTAIN) and leaves less than DOUBT for what the pattern found, and nobody
# tells of a feeling of their own. A wish for more of a dose is doubted only beside a question as sure as OWN that
# leaves less than NO_WISH; an order that somebody claims, an allergy and a pregnancy never.
QUESTION, DOUBT, CERTAIN, NO_WISH = 0.2, 0.1, 0.7, 0.01
# "My fingers tingle a bit when I knit": from here a symptom is one, whatever the topics make of its words, and a severe
# one only where the net leaves that open.
MILD = 0.9
OWN = 0.95  # "my throat is small, must I swallow it whole": what is meant must be so sure where a body is spoken of
_DOUBTED = frozenset(
    {
        Intent.SEVERE_SYMPTOM, Intent.SYMPTOM, Intent.ALREADY_TOOK, Intent.WRONG_LOOK, Intent.REFUSAL, Intent.SHARE,
        Intent.TAKE_LESS, Intent.TAKE_AGAIN, Intent.STOP_TAKING, Intent.CRUSH, Intent.OTHER_PATIENT, Intent.PRESCRIBE,
        Intent.DIAGNOSE, Intent.CALL_NURSE, Intent.OTHER_PERSON, Intent.EMOTION, Intent.PRIVACY, Intent.PRIVACY_OFF,
        Intent.RECORD,
    }
)  # fmt: skip
_FELT = frozenset({Intent.SEVERE_SYMPTOM, Intent.SYMPTOM})
_OWN = re.compile(
    "我(?:现在|刚刚|刚才|今天|昨天|昨晚|已经|一直|这几天|也|就)*(?:的)?(?:头|手|脚|腿|胸|肚|胃|皮|身|眼|心|喉|嘴|觉得|感觉)"
    "|现在(?:很|好|就|头|手|胸|肚|还)"
    r"|\bmy [a-z]+(?: [a-z]+)? (?:is|are|feels?|hurts?|started|keeps?|has|have|went)\b|\bi feel\b|\bive (?:been|got)\b"
    r"|\bi (?:have|got) a\b|\bim (?:feeling|so|very|really|getting|having)\b"
    "|我(?:现在|刚刚|刚才|今天|昨天|昨晚|已经|一直|这几天|也|就)*(?:起|长|冒|吐|拉|流|肿|痒|晕|咳|抖|麻)[^,会]{0,5}(?:了|啦|耶|$)"
    r"|\bi (?:broke out|came out in|threw up|itch)\b|\bim (?:itch\w+|dizzy|shaking|bleeding|covered in)\b"
)

_OWN_NOW = re.compile("我(?:现在|刚刚|刚才)(?:的)?(?:头|手|脚|腿|胸|肚|胃|皮|身|眼|心|喉|嘴)")  # no question undoes it

QUESTION_CHARS = 160  # topics are looked for in so much of an endless transcript
MIN_PART = 5  # Chinese characters of a part that may be a question; three times as many letters
MOST_PARTS = 7
BESIDE = 0.6  # what the net must be sure of in a part
PLAIN_BESIDE = 0.9  # the same for a question that is heard in most parts: it must be put as one
AT_LAST = 0.4  # of the question that ends a tale
IN_PART = 0.25  # the same where only a fact that has a word of the part is told
_PLAIN_BESIDE = frozenset({Intent.WHEN, Intent.HOW_TO_TAKE, Intent.STORAGE, Intent.PURPOSE})
_BESIDE = frozenset({Intent.SIDE_EFFECTS, Intent.FOOD, Intent.PREGNANCY})  # the others it hears in most parts
_PARTS = re.compile(
    r"[,.;?!，。；？！、\n]|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])|还有|還有|另外"
    r"|\b(?:and|also|plus|but|so|then)\b",
    re.ASCII,
)
_ENDS_ASKING = re.compile(  # the last part of a tale, folded: it asks
    r"(?:吗|呢|齁|吼|厚|哦|喔|吧|无|不|没|啊|呀)$|怎么|什么|哪里|哪儿|哪边|多久|几|可以|能不能|会不会|是不是|要不要"
    r"|^(?:is|are|do|does|did|can|could|should|will|would|how|what|when|where|which|why)\b|\b(?:right|yeah|or not)$"
)
_ASKING = re.compile(  # anywhere in a part
    rf"{_ENDS_ASKING.pattern}|\b(?:how|what|when|where|why|which)s?\b|[成伐]$|成不成|几(?:天|个|时)"
    r"|\b(?:(?:will|do|can|should|am) i|(?:does|is|will|can) (?:it|this|that))\b"
)
_REALLY = re.compile(  # asks about the part before it
    r"^(?:啊)?(?:真的假的|(?:是)?真的吗|有影无|著无|着无|着毋|是真是假|对不对|(?:这样)?(?:是)?正常(?:的)?(?:吗|不|么)?|要紧吗|要不要紧|有没有关系|有关系吗"
    r"|(?:是|跟)(?:这)?药(?:有关系|的关系|害的)?(?:吗|喔|么)?|是不是(?:它|他|这个|药)"
    r"|(?:(?:is|that|are) )*(?:that|it|this|they) (?:true|usual|normal|ok|okay|common|the (?:pill|tablet|medicine))"
    r"|really|right)$"
)
MIN_CHARS = 3  # a shorter utterance is a word that a pattern knows, or noise


def classify(text: str, *, formulary: Formulary | None = None) -> tuple[Intent, ...]:
    """Return what ``text`` wants, most important first; ``(UNCLEAR,)`` for noise."""
    heard = comparable(text, formulary)
    if not heard:
        return (Intent.UNCLEAR,)
    intents = _ranked(_whole(heard))
    if (point := to_the_point(heard)) != heard and set(intents) <= {*INFORMATIONAL, *_POLITE, Intent.UNCLEAR}:
        asked = tuple(intent for intent in _ranked(_whole(point)) if intent in INFORMATIONAL)
        intents = asked or intents  # the tale before it is not asked
    if set(intents) <= _SMALL_TALK and (last := _asked_last(text, formulary)):
        intents = (last,)
    if len(intents) == 1 and intents[0] in INFORMATIONAL and intents[0] is not Intent.MISSED_DOSE:
        intents = _ranked({*intents, *_asked_beside(text, intents[0], formulary)})
    return intents


def share(text: str, intents: Collection[Intent], *, formulary: Formulary | None = None) -> float:
    """Return what the net leaves for any of ``intents``, 1 where it knows nothing."""
    heard = comparable(text, formulary)
    shares = packaged("intent").shares(heard, evidence(heard)) if heard else {}
    return sum(shares.get(intent, 0.0) for intent in intents) if shares else 1.0


def _whole(heard: str) -> set[Intent]:
    found = _Found.read(heard)
    shares = packaged("intent").shares(heard, found.evidence)
    reported = shares.get(Intent.ALLERGY, 0) >= REPORTED and load_phrases("intents.yaml").plausible("ALLERGY", heard)
    return _corrected(found, heard, shares) | ({Intent.ALLERGY} if reported else set())


def _asked_last(text: str, formulary: Formulary | None) -> Intent | None:
    """Return the last question of a tale, where all of it together sounds like talk."""
    asked = [(intent, share) for _, intent, share in _asking_parts(text, formulary)][-1:]
    return next((intent for intent, share in asked if share >= AT_LAST), None)


def _asked_beside(text: str, first: Intent, formulary: Formulary | None) -> tuple[Intent, ...]:
    """Return a second question: in one breath the net hears the louder one, in a part of it the other."""
    parts = [part for part in _PARTS.split(text[:QUESTION_CHARS]) if part.strip()]
    if not 1 < len(parts) <= MOST_PARTS:  # one, or a recogniser that writes every word apart
        return ()
    for part in parts:
        heard = comparable(part, formulary)
        if len(heard) < (MIN_PART if any(map(is_cjk, heard)) else 3 * MIN_PART):
            continue
        shares = packaged("intent").shares(heard, evidence(heard))
        label = max(shares, key=shares.__getitem__, default="")
        plain = label in _PLAIN_BESIDE and _ENDS_ASKING.search(heard)
        if label != first and shares[label] >= (BESIDE if label in _BESIDE else PLAIN_BESIDE if plain else 2):
            return (Intent(label),)
    return ()


def questions(text: str, *, formulary: Formulary | None = None) -> tuple[tuple[str, Intent], ...]:
    """Return the parts of ``text`` that ask what the formulary may answer, each with what it asks; () for one part."""
    return tuple((part, intent) for part, intent, share in _asking_parts(text, formulary) if share >= IN_PART)


def _asking_parts(text: str, formulary: Formulary | None) -> Iterator[tuple[str, Intent, float]]:
    """Yield each part of several that asks what the formulary may answer, what it asks, and how sure that is."""
    text = text[-QUESTION_CHARS:]
    cuts = [(0, 0), *(found.span() for found in _PARTS.finditer(text)), (len(text), len(text))]
    spans = [(end, start, text[start:stop]) for (_, end), (start, stop) in pairwise(cuts) if text[end:start].strip()]
    spans = spans[-MOST_PARTS:] if len(spans) > 1 else []
    before = spans[0][0] if spans else 0
    for start, end, mark in spans:
        heard = comparable(text[start:end], formulary)
        if _REALLY.search(heard):  # "they say it makes the bones ache, is that true"
            heard, start = comparable(text[before:end], formulary), before
        before = start
        least = MIN_PART if any(map(is_cjk, heard)) else 3 * MIN_PART
        if len(heard) < least or not (_ASKING.search(heard) or "?" in mark or "？" in mark):
            continue
        shares = packaged("intent").shares(heard, evidence(heard))
        label = max(shares, key=shares.__getitem__, default="")
        if label in INFORMATIONAL:
            yield text[start:end], Intent(label), shares[label]


def by_patterns(text: str, *, formulary: Formulary | None = None) -> tuple[Intent, ...]:
    """Return what the patterns alone find, most important first."""
    heard = comparable(text, formulary)
    return _ranked(_Found.read(heard).intents) if heard else (Intent.UNCLEAR,)


def evidence(heard: str) -> tuple[str, ...]:
    """Return what the patterns found in ``heard`` (see :func:`phrases.comparable`), as the net is given it."""
    return _Found.read(heard).evidence


@dataclass(frozen=True)
class _Found:
    """What patterns and topics found in one utterance."""

    intents: set[Intent]
    evidence: tuple[str, ...]

    @classmethod
    def read(cls, heard: str) -> _Found:
        phrases, topics = load_phrases("intents.yaml"), Topics.load()
        names, hints = phrases.found(heard), phrases.hinted(heard)
        felt, asked = topics.symptoms_felt(heard), topics.symptom_asked(heard)
        intents = {Intent[name] for name in names}
        if felt and only_asks(heard):
            intents.add(Intent.SIDE_EFFECTS)
        elif felt:
            intents.add(Intent.SEVERE_SYMPTOM if any(symptom.severe for symptom in felt) else Intent.SYMPTOM)
        if not intents - _POLITE:
            intents |= {Intent[name] for name in hints} | ({Intent.SIDE_EFFECTS} if asked else set())
        told = [*(f"i {name}" for name in names), *(f"h {name}" for name in hints)]
        told += ["s felt"] * bool(felt) + ["s severe"] * any(symptom.severe for symptom in felt) + ["s asked"] * asked
        for kind in (topics.foods, topics.matters, topics.symptoms):
            told += [f"t {topic.name}" for topic in kind if topic.within(heard[:QUESTION_CHARS])]
        return cls(intents, tuple(told))


def _corrected(by_patterns: _Found, heard: str, shares: Mapping[str, float]) -> set[Intent]:
    """Return what the patterns found as the net would have it, where it is sure enough."""
    found = by_patterns.intents
    if not shares:
        return found
    label, probability = max(shares.items(), key=lambda item: item[1])
    meant = Intent(label)
    found = _undoubted(found, heard, meant, shares)
    if meant in found & set(INFORMATIONAL) and probability >= SURE:
        # "He only told me to eat less salt. When do I take this?"
        found -= {
            other for other in found & set(INFORMATIONAL) - {meant}
            if shares.get(other, 1) < (AGAINST_QUESTION if meant in _ABSORBS.get(other, ()) else DOUBT)
        }  # fmt: skip
    severe = Intent.SEVERE_SYMPTOM
    if meant is Intent.SYMPTOM and severe in found and probability >= MILD and shares.get(severe, 1) < 1 - OWN:
        found = found - {severe} | {meant}
    if meant in found or len(heard) < MIN_CHARS:
        return found
    alone, sure = (CALLED_ALONE, CALLED_SURE) if meant in _CALLS else (ALONE, SURE)
    plausible = load_phrases("intents.yaml").plausible(meant.name, heard)
    if probability < sure and not plausible:
        return found
    if meant in _FELT:
        if only_asks(heard):
            meant = Intent.SIDE_EFFECTS
        elif (probability < MILD or not plausible) and Topics.load().any_symptom.search(heard):
            return found  # a symptom is named, and the topics say: denied, asked about, past or treated
    if meant is Intent.OTHER_PERSON:
        return found | {meant} if probability >= ANOTHER else found  # who speaks, not what is asked
    if not found - _POLITE:
        return found | {meant} if probability >= alone else found
    if probability < (AGAINST_CHANGE if found & {Intent.CHANGE_DOSE, *CHANGES} else AGAINST):
        return found
    kept = found & _KEPT | {one for one in found & {*CHANGES, *CAUTIOUS} if shares.get(one, 1) >= DOUBT}
    asked = found & set(INFORMATIONAL) if meant in INFORMATIONAL and probability < AGAINST_QUESTION else set()
    if asked and meant in CAUTIOUS:
        return asked | kept
    return {meant} | kept | asked


def _undoubted(found: set[Intent], heard: str, meant: Intent, shares: Mapping[str, float]) -> set[Intent]:
    """Return what the patterns found without what the net, which hears ``meant``, leaves less than DOUBT for."""
    probability = shares[meant]
    least = QUESTION if meant in INFORMATIONAL else SURE if meant in CHANGES else CERTAIN
    if meant in _FELT or probability < least:
        return found
    unsure = probability < OWN or sum(shares.get(felt, 1) for felt in _FELT) > 1 - OWN
    own = bool(_OWN_NOW.search(heard) or (unsure and _OWN.search(heard)))
    doubted = _DOUBTED - _FELT if own or meant is Intent.TAKE_MORE else _DOUBTED
    if meant not in INFORMATIONAL:
        doubted -= {Intent.PRIVACY}  # "do not tell my wife that I take this": a secret, and it is granted
    elif probability >= OWN and shares.get(Intent.TAKE_MORE, 1) < NO_WISH:
        doubted |= {Intent.TAKE_MORE}  # "there is one more capsule in the bag, what is it for"
    asked = {Intent.SYMPTOM: QUESTION} if meant in INFORMATIONAL else {}  # "an iron taste, is that normal?"
    return {one for one in found if one not in doubted or shares.get(one, 1) >= asked.get(one, DOUBT)}


def _ranked(found: set[Intent]) -> tuple[Intent, ...]:
    for winner, losers in _ABSORBS.items():
        if winner in found:
            found -= losers
    if found & set(CHANGES):
        found.add(Intent.CHANGE_DOSE)
    if found - _SMALL_TALK:
        found -= _SMALL_TALK - {Intent.EMOTION}
    return in_order(found) or (Intent.UNCLEAR,)


def in_order(found: Collection[Intent]) -> tuple[Intent, ...]:
    """Return ``found``, most important first."""
    return tuple(sorted(found, key=list(Intent).index))
