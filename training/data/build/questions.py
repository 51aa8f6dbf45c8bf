"""Questions as patients ask them: utterances and frames, by intent and language.

Every question belongs to a *family* (one utterance, or one frame with all it expands to), and every family and every
drug to one *cell*. A dialogue takes both from one cell, so a split by cell never lets a drug or a family cross.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from medllm_ros.bedside.intents import Intent
from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import is_cjk
from training.data.build.phrases import load, to_mainland
from training.data.script import locale_of
from training.hearing import corpus

CELLS = 24
HELD_OUT = frozenset({21, 22, 23})  # no dialogue or pair to train on is of these: models are judged on them
TOPICAL = {"side_effects_topic": "symptom", "food_topic": "food", "interaction_topic": "med"}
# The frames of one intent beside those of its own name.
_KINDS: Mapping[Intent, tuple[str, ...]] = {
    Intent.SIDE_EFFECTS: ("side_effects", "side_effects_topic"),
    Intent.FOOD: ("food", "food_topic", "meal"),
    Intent.INTERACTION: ("interaction", "interaction_topic"),
}
ASKED = (
    Intent.PURPOSE, Intent.DRUG_NAME, Intent.SIDE_EFFECTS, Intent.MISSED_DOSE, Intent.FOOD, Intent.HOW_TO_TAKE,
    Intent.WHEN, Intent.PREGNANCY, Intent.STORAGE, Intent.INTERACTION,
)  # fmt: skip
_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"<(drug|food|symptom|med)>")
# What is said beside questions about the medicine, and who answers it (``phrases/answers.yaml``, elsewhere).
ASIDES: Mapping[Intent, str] = {
    Intent.OTHER_DRUG: "no_fact", Intent.COST: "no_fact", Intent.TAKE_MORE: "decide", Intent.TAKE_LESS: "decide",
    Intent.STOP_TAKING: "decide", Intent.CHANGE_TIME: "decide", Intent.CRUSH: "decide", Intent.PRESCRIBE: "decide",
    Intent.DIAGNOSE: "decide", Intent.CLAIMED_ORDER: "decide", Intent.TAKE_AGAIN: "decide", Intent.SYMPTOM: "symptom",
    Intent.EMOTION: "emotion", Intent.THANKS: "thanks", Intent.GREETING: "greeting", Intent.ROBOT: "robot",
    Intent.GOODBYE: "goodbye",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One way to ask. ``slots`` names what has to be filled in: "drug", "food", "symptom", "med"."""

    text: str
    kind: str  # the frame's kind, or the intent of an utterance
    family: str
    cell: int
    slots: frozenset[str]


@dataclass(frozen=True)
class Bank:
    """Every question, by intent and language."""

    questions: Mapping[tuple[Intent, Locale], tuple[Question, ...]]
    follow: Mapping[tuple[Intent, Locale], tuple[Question, ...]]  # short ones for later in a conversation
    asides: Mapping[tuple[Intent, Locale], tuple[Question, ...]]  # what no fact answers: wishes, complaints, small talk

    @staticmethod
    def load(formulary: Formulary, folders: Sequence[Path] = (corpus.FOLDER,)) -> Bank:
        """Read frames and utterances; those that name a real medicine keep a slot for it."""
        data = load("questions")
        found: dict[tuple[Intent, Locale], list[Question]] = {}
        follow: dict[tuple[Intent, Locale], list[Question]] = {}
        asides: dict[tuple[Intent, Locale], list[Question]] = {}
        for intent in ASKED:
            for locale in Locale:
                for kind in _KINDS.get(intent, (str(intent),)):
                    found.setdefault((intent, locale), []).extend(_frames(kind, data["frames"][kind], locale))
                later = _frames(f"follow.{intent}", data["follow"][intent], locale)
                follow.setdefault((intent, locale), []).extend(later)
        for intent, locale, question in _utterances(folders, formulary):
            table = found if intent in ASKED else asides
            table.setdefault((intent, locale), []).append(question)
        return Bank(*({key: tuple(entries) for key, entries in table.items()} for table in (found, follow, asides)))

    def of(
        self, intent: Intent, locale: Locale, cell: int | None = None, *, later: bool = False
    ) -> tuple[Question, ...]:
        """Return the questions of one intent, of one cell where given; ``later``: short ones."""
        questions = (self.follow if later else self.questions).get((intent, locale), ())
        return questions if cell is None else _of_cell(questions, cell)

    def aside(self, intent: Intent, locale: Locale, cell: int) -> tuple[Question, ...]:
        """Return what patients say beside questions about the medicine."""
        return _of_cell(self.asides.get((intent, locale), ()), cell)


@lru_cache(maxsize=4096)
def _of_cell(questions: tuple[Question, ...], cell: int) -> tuple[Question, ...]:
    return tuple(question for question in questions if question.cell == cell)


def cell_of(name: str) -> int:
    """Return the cell of a drug id or a question family; the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % CELLS


def ask(random: Random, question: Question, locale: Locale, slots: Mapping[str, str], *, dress: float = 0.6) -> str:
    """Return the question as one person says it: choices made, slots filled; ``dress``: share with more around it."""
    text = question.text
    while "(" in text:
        text = _CHOICE.sub(lambda match: random.choice(match[1].split("|")), text, count=1)
    text = _SLOT.sub(lambda match: slots.get(match[1], ""), text)
    if random.random() < dress:
        data = load("questions")
        before, after = random.choice(data["openings"][locale]), random.choice(data["endings"][locale])
        text = " ".join(part for part in (before, text.strip(), after) if part)
    return re.sub(r"\s+", " ", text).strip()


def _frames(kind: str, entry: Mapping[str, Sequence[str]], locale: Locale) -> Iterable[Question]:
    if locale is Locale.EN_US:
        texts = [(text, text) for text in entry["en"]]
    elif locale is Locale.ZH_TW:
        texts = [(text, text) for text in entry["zh"]]
    else:  # a converted frame is the same family as the one it was made from
        texts = [(text, to_mainland(text)) for text in entry["zh"]] + [(text, text) for text in entry.get("zh_CN", ())]
    for family, text in texts:
        name = f"frame.{kind}.{family}"
        yield Question(text, kind, name, cell_of(name), frozenset(_SLOT.findall(text)))


def _utterances(folders: Sequence[Path], formulary: Formulary) -> Iterable[tuple[Intent, Locale, Question]]:
    wanted = {str(intent): intent for intent in (*ASKED, *ASIDES)}
    of_a_kind = re.compile("|".join(load("questions")["of_a_kind"].values()), re.IGNORECASE)
    for utterance in (item for folder in folders for item in corpus.read(folder)):
        intent = wanted.get(utterance.labels[0])
        if intent is None or len(utterance.labels) > 1:
            continue
        slot = "med" if intent is Intent.INTERACTION else "drug"
        text, named = _without_names(utterance.text, formulary, slot)
        if text is None or (intent in ASKED and of_a_kind.search(text)) or "(" in text:
            continue
        if sum(char.isascii() and char.isalpha() for char in _SLOT.sub("", text)) and any(map(is_cjk, text)):
            continue  # a Latin name that the formulary does not know
        slots = frozenset({slot} if named else ())
        family = f"said.{utterance.text}"
        question = Question(text, str(intent), family, cell_of(family), slots)
        locale = locale_of(utterance.text)
        yield intent, locale, question
        if locale is Locale.ZH_TW and not _hokkien(text):
            yield intent, Locale.ZH_CN, Question(to_mainland(text), str(intent), family, cell_of(family), slots)


def _without_names(text: str, formulary: Formulary, slot: str) -> tuple[str | None, bool]:
    """Return the utterance with a slot for its one medicine; None where it names two."""
    mentions = formulary.mentioned(text)
    if len({mention.drug.id for mention in mentions}) > 1:
        return None, False
    for mention in reversed(mentions):
        text = text[: mention.start] + f"<{slot}>" + text[mention.end :]
    return text, bool(mentions)


def _hokkien(text: str) -> bool:
    return any(char in text for char in "阮袂敢欲毋咧閣佮攏伊食無喙囥啉矣囡彼遮甲焉抑佇昏")
