"""Small changes that let an approved fact be heard alone; what it says stays as it is.

A fact is written for a list ("用來治療高血壓"); aloud it wants a subject, and must not repeat what has just been said.
"""

from __future__ import annotations

import re

from medllm_ros.delivery import Locale

# How an approved fact begins that names no subject, and what makes it a sentence when it is heard alone. The fact's
# own words follow unchanged.
_ACTS = r"治療|治疗|預防|预防|降低|幫助|帮助|讓|让|緩解|缓解|減少|减少|補充|补充|控制|抑制|放鬆|放松"
_OPENINGS = tuple(
    (re.compile(start), lead_tw, lead_cn)
    for start, lead_tw, lead_cn in (
        (r"常見|常见", "這個藥的", "这个药的"),
        (r"最常見|最常见|比較常見|比较常见", "這個藥", "这个药"),
        (r"可能|容易|比較容易|比较容易|會(?!員)|会(?!员)|有些人|隔天", "用了這個藥，", "用了这个药，"),
        (r"避免|少喝|少吃|不要|不可(?!以)|限制", "用這個藥的時候，請", "用这个药的时候，请"),
        (_ACTS, "這個藥可以", "这个药可以"),
        (r"用來|用来|用於|用于|能|可以", "這個藥", "这个药"),
        (r"隨餐|随餐|飯後|饭后|飯前|饭前|空腹|一天|每天|每日|每週|每周|通常|早上|晚上|睡前|有沒有吃|有没有吃|要|放在|放|"
         r"用一大杯|整顆|整颗|整片|有需要|請|请(?!馬上|立刻|马上)", "這個藥", "这个药"),
    )
)
_SUBJECTS = re.compile(r"^(?:這個藥|这个药|這個糖漿|这个糖浆|這種藥|这种药|這(?=是)|这(?=是)|它)")
_ENGLISH_SUBJECT = re.compile(r"^(?:It|This medicine|This(?= is\b))(?= [a-z])")

# A fact that repeats how often, after the order has said it: "一天一次，每天差不多同一時間吃".
_HOW_OFTEN = re.compile(
    r"^(?:通常)?(?:一天|每天|一日|每日)(?:吃|用|服用)?[一二兩两三四](?:到[二兩两三四])?次[，、。]"
    r"|^(Take it|Usually taken|It is (?:usually )?taken) (?:once|twice|three times)(?: or twice)? a day(?:,? |\.$)"
)
# "Never two together" is said once, as the close of every such answer: a fact's own last words to that effect go.
_NEVER_TWO = re.compile(
    r"(?:^|[，；]|(?<=。))(?:絕對|绝对|千萬|千万)?(?:不要|不可|不能|別|别)"
    r"[^，；。]*(?:[雙双]倍|加倍|[兩两]份|[兩两][顆颗])[^，；。]*(?=。)"
    r"|(?:^|[;,] |(?<=\. ))(?:never|do not)\b[^.;,]*\b(?:two|2|double)\b[^.;,]*(?=\.)",
    re.IGNORECASE,
)


def with_subject(text: str, locale: Locale | str) -> str:
    """Return an approved fact so that it can be heard alone: "用來治療…" becomes "這個藥用來治療…"; else unchanged."""
    if locale == Locale.EN_US:
        return text
    for start, traditional, simplified in _OPENINGS:
        if start.match(text):
            return (traditional if locale == Locale.ZH_TW else simplified) + text
    return text


def without_subject(text: str, locale: Locale | str) -> str:
    """Return a fact without its leading "這個藥 / 它", for a sentence that has just named the medicine."""
    if locale == Locale.EN_US:
        return text
    text = _SUBJECTS.sub("", text)
    return "可以" + text if re.match(_ACTS, text) else text


def about(medicine: str, text: str, locale: Locale | str) -> str:
    """Return an English fact with the medicine for its "It"; "" where it does not begin so."""
    if locale != Locale.EN_US or not _ENGLISH_SUBJECT.match(text):
        return ""
    return _ENGLISH_SUBJECT.sub(lambda _: medicine[:1].upper() + medicine[1:], text, count=1)


def without_frequency(text: str) -> str:
    """Return a fact without "一天一次 / once a day" at its head; "" where it says nothing else."""
    return _HOW_OFTEN.sub(_keep_verb, text)


def without_never_two(text: str) -> str:
    """Return a fact without its own last words against two doses together; "" where it says nothing else."""
    return _tidy(_NEVER_TWO.sub("", text))


def _tidy(text: str) -> str:
    """Return ``text`` without the full stops of sentences that were taken out."""
    return re.sub(r"(?:^[。.]\s*|(?<=[。.])\s*[。.])", "", text).strip()


def _keep_verb(match: re.Match[str]) -> str:
    return f"{match[1]} " if match[1] and match.end() < len(match.string) else ""
