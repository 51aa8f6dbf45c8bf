"""What an answer may not teach: numbers that its facts do not hold, citations of nothing, forbidden advice."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from medllm_ros.quantities import Quantity
from medllm_ros.safety import claims
from medllm_ros.safety.folding import fold
from medllm_ros.safety.grounding import numbers
from medllm_ros.safety.guard import citations
from training.data import wording
from training.data.medllm_format import spoken_sentences
from training.data.rows import FactLine

_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def number_faults(answer: str, facts: Sequence[FactLine]) -> Iterator[str]:
    """Yield a sentence for each number, time or date that neither the cited facts nor the order hold."""
    labelled = any(fact.label for fact in facts)
    for sentence in spoken_sentences(answer):
        labels, body = citations(sentence)
        cited = [fact for fact in facts if fact.label in labels or not labelled]
        order = [fact for fact in facts if fact.key == "order"] if cited else []
        for what in dict.fromkeys(_ungrounded(body, [fact.text for fact in (*cited, *order)])):
            lacks = "that its facts do not hold" if cited else "and cites no fact"
            yield f"the sentence {sentence!r} says a {what} {lacks}"


def _ungrounded(body: str, sources: Sequence[str]) -> Iterator[str]:
    """Yield what each number, time or date of ``body`` is that occurs in none of the sources."""
    said = numbers(body)
    held = [item for text in sources for item in numbers(text).items]
    for item in said.items:
        if isinstance(item, Quantity):
            if not any(isinstance(other, Quantity) and item.same(other) for other in held):
                yield "number"
        elif item not in held:
            yield "time" if isinstance(item, dt.time) else "date"
    bare = {digits for text in sources for digits in _DIGITS.findall(text)}
    if any(digits not in bare for digits in _DIGITS.findall(said.masked)):  # "type 2", "B12": names with a number
        yield "number"


def citation_faults(answer: str, facts: Sequence[FactLine]) -> Iterator[str]:
    """Yield a sentence for each citation of a line that does not stand beside the question."""
    asked = {fact.label for fact in facts if fact.asked and fact.label}
    if not any(fact.label for fact in facts):
        return
    for sentence in spoken_sentences(answer):
        for label in citations(sentence)[0]:
            if label not in asked:
                beside = ", ".join(sorted(asked, key=lambda name: (len(name), name))) or "none"
                yield f"the sentence {sentence!r} cites {label}; beside its question stand {beside}"


def advice_faults(answer: str, facts: Sequence[FactLine] = ()) -> Iterator[str]:
    """Yield a sentence for each thing that the robot may never say (``safety/claims.py``); quoted facts may say it."""
    approved = tuple(fold(fact.text) for fact in facts)
    quoted = {text for fact in facts for text in _sentences(fact.text)}
    for sentence in spoken_sentences(answer):
        body = citations(sentence)[1]
        folded = fold(body)
        if wording.plain(body) in quoted:
            continue
        rules = list(dict.fromkeys(claims.forbidden_acts(folded, approved)))
        if claims.status_claim(folded):
            rules.append("guard.status")
        if claims.overstates(folded):
            rules.append("guard.reassurance")
        diagnosis = claims.diagnoses(folded)
        if diagnosis and not any(diagnosis in text for text in approved):
            rules.append("guard.diagnosis")
        if claims.is_machine_text(body.lower()):
            rules.append("guard.machine_text")
        if claims.error_prone_notation(body):
            rules.append("guard.notation")
        if rules:
            yield f"the sentence {sentence!r} is forbidden ({', '.join(rules)})"


@lru_cache(maxsize=8192)
def _sentences(fact: str) -> frozenset[str]:
    """Return a fact and each of its sentences, folded."""
    return frozenset(wording.plain(text) for text in (fact, *spoken_sentences(fact)))
