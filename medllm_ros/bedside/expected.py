"""Dark stools where iron was delivered: a change that the medicine is known to make, and that would else be an alarm.

NHS, "Ferrous sulfate", side effects: dark stools are common; black ones like tar, or with blood, are told at once.
Only a question about the colour alone is no alarm: with any other sign, or a word of blood or tar, triage stands.
It stands too where the patient's record gives bleeding another reason (:func:`may_bleed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medllm_ros.bedside.topics import Topics, speaks_of
from medllm_ros.delivery import PatientProfile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import fold
from medllm_ros.safety.substances import mentioned

BLEEDING = "bleeding"  # the category of triage
_DARK = re.compile(
    r"(?:便便|大便|大号|屎)[^,。!?]{0,8}(?:黑|乌|墨绿|深)"
    r"|\b(?:stools?|poos?|poops?|motions?|business|number two)\b[^.!?;]{0,24}\b(?:black|dark|green)"
    r"|\b(?:black|dark|green)\w*\b[^.!?;,]{0,12}\b(?:stools?|poos?|poops?|motions?)\b"
)
_ASKED = re.compile(
    r"正常|是不是|会不会|会变|有影无|齁|吼|吗|(?:还没|未)(?:有)?(?:开始)?(?:吃|食)"
    r"|\b(?:normal|supposed|right|ok|okay|is (?:that|it|this)|will it|does it)\b"
)
_MORE = re.compile(
    r"柏油|沥青|红|(?<!补)血|晕|昏|虚|冷汗|喘|吐|痛|臭|黏|心跳|苍白|没力|无力"
    r"|\b(?:tar\w*|red\w*|blood\w*|dizz\w*|faint\w*|weak\w*|sweat\w*|breath\w*|vomit\w*|sick|pain\w*|hurts?|sticky|pale)\b"
)
# Upper gastrointestinal bleeding: anticoagulants and antiplatelets, NSAIDs, aspirin, corticosteroids, SSRIs
# (Masclee et al., Gastroenterology 2014;147:784, doi:10.1053/j.gastro.2014.06.007).
_BLEEDS = ("B01", "M01A", "N02BA", "H02AB", "N06AB")
_ILL = re.compile(
    r"溃疡|出血|静脉曲张|肝硬化|胃癌|肠癌|食道癌|吐血|便血"
    r"|ulcer|bleed|haemorrhage|hemorrhage|varic|cirrhosis|melaena|melena"
    r"|\b(?:stomach|gastric|colon|colorectal|bowel|oesophag\w*|esophag\w*) (?:cancer|carcinoma|tumou?r)"
)


def may_bleed(patient: PatientProfile, formulary: Formulary) -> bool:
    """Return True where the record gives bleeding a reason: an illness, a medicine, or one that nobody knows."""
    if any(_ILL.search(fold(condition)) for condition in patient.conditions):
        return True
    current = [mentioned(entry, formulary) for entry in patient.current_medications]
    return any(not found or any(substance.has(_BLEEDS) for substance in found) for found in current)


def only_dark_stools(text: str, sheet: FactSheet, *, alternatives: Sequence[str] = (), asked: bool = True) -> bool:
    """Return True where ``text`` tells of dark stools and nothing more, asks whether that is usual, and a fact says so.

    What else the recogniser may have heard (``alternatives``) must not tell of more either. Without ``asked`` the
    question need not have been heard yet: the sentence is still being said.
    """
    heard = fold(text)
    if not _DARK.search(heard) or (asked and not _ASKED.search(heard)):
        return False
    if len(sheet.drugs) != 1 or any(_MORE.search(fold(other)) for other in (text, *alternatives)):
        return False
    colour = Topics.load().matter("stool_colour")
    lines = (*sheet.of(FactField.WHAT_TO_EXPECT), *sheet.of(FactField.SIDE_EFFECT))
    return any(speaks_of(line, colour) for line in lines)
