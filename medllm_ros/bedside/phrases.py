"""Phrases as data: reads a YAML file of patterns and tells which of them occur in what was heard.

The format is explained at the head of ``data/intents.yaml``. Comparing is done on folded text
(:func:`medllm_ros.safety.folding.fold`), so one pattern serves Traditional, Simplified and any punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import fold, is_cjk, with_pauses

DATA = Path(__file__).parent / "data"

# A longer transcript is not a question; its beginning and end tell what is wanted.
HEAD_CHARS, TAIL_CHARS = 240, 120

_CLAUSE = re.compile(r"[,，。！!？?；;、…\n\r:：]+")
_NOISE = re.compile(r"[^\w,%./ -]+")
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"<(\w+)>")


class PhraseError(ValueError):
    """A phrase file that cannot be used; the message names the file and the pattern."""


@dataclass(frozen=True)
class Pattern:
    """Alternatives of one intent in one language, and what withdraws it."""

    language: str  # "zh" or "en": the other script need not be searched
    found: re.Pattern[str]
    unless: re.Pattern[str] | None

    def matches(self, text: str) -> bool:
        """Return True where the intent is in ``text``, in a clause that does not withdraw it."""
        if self.unless is None:
            return bool(self.found.search(text))
        return any(not self.unless.search(_clause(text, match)) for match in self.found.finditer(text))


@dataclass(frozen=True)
class Phrases:
    """Every pattern of one file, in file order."""

    patterns: Mapping[str, tuple[Pattern, ...]]
    weak: Mapping[str, tuple[Pattern, ...]]  # single words, for where the patterns find nothing
    needs: Mapping[str, re.Pattern[str]]  # the learned net may mean this only where one of these words stands,
    unless: Mapping[str, re.Pattern[str]]  # and never where one of these does: it has seen too few other ways

    def found(self, text: str) -> tuple[str, ...]:
        """Return the names whose patterns occur in ``text`` (see :func:`comparable`), in file order."""
        return _found(self.patterns, text)

    def hinted(self, text: str) -> tuple[str, ...]:
        """Return the names of which at least a single word occurs in ``text``, in file order."""
        return _found(self.weak, text)

    def plausible(self, name: str, text: str) -> bool:
        """Return False where the words of ``text`` speak against a name that the learned net took them for."""
        needed, never = self.needs.get(name), self.unless.get(name)
        return not (needed and not needed.search(text)) and not (never and never.search(text))


def _found(table: Mapping[str, tuple[Pattern, ...]], text: str) -> tuple[str, ...]:
    scripts = {"zh" if is_cjk(char) else "en" for char in text if char.isalpha()}
    return tuple(
        name
        for name, patterns in table.items()
        if any(pattern.language in scripts and pattern.matches(text) for pattern in patterns)
    )


def _clause(text: str, match: re.Match[str]) -> str:
    end = text.find(",", match.end())
    return text[text.rfind(",", 0, match.start()) + 1 : len(text) if end < 0 else end]


def comparable(text: str, formulary: Formulary | None = None) -> str:
    """Return ``text`` folded, cut, with clauses parted by commas and known drug names replaced by 藥 / medicine."""
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        text = f"{text[:HEAD_CHARS]},{text[-TAIL_CHARS:]}"
    if formulary is not None:
        text = _without_drug_names(text, formulary)
    text = _CLAUSE.sub(",", fold(with_pauses(text)))
    return _BLANKS.sub(" ", _NOISE.sub(" ", text)).strip(" ,")


def _without_drug_names(text: str, formulary: Formulary) -> str:
    chinese = any(is_cjk(char) for char in text)
    for mention in reversed(formulary.mentioned(text)):
        # In Chinese also beside a Latin name, so that "Norvasc是做什麼的" reads "藥是做什麼的".
        text = text[: mention.start] + ("藥" if chinese else "medicine") + text[mention.end :]
    return text


@lru_cache(maxsize=8)
def load_phrases(name: str) -> Phrases:
    """Read one packaged phrase file; raises :class:`PhraseError`."""
    document = read_yaml(name)
    words = {key: _alternatives(value) for key, value in document.get("words", {}).items()}

    def table(prefix: str) -> dict[str, tuple[Pattern, ...]]:
        found = {
            intent: tuple(
                Pattern(
                    language,
                    _compile(name, intent, entry[prefix + language], words, language),
                    _compile(name, intent, entry[f"unless_{language}"], words, language)
                    if entry.get(f"unless_{language}")
                    else None,
                )
                for language in ("zh", "en")
                if entry.get(prefix + language)
            )
            for intent, entry in document["intents"].items()
        }
        return {intent: patterns for intent, patterns in found.items() if patterns}

    def words_of(key: str) -> dict[str, re.Pattern[str]]:
        entries = document["intents"].items()
        return {intent: _compile(name, intent, [entry[key]], words, "zh") for intent, entry in entries if key in entry}

    return Phrases(table(""), table("weak_"), words_of("net_needs"), words_of("net_unless"))


def read_yaml(name: str) -> dict[str, Any]:
    """Return one packaged data file."""
    with (DATA / name).open(encoding="utf-8") as stream:
        document = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(document, dict):
        raise PhraseError(f"{name} must map names to patterns.")
    return document


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted((str(word) for word in words), key=len, reverse=True))


def _compile(
    name: str, intent: str, sources: Iterable[str], words: Mapping[str, str], language: str
) -> re.Pattern[str]:
    near, far = ("[^,]{0,6}", "[^,]{0,14}") if language == "zh" else ("[^,]{0,24}", "[^,]{0,60}")
    parts = []
    for source in sources:
        if not isinstance(source, str):
            raise PhraseError(f"{name}: {intent}: {source!r} is no text; put the pattern in single quotes.")
        try:
            source = _WORD.sub(lambda match: f"(?:{words[match[1]]})", source)
            part = fold(source).replace("~~", far).replace("~", near)
            re.compile(part)
        except (KeyError, re.error) as error:
            raise PhraseError(f"{name}: {intent}: the pattern {source!r} cannot be read ({error}).") from error
        parts.append(part)
    return re.compile("|".join(parts))
