"""How words sound: Mandarin syllables, English words as strings of phones, and what is taken for what.

A phone is one character: ``p b t d k g f v s z S C J m n l r w h y`` (S as in she, C as in cheese, J as in joke)
and the vowels ``a e i o u @``. English spelling is read by a few rules; it need not be right, only alike for names
and for the words that a recogniser writes instead of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import Style, pinyin

from medllm_ros.safety.folding import is_cjk, load_data

VOWELS = frozenset("aeiou@")
PHONES = "pbtdkgfvszSCJmnlrwhyaeiou@"
TONE = 0.08  # cost of another tone: many recognisers get tones right, many speakers do not

_INITIAL = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcs]")
_APICAL = ("z", "c", "s", "zh", "ch", "sh", "r")  # their i is hardly a vowel
# y and w are spelling only.
_Y = {"u": "v", "ue": "ve", "uan": "van", "un": "vn", "a": "ia", "ao": "iao", "e": "ie", "ou": "iu", "an": "ian",
      "ang": "iang", "ong": "iong"}  # fmt: skip
_W = {"u": "u", "a": "ua", "o": "uo", "ai": "uai", "ei": "ui", "an": "uan", "en": "un", "ang": "uang", "eng": "ueng"}

_INITIAL_PHONES = {"zh": "J", "ch": "C", "sh": "S", "j": "J", "q": "C", "x": "S", "c": "s"}
_FINAL_PHONES = {
    "e": "@", "u": "@", "v": "u", "ei": "e", "ao": "o", "ou": "o", "ang": "an", "eng": "en", "ing": "in", "ong": "on",
    "er": "@r", "ia": "ya", "ie": "ye", "iu": "yu", "ian": "yen", "iang": "yan", "iong": "yon", "iao": "yo", "ua": "wa",
    "uo": "o", "uai": "wai", "ui": "we", "uan": "wan", "uang": "wan", "un": "wen", "ueng": "wen", "ve": "ye",
    "van": "yen", "vn": "in",
}  # fmt: skip

# English spelling -> phones, the longest first; what is not listed sounds as it is written.
_SPELLING = {
    "tion": "San", "sion": "San", "eyed": "aid", "eye": "ai", "igh": "ai", "sch": "sk", "tch": "C", "ck": "k",
    "ch": "C", "sh": "S", "ph": "f", "th": "t", "wh": "w", "qu": "kw", "kn": "n", "wr": "r", "gh": "g", "dg": "J",
    "x": "ks", "ee": "i", "ea": "i", "oo": "u", "ou": "u", "ow": "o", "oa": "o", "oe": "o", "ai": "e", "ay": "e",
    "ei": "e", "ey": "e", "au": "o", "aw": "o", "ie": "i", "ue": "u", "ui": "u", "ew": "u", "ae": "e", "eu": "u",
    "j": "J", "q": "k", "y": "i",
}  # fmt: skip
_SPELLED = re.compile("|".join(_SPELLING) + "|[cg](?=[eiy])|[a-z]")
_SILENT_E = re.compile("(?<=[aeiouy])([^aeiouy]+)e$")
_LOSS = {"@": 0.15, **dict.fromkeys("aeiouhwy", 0.35), "r": 0.5, **dict.fromkeys("lmn", 0.75)}


@dataclass(frozen=True)
class Syllable:
    """A syllable of Mandarin; ``tone`` is 1 to 5, "5" the neutral one."""

    initial: str
    final: str
    tone: str


@lru_cache(maxsize=8192)
def syllables(char: str) -> tuple[Syllable, ...]:
    """Return the two commonest readings of one Chinese character; none for anything else."""
    if not is_cjk(char):
        return ()
    found = pinyin(char, style=Style.TONE3, heteronym=True, errors="ignore", neutral_tone_with_five=True)
    read = [_syllable(reading) for reading in (found[0] if found else ()) if reading]
    return tuple({(one.initial, one.final): one for one in read}.values())[:2]


def spoken(name: str) -> tuple[Syllable, ...]:
    """Return the syllables of a Chinese word, read as a word; none where a character has no reading."""
    found = pinyin(name, style=Style.TONE3, errors="ignore", neutral_tone_with_five=True)
    return tuple(_syllable(readings[0]) for readings in found) if len(found) == len(name) else ()


@lru_cache(maxsize=16384)
def syllable_cost(heard: Syllable, meant: Syllable) -> float:
    """Return how far apart two syllables sound: 0 the same, 1 nothing in common."""
    tone = TONE if heard.tone != meant.tone and "5" not in (heard.tone, meant.tone) else 0.0
    table = _confusions()
    initial, final = table.initial(heard.initial, meant.initial), table.final(heard.final, meant.final)
    alike = 0.0 if min(initial, final) < 0.5 else 0.25  # neither half is kept
    return min(1.0, initial / 2 + final / 2 + alike + tone)


def syllable_phones(syllable: Syllable) -> str:
    """Return the phones of a syllable as English ears take them; the vowel of a lone consonant is "@"."""
    initial = _INITIAL_PHONES.get(syllable.initial, syllable.initial)
    if syllable.final == "i" and syllable.initial in _APICAL:
        return initial + "@"
    return initial + _FINAL_PHONES.get(syllable.final, syllable.final)


@lru_cache(maxsize=8192)
def word_phones(word: str) -> str:
    """Return the phones of one English word in small letters."""
    word = _SILENT_E.sub(r"\1", word)
    if word.startswith("x"):
        word = "z" + word[1:]
    if word.startswith("y") and word[1:2] in VOWELS:
        return "y" + word_phones(word[1:])
    found = "".join(_letter(match[0], word[match.end() : match.end() + 1]) for match in _SPELLED.finditer(word))
    return re.sub(r"(.)\1+", r"\1", found)


def loss(phone: str) -> float:
    """Return what it costs to lose a phone, or to hear one too many."""
    return _LOSS.get(phone, 0.9)


@lru_cache(maxsize=1)
def phone_costs() -> Mapping[str, Mapping[str, float]]:
    """Return the cost of hearing one phone for another, by both."""
    pairs = {frozenset(pair.split()): float(cost) for cost, found in _data()["consonants"].items() for pair in found}
    return {one: {two: _phone_cost(one, two, pairs) for two in PHONES} for one in PHONES}


def _syllable(reading: str) -> Syllable:
    reading = reading.replace("ü", "v")
    tone = reading[-1] if reading[-1].isdigit() else "5"
    base = reading.rstrip("012345")
    if base[:1] in "yw":
        return Syllable("", (_Y if base[0] == "y" else _W).get(base[1:], base[1:]), tone)
    found = _INITIAL.match(base)
    initial = found.group() if found else ""
    final = base[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    return Syllable(initial, final, tone)


def _letter(letters: str, following: str) -> str:
    if letters in ("c", "g"):
        soft = bool(following) and following in "eiy"
        return {"c": "s" if soft else "k", "g": "J" if soft else "g"}[letters]
    return _SPELLING.get(letters, letters)


def _phone_cost(one: str, two: str, pairs: Mapping[frozenset[str], float]) -> float:
    if one == two:
        return 0.0
    if one in VOWELS and two in VOWELS:
        near = "@" in (one, two) or one + two in "aeieaoua" or two + one in "aeieaoua"
        return 0.1 if near else 0.2
    known = pairs.get(frozenset((one, two)))
    if known is not None:
        return known
    return loss(one) + loss(two) if one in VOWELS or two in VOWELS else 1.0


class _Confusions:
    def __init__(self) -> None:
        data = _data()
        self._initials = _Pairs(data["initials"])
        self._finals = _Pairs(data["finals"])

    def initial(self, one: str, two: str) -> float:
        return self._initials.cost(one, two) if one and two else (0.0 if one == two else 0.7)

    def final(self, one: str, two: str) -> float:
        return self._finals.cost(one, two)


class _Pairs:
    def __init__(self, data: Mapping[str, Iterable[str]]) -> None:
        self._cost = {frozenset(pair.split()): 0.42 for pair in data["confused"]}
        self._cost.update({frozenset(pair.split()): 0.05 for pair in data["near"]})

    def cost(self, one: str, two: str) -> float:
        return 0.0 if one == two else self._cost.get(frozenset((one, two)), 1.0)


@lru_cache(maxsize=1)
def _confusions() -> _Confusions:
    return _Confusions()


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Mapping[str, Iterable[str]]]:
    data: Mapping[str, Mapping[str, Iterable[str]]] = load_data("heard_names.yaml")
    return data
