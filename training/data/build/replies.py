"""A whole reply: every line that the session wants said, with its citation, and kind words around it or none."""

from __future__ import annotations

from random import Random

from medllm_ros.bedside.effects import AskModel
from medllm_ros.delivery import Profile, Scenario
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import NAME, SheetLine
from medllm_ros.safety.guard import citations
from training.data.build import answers
from training.data.build.visit import Visit

SENTENCE_TRIES = 8


def compose(random: Random, visit: Visit, asked: AskModel, question: str) -> str | None:
    """Return a reply that states every line that is owed and passes the guard whole, None where none was found."""
    locale = visit.delivery.locale
    owed = owed_lines(visit, asked)
    introduced = _introduced(visit, asked)
    several = len(visit.delivery.medications) > 1
    sentences: list[str] = []
    for line in owed:
        approved = introduced.get(line.label, "")
        if not (approved and (several or random.random() < 0.35)):
            approved = ""
        sentence = _sentence(random, line, visit, approved, later=bool(sentences))
        if sentence is None:
            return None
        sentences.append(sentence)
    bare = [not citations(sentence)[0] for sentence in asked.approved]
    short = Profile.HARD_OF_HEARING in visit.delivery.patient.profiles or visit.delivery.scenario is Scenario.EMERGENCY
    if random.random() < (0.15 if short else 0.3 if bare[0] else 0.6):
        missed = owed[0].key == FactField.MISSED_DOSE
        kind = "worry" if answers.worried(question, locale) else "missed" if missed else "any"
        sentences.insert(0, answers.opening(random, locale, kind))
    if not bare[-1] and not short and random.random() < 0.25:
        sentences.append(answers.closing(random, locale))
    return answers.join(sentences, locale)


def owed_lines(visit: Visit, asked: AskModel) -> list[SheetLine]:
    """Return the lines that the answer must state, in the order of the sheet.

    A name that an approved sentence only cites beside its fact ("[F1][F3] amlodipine treats ...") is not owed alone.
    """
    labels: dict[str, None] = {}
    for sentence in asked.approved:
        cited = citations(sentence)[0]
        found = [line for label in cited if (line := visit.sheet.find(label))]
        labels |= {line.label: None for line in found if line.key != NAME or len(found) == 1}
    return [line for line in visit.sheet.lines if line.label in labels]


def _introduced(visit: Visit, asked: AskModel) -> dict[str, str]:
    """Return the approved sentences that name the medicine before its fact, by the fact's label."""
    found = {}
    for sentence in asked.approved:
        lines = [line for label in citations(sentence)[0] if (line := visit.sheet.find(label))]
        if len(lines) == 2 and lines[0].key == NAME:
            found[lines[1].label] = sentence
    return found


def _sentence(random: Random, line: SheetLine, visit: Visit, approved: str, *, later: bool) -> str | None:
    for _ in range(SENTENCE_TRIES):
        if approved:
            sentence = answers.named(random, line, visit.sheet, approved)
        else:
            sentence = answers.say(random, line, visit.sheet, bold=random.random() < 0.85, later=later)
        if visit.passes(sentence):
            return sentence
    sentence = f"[{line.label}] {answers.plain(line, visit.sheet.locale)}"
    return sentence if visit.passes(sentence) and not approved else None
