"""A fact put into a spoken sentence with its citation, and the kind words around facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random

from medllm_ros.delivery import Locale
from medllm_ros.formulary.sheet import NAME, ORDER, FactSheet, SheetLine
from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.guard import citations
from training.data.build.forms import BOLD, PLAIN, led, texts, with_name
from training.data.build.phrases import language, load

_STOP_ZH = re.compile(r"[。！](?=.)")
_STOP_EN = re.compile(r"[.!] ([A-Z])")
_LATIN = re.compile(r"[A-Za-z]")


def say(random: Random, line: SheetLine, sheet: FactSheet, *, bold: bool = False, later: bool = False) -> str:
    """Return the line as one sentence with its citation; with ``bold`` in words that the guard must still judge.

    ``later`` sentences follow another one ("also, ...").
    """
    locale = sheet.locale
    spoken = language(locale)
    text = plain(line, locale)
    if line.key in (NAME, ORDER):
        if bold:
            text = random.choice(texts("names" if line.key == NAME else "orders", "", locale)).format(text=line.text)
    elif bold:
        name = spoken_name(sheet, line)
        further = later and random.random() < 0.35
        for stage, share in BOLD[spoken][: -1 if further else None]:
            if random.random() < share:
                text = random.choice(stage)(random, text, name, locale)
        if further:
            text = led(random, text, "further", locale)
    elif ";" not in text and not (spoken == "zh" and _LATIN.search(text)) and random.random() < 0.7:
        text = random.choice(PLAIN[spoken])(random, text, "", locale)
    return f"[{line.label}] {text}"


def named(random: Random, line: SheetLine, sheet: FactSheet, approved: str) -> str:
    """Return the line as a sentence that says which medicine it is about, with both citations.

    ``approved`` is the session's own sentence of that kind; the guard must judge what comes of it.
    """
    locale = sheet.locale
    name = sheet.of(NAME, line.medication)[0]
    text = joined(citations(approved)[1], locale)
    if random.random() < 0.6:
        text = with_name(random, plain(line, locale), spoken_name(sheet, line), locale)
        if spoken_name(sheet, line).casefold() not in text.casefold():
            text = joined(citations(approved)[1], locale)
    return f"[{name.label}][{line.label}] {text}"


def spoken_name(sheet: FactSheet, line: SheetLine) -> str:
    """Return the short name of the medicine that a line is about: without the ordered name in brackets."""
    return sheet.of(NAME, line.medication)[0].text.split("（")[0].split(" (")[0]


def plain(line: SheetLine, locale: Locale) -> str:
    """Return the line as one sentence, word for word; a name or an order in the guard's own quotation."""
    template = guard_words()["quote"].get(line.key, {}).get(locale.value)
    return joined(str(template).format(text=line.text) if template else line.text, locale)


def joined(text: str, locale: Locale) -> str:
    """Return a fact of several sentences as one: each sentence of a reply is judged against the whole fact."""
    if locale is Locale.EN_US:
        return _STOP_EN.sub(lambda match: f"; {match[1].lower()}", text)
    return _STOP_ZH.sub("；", text)


def opening(random: Random, locale: Locale, kind: str = "any") -> str:
    """Return warm words before the first fact: "any", "worry" or "missed"."""
    return random.choice(texts("openings", kind, locale))


def closing(random: Random, locale: Locale) -> str:
    """Return kind words after the last fact."""
    return random.choice(texts("closings", "", locale))


def elsewhere(random: Random, locale: Locale, kind: str) -> str:
    """Return who answers what is not answered here."""
    return random.choice(texts("elsewhere", kind, locale))


def worried(question: str, locale: Locale) -> bool:
    """Return True where the patient's words show worry."""
    return re.search(load("answers")["worried"][language(locale)], question) is not None


def join(sentences: Iterable[str], locale: Locale) -> str:
    """Return sentences as one reply."""
    return (" " if locale is Locale.EN_US else "").join(sentences)
