"""Symptoms and foods as things rather than words: joins what was heard with what an approved fact says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from medllm_ros.bedside.phrases import comparable, read_yaml
from medllm_ros.formulary.sheet import SheetLine
from medllm_ros.safety.folding import fold, is_cjk

_ASKING = re.compile(
    r"[会吗呢无]|是不是|有没有|如果|要是|万一"
    r"|\b(?:will|would|does|do|can|could|might|may|if|is|are|am|should)\b"
)
NEAR_CHARS = 24  # how far before a symptom a frame ("will it cause ...") may stand


class Sort(StrEnum):
    """What a topic is that may be named without being asked about."""

    WIDE = "wide"  # in most questions about taking: it chooses nothing
    ALARM = "alarm"  # denied in most: "no chest pain, just tell me when"
    HANDLING = "handling"  # "before I swallow it, side effects?"
    MEDICINE = "medicine"  # "is aspirin not a painkiller, why take it": not what it may meet
    ILLNESS = "illness"  # "this one for the prostate, does it make you faint"


@dataclass(frozen=True)
class Topic:
    """One thing under all its names."""

    name: str
    pattern: re.Pattern[str]
    sort: Sort | None = None
    severe: bool = False  # staff hear of it before the dose
    strong: bool = False  # the same where it is strong or does not stop
    vague: bool = False  # too common to be taken for a red flag by itself
    unfit_to_drive: bool = False  # answers who asks about driving
    ordinary: bool = False  # eaten and drunk every day
    beside: bool = False  # a question of its own, told beside the first answer

    def within(self, text: str) -> bool:
        """Return True where the folded ``text`` names this."""
        return bool(self.pattern.search(text))


def speaks_of(line: SheetLine, topic: Topic) -> bool:
    """Return True where a line names ``topic``: in its own words, or a fact in those of both other languages.

    A fact says the same in all of them, and hardly ever do two of three use a word that no list knows.
    """
    own = topic.within(_comparable(line.text))
    if own or line.fact is None:
        return own
    others = [text for text in line.fact.text.values() if text != line.text]
    return len(others) > 1 and all(topic.within(_comparable(text)) for text in others)


@lru_cache(maxsize=8192)
def _comparable(text: str) -> str:
    return comparable(text)  # of approved words: a closed list


@dataclass(frozen=True)
class Named:
    """A symptom that the patient has now."""

    topic: Topic
    severe: bool


@dataclass(frozen=True)
class _Frames:
    before: re.Pattern[str]
    after: re.Pattern[str]
    maybe_before: re.Pattern[str] | None
    maybe_after: re.Pattern[str] | None
    present: re.Pattern[str] | None

    def excuse(self, before: str, after: str) -> bool:
        """Return True where a symptom is asked about, denied, past or treated rather than felt."""
        if self.before.search(before) or self.after.search(after):
            return True
        if self.maybe_before is None or self.maybe_after is None or self.present is None:
            return False
        question = self.maybe_after.search(after)
        if question is None or not self.maybe_before.search(before):
            return False
        return not self.present.search(before + after[: question.end()])  # speech goes on without a comma


@dataclass(frozen=True)
class Topics:
    """Everything of ``data/topics.yaml``."""

    symptoms: tuple[Topic, ...]
    foods: tuple[Topic, ...]
    matters: tuple[Topic, ...]
    reassuring: re.Pattern[str]
    any_symptom: re.Pattern[str]
    strong: re.Pattern[str]
    read_out: re.Pattern[str]
    speaker: re.Pattern[str]
    chinese: _Frames
    english: _Frames

    @staticmethod
    def load() -> Topics:
        """Return the packaged topics."""
        return _load()

    def matter(self, name: str) -> Topic:
        """Return the matter called ``name``; LookupError where there is none."""
        return self._matter[name]

    @cached_property
    def _matter(self) -> Mapping[str, Topic]:
        return {topic.name: topic for topic in self.matters}

    def symptoms_felt(self, heard: str) -> tuple[Named, ...]:
        """Return the symptoms that the patient has now; ``heard`` as :func:`phrases.comparable` gives it."""
        if not self.any_symptom.search(heard):
            return ()
        strong = bool(self.strong.search(heard))
        felt: dict[str, Named] = {}
        read_out = False
        for clause in heard.split(","):
            read_out = bool(self.read_out.search(clause)) or (read_out and not self.speaker.search(clause))
            if read_out:
                continue  # "it says here ... stroke, bleeding"
            frames = self.chinese if any(map(is_cjk, clause)) else self.english
            for topic in self.symptoms:
                for match in topic.pattern.finditer(clause):
                    # "手會抖嗎": the frame may stand between the words of the symptom.
                    start = match.start() + match.group().rfind("会") + 1
                    before = clause[max(0, start - NEAR_CHARS) : start]
                    if not frames.excuse(before, clause[match.end() :]):
                        felt[topic.name] = Named(topic, topic.severe or (topic.strong and strong))
                        break
        return tuple(felt.values())

    def symptom_asked(self, heard: str) -> bool:
        """Return True where a symptom is named in a question or a condition."""
        return bool(_ASKING.search(heard) and self.any_symptom.search(heard))


@lru_cache(maxsize=1)
def _load() -> Topics:
    document = read_yaml("topics.yaml")
    symptoms = tuple(_topic(name, entry) for name, entry in document["symptoms"].items())
    return Topics(
        symptoms=symptoms,
        foods=tuple(_topic(name, entry) for name, entry in document["foods"].items()),
        matters=tuple(_topic(name, entry) for name, entry in document["matters"].items()),
        reassuring=_both(document["reassuring"]),
        any_symptom=re.compile("|".join(topic.pattern.pattern for topic in symptoms)),
        strong=_both(document["strong"]),
        read_out=_both(document["read_out"]),
        speaker=_both(document["speaker"]),
        chinese=_frames(document["frames"]["zh"]),
        english=_frames(document["frames"]["en"]),
    )


def _topic(name: str, entry: Mapping[str, Any]) -> Topic:
    flags = {name: value for name, value in entry.items() if name not in ("zh", "en", "sort")}
    return Topic(name, _both(entry), Sort(entry["sort"]) if "sort" in entry else None, **flags)


def _both(entry: Mapping[str, Any]) -> re.Pattern[str]:
    chinese = [fold(word).replace("~", "[^,]{0,4}") for word in entry.get("zh", ())]
    english = [rf"\b(?:{fold(word)})\b".replace("~", "[^,]{0,20}") for word in entry.get("en", ())]
    return re.compile("|".join((*chinese, *english)))


def _frames(entry: Mapping[str, Iterable[str]]) -> _Frames:
    def compiled(name: str) -> re.Pattern[str] | None:
        sources = [fold(source) for source in entry[name]]
        return re.compile("|".join(sources)) if sources else None

    never = re.compile(r"(?!)")
    return _Frames(
        compiled("before") or never, compiled("after") or never,
        compiled("maybe_before"), compiled("maybe_after"), compiled("present"),
    )  # fmt: skip
