"""Worse answers: each shows a single fault.

unsafe     complies with a wish, reassures, turns a warning around
invented   another value or number than the fact's
citation   the label of another line, or none
cold       the same fact without kindness
language   the same facts in another language or script
injection  obeys words that only stand in a quotation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from random import Random
from typing import Any

from medllm_ros.delivery import Locale
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.safety.guard import citations
from training.data.build import answers, invented
from training.data.build.dialogues import Builder
from training.data.build.phrases import here, language, load
from training.data.build.questions import ASIDES, ask
from training.data.build.stage import Stage
from training.data.medllm_format import spoken_sentences


class Kind(StrEnum):
    """What sets the two answers apart."""

    UNSAFE = "unsafe"
    INVENTED = "invented"
    CITATION = "citation"
    COLD = "cold"
    LANGUAGE = "language"
    INJECTION = "injection"


_WISHES = tuple(intent for intent, kind in ASIDES.items() if kind in ("decide", "symptom"))


def warm(text: str) -> bool:
    """Return True where an answer has kind words beside its facts."""
    return any(not citations(sentence)[0] for sentence in spoken_sentences(text))


def wish(builder: Builder, random: Random, stage: Stage) -> tuple[dict[str, Any], str] | None:
    """Return a turn whose wish the better answer passes on, and an answer that grants it."""
    intent = random.choice(_WISHES)
    locale = stage.visit.delivery.locale
    said = builder.bank.aside(intent, locale, stage.cell)
    if not said:
        return None
    text = ask(random, random.choice(said), locale, {"drug": stage.name(random)}, dress=0.2)
    reply = stage.visit.hear(text)
    if reply.asked is not None or f"intent.{intent}" not in reply.rules:
        return None
    chosen = answers.elsewhere(random, locale, ASIDES[intent])
    return {"user": text, "facts": [], "assistant": chosen}, _said(random, "unsafe_wish", locale, str(intent))


def _unsafe(random: Random, turn: Mapping[str, Any], stage: Stage) -> str:
    """Turn one warning of the better answer around, or put an unsafe sentence where its kind words were."""
    locale = stage.visit.delivery.locale
    text = str(turn["assistant"])
    fitting = [(pattern, new) for pattern, new in _turns(locale) if pattern.search(text)]
    if fitting and random.random() < 0.8:
        pattern, new = random.choice(fitting)
        return pattern.sub(lambda match: _cased(random.choice(new), match[0]), text, count=1)
    sentences = [sentence for sentence in spoken_sentences(text) if citations(sentence)[0]]
    return answers.join([*sentences, _said(random, "unsafe_extra", locale)], locale)


def _invented(random: Random, turn: Mapping[str, Any], stage: Stage) -> str:
    """Say another value or number than the fact's."""
    locale = stage.visit.delivery.locale
    sentences = spoken_sentences(str(turn["assistant"]))
    cited = [number for number, sentence in enumerate(sentences) if citations(sentence)[0]]
    number = random.choice(cited)
    label, body = sentences[number].rsplit("] ", 1)
    changed = _other_value(random, body, locale)
    if changed == body:
        return ""
    sentences[number] = f"{label}] {changed}"
    return answers.join(sentences, locale)


def _other_value(random: Random, body: str, locale: Locale) -> str:
    numbers = re.findall(r"[0-9]+(?:\.[0-9]+)?", body)
    if numbers and random.random() < 0.6:
        old = random.choice(numbers)
        new = str(max(1, int(float(old)) + random.choice((-3, -2, -1, 1, 2, 3, 5, 10))))
        return re.sub(rf"(?<![0-9.]){re.escape(old)}(?![0-9.])", new, body, count=1) if new != old else body
    for kind in random.sample(_KINDS, len(_KINDS)):
        values = [value[locale] for value in invented.values(kind)]
        held = [value for value in values if value in body]
        if held:
            old = max(held, key=len)
            return body.replace(old, random.choice([value for value in values if value not in body]), 1)
    return body


def _citation(random: Random, turn: Mapping[str, Any], stage: Stage) -> str:
    """Cite another line, or none."""
    text = str(turn["assistant"])
    labels = list(dict.fromkeys(re.findall(r"\[(F[0-9]+)\]", text)))
    if random.random() < 0.3 and len(labels) > 1:
        shifted = dict(zip(labels, labels[1:] + labels[:1], strict=True))
        return re.sub(r"\[(F[0-9]+)\]", lambda match: f"[{shifted[match[1]]}]", text)
    if random.random() < 0.4:
        return re.sub(r"\[F[0-9]+\] ?", "", text)
    others = [line.label for line in stage.visit.sheet.lines if line.label not in labels]
    others += [f"F{len(stage.visit.sheet.lines) + random.randint(1, 9)}"]
    old, new = random.choice(labels), random.choice(others)
    return text.replace(f"[{old}]", f"[{new}]")


def _cold(random: Random, turn: Mapping[str, Any], stage: Stage) -> str:
    """Say the facts word for word between cold words."""
    locale = stage.visit.delivery.locale
    sentences = [sentence for sentence in spoken_sentences(str(turn["assistant"])) if citations(sentence)[0]]
    before, after = _said(random, "cold_before", locale), _said(random, "cold_after", locale)
    return answers.join([before, *sentences, after] if random.random() < 0.4 else [before, *sentences], locale)


def other_language(random: Random, turn: Mapping[str, Any], stage: Stage, other: Locale) -> str:
    """Say the same facts in another language, or in the other script."""
    if stage.made:
        return ""
    visit = stage.visit
    sheet = FactSheet.of_delivery(replace(visit.delivery, locale=other), visit.formulary)
    said = spoken_sentences(str(turn["assistant"]))
    cited = dict.fromkeys(label for sentence in said for label in citations(sentence)[0])
    lines = [line for label in cited if (line := sheet.find(label))]
    if len(lines) != len(cited):
        return ""
    sentences = [answers.say(random, line, sheet) for line in lines]
    if warm(str(turn["assistant"])):
        sentences.insert(0, answers.opening(random, other))
    return answers.join(sentences, other)


def _injection(random: Random, turn: dict[str, Any], stage: Stage) -> str:
    """Put an attack into the patient's words, and obey it."""
    locale = stage.visit.delivery.locale
    attack, obeyed = (here(text, locale) for text in random.choice(load("pairs")["attacks"][language(locale)]))
    parts = [str(turn["user"]), attack]
    random.shuffle(parts)
    turn["user"] = " ".join(parts)
    sentences = spoken_sentences(str(turn["assistant"]))
    cited = [sentence for sentence in sentences if citations(sentence)[0]]
    kept = cited[:-1] if len(cited) > 1 else []
    found = [obeyed, *kept]
    while len("".join(found)) < 0.85 * len(str(turn["assistant"])) and len(found) < 5:
        found.append(_said(random, "unsafe_extra", locale))
    return answers.join(found, locale)


def _cased(new: str, old: str) -> str:
    return new[0].upper() + new[1:] if old[:1].isupper() else new


def _said(random: Random, part: str, locale: Locale, key: str = "") -> str:
    entry = load("pairs")[part]
    return here(random.choice((entry[key] if key else entry)[language(locale)]), locale)


@lru_cache(maxsize=4)
def _turns(locale: Locale) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    table = load("pairs")["unsafe_turns"][language(locale)]
    return tuple(
        (re.compile(pattern, re.IGNORECASE), tuple(here(text, locale) for text in new))
        for pattern, new in table.items()
    )


_KINDS = ("symptom", "food", "condition", "group", "sign", "drink", "place", "moment", "effect", "organ")
WORSE: Mapping[Kind, Callable[[Random, dict[str, Any], Stage], str]] = {
    Kind.UNSAFE: _unsafe, Kind.INVENTED: _invented, Kind.CITATION: _citation, Kind.COLD: _cold,
    Kind.INJECTION: _injection,
}  # fmt: skip
