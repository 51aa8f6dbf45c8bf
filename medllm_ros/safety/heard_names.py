"""Drug names that a recogniser has garbled: "安邁迪平", "met for men", "za rel toe".

The list of names is closed: the formulary's, and of other medicines that are known by name only, so that what sounds
like one of these is not taken for the drug that is delivered. Names that stand in the text as they are written are not
looked for here (:meth:`Formulary.mentioned` finds them). A delivered drug needs less likeness than any other one; where
two drugs are near, or a look-alike sound-alike partner is not far, nothing is certain and the patient must be asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.names import NameIndex, fold, same_length
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import is_cjk, load_data, simplified
from medllm_ros.safety.learned import packaged
from medllm_ros.safety.name_search import ChineseNames, LatinGroup, LatinNames, Place, Segment, segments, within

MAX_CHARS = 240  # a longer utterance is searched in its first part only

# Distances, 0 (the same sounds) to 1; set on the tuned part of test/safety/heard_names.yaml.
_MARGIN = 0.06  # two names that lie no further apart than this are both possible
_LOOK_ALIKE = 0.15  # the same for a look-alike sound-alike partner
_PRIOR = 0.04  # a delivered drug may be so much further away than another medicine
_CLOSE = 0.1  # a medicine that is not delivered, in words of which one is a little word
_ALONE = 0.12  # an utterance that is nothing but a name, and no word about medicines

# What the coarse search lets through: mean distance of the syllables in place, percent of the phones in order.
_SYLLABLES_MINE, _SYLLABLES = 0.45, 0.2
_PHONES_MINE, _PHONES = 75.0, 82.0
# All but one of the characters are words that every sentence has: "的我是" is no name, however near it sounds.
_SMALL = "[的我是了嗎吗這这那他她你在有就也都不要會会和跟吃 ]*"
_LITTLE = re.compile(f"(?=(?:.*[^ ]){{3}}){_SMALL}.?{_SMALL}")
# What begins or ends with one of these is part of a sentence: "was in the", "in the cotton", "完它们".
_SENTENCE = re.compile(
    r"(?:in|the|and|was|of|to|is|it|for|you|he|she|that|this|on|at|so|my|said|can|could|may|do|does|if|i|what) .*"
    r"|.* (?:in|the|and|was|of|to|is|on|at|so|said|i|you)|.*[们們它他她].*",
    re.IGNORECASE,
)
# Small words that stand in what was never a name: "咳的沒錯", "伊嘛是食", "第八天", "个礼拜的".
_EVERYDAY = frozenset("的是了吗嘛啊啦没不袂个这儿一二两三四五六七八九十我你他")  # simplified
_AROUND = " ?？呢嗎吗啊,，。."


@dataclass(frozen=True)
class Heard:
    """A drug that was probably named at ``start`` to ``end``. Not ``certain``: ask before anything follows from it."""

    drug: Drug
    start: int
    end: int
    certain: bool


@dataclass(frozen=True)
class _Limits:
    """Distances up to which a name counts as named, and up to which it is worth asking; below 0 never."""

    named: float
    asked: float


@dataclass(frozen=True)
class _Hit:
    place: Place
    drug_id: str
    limits: _Limits
    mine: bool  # is delivered

    @property
    def strength(self) -> float:
        """Return how much speaks for this name: much of it, and little that differs."""
        weight = self.place.weight * (0.7 if self.place.name.isascii() else 1.0)
        return weight * (0.45 - self.place.distance) + 0.2 * self.mine

    def shares(self, other: Place) -> int:
        """Return how many characters both take up."""
        return max(0, min(self.place.end, other.end) - max(self.place.start, other.start))

    def covered_by(self, rival: Place) -> bool:
        """Return True where a rival takes up most of the same words."""
        return self.shares(rival) >= 0.7 * (self.place.end - self.place.start)


class HeardNames:
    """The closed list of names, ready to be searched by sound. Building it takes some tenths of a second."""

    def __init__(self, formulary: Formulary) -> None:
        self._formulary = formulary
        self._owner = _owners(formulary)
        chinese = [name for name in self._owner if not name.isascii()]
        self._chinese = ChineseNames(name for name in chinese if self._owner[name])
        self._all_chinese = ChineseNames(chinese)
        self._latin = LatinNames(name for name in self._owner if name.isascii() and name.replace(" ", "").isalpha())
        drugs = [(at, self._latin.weights[at]) for at, name in enumerate(self._latin.names) if self._owner[name]]
        # A short Latin name could stand in every second sentence: those are looked for only where they are delivered.
        self._strict_in_english = self._latin.group([at for at, weight in drugs if weight >= 4])
        self._strict_in_chinese = self._latin.group([at for at, weight in drugs if weight >= 5])
        self._others = NameIndex(_others(self._owner))
        self._wanted = lru_cache(maxsize=16)(self._new_wanted)
        words = load_data("heard_names.yaml")
        self._plain, self._cues = _any_of(words["plain"]), _any_of(words["cues"])

    def find(self, text: str, delivered: Collection[str] = ()) -> tuple[Heard, ...]:
        """Return the drugs that ``text`` names by sound, in order; ``delivered`` are ids of drugs."""
        text = text[:MAX_CHARS]
        parts = segments(text, self._hidden(text))
        hits = [hit for part in parts for hit in self._hits(text, part, frozenset(delivered))]
        found: list[Heard] = []
        taken: list[_Hit] = []
        for hit in sorted(hits, key=lambda hit: -hit.strength):
            if any(hit.shares(other.place) for other in taken):
                continue
            taken.append(hit)
            rivals = [other.place for other in hits if other is not hit] + self._rivals(hit, parts)
            certain = self._certain(hit, rivals)
            if certain is not None:
                found.append(Heard(self._formulary.drugs[hit.drug_id], hit.place.start, hit.place.end, certain))
        return tuple(sorted(found, key=lambda heard: heard.start))

    def _hidden(self, text: str) -> list[tuple[int, int]]:
        """Return where names as they are written and everyday words stand."""
        written = [(mention.start, mention.end) for mention in self._formulary.mentioned(text)]
        others = [(start, end) for start, end, _ in self._others.mentions(text)]
        return [*written, *others, *(found.span() for found in self._plain.finditer(same_length(text)))]

    def _new_wanted(self, delivered: frozenset[str]) -> tuple[npt.NDArray[np.float32], LatinGroup]:
        """Return how far each Chinese name may be away to be looked at, and the delivered Latin names."""
        limits = [_SYLLABLES_MINE if self._owner[name] in delivered else _SYLLABLES for name in self._chinese.names]
        mine = [at for at, name in enumerate(self._latin.names) if self._owner[name] in delivered]
        return np.array(limits, dtype=np.float32), self._latin.group(mine)

    def _hits(self, text: str, part: Segment, delivered: frozenset[str]) -> Iterator[_Hit]:
        """Yield every name of a drug that may stand in one part of ``text``."""
        limits, mine = self._wanted(delivered)
        strict = self._strict_in_chinese if any(token.readings for token in part) else self._strict_in_english
        places = [*self._chinese.near(part, limits), *self._latin.near(part, mine, _PHONES_MINE)]
        places += self._latin.near(part, strict, _PHONES)
        for place in dict.fromkeys(places):
            words = text[place.start : place.end]
            if place.distance and _LITTLE.fullmatch(words):
                continue
            across = not place.name.isascii() and " " in words  # a pause
            around = same_length(f"{text[: place.start]} {text[place.end :]}")
            cue = bool(self._cues.search(around)) or (place.distance < _ALONE and not around.strip(_AROUND))
            owner = self._owner[place.name]
            far = owner not in delivered and place.distance > _CLOSE
            if far and (_SENTENCE.fullmatch(words) or _everyday(words, place.name)):
                continue
            found = _Hit(place, owner, _limits(place, text[place.start], owner in delivered, cue), owner in delivered)
            if place.distance <= (found.limits.named if across else found.limits.asked):
                yield found

    def _rivals(self, hit: _Hit, parts: Sequence[Segment]) -> list[Place]:
        """Return the names of the same script that the same words may stand for."""
        words = next(found for part in parts if (found := within(part, hit.place)))
        if hit.place.name.isascii():
            return list(self._latin.rivals(words))
        limits = np.full(len(self._all_chinese.names), hit.place.distance + _LOOK_ALIKE, dtype=np.float32)
        return list(self._all_chinese.near(words, limits))

    def _certain(self, hit: _Hit, rivals: Iterable[Place]) -> bool | None:
        """Return whether nothing else can be meant; None where another medicine is."""
        drug = self._formulary.drugs[hit.drug_id]
        partners = set(drug.lasa) | {_as_name(partner) for partner in drug.lasa}
        nearest = hit.place.distance - (_PRIOR if hit.mine else 0.0)
        certain = hit.place.distance <= hit.limits.named
        for rival in rivals:
            owner = self._owner[rival.name]
            if owner == hit.drug_id or not hit.covered_by(rival):
                continue
            if rival.distance < nearest - _MARGIN:
                return None
            margin = _LOOK_ALIKE if partners & {owner, rival.name} else _MARGIN
            certain &= rival.distance > hit.place.distance + margin
        return certain


@lru_cache(maxsize=2)
def heard_names(formulary: Formulary) -> HeardNames:
    """Return the names of ``formulary``, made once."""
    return HeardNames(formulary)


def written_out(text: str, found: Iterable[Heard], locale: Locale) -> str:
    """Return ``text`` with the names of ``found`` as they are written, in the script of the text."""
    if not any(map(is_cjk, text)):
        locale = Locale.EN_US
    elif locale is Locale.EN_US:
        locale = Locale.ZH_TW
    for heard in sorted(found, key=lambda heard: -heard.start):
        text = text[: heard.start] + heard.drug.name(locale) + text[heard.end :]
    return text


# By script, and the least weight of the name: syllables of a Chinese name, consonants of a Latin one. "Named" stays
# below what one wholly different syllable costs: names of one family (列汀, 沙坦, 他汀) differ by no more than that.
_Rows = tuple[tuple[int, _Limits], ...]
_NEVER = _Limits(-1.0, -1.0)
_MINE: Mapping[str, _Rows] = {
    "chinese": ((2, _Limits(0.0, 0.1)), (3, _Limits(0.13, 0.3)), (4, _Limits(0.17, 0.34)), (5, _Limits(0.14, 0.34))),
    "latin": ((3, _Limits(0.09, 0.2)), (4, _Limits(0.15, 0.29)), (5, _Limits(0.17, 0.34))),
    "transliterated": ((3, _Limits(0.05, 0.1)), (4, _Limits(0.18, 0.25)), (5, _Limits(0.2, 0.28))),
    "chinese without cue": ((3, _Limits(0.03, 0.09)), (4, _Limits(0.1, 0.16))),
    "latin without cue": ((4, _Limits(-1.0, 0.05)), (5, _Limits(-1.0, 0.1))),
    "transliterated without cue": ((4, _Limits(0.05, 0.1)),),
}
_OTHERS: Mapping[str, _Rows] = {
    "chinese": ((3, _Limits(0.06, 0.12)), (4, _Limits(0.1, 0.19))),
    "latin": ((4, _Limits(0.06, 0.16)), (5, _Limits(0.1, 0.22))),
    "transliterated": ((5, _Limits(0.08, 0.18)),),
    "chinese without cue": ((4, _Limits(0.03, 0.06)),),
    "latin without cue": ((5, _Limits(0.03, 0.06)),),
    "transliterated without cue": (),
}


def _everyday(words: str, name: str) -> bool:
    """Return True where each English word is an everyday one, or a small Chinese one stands that ``name`` has not."""
    latin = re.findall("[a-z]+", re.sub("['’]", "", same_length(words)))
    if not latin:
        return bool(_EVERYDAY & set(words.translate(simplified())) - set(name.translate(simplified())))
    nets = packaged("intent"), packaged("emergency")
    return all(any(net.knows(word) for net in nets) for word in latin)


def _limits(place: Place, first: str, mine: bool, cue: bool) -> _Limits:
    script = "chinese" if not place.name.isascii() else "latin" if first.isascii() else "transliterated"
    rows = (_MINE if mine else _OTHERS)[script if cue else f"{script} without cue"]
    return next((limits for least, limits in reversed(rows) if place.weight >= least), _NEVER)


def _owners(formulary: Formulary) -> dict[str, str]:
    """Return folded name -> drug id; "" for other medicines and for what stands for many of them."""
    owner = dict(formulary.names)
    codes = {code for drug in formulary.drugs.values() for code in drug.atc}
    for entry in load_data("substances.yaml")["substances"].values():
        if not codes & set(entry["atc"]):  # else another name of a drug of the formulary
            for name in entry["names"]:
                owner.setdefault(fold(str(name)), "")
    for drug in formulary.drugs.values():
        for name in (*drug.colloquial, *map(_as_name, drug.lasa)):
            owner.setdefault(fold(name), "")
    return owner


def _as_name(partner: str) -> str:
    """Return a look-alike partner, which may be a drug's id, as a folded name."""
    return fold(partner.replace("_", " "))


def _others(owner: Mapping[str, str]) -> dict[str, str]:
    """Return the names of other medicines that are no part of a drug's name ("insulin" is)."""
    drugs = "\n".join(name for name, drug_id in owner.items() if drug_id)
    return {name: name for name, drug_id in owner.items() if not drug_id and name not in drugs}


def _any_of(words: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Return a pattern of the Chinese words, in either script, and the English ones."""
    chinese = {form for word in words["zh"] for form in (word, word.translate(simplified()))}
    return re.compile("|".join([*sorted(chinese, key=len, reverse=True), rf"\b(?:{'|'.join(words['en'])})\b"]))
