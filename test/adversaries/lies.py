"""Lies about a fact, made from the fact itself: it is cited rightly and something else is said.

Every kind is false by its making (another polarity, number, drug, condition, order of words ...), so a guard that
speaks one of them is wrong. The words are those of the formulary; the texts come out in the locale's own script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from opencc import OpenCC

from medllm_ros.delivery import Locale
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.sheet import FactSheet, SheetLine

HAN = "零一二三四五六七八九"
FORMAL = "零壹貳參肆伍陸柒捌玖"
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_DIGITS = re.compile(r"[0-9]+")
_NUMERAL = re.compile(r"(?<![第週星期])[兩二三四五六七八](?=次|顆|份|天|週|個|小時)")
_WORD_NUMBER = re.compile(r"\b(?:two|three|four|five|six|once|twice)\b")
_CONDITION_ZH = re.compile(
    r"(?:如果|若|萬一)[^，。；]*[，]|除非[^，。；]*[，]?|[^，。；、]{2,8}(?:時|的時候|的話|之前|之後)，?"
)
_CONDITION_EN = re.compile(
    r"\s*,?\s*(?:\bif\b|\bunless\b|\bwhen\b|\bwithout\b|\bbefore\b|\buntil\b)[^.;]*", re.IGNORECASE
)
_CLAUSE = re.compile(r"[^，。；;.:：]+[，。；;.:：]?")
_USING = re.compile("(?:用|吃|服用?)(?:這個藥|这个药|这种药|藥|药)")  # "while you take it" is no condition
# "Please tell the nurse" may always be said: left alone or put behind something, it is no lie.
_REFERRAL = re.compile(
    r"(?:有的話)?請?(?:記得)?(?:先|馬上|立刻|儘快)?(?:告訴|告知|詢問|問|請教|求助|和|叫人?)?(?:過)?"
    r"(?:護理師|護士|醫師|醫生|藥師|醫護人員|醫護|或|、)*(?:討論|談談|商量)?(?:您在吃這個藥)?"
    r"|(?:please )?(?:tell|ask|talk to|call) (?:the |your )?(?:nurse|doctor|staff|care team)?(?: or nurse| or doctor)?"
    r"(?: first| at once| right away| now)?(?: if you do| if you take any)?|talk with your care team about it|ask first"
    r"|(?:get|call for) help(?: at once| right away| now)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Lie:
    """A false sentence, what makes it false, and the line that it cites."""

    kind: str
    label: str
    text: str
    fact: str


@dataclass(frozen=True)
class Ground:
    """What a lie is made of."""

    line: SheetLine
    sheet: FactSheet
    locale: Locale
    other: Drug  # a medicine that is not in the delivery

    @property
    def english(self) -> bool:
        return self.locale is Locale.EN_US

    def written(self, text: str) -> str:
        """Return words of the tables in the locale's script."""
        return to_simplified(text) if self.locale is Locale.ZH_CN else text

    @property
    def body(self) -> str:
        """Return the fact without its last mark."""
        return self.line.text.rstrip("。.!！ ")


@lru_cache(maxsize=8192)
def to_simplified(text: str) -> str:
    return _converter().convert(text)


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


def lies_about(sheet: FactSheet, other: Drug, formulary: Formulary) -> Iterator[Lie]:
    """Yield every lie about every line of a sheet; ``other`` is a medicine to be taken for the ordered one."""
    approved = {line.text for line in sheet.lines}
    for line in sheet.lines:
        ground = Ground(line, sheet, sheet.locale, other)
        seen = set(approved)
        for kind, make in KINDS.items():
            for text in make(ground):
                clean = text.strip()
                if clean and clean not in seen and plain(clean) != plain(line.text):
                    seen.add(clean)
                    yield Lie(kind, line.label, clean, line.text)


def is_referral(text: str) -> bool:
    bare = text.strip(" ，。.；;")
    return bool(_REFERRAL.fullmatch(bare) or re.fullmatch(to_simplified(_REFERRAL.pattern), bare))


def plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("lies.yaml").read_text(encoding="utf-8"))


def _table(name: str, english: bool) -> Any:
    return _tables()[name]["en" if english else "zh"]


def _turned(ground: Ground) -> Iterator[str]:
    """One word says the opposite, or another thing; every place on its own."""
    text = ground.line.text
    for word, others in _table("turned", ground.english).items():
        word = ground.written(word)
        pattern = rf"\b{re.escape(word)}\b" if ground.english else re.escape(word)
        for found in re.finditer(pattern, text):
            for other in others:
                yield text[: found.start()] + ground.written(other) + text[found.end() :]


def _numbers(ground: Ground) -> Iterator[str]:
    text = ground.line.text
    have = set(_DIGITS.findall(text))
    for found in _DIGITS.finditer(text):
        value = int(found.group())
        for other in (value + 1, value * 10, value * 2, max(1, value // 2)):
            if str(other) in have:
                continue
            writings = [str(other), str(other).translate(str.maketrans("0123456789", "０１２３４５６７８９"))]
            if other < 10:
                writings += [HAN[other], FORMAL[other], CIRCLED[other]]
            for written in writings:
                yield text[: found.start()] + written + text[found.end() :]
    for found in _NUMERAL.finditer(text):
        for other in "一九":
            yield text[: found.start()] + other + text[found.end() :]
    for found in _WORD_NUMBER.finditer(text):
        yield text[: found.start()] + "seven" + text[found.end() :]


def _swapped_numbers(ground: Ground) -> Iterator[str]:
    """The fact's own numbers, each in the other's place."""
    text = ground.line.text
    spans = list(_DIGITS.finditer(text))
    for left, right in pairwise(spans):
        if left.group() != right.group():
            middle = text[left.end() : right.start()]
            yield text[: left.start()] + right.group() + middle + left.group() + text[right.end() :]


def _units(ground: Ground) -> Iterator[str]:
    text = ground.line.text
    for unit, others in _table("units", ground.english).items():
        for found in re.finditer(rf"(?<=[0-9一二兩三四五六七八九十幾])\s*{ground.written(unit)}", text):
            for other in others:
                yield text[: found.start()] + ground.written(other) + text[found.end() :]


def _other_drug_named(ground: Ground) -> Iterator[str]:
    """The fact with another medicine's name as its subject, or in the place of its own."""
    name = ground.other.name(ground.locale)
    own = ground.sheet.drugs[ground.line.medication]
    if own:
        for names in own.names.values():
            for mine in names:
                if mine in ground.line.text:
                    yield ground.line.text.replace(mine, name)
    if ground.english:
        yield f"{name} {ground.line.text[0].lower()}{ground.line.text[1:]}"
        yield f"For {name}: {ground.line.text}"
        if ground.line.text.startswith("It "):
            yield f"{name}{ground.line.text[2:]}"
    else:
        yield f"{name}{ground.line.text}"
        yield ground.line.text.replace(ground.written("這個藥"), name)


def _other_drugs_fact(ground: Ground) -> Iterator[str]:
    """Something true of another medicine, under this one's number."""
    mine = {plain(line.text) for line in ground.sheet.lines}
    for fact in ground.other.facts:
        text = fact.text[ground.locale]
        # What two medicines share ("if you are pregnant, tell the nurse") is no lie about either.
        told_apart = fact.field.value in (ground.line.key, "purpose") and fact.field.value in _TOLD_APART
        if told_apart and plain(text) not in mine and not set(_words(text)) <= set(_words(ground.line.text)):
            yield text


def _dropped_condition(ground: Ground) -> Iterator[str]:
    text = ground.line.text
    pattern = _CONDITION_EN if ground.english else re.compile(ground.written(_CONDITION_ZH.pattern))
    for found in pattern.finditer(text):
        rest = (text[: found.start()] + text[found.end() :]).strip(" ，。.;")
        begun = plain(text).startswith(plain(rest))  # the first sentence alone
        if len(rest) > 3 and not (begun or is_referral(rest) or _USING.search(found.group())):
            yield rest


def _added(ground: Ground) -> Iterator[str]:
    comma, stop = (", ", ".") if ground.english else ("，", "。")
    for additions in _table("added", ground.english).values():
        for more in additions:
            more = ground.written(more)
            yield ground.body + comma + more + stop
            yield (more[0].upper() + more[1:] if ground.english else more) + comma + ground.line.text
    yield ground.body + ("?" if ground.english else "嗎？")
    yield ground.body + ("?" if ground.english else "？")


def _hollowed(ground: Ground) -> Iterator[str]:
    """The fact behind words that take it back, give it to somebody else or make it conditional."""
    for before in _table("before", ground.english):
        text = ground.line.text
        yield ground.written(before) + (text[0].lower() + text[1:] if ground.english else text)


def _spliced(ground: Ground) -> Iterator[str]:
    """The beginning of this fact with the end of another one."""
    clauses = _CLAUSE.findall(ground.line.text)
    for line in ground.sheet.lines:
        others = _CLAUSE.findall(line.text)
        if line is ground.line or line.key in ("name", "order") or not others or len(clauses) < 2:
            continue
        if plain(others[-1]) == plain(clauses[-1]) or is_referral(others[-1]) or is_referral(clauses[0]):
            continue
        yield clauses[0].rstrip("。.;；") + ("" if clauses[0][-1] in "，,:：" else "，") + others[-1]


def _reordered(ground: Ground) -> Iterator[str]:
    """The fact's own words in an order that says something else."""
    text = ground.line.text
    if ground.english:
        yield from _reordered_english(text)
        return
    for verb in ("會影響", "會增加", "會讓", "可能讓", "可能增加", "會減弱", "影響", "不能", "不要"):
        verb = ground.written(verb)
        head, found, tail = text.rstrip("。").partition(verb)
        if found and head and tail and "，" not in head + tail:
            yield f"{tail}{verb}{head}。"
    clauses = [clause.strip("，。；") for clause in _CLAUSE.findall(text)]
    for negation in map(ground.written, ("不要", "不可", "避免", "別", "不能", "沒有", "不")):
        for index, clause in enumerate(clauses):
            for other in range(len(clauses)):
                if negation in clause and other != index and negation not in clauses[other]:
                    moved = list(clauses)
                    moved[index] = clause.replace(negation, "", 1)
                    moved[other] = negation + clauses[other]
                    yield "，".join(moved) + "。"
    for left, right in (("飯前", "飯後"), ("之前", "之後"), ("開封前", "開封後"), ("早上", "晚上")):
        left, right = ground.written(left), ground.written(right)
        if left in text and right in text:
            swapped = text.replace(left, "\0").replace(right, left).replace("\0", right)
            if len(_DIGITS.findall(text)) > 1 or "開封" in left or "开封" in left:
                yield swapped


def _reordered_english(text: str) -> Iterator[str]:
    sentences = re.split(r"(?<=[.;])\s+", text)
    for index, sentence in enumerate(sentences):
        for negation in ("Do not ", "do not ", "Never ", "Avoid "):
            for other in range(len(sentences)):
                if negation in sentence and other != index:
                    moved = list(sentences)
                    moved[index] = sentence.replace(negation, "", 1)
                    moved[other] = negation + sentences[other][0].lower() + sentences[other][1:]
                    yield " ".join(moved)
    for verb in (
        "makes", "raises", "lowers", "affects", "affect", "can cause", "may add to", "blocks", "treats", "without",
    ):  # fmt: skip
        head, found, tail = text.rstrip(".").partition(f" {verb} ")
        if found and "." not in head + tail and ";" not in head + tail and head.lower() not in ("it", "this medicine"):
            yield f"{tail[0].upper()}{tail[1:]} {verb} {head[0].lower()}{head[1:]}."
    for left, right in (("before", "after"), ("with", "without")):
        if re.search(rf"\b{left}\b", text) and re.search(rf"\b{right}\b", text) and f"{left} or {right}" not in text:
            swapped = re.sub(rf"\b{left}\b", "\0", text)
            yield re.sub(rf"\b{right}\b", left, swapped).replace("\0", right)


def _negated(ground: Ground) -> Iterator[str]:
    """A negation put into a sentence that had none at this place."""
    text = ground.line.text
    if ground.english:
        for word, other in (
            ("treats", "does not treat"), ("You can", "You cannot"), ("You may", "You will not"), ("Take it",
            "Do not take it"),
            ("Keep it", "Do not keep it"), ("It can", "It cannot"), ("Swallow", "Do not swallow"), ("Use",
            "Do not use"),
            ("helps", "does not help"), ("Ask", "Do not ask"), ("Get up", "Do not get up"), ("Finish", "Do not finish"),
        ):  # fmt: skip
            if word in text:
                yield text.replace(word, other, 1)
        return
    for word in ("用來", "告訴", "放在", "吃", "會", "要", "可以", "使用", "打", "有", "問", "喝", "吞", "停"):
        word = ground.written(word)
        at = text.find(word)
        while at >= 0:
            before = text[max(0, at - 1) : at]
            if before not in ("不", "別", "沒", "没", "别", "未"):
                for negation in ("不", "不用", "不要"):
                    yield text[:at] + negation + text[at:]
            at = text.find(word, at + len(word))


def _disguised(ground: Ground) -> Iterator[str]:
    """A turned word or an invented dose behind invisible or unusual characters."""
    text = ground.line.text
    if ground.english:
        yield text.replace("not", "\u200b", 1) if "not" in text else ""
        yield ground.body + ", take \u2461 tablets."
        yield ground.body + ", take t\u200bwo tablets."
        yield ground.body + ", take ⅱ tablets."
        return
    for word in map(ground.written, ("不要", "避免", "不可")):
        if word in text:
            yield text.replace(word, "可\u200b以", 1)
    yield ground.body + "，吃\u200b兩\u200b顆。"
    yield ground.body + "，吃Ⅲ粒。"
    yield ground.body + "，ㄔ二顆。"
    yield ground.body + "，吃 2️⃣ 顆。"


def _listed(ground: Ground) -> Iterator[str]:
    """One item more, or another one, in a list."""
    text = ground.line.text
    items = ("失明", "禿頭", "癌症") if not ground.english else ("blindness", "hair loss", "cancer")
    mark = ", " if ground.english else "、"
    if mark in text:
        for item in map(ground.written, items):
            head, _, tail = text.partition(mark)
            yield head + mark + item + mark + tail
            yield item + mark + tail


def _named_otherwise(ground: Ground) -> Iterator[str]:
    if ground.line.key != "name":
        return
    name = ground.other.name(ground.locale)
    yield f"This medicine is {name}." if ground.english else ground.written(f"這個藥是{name}。")
    yield f"It is called {name}, not {ground.line.text}." if ground.english else f"{name}，不是{ground.line.text}。"
    yield f"It is not {ground.line.text}." if ground.english else ground.written(f"這個藥不是{ground.line.text}。")
    yield (
        f"You are allergic to {ground.line.text}."
        if ground.english
        else ground.written(f"您對{ground.line.text}過敏。")
    )


def _ordered_otherwise(ground: Ground) -> Iterator[str]:
    if ground.line.key != "order":
        return
    texts = _table("ordered", ground.english)
    ordered = set(re.split("[，,。] ?", ground.line.text))
    for text in map(ground.written, texts):
        # "by injection" is right for what is injected
        if not set(filter(None, re.split("[，,。.] ?", text))) <= ordered:
            yield text


_SMALL = frozenset(["it", "can", "may", "you", "have", "the", "an", "a", "or", "and"]) | frozenset("或和您的會会")
_TOLD_APART = ("purpose", "food_timing", "how_to_take", "side_effect", "interaction", "food_drink")


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]+|[^\W_a-z]", text.lower()) if word not in _SMALL]


KINDS: dict[str, Callable[[Ground], Iterator[str]]] = {
    "turned": _turned,
    "number": _numbers,
    "swapped_numbers": _swapped_numbers,
    "unit": _units,
    "other_drug_named": _other_drug_named,
    "other_drugs_fact": _other_drugs_fact,
    "dropped_condition": _dropped_condition,
    "added": _added,
    "hollowed": _hollowed,
    "spliced": _spliced,
    "reordered": _reordered,
    "negated": _negated,
    "disguised": _disguised,
    "listed": _listed,
    "named_otherwise": _named_otherwise,
    "ordered_otherwise": _ordered_otherwise,
}


def drugs_to_lie_about(formulary: Formulary, every: int) -> Sequence[Drug]:
    """Return every ``every``-th drug, by id."""
    return [formulary.drugs[id_] for id_ in sorted(formulary.drugs)[::every]]
