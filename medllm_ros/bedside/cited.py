"""What one turn says: sentences with the facts they rest on, and what else has to happen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from medllm_ros.bedside.effects import Behaviour, Level
from medllm_ros.delivery import Locale
from medllm_ros.quantities import protected_spans

# A full stop only ends a sentence before a blank and a capital: "0.125 mg" and "p.o." go on.
_END = re.compile(r"(?:[。！？!?…]+[」』”’）)》〉】]*|\.[”’)\"]?(?=\s+[A-Z\u4e00-\u9fff]))\s*")

# How an approved fact begins that names no subject, and what makes it a sentence when it is heard alone. The fact's
# own words follow unchanged. "{it}" is the medicine.
_ACTS = r"治療|治疗|預防|预防|降低|幫助|帮助|讓|让|緩解|缓解|減少|减少|補充|补充|控制|抑制|放鬆|放松"
_OPENINGS = tuple(
    (re.compile(start), lead_tw, lead_cn)
    for start, lead_tw, lead_cn in (
        (r"常見|常见|最常見|最常见|比較常見|比较常见", "這個藥", "这个药"),
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


@dataclass(frozen=True)
class Cited:
    """One spoken sentence. ``labels`` are those of the fact sheet ("F3"), empty for pure wording."""

    labels: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The approved reply to one utterance.

    ``ask_model`` is True where the model may put the same facts into its own words; the sentences are then
    what engine ``none`` speaks and what a late or wrong model falls back to. ``alert`` calls staff; with
    ``hold`` the compartment stays locked for that reason until they release it.
    """

    behaviour: Behaviour
    sentences: tuple[Cited, ...]
    rules: tuple[str, ...]
    ask_model: bool = False
    alert: tuple[Level, str] | None = None
    hold: str | None = None


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


def one_sentence_each(parts: Iterable[Cited]) -> tuple[Cited, ...]:
    """Return ``parts`` cut into single sentences with the same labels: a reply is judged sentence by sentence."""
    return tuple(Cited(part.labels, piece) for part in parts for piece in split(part.text))


def split(text: str) -> list[str]:
    """Return the sentences of a finished text; never cuts inside a number, a unit or a sig code."""
    spans = protected_spans(text)
    pieces, start = [], 0
    for match in _END.finditer(text):
        if any(first < match.start() < last for first, last in spans):
            continue
        pieces.append(text[start : match.end()].strip())
        start = match.end()
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]
