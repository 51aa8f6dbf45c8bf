"""One turn of the conversation while the model writes: each sentence through the guard, then spoken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from medllm_ros.bedside.answers import Answer
from medllm_ros.bedside.effects import Origin
from medllm_ros.formulary.sheet import NAME, FactSheet
from medllm_ros.safety.guard import GuardContext, check, names_medicine

APPROVED_ENGINE = "none"


@dataclass(frozen=True)
class Spoken:
    """A sentence that may be said."""

    text: str
    raw: str
    facts: tuple[str, ...]  # stable references
    rules: tuple[str, ...]
    origin: Origin


@dataclass
class Turn:
    """What was asked, what may be said, and what has been said so far."""

    turn_id: int
    epoch: int
    answer: Answer
    guard: GuardContext
    said: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)

    @property
    def approved(self) -> tuple[str, ...]:
        """Return the approved wording with its citations, as an engine is given it."""
        return tuple("".join(f"[{label}]" for label in s.labels) + s.text for s in self.answer.sentences)

    def sentence(self, raw: str, engine: str) -> Spoken | None:
        """Return what may be said of one sentence of the reply, None where nothing may."""
        raw = raw.strip()
        for cited, whole in zip(self.answer.sentences, self.approved, strict=True):
            if raw == whole.strip():
                origin = Origin.APPROVED if engine == APPROVED_ENGINE else Origin.MODEL
                return self._say(cited.text, raw, cited.labels, (), origin)
        verdict = check(raw, self.guard)
        if not verdict.text or (not verdict.passed and not self._belongs(verdict.facts)):
            return None
        if not self._clear(verdict.text, verdict.facts):
            return None
        origin = Origin.MODEL if verdict.passed else Origin.APPROVED
        return self._say(verdict.text, raw, verdict.facts, verdict.rules, origin)

    def opening(self) -> list[Spoken]:
        """Return the approved sentences without a fact that come before the answer ("tell the nurse first")."""
        found = []
        for sentence in self.answer.sentences:
            if sentence.labels:
                break
            spoken = self._say(sentence.text, "", (), (), Origin.APPROVED)
            if spoken:
                found.append(spoken)
        return found

    def rest(self) -> list[Spoken]:
        """Return the approved sentences that the reply still owes.

        All of those about a medicine of which no wanted fact was said; else only the closing ones that carry
        no fact ("tell the nurse", "never two at once").
        """
        wanted = {
            label
            for sentence in self.answer.sentences
            for label in sentence.labels
            if (line := self.guard.sheet.find(label)) and line.key != NAME
        }  # the name alone answers nothing
        stated = self._medicines(wanted & self.labels)
        idle = not wanted and bool(self.said)
        found = []
        for sentence in self.answer.sentences:
            if sentence.labels and (idle or self._medicines(sentence.labels) <= stated):
                continue
            spoken = self._say(sentence.text, "", sentence.labels, (), Origin.APPROVED)
            if spoken:
                found.append(spoken)
        return found

    def _belongs(self, labels: tuple[str, ...]) -> bool:
        """Return True where a replacement answers the question that was asked."""
        return any(label in sentence.labels for sentence in self.answer.sentences for label in labels)

    def _clear(self, text: str, labels: tuple[str, ...]) -> bool:
        """Return True where a sentence is about a medicine that was asked about, named where there are several."""
        asked = self._medicines(label for sentence in self.answer.sentences for label in sentence.labels)
        lines = [line for label in labels if (line := self.guard.sheet.find(label))]
        if any(line.medication not in asked for line in lines):
            return False
        return len(asked) < 2 or all(names_medicine(text, line, self.guard) for line in lines)

    def _medicines(self, labels: Iterable[str]) -> set[int]:
        return {line.medication for label in labels if (line := self.guard.sheet.find(label))}

    def _say(
        self, text: str, raw: str, labels: tuple[str, ...], rules: tuple[str, ...], origin: Origin
    ) -> Spoken | None:
        if text in self.said:
            return None
        self.said.append(text)
        self.labels.update(labels)
        return Spoken(text, raw, references(self.guard.sheet, labels), rules, origin)

    def snapshot(self) -> dict[str, object]:
        """Return the state as plain data."""
        return {
            "turn_id": self.turn_id, "epoch": self.epoch, "approved": self.approved, "said": list(self.said),
            "labels": sorted(self.labels),
        }  # fmt: skip


def references(sheet: FactSheet, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stable references of ``labels``."""
    return tuple(line.ref for label in labels if (line := sheet.find(label)))
