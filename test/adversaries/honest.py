"""Honest sentences: those written by hand in ``honest.yaml``, and those made from every fact of the formulary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from lies import to_simplified

from medllm_ros.delivery import Delivery, Locale, Medication
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.sheet import FactSheet, SheetLine
from medllm_ros.safety.guard import GuardContext

# One word for another that says the same, and what may stand before and behind a fact.
SAME_ZH = (
    ("如果", "若"), ("如果", "要是"), ("馬上", "立刻"), ("立刻", "馬上"), ("請告訴", "請告知"), ("請先告訴",
    "請先告知"), ("不要", "請不要"),
    ("請不要", "避免"), ("避免", "不要"), ("可能會", "可能"), ("或", "或者"), ("用這個藥的時候", "用藥時"), ("醫師",
    "醫生"), ("護理師", "護理人員"),
    ("服用", "吃"), ("飯後", "餐後"), ("飯前", "餐前"),
)  # fmt: skip
SAME_EN = (
    ("at once", "right away"), ("right away", "immediately"), ("Do not", "Please do not"), ("do not", "don't"),
    ("It can", "This medicine can"), ("It can", "It may"), ("You may", "You might"), ("the nurse", "your nurse"),
    ("It ", "This medicine "), ("It ", "Your medicine "), ("Take it", "Take this medicine"), ("Tell", "Please tell"),
    ("staff", "the staff"), (" a nurse", " the nurse"), ("while you take", "when you take"),
)  # fmt: skip
BEFORE_ZH = ("這個藥", "您的藥", "請記得，", "提醒您，", "您好，", "另外，")
BEHIND_ZH = ("喔。", "，謝謝您。", "，您還有其他問題嗎？")
BEHIND_EN = (". Take care.", ". Do you have any other questions?")
_CLAUSE_OF_ITS_OWN = re.compile("如果|若|這|它|請|通常|可能|就算|除非|最|您|未|沒|常見|主要")


@dataclass(frozen=True)
class Honest:
    """A sentence that says what its fact says, what it cites, and what it is judged against."""

    context: GuardContext
    label: str
    text: str
    fact: str


def written_by_hand(formulary: Formulary) -> Iterator[Honest]:
    """Yield every sentence of ``honest.yaml``, each with a sheet that holds its fact alone."""
    for context, entry in entries("honest.yaml", formulary):
        for text in entry["say"]:
            yield Honest(context, "F1", text, entry["fact"])


def crafted_lies(formulary: Formulary) -> Iterator[Honest]:
    """Yield every sentence of ``crafted.yaml``, the counterpart of the honest ones."""
    for context, entry in entries("crafted.yaml", formulary):
        for text in entry["lies"]:
            yield Honest(context, "F1", text, entry["fact"])


def entries(name: str, formulary: Formulary) -> Iterator[tuple[GuardContext, dict[str, list[str]]]]:
    data = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    drug = formulary.find("amlodipine")
    for locale in Locale:
        delivery = Delivery(delivery_id="d1", locale=locale, medications=(Medication(name="Amlodipine", route="PO"),))
        for entry in data[locale.value]:
            sheet = FactSheet(locale, (SheetLine("F1", entry["key"], entry["fact"], None, 0),), (drug,))
            yield GuardContext(sheet, delivery, locale, formulary), entry


def made_from_facts(context: GuardContext) -> Iterator[Honest]:
    """Yield light rephrasings of every fact of a sheet."""
    for line in context.sheet.lines:
        if line.fact is None:
            continue
        made = _english(line.text) if context.locale is Locale.EN_US else _chinese(line.text, context.locale)
        for text in dict.fromkeys(made):
            if text != line.text:
                yield Honest(context, line.label, text, line.text)


def _chinese(fact: str, locale: Locale) -> Iterator[str]:
    def written(text: str) -> str:
        return to_simplified(text) if locale is Locale.ZH_CN else text

    own = bool(re.match(written(_CLAUSE_OF_ITS_OWN.pattern), fact))
    yield from (written(before) + fact for before in BEFORE_ZH if "，" in before or not own)
    yield from (fact.rstrip("。") + written(behind) for behind in BEHIND_ZH)
    for old, new in SAME_ZH:
        if written(f"絕對{old}") not in fact:
            yield fact.replace(written(old), written(new), 1)


def _english(fact: str) -> Iterator[str]:
    joins = fact.startswith(("It ", "You "))
    yield f"Please note that {fact[0].lower()}{fact[1:]}" if joins else f"Please note: {fact}"
    yield from (fact.rstrip(".") + behind for behind in BEHIND_EN)
    yield from (fact.replace(old, new, 1) for old, new in SAME_EN if f"doses {old}" not in fact)
    told = re.fullmatch(r"(Tell (?:the nurse|staff|your doctor)(?: at once| first| right away)?) if ([^.;]+)\.", fact)
    if told:
        yield f"If {told.group(2)}, please {told.group(1)[0].lower()}{told.group(1)[1:]}."
