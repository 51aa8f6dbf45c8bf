"""A colour that the delivered medicine is known to give, and that would else be an alarm: dark stools, orange urine.

NHS, "Ferrous sulfate", side effects: dark stools are common; black ones like tar, or with blood, are told at once.
HealthHub, "Rifampicin": urine, sweat and tears turn orange-red.
Only a question about the colour alone is no alarm: with any other sign, or a word of blood or tar, triage stands.
It stands too where the patient's record gives bleeding another reason (:func:`may_bleed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medllm_ros.bedside.asking import NO
from medllm_ros.bedside.topics import Topics, speaks_of
from medllm_ros.delivery import PatientProfile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import fold, with_pauses
from medllm_ros.safety.substances import mentioned

BLEEDING = "bleeding"  # the category of triage
_ASKED = re.compile(
    r"正常|是不是|会不会|会变|有影无|齁|吼|厚$|有关系|的关系|对不对|(?:正常|没事|这样|是|对|颜色|关系)(?:吧|厚)|吗|(?:还没|未)(?:有)?(?:开始)?(?:吃|食)"
    r"|\b(?:normal|supposed|right|ok|okay|is (?:that|it|this)|will it|does it)\b"
)


# Signs that are said to be missing, what somebody else took it for, and tears or sweat of the same colour.
_DENIED = re.compile(
    rf"{NO}(?:觉得|什么|啥|怎么|会|太|在)*(?:头|肚子|胃)?(?:痛|晕|昏|吐|喘|血|流血|虚)"
    r"|以为(?:是)?[^,。!?;]{0,3}血"
    r"|(?:眼泪|(?<!冷)汗)(?:也|都|是|有点|变|会|的)*[橘橙]红?色?"
    r"|\b(?:no|not|isnt|arent) (?:any |a bit |at all )?"
    r"(?:blood|dizz\w+|pain\w*|faint\w*|sick|weak|sticky|tarry|vomit\w*)"
)
# Somebody is to be called: no question any more.
_CALLS = re.compile(
    r"(?:叫|找|请|喊|快)[^,。!?]{0,4}(?:护|医|大夫|人)|救|快来"
    r"|\b(?:call|get|fetch|need|want)\b[^,.!?]{0,16}\b(?:nurse|doctor|somebody|someone)\b|\bhelp\b"
)


def _more(chinese: str, english: str) -> re.Pattern[str]:
    """Return what is more than a colour: the signs of a loss of blood or an illness, and those given here."""
    return re.compile(
        rf"晕|昏|虚|冷汗|喘|吐|痛|没力|无力|{chinese}"
        rf"|\b(?:blood\w*|dizz\w*|faint\w*|weak\w*|sweat\w*|breath\w*|vomit\w*|sick|pain\w*|hurts?|{english})\b"
    )


@dataclass(frozen=True)
class _Colour:
    """How a colour is told, the topic of the fact that must speak of it, in which words, and what is more than it."""

    topic: str
    told: re.Pattern[str]
    fact: re.Pattern[str]
    more: re.Pattern[str]


_STOOLS = _Colour(
    topic="stool_colour",
    told=re.compile(
        r"(?:便便|大便|大号|屎)[^,。!?]{0,8}(?:黑|乌|墨绿|深)"
        r"|\b(?:stools?|poos?|poops?|motions?|business|number two)\b[^.!?;]{0,24}\b(?:black|dark|green)"
        r"|\b(?:black|dark|green)\w*\b[^.!?;,]{0,12}\b(?:stools?|poos?|poops?|motions?)\b"
    ),
    fact=re.compile("黑|深|dark|black"),
    more=_more("柏油|沥青|红|(?<!补)血|臭|黏|心跳|苍白", r"tar\w*|red\w*|sticky|pale"),
)
_URINE = _Colour(
    topic="urine_colour",
    told=re.compile(
        r"(?:尿|小便|小号|上厕所)[^,。!?]{0,8}(?:[橘橙]|芬达)"
        r"|\b(?:urine|pee\w*|wee|my water)\b[^.!?;]{0,24}(?:orange|fanta)\b"
        r"|\borange\b[^.!?;,]{0,12}\b(?:urine|pee|wee)\b"
    ),
    fact=re.compile("橘|橙|orange"),
    more=_more(
        "血|深|茶|咖啡|可乐|酱油|褐|棕|黑|黄|灼|热|烧|寒|肿|解不|尿不",
        r"clots?|dark\w*|brown\w*|cola|tea|black|yellow\w*|burn\w*|sting\w*|fever\w*|chills?|cant|tired",
    ),
)

# Upper gastrointestinal bleeding: anticoagulants and antiplatelets, NSAIDs, aspirin, corticosteroids, SSRIs
# (Masclee et al., Gastroenterology 2014;147:784, doi:10.1053/j.gastro.2014.06.007).
_BLEEDS = ("B01", "M01A", "N02BA", "H02AB", "N06AB")
_ILL = re.compile(
    r"溃疡|出血|静脉曲张|肝硬化|胃癌|肠癌|食道癌|吐血|便血"
    r"|膀胱癌|肾癌|结石|血尿|stones?|bladder (?:cancer|tumou?r)|kidney cancer|haematuria|hematuria"
    r"|ulcer|bleed|haemorrhage|hemorrhage|varic|cirrhosis|melaena|melena"
    r"|\b(?:stomach|gastric|colon|colorectal|bowel|oesophag\w*|esophag\w*) (?:cancer|carcinoma|tumou?r)"
)


def may_bleed(patient: PatientProfile, formulary: Formulary) -> bool:
    """Return True where the record gives bleeding a reason: an illness, a medicine, or one that nobody knows."""
    if any(_ILL.search(fold(condition)) for condition in patient.conditions):
        return True
    current = [mentioned(entry, formulary) for entry in patient.current_medications]
    return any(not found or any(substance.has(_BLEEDS) for substance in found) for found in current)


def only_its_colour(text: str, sheet: FactSheet, *, alternatives: Sequence[str] = (), asked: bool = True) -> bool:
    """Return True where ``text`` tells of a colour and nothing more, asks whether that is usual, and a fact says so.

    What else the recogniser may have heard (``alternatives``) must not tell of more either. Without ``asked`` the
    question need not have been heard yet: the sentence is still being said.
    """
    heard = fold(text)
    colour = next((colour for colour in (_STOOLS, _URINE) if colour.told.search(heard)), None)
    if colour is None or len(sheet.drugs) != 1 or (asked and not _ASKED.search(heard)):
        return False
    told = [fold(with_pauses(other)) for other in (text, *alternatives)]
    if any(colour.more.search(_DENIED.sub("", said)) or _CALLS.search(said) for said in told):
        return False
    topic = Topics.load().matter(colour.topic)
    lines = (*sheet.of(FactField.WHAT_TO_EXPECT), *sheet.of(FactField.SIDE_EFFECT))
    return any(speaks_of(line, topic) and colour.fact.search(fold(line.text)) for line in lines)
