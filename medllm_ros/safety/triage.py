"""Triage: is this an emergency? On the raw transcript, before the language model and without it.

Word lists first; what they do not know is judged by a small learned net (``learned.py``) that was calibrated on
everyday talk. The net adds; it takes a list's match back only where it is next to certain. Tuned for recall. In the
lists, a negation, a memory or a question about side effects is recognised only in a few closed forms
(``data/triage.yaml``, ``context``); everything else that names an emergency is one. Taking self-harm back never
cancels it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from medllm_ros.safety.broken_speech import readings
from medllm_ros.safety.folding import fold, load_data, loosen, simplified, toned
from medllm_ros.safety.learned import Net, packaged, pieces
from medllm_ros.safety.rule_parts import Script, alternatives, either_order, needed_script, script_of
from medllm_ros.safety.sieve import Sieve

log = logging.getLogger(__name__)

MAX_CHARS = 2000  # of the head, and as many of the tail; speech of one turn is far shorter
MAX_ALTERNATIVES = 8
# What no symptom speaks for must be likelier, and what calm talk about medicines is most often taken for; chosen on
# sentences of authors of whom the net had seen none.
VAGUE = {
    "self_harm": 0.4, "violence": 0.35, "threat": 0.35, "overdose": 0.25, "faint": 0.25, "breathing": 0.25
}  # fmt: skip
PLAIN = 0.9  # from here it is one, whatever a closed form would excuse ("cannot get air" looks like a denial)
SHARE = 0.1  # the likeliest category must have this much: spread over all of them, the net knows nothing
EXPLAINED = 0.7  # what the net must be sure of where a closed form says: denied, asked, long ago, printed
# "My father collapsed at the table in seventy-four": the lists know the word, and the net knows the sentence. Where it
# leaves less than these for any emergency, the list's match is taken back: CERTAIN beside a weak word of now, LIKELY
# without one, TAKEN_BACK where the words tell of another time or place, are read from paper or supposed. What is always
# live is taken back only from paper or a supposition (SUPPOSED), self-harm only from paper, an overdose only with
# CERTAIN. Never where the word is most of what was said, and but for what is read from paper never where anything is
# said to happen now or somebody is wanted. Measured on authors that the net did not know, all but the file of plain
# emergencies beside plain questions (4,796 emergencies that the lists find): two are lost, and a fifth of the calm
# sentences is taken back.
CERTAIN, LIKELY, TAKEN_BACK, SUPPOSED = 0.01, 0.02, 0.04, 0.02
STANDS = 0.8  # what a clause alone must leave for an emergency to stand, whatever is said around it
NONE_OF_IT, NO_THOUGHTS = 0.3, 0.1  # read from paper, and the speaker says to have none of it; the same of self-harm
STANDING = frozenset({"anaphylaxis"})  # beside what is always live
_FAR = ("past", "epast", "weak_past", "tale")  # words of another time or place
JOKED = ("threat", "violence")  # "she is going to kill me, ha"; never about dying by one's own hand
OTHER, SELF_HARM, FALL = "other", "self_harm", "fall"
LEARNED = ".learned"  # ends the rule of what the net found
CALM = "calm"  # the net's label for everything that is no emergency
_Shares = npt.NDArray[np.float32] | None  # of the net's labels; None: it knows nothing
_ENDS = "。！？!?；;，,、：: .\n"
_DROPS = re.compile("掉|跋?落|跌|摔")  # folded, as is _OWN
_OWN = re.compile(r"我|阮|俺|\b(?:i|im|ive|my|me)\b")
_PAUSE = re.compile(r"[。！？!?；;\n，,、：:]|(?<![0-9])\.|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_CLAUSE = re.compile(rf"{_PAUSE.pattern}|\b(?:and|but|so|then)\b", re.IGNORECASE)
# "胸悶不悶": somebody else's question; "是不是", "能不能" and the like name no symptom.
_ASKED_BACK = re.compile(r"([^是能会要可对好有行该得])不\1")


@dataclass(frozen=True)
class Emergency:
    """What was found. ``matched`` is folded patient text: private, for the journal's text table only."""

    category: str  # "chest_pain"
    rule: str  # "triage.chest_pain.3"
    matched: str
    also: tuple[str, ...] = ()  # less urgent categories in the same words


def triage(text: str, alternatives: Sequence[str] = ()) -> Emergency | None:
    """Return the most urgent emergency in a transcript or any of its alternatives, None where there is none."""
    return _default().triage(text, alternatives)


def only_asks(text: str) -> bool:
    """Return True where somebody says that they only ask and are well; ``text`` is folded."""
    return _default()._only_asks(text)


def categories() -> tuple[str, ...]:
    """Return the categories, most urgent first."""
    return tuple(category.name for category in _default().categories)


class _Rule(NamedTuple):
    id: str
    pattern: re.Pattern[str]
    bit: int  # of what the sieve finds possible


@dataclass(frozen=True)
class _Category:
    name: str
    rules: tuple[_Rule, ...]
    sounds: tuple[tuple[str, str], ...]  # (rule id, syllables)
    toned: tuple[tuple[str, str], ...]
    always_live: bool


@dataclass(frozen=True)
class _Context:
    """Where a match stands: its clause, cut at the match, and the sentence before it."""

    before: str
    match: str
    after: str
    sentence: str
    rest: str  # all that is said after the match


@dataclass
class _Hits:
    """What the lists found, rule and words by category, and what a closed form explained."""

    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    explained: dict[tuple[str, str], str] = field(default_factory=dict)  # category and words -> rule
    remembered: set[str] = field(default_factory=set)  # words that were taken for a memory


class Triage:
    """The compiled word lists of one data folder, and the net under them (None: lists alone)."""

    def __init__(self, data: dict[str, Any], net: Net | None = None) -> None:
        self._net = net
        self._calm = net.labels.index(CALM) if net else 0
        self._words = {name: str(fragment) for name, fragment in data["words"].items()}
        context = data["context"]
        for name in ("symptoms", "esymptoms"):
            self._words[name] = f"(?:{context[name]})"
        self._on = {name: self._compile(pattern) for name, pattern in context.items() if isinstance(pattern, str)}
        always = set(context["always_live"])
        self._always = frozenset({*always, *context["wishes"], OTHER})
        self._wishes = frozenset(context["wishes"])
        self._standing = self._always - self._wishes | STANDING  # a list's match of these is never taken back
        bits = (1 << number for number in count())
        self.categories = tuple(self._category(n, d, n in always, bits) for n, d in data["categories"].items())
        self._sieve = Sieve([rule.pattern for category in self.categories for rule in category.rules])

    @classmethod
    def load(cls, folder: Path | None = None) -> Triage:
        """Read ``triage.yaml``; raise :class:`ValueError` with a sentence where it is broken."""
        data = load_data("triage.yaml", folder)
        try:
            return cls(data, packaged("emergency"))
        except (KeyError, TypeError, AttributeError, re.error) as error:
            raise ValueError(f"triage.yaml is broken: {error!r}. Restore it from the package.") from error

    def triage(self, text: str, alternatives: Sequence[str] = ()) -> Emergency | None:
        """Return the most urgent emergency in ``text`` and ``alternatives``."""
        hits = _Hits()
        candidates = tuple(dict.fromkeys((text, *islice(alternatives, MAX_ALTERNATIVES))))
        for candidate in candidates:
            for piece in bounded(candidate):
                for reading in readings(piece):
                    self._scan(reading, hits)
        doubt = self._doubt(hits, candidates) if hits.found else 1.0
        judged = self._judged(candidates) if doubt else []
        if hits.found and not self._taken_back(doubt, hits, candidates, judged):
            first, *others = (category.name for category in self.categories if category.name in hits.found)
            rule, matched = hits.found[first]
            return Emergency(first, rule, matched, tuple(others))
        folded = fold(text[:MAX_CHARS])
        sure = hits.explained or self._on["introduces"].search(folded) or self._on["figure"].search(folded)
        return self._learned(judged, EXPLAINED if sure else 0.0) or self._beside(candidates, hits)

    def _doubt(self, hits: _Hits, candidates: Sequence[str]) -> float:
        """Return what the net must leave less than for any emergency, if it is to take the lists' match back."""
        if self._net is None:
            return 0.0
        spoken = [fold(text) for text in candidates]
        most = max(len(matched) for _, matched in hits.found.values())
        if any(2 * most > len(text) for text in spoken):
            return 0.0

        def any_of(*names: str) -> bool:
            return any(self._on[name].search(text) for name in names for text in spoken)

        def told(*names: str) -> bool:
            return all(any(self._on[name].search(text) for name in names) for text in spoken)

        if any_of("melaena", "is_now"):
            return 0.0
        found, sudden = hits.found.keys(), any_of("sudden")
        if told("paper") and told("none_of_it") and not sudden and found.isdisjoint(self._wishes):
            return NO_THOUGHTS if SELF_HARM in found else NONE_OF_IT
        if not found.isdisjoint(self._standing):
            marks = ("paper",) if SELF_HARM in found or sudden else ("paper", "supposed")
            return SUPPOSED if told(*marks) else 0.0
        if not found.isdisjoint(self._wishes):  # swallowed
            return 0.0 if sudden or any_of("retracted", "summons") else CERTAIN
        if sudden:
            return 0.0
        if told(*_FAR, "paper", "supposed"):
            return TAKEN_BACK
        if any_of("summons"):
            return 0.0
        return CERTAIN if any_of("present", "epresent") else LIKELY

    def _judged(self, candidates: Sequence[str]) -> list[tuple[str, _Shares]]:
        """Return every piece of all candidates with what the net thinks of it."""
        if self._net is None:
            return []
        found = [window for text in candidates for part in bounded(text) for window in pieces(part)]
        return list(zip(found, self._net.judged(found), strict=True))

    def _clauses(
        self, candidates: Sequence[str], matched: Collection[str], between: re.Pattern[str] = _CLAUSE
    ) -> Iterator[str]:
        """Yield each clause that holds any of the ``matched`` words and tells of no other time or place.

        Nor may anything before it, but where the speaker says "I" or "my" in the clause itself.
        """
        for piece in (piece for text in candidates for piece in bounded(text)):
            start, tells = 0, False
            cuts = [cut.span() for cut in between.finditer(piece.rstrip(_ENDS))]
            for stop, end in (*cuts, (len(piece), 0)) if cuts else ():  # one clause is judged as a whole already
                clause = fold(piece[start:stop])
                own = self._tells(clause)
                tells = tells or own
                if any(words in clause for words in matched) and not (own or (tells and not _OWN.search(clause))):
                    yield piece[start:stop]
                start = end

    def _taken_back(
        self, doubt: float, hits: _Hits, candidates: Sequence[str], judged: Sequence[tuple[str, _Shares]]
    ) -> bool:
        """Return True where the net leaves next to nothing for what the lists found, and its clause alone no emergency.

        So small talk around it does not hide it: "lovely weather, my grandson is coming, my chest hurts".
        """
        if not (judged and self._net) or any(self._alarm(shares) >= doubt for _, shares in judged):
            return False
        found = [words for _, words in hits.found.values()]
        clauses = list(islice(self._clauses(candidates, found), MAX_ALTERNATIVES))
        return all(self._alarm(shares) < STANDS for shares in self._net.judged(clauses))

    def _beside(self, candidates: Sequence[str], hits: _Hits) -> Emergency | None:
        """Return what a closed form explained that is about other words: "I used to be a nurse, my arm has gone numb".

        Its own clause is then the speaker's, tells of no other time, and is an emergency to the net. A supposition
        reaches over "and" ("say I came over all itchy and my tongue swelled"), a memory does not.
        """
        if not (self._net and hits.explained):
            return None
        least = 1 - TAKEN_BACK if any(self._on["supposed"].search(fold(text)) for text in candidates) else STANDS
        explained = [words for _, words in hits.explained]
        clauses = chain(self._clauses(candidates, hits.remembered), self._clauses(candidates, explained, _PAUSE))
        spoken = islice(dict.fromkeys(clauses), MAX_ALTERNATIVES)
        own = [(clause, folded) for clause in spoken if _OWN.search(folded := fold(clause))]
        judged = self._net.judged([clause for clause, _ in own])
        sure = [folded for (_, folded), shares in zip(own, judged, strict=True) if self._alarm(shares) >= least]
        order = [category.name for category in self.categories]
        for (name, words), rule in sorted(hits.explained.items(), key=lambda item: order.index(item[0][0])):
            told = [clause for clause in sure if words in clause]
            thing = name == FALL and all(map(self._only_things, told))
            if told and name not in JOKED and not thing:
                return Emergency(name, rule, words)
        return None

    def _tells(self, folded: str) -> bool:
        """Return True where words tell of another time or place, are read from paper or supposed."""
        return any(self._on[name].search(folded) for name in (*_FAR, "paper", "supposed"))

    def _alarm(self, shares: _Shares) -> float:
        """Return how likely it is an emergency of any kind; 1 where the net knows nothing."""
        return 1.0 if shares is None else 1 - float(shares[self._calm])

    def _learned(self, judged: Sequence[tuple[str, _Shares]], least: float) -> Emergency | None:
        """Return what the net takes for an emergency, the surest piece of all candidates deciding.

        ``least`` is the probability that it must have at least: more where a closed form has explained the words.
        """
        if self._net is None:
            return None
        least = max(self._net.threshold, least)
        found: tuple[float, str, str] | None = None
        for piece, shares in judged:
            alarm = self._alarm(shares)
            if shares is None or alarm <= max(least, found[0] if found else 0.0):
                continue
            shares[self._calm] = 0
            category, folded = self._net.labels[int(shares.argmax())], fold(piece)
            if category in self._wishes and alarm < EXPLAINED and self._only_wishes(folded):
                continue
            if (category not in self._always or category == OTHER) and self._only_supposes(folded):
                continue
            if category == FALL and self._only_things(folded):
                continue
            if alarm < VAGUE.get(category, 0.0) or (category in JOKED and self._on["joke"].search(folded)):
                continue
            if shares.max() >= SHARE and (category in self._always or alarm >= PLAIN or not self._excused(folded)):
                found = alarm, category, folded
        return Emergency(found[1], f"triage.{found[1]}{LEARNED}", found[2]) if found else None

    def _excused(self, folded: str) -> bool:
        """Return True where the whole of a text only asks, or denies every symptom that it names."""
        whole = _Context("", folded, "", "", "")
        on = self._on
        over = on["past"].search(folded) and on["resolved"].search(folded) and not on["recurrence"].search(folded)
        return self._only_asks(folded) or bool((over or self._all_denied(whole)) and not on["yet"].search(folded))

    def _scan(self, text: str, hits: _Hits) -> None:
        if not text or text.isspace():
            return
        spoken = _syllables(text) if Script.CHINESE in script_of(text) else ("", "")
        possible = self._sieve.possible(text)
        for category in self.categories:
            if category.name not in hits.found:
                found = self._first(category, text, possible, spoken, hits)
                if found:
                    hits.found[category.name] = found

    def _first(
        self, category: _Category, text: str, possible: int, spoken: tuple[str, str], hits: _Hits
    ) -> tuple[str, str] | None:
        strict, loose = spoken
        for rule in category.rules:
            for match in rule.pattern.finditer(text) if possible & rule.bit else ():
                if self._counts(category, text, match.start(), match.end()):
                    return rule.id, match.group()
                self._explain(category, rule.id, text, match.start(), match.end(), hits)
        for syllables, entries in ((loose, category.sounds), (strict, category.toned)):
            for sound, key in entries:
                at = syllables.find(key)
                if at < 0:
                    continue
                start = syllables.count(" ", 0, at)  # one blank per character
                end = start + key.count(" ") - 1
                if self._counts(category, text, start, end):
                    return sound, text[start:end]
                self._explain(category, sound, text, start, end, hits)
        return None

    def _explain(self, category: _Category, rule: str, text: str, start: int, end: int, hits: _Hits) -> None:
        hits.explained.setdefault((category.name, text[start:end]), rule)
        if self._remembered(self._place(text, start, end)):
            hits.remembered.add(text[start:end])

    def _counts(self, category: _Category, text: str, start: int, end: int) -> bool:
        """Return False only where a closed form takes the match back, wishes it, or tells it of the news."""
        place = self._place(text, start, end)
        if category.always_live:
            joked = category.name in JOKED and self._on["joke"].search(text)
            return not (joked or self._on["told"].search(place.before) or self._on["of_film"].search(place.after))
        if category.name in self._wishes and self._wished(place):
            return False
        if category.name == FALL and self._thing(place):
            return False
        return self._live(place) and not self._only_asks(text)

    def _thing(self, at: _Context) -> bool:
        """Return True where what fell is a pillow, a telephone, a tablet."""
        return bool(self._on["thing"].search(at.before) or self._on["of_thing"].search(at.after))

    def _only_things(self, folded: str) -> bool:
        """Return True where everything that is said to fall is such a thing."""
        falls = [self._on["thing"].search(folded[: drop.start()]) for drop in _DROPS.finditer(folded)]
        return bool(falls) and all(falls)

    def _only_asks(self, text: str) -> bool:
        """Return True where somebody says that they only ask and are well, and nothing after it takes that back."""
        said = self._on["only_asking"].search(text)
        return bool(said) and not (self._on["yet"].search(text) or self._on["felt"].search(text))

    def _live(self, place: _Context) -> bool:
        """Return False only where a closed form says: denied, remembered, asked about, or what the drug is for."""
        return not (
            self._denied(place)
            or self._all_denied(place)
            or self._imagined(place)
            or self._printed(place)
            or self._remembered(place)
            or self._purpose(place)
            or bool(self._on["story"].search(place.sentence) or self._on["of_film"].search(place.after))
        )

    def _place(self, text: str, start: int, end: int) -> _Context:
        left, sentence_left = 0, 0
        for cut in self._on["boundary"].finditer(text, 0, start):
            left = cut.end()
            if cut.group() not in {",", ":", "因为", "结果", "because"}:
                sentence_left = cut.end()
        right = self._on["boundary"].search(text, end)
        # A question mark belongs to the clause that it ends.
        stop = len(text) if right is None else right.end() if right.group() == "?" else right.start()
        return _Context(text[left:start], text[start:end], text[end:stop], text[sentence_left:start], text[end:])

    def _denied(self, at: _Context) -> bool:
        if self._on["negated_after"].search(at.after) or self._on["answered_no"].search(at.rest):
            return True
        if self._on["own_sentence"].search(at.match) or self._on["intensified"].search(at.match):
            return False
        return bool(self._on["negated"].search(at.before) or self._on["enegated"].search(at.before))

    def _all_denied(self, at: _Context) -> bool:
        """Return True where every symptom that a rule's own words name is denied in them."""
        said, asked = _ASKED_BACK.subn("", at.match + at.after)
        named = len(self._on["symptom_words"].findall(said))
        return named + asked > 0 and named == len(self._on["denied_words"].findall(said))

    def _imagined(self, at: _Context) -> bool:
        clause = at.before + at.match + at.after
        if any(self._on[name].search(clause) for name in ("present", "epresent")) or self._on["is_now"].search(at.rest):
            return False
        if self._on["ehypothetical"].search(at.before):
            return True
        if self._on["when_after"].search(at.after) or self._on["ewhen_after"].search(at.after):
            return True
        marker = self._on["hypothetical"].search(at.before)
        if marker and not self._on["first_person_between"].search(at.before, marker.start()):
            return True
        said = at.before + at.match  # "吃這個大便會黑嗎": the marker may lie inside the match
        before = said[: said.rfind("会") + 1] if "会" in at.match else at.before
        return bool(self._on["drug_will"].search(before) and self._on["question_after"].search(at.after))

    def _printed(self, at: _Context) -> bool:
        """Return True for what a leaflet or other people are said to have, unless the speaker has it too."""
        said = at.before + at.match
        if self._on["present"].search(said) or self._on["epresent"].search(said) or self._on["me_too"].search(at.rest):
            return False
        if self._on["people"].search(at.before):
            return True
        printed = self._on["leaflet"].search(at.before) or self._on["eleaflet"].search(at.before)
        general = self._on["anybody"].search(at.before) or self._on["asked_about"].search(at.rest)
        return bool(printed and general)

    def _wished(self, at: _Context) -> bool:
        """Return True for a dose that somebody would like or asks about and has not taken."""
        if self._on["taken"].search(at.match + at.after[:2]):
            return False
        return bool(self._on["wish"].search(at.before) or self._on["wish_after"].search(at.after))

    def _only_wishes(self, folded: str) -> bool:
        """Return True where a dose is wished for or asked about and nothing says that it was taken."""
        return bool(self._on["wish"].search(folded)) and not self._on["taken"].search(folded)

    def _only_supposes(self, folded: str) -> bool:
        """Return True for "say I took two, it has not happened"."""
        return bool(self._on["supposed"].search(folded)) and self._only_asks(folded)

    def _remembered(self, at: _Context) -> bool:
        if self._on["died_after"].search(at.after):
            return True
        if self._long_ago(at) or self._over(at):
            return True
        around = self._on["resolved"].sub("", at.sentence + at.match + at.after)
        if self._on["present"].search(around) or self._on["epresent"].search(around):
            return False
        if self._on["past"].search(around) or self._on["epast"].search(around):
            return True
        experienced = self._on["experienced_after"].search(at.after) or self._on["experienced_before"].search(at.before)
        return bool(experienced and (self._on["weak_past"].search(at.sentence) or "病史" in at.after))

    def _over(self, at: _Context) -> bool:
        """Return True where the story is told to its end and nothing in it is of now or comes back."""
        ended = self._on["over_later"].search(at.rest)
        if not ended or self._on["recurrence"].search(at.rest[ended.end() :]):
            return False
        told = at.sentence + at.match
        return not (self._on["present"].search(told) or self._on["epresent"].search(told))

    def _long_ago(self, at: _Context) -> bool:
        """Return True beside "last year", unless something between it and the match or after it says now or again."""
        if told := self._on["epast_after"].search(at.after):
            rest = at.after[told.end() :]
            return not (self._on["recurrence"].search(rest) or self._on["epresent"].search(rest))
        marks = [*self._on["past"].finditer(at.sentence), *self._on["epast"].finditer(at.sentence)]
        if not marks or self._on["recurrence"].search(at.after):
            return False
        between = at.sentence[max(mark.end() for mark in marks) :] + at.match
        return not (self._on["present"].search(between) or self._on["epresent"].search(between))

    def _purpose(self, at: _Context) -> bool:
        if self._on["purpose"].search(at.before) or self._on["epurpose"].search(at.before):
            return True
        return bool(self._on["medicine_after"].search(at.after) and self._on["medicine_before"].search(at.before))

    def _insert(self, pattern: str) -> str:
        for _ in range(3):  # fragments may hold fragments
            pattern = re.sub(r"<([a-z]+)>", lambda found: self._words[found.group(1)], pattern)
        return pattern

    def _by_script(self, pattern: str) -> list[str]:
        """Return the alternatives of a rule joined by the script that each needs: so each part needs fewer words."""
        parts: dict[Script, list[str]] = {}
        for part in alternatives(pattern):
            parts.setdefault(needed_script(self._insert(part)), []).append(part)
        return ["|".join(group) for group in parts.values()]

    def _compile(self, pattern: str) -> re.Pattern[str]:
        pattern = self._insert(pattern)
        try:
            return re.compile(pattern.strip().translate(simplified()), re.ASCII)
        except re.error as error:
            raise ValueError(f"triage.yaml has a pattern that cannot be read ({error}): {pattern}") from error

    def _category(self, name: str, data: dict[str, Any], always_live: bool, bits: Iterator[int]) -> _Category:
        rules = tuple(
            _Rule(f"triage.{name}.{number}", self._compile(part), next(bits))
            for number, pattern in data["rules"].items()
            for part in self._by_script(str(pattern))
        )
        rules += tuple(
            _Rule(f"triage.{name}.sign{number}", self._compile(either_order(a, b, int(within))), next(bits))
            for number, (one, other, within) in enumerate(data.get("signs", ()), 1)
            for a in self._by_script(one)
            for b in self._by_script(other)
        )
        loose: list[tuple[str, str]] = []
        strict: list[tuple[str, str]] = []
        for phrase in data.get("sounds", ()):
            folded = fold(phrase)
            by_tone, by_sound = _syllables(folded)
            rule = f"triage.{name}.sound"
            (loose if len(folded) > 3 else strict).append((rule, by_sound if len(folded) > 3 else by_tone))
        return _Category(name, rules, tuple(loose), tuple(strict), always_live)


def bounded(text: str) -> tuple[str, ...]:
    """Return the parts of ``text`` that are read: all of it, or head and tail where it is far too long."""
    if len(text) <= 2 * MAX_CHARS:
        return (text,)
    log.warning("A transcript of %d characters was cut to its head and tail for triage.", len(text))
    return text[:MAX_CHARS], text[-MAX_CHARS:]


def _syllables(text: str) -> tuple[str, str]:
    """Return the sounds of ``text`` with and without tone, a blank before each character's and one at the end."""
    strict = [toned(char) or "-" for char in text]
    loose = [loosen_toned(syllable) for syllable in strict]
    return f" {' '.join(strict)} ", f" {' '.join(loose)} "


@lru_cache(maxsize=4096)
def loosen_toned(syllable: str) -> str:
    """Return a toned syllable without its tone, confusable sounds joined."""
    return loosen(syllable.rstrip("012345"))


@lru_cache(maxsize=1)
def _default() -> Triage:
    return Triage.load()
