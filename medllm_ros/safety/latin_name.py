"""Names in Latin letters: any order, middle names, hyphens, accents, spelled letters, near sounds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import JaroWinkler

from medllm_ros.safety.folding import fold, fold_characters, load_data

_NEAR = 0.88  # Jaro-Winkler similarity of two name parts that also begin with the same sound
_SPELLED = re.compile(r"(?<![a-z])(?:[a-z][\s.,-]+){1,24}[a-z](?![a-z])")
_AS_IN = re.compile(r"(?<![a-z])([a-z])\s+(?:as in|like in|like|for)\s+[a-z]+(?:\s+(?=[a-z]\s+(?:as in|like|for)))?")
_WITH_A = re.compile(r"\bwith an? [a-z](?![a-z])")
_FILLERS = (
    "mr mrs ms miss dr sir madam the a i am im my name names is its it me and born last first middle initial comma "
    "family given surname spelled spelt thats full called uh um er"
)
_FILLER: Final = frozenset(_FILLERS.split())


def compare_latin(text: str, recorded: str, *, by_other: bool = False) -> bool | None:
    """Return True where first and family name of ``recorded`` were said together, False where another name clearly was.

    A title, a nickname or one of the two names alone is no match. ``by_other``: a relative speaks, so "my name
    is" names the relative and only "her name is" the patient.
    """
    firsts, lasts, middles, parts = recorded_forms(recorded)
    if not parts:
        return None
    heard = latin_words(text)
    if not lasts:  # a single recorded name must stand alone
        alone = [word for word in heard if word not in _FILLER]
        return True if len(alone) == 1 and near(alone[0], parts[0]) else None
    where = _together(heard, firsts, lasts, middles)
    if where is not None:
        return None if _words().denied.search(" ".join(heard[:where])) else True
    return False if _other_name(text, parts, by_other) else None


def named_by_relative(text: str, recorded: str) -> bool:
    """Return True for "my daughter's Mia Torres": the speaker is not the one named."""
    firsts, lasts, middles, _ = recorded_forms(recorded)
    heard = latin_words(text)
    where = _together(heard, firsts, lasts, middles) if lasts else None
    return where is not None and bool(_words().relative.search(" ".join(heard[:where])))


@lru_cache(maxsize=64)
def recorded_forms(recorded: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return first-name forms, family-name forms, middle names and all parts of a recorded name."""
    plain = plain_letters(recorded)
    if "," in plain:
        family, _, given = plain.partition(",")
        plain = f"{given} {family.replace(' ', '-')}"
    tokens = [token for token in re.findall(r"[a-z]+(?:-[a-z]+)*", plain) if token not in _FILLER or len(token) == 1]
    full = [token for token in tokens if len(token) > 1] or tokens
    parts = tuple(part for token in full for part in token.split("-"))
    if len(full) < 2:
        return (), (), (), parts
    middles = tuple(part for token in tokens[1:-1] for part in token.split("-"))
    firsts = [full[0].replace("-", "")]
    firsts += ["".join([firsts[0], *middles])] if middles else []
    lasts = [full[-1].replace("-", ""), *([full[-1].split("-")[0]] if "-" in full[-1] else [])]
    return tuple(firsts), tuple(lasts), middles, parts


def plain_letters(text: str) -> str:
    """Return ``text`` folded, accents and apostrophes removed."""
    decomposed = unicodedata.normalize("NFKD", fold(text))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def latin_words(text: str) -> list[str]:
    """Return the Latin words of a text; spelled letters are joined, and what is said and then spelled stands once."""
    lowered = _AS_IN.sub(r"\1 ", _WITH_A.sub(" ", plain_letters(text)))
    lowered = _SPELLED.sub(lambda found: " " + re.sub(r"[\s.,-]+", "", found.group()) + " ", lowered)
    words = re.findall(r"[a-z]+", lowered)
    return [word for place, word in enumerate(words) if not place or word != words[place - 1]]


def joined(heard: list[str], longest: int = 3) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of every run of 1 to ``longest`` words written together."""
    for start in range(len(heard)):
        for end in range(start + 1, min(len(heard), start + longest) + 1):
            yield start, end, "".join(heard[start:end])


def _together(
    heard: list[str], firsts: tuple[str, ...], lasts: tuple[str, ...], middles: tuple[str, ...]
) -> int | None:
    runs = list(joined(heard[:80]))
    first_at = [(a, b) for a, b, word in runs if any(_written(word, b - a, form) for form in firsts)]
    last_at = [(a, b) for a, b, word in runs if any(_written(word, b - a, form) for form in lasts)]
    for a, b in first_at:
        for c, d in last_at:
            between = heard[b:c] if b <= c else heard[d:a] if d <= a else None
            if between is not None and len(between) <= 6 and _only_middle(between, middles, (*firsts, *lasts)):
                return min(a, c)
    return None


def _written(word: str, size: int, form: str) -> bool:
    return word == form or (size == 1 and near(word, form))


def _only_middle(between: list[str], middles: tuple[str, ...], names: tuple[str, ...]) -> bool:
    extra = [word for word in between if word not in _FILLER and not any(near(word, name) for name in names)]
    extra = [word for word in extra if not any(near(word, middle) for middle in middles)]
    extra = [word for word in extra if not (len(word) == 1 and any(name[0] == word for name in names))]  # "w as in…"
    if middles:
        return all(len(word) == 1 and any(middle[0] == word for middle in middles) for word in extra)
    return len(extra) <= 1


def _other_name(text: str, wanted: tuple[str, ...], by_other: bool) -> bool:
    words = _words()
    lowered = _AS_IN.sub(r"\1 ", fold_characters(text))
    for found in (words.theirs if by_other else words.introduced).finditer(lowered):
        explicit = by_other or "name" in found.group() or "call" in found.group()
        rest = words.ends.split(lowered[found.end() :], maxsplit=1)[0]
        parts = [part for part in latin_words(rest) if len(part) > 1 and part not in _FILLER]
        if not parts or len(parts) > 4:
            continue
        known = [any(near(part, name) or short_for(part, name) for name in wanted) for part in parts]
        if all(known):
            continue
        if len(parts) == 2 and any(known) and (explicit or (known[-1] and near(parts[-1], wanted[-1]))):
            return True
        if not any(known) and (explicit or (len(parts) == 2 and _capital(text, parts))):
            return True
    return False


def _capital(text: str, parts: list[str]) -> bool:
    return all(re.search(rf"\b{re.escape(part.capitalize())}\b", text) for part in parts)


def short_for(heard: str, name: str) -> bool:
    """Return True for a nickname of ``name``: it proves nothing and contradicts nothing."""
    if len(heard) >= 3 and len(name) >= 3 and heard[:3] == name[:3]:
        return True
    return name in _words().nicknames.get(heard, ())


def near(heard: str, wanted: str) -> bool:
    """Return True where two name parts are the same, or sound and look nearly the same."""
    if heard == wanted:
        return True
    if min(len(heard), len(wanted)) < 3 or abs(len(heard) - len(wanted)) > 1 or _soundex(heard) != _soundex(wanted):
        return False
    return JaroWinkler.similarity(heard, wanted) >= _NEAR


_SOUNDEX = {char: code for code, chars in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for char in chars}


@lru_cache(maxsize=4096)
def _soundex(word: str) -> str:
    """Return the Soundex code (US National Archives rules) of a Latin word."""
    result, last = word[0], _SOUNDEX.get(word[0], 0)
    for char in word[1:]:
        code = _SOUNDEX.get(char, 0)
        if code and code != last:
            result += str(code)
        if char not in "hw":
            last = code
    return (result + "000")[:4]


class _Words:
    def __init__(self) -> None:
        data = load_data("identity.yaml")

        def one(name: str) -> re.Pattern[str]:
            return re.compile(str(data[name]).replace("<erelations>", data["erelations"]), re.ASCII)

        self.introduced, self.theirs = one("eintroduce"), one("etheirs")
        self.denied, self.relative, self.ends = one("edenied"), one("erelative"), one("ename_ends")
        self.nicknames = {key: tuple(value.split()) for key, value in data["nicknames"].items()}


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
