"""Names as they are heard: Chinese by sound, English in any order or spelled, Chinese in Latin letters."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import JaroWinkler

from medllm_ros.safety.folding import fold, fold_characters, is_cjk, load_data, simplified, sounds

_NEAR = 0.88  # Jaro-Winkler similarity of two Latin name parts that also begin with the same sound
_CUT = re.compile(r"[\s,。.!?;:、·\n()]+")
_SPELLED = re.compile(r"(?<![a-z])(?:[a-z][\s.-]+){1,24}[a-z](?![a-z])")
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "sir",
        "madam",
        "the",
        "a",
        "i",
        "am",
        "im",
        "my",
        "name",
        "is",
        "its",
        "me",
        "and",
        "born",
    ]
)


def compare_name(text: str, recorded: str) -> bool | None:
    """Return True where the recorded name was said, False where another clearly was, None otherwise.

    "Clearly": introduced as one's own ("我叫…", "my name is…"), in the script of the record.
    """
    cjk = "".join(char for char in recorded if is_cjk(char))
    latin = [part for part in re.findall(r"[a-z]+", fold(recorded)) if part not in _TITLES]
    verdicts = []
    if len(cjk) >= 2:
        verdicts.append(_compare_chinese(text, fold_characters(cjk)))
        if not latin:
            verdicts.append(_compare_romanised(text, fold_characters(cjk)))
    if latin:
        verdicts.append(_compare_latin(text, latin))
    if True in verdicts:
        return True
    return False if False in verdicts else None


def _compare_chinese(text: str, wanted: str) -> bool | None:
    words = _words()
    for segment in _segments(text):
        for start in range(len(segment) - len(wanted) + 1):
            end = start + len(wanted)
            before, after = segment[:start], segment[end:]
            if not _sounds_like(segment[start:end], wanted) or words.denied.search(before):
                continue
            if (not before or words.lead.search(before)) and (not after or words.follow.match(after)):
                return True
    return False if _other_chinese(text, wanted) else None


def _other_chinese(text: str, wanted: str) -> bool:
    """Return True where somebody introduces themselves by another name."""
    words = _words()
    for segment in _segments(text):
        found = words.introduced.search(segment)
        if found and not words.denied.search(segment[: found.start() + len(found.group()) - 1]):
            given = words.follow_cut.split(segment[found.end() :], maxsplit=1)[0]
            explicit = not found.group().endswith("是") or "名" in found.group()
            if 2 <= len(given) <= 4 and all(is_cjk(char) for char in given) and _is_name(given, explicit):
                return True
        surname = words.surname_only.search(segment)
        if surname:
            rest = segment[surname.end() :]
            if rest and rest[0] in words.surnames and not sounds(rest[0]) & sounds(wanted[0]):
                return True
        if not found and not surname and _bare_name(segment, wanted):
            return True
    return False


def _bare_name(segment: str, wanted: str) -> bool:
    """Return True for an answer that is nothing but a name: a surname and one or two more characters."""
    words = _words()
    given = re.sub(words.follow_tail, "", segment)
    if not 2 <= len(given) <= 4 or not all(is_cjk(char) for char in given):
        return False
    return len(given) == 3 and _is_name(given, False) and given[0] in words.surnames and not _sounds_like(given, wanted)


def _is_name(given: str, explicit: bool) -> bool:
    words = _words()
    if words.not_names.match(given) or words.function.search(given):
        return False
    return explicit or given[0] in words.surnames or given[:2] in words.compound


def _sounds_like(heard: str, wanted: str) -> bool:
    return len(heard) == len(wanted) and all(
        a == b or sounds(a) & sounds(b) for a, b in zip(heard, wanted, strict=True)
    )


def _segments(text: str) -> list[str]:
    return [piece for piece in _CUT.split(fold(text)) if piece]


def _latin_words(text: str) -> list[str]:
    """Return the Latin words of a text; letters spelled one by one are joined."""
    lowered = _SPELLED.sub(lambda found: re.sub(r"[\s.-]+", "", found.group()), fold(text))
    return re.findall(r"[a-z]+", lowered)


def _compare_latin(text: str, wanted: list[str]) -> bool | None:
    heard = _latin_words(text)
    needed = [part for part in wanted if len(part) > 1] or wanted
    if len(needed) < 2:  # a single recorded name must be introduced or stand alone
        alone = [word for word in heard if word not in _TITLES]
        if len(alone) == 1 and _near(alone[0], needed[0]):
            return True
    joined = {a + b for a, b in pairwise(heard)}
    denied = _words().edenied
    if len(needed) >= 2 and all(any(_near(word, part) for word in (*heard, *joined)) for part in needed):
        first = min((fold(text).find(part) for part in needed if part in fold(text)), default=-1)
        return None if first > 0 and denied.search(fold(text)[:first]) else True
    return False if _other_latin(text, needed) else None


def _other_latin(text: str, wanted: list[str]) -> bool:
    words = _words()
    lowered = fold_characters(text)
    for found in words.eintroduced.finditer(lowered):
        explicit = "name" in found.group() or "call" in found.group()
        rest = re.split(r"[,.;!?\n]|\b(?:and|born|my|i|im|date|birth|from|but|the|on|in)\b", text[found.end() :])[0]
        rest = _SPELLED.sub(lambda spelled: re.sub(r"[\s.-]+", "", spelled.group()), rest)
        parts = re.findall(r"[A-Za-z]{2,}", rest)
        parts = [part for part in parts if part.lower() not in _TITLES]
        if not parts or (not explicit and (len(parts) != 2 or not all(part[0].isupper() for part in parts))):
            continue
        if explicit and len(parts) > 4:
            continue
        if not any(_near(part.lower(), name) for part in parts for name in wanted):
            return True
        if len(parts) >= 2 and len(wanted) >= 2 and not all(any(_near(p.lower(), n) for p in parts) for n in wanted):
            return True
    return False


def _near(heard: str, wanted: str) -> bool:
    if heard == wanted:
        return True
    if min(len(heard), len(wanted)) < 3 or _soundex(heard) != _soundex(wanted):
        return False
    return JaroWinkler.similarity(heard, wanted) >= _NEAR


_SOUNDEX = {char: code for code, chars in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for char in chars}


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


def _compare_romanised(text: str, wanted: str) -> bool | None:
    """Return True where a Chinese name was said in Hanyu Pinyin ("Wang Chunjiao", "Chun-Jiao Wang")."""
    heard = "".join(_latin_words(text))
    if not heard:
        return None
    for surname in sounds_written(wanted[0]):
        for given in _join([sounds_written(char) for char in wanted[1:]]):
            if surname + given in heard or given + surname in heard:
                return True
    return None


@lru_cache(maxsize=512)
def sounds_written(char: str) -> tuple[str, ...]:
    """Return the pinyin spellings of one character, not loosened."""
    from pypinyin import Style, pinyin

    readings = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(reading.replace("ü", "v") for reading in (readings[0] if readings else ()))


def _join(parts: list[tuple[str, ...]]) -> list[str]:
    joined = [""]
    for part in parts:
        joined = [left + right for left in joined for right in part][:64]
    return joined


class _Words:
    def __init__(self) -> None:
        data = load_data("identity.yaml")

        def one(name: str) -> str:
            return str(data[name]).translate(simplified()).replace("\n", "").replace(" ", "")

        self.surnames = frozenset(one("surnames"))
        self.compound = frozenset(name.translate(simplified()) for name in data["compound_surnames"])
        self.not_names = re.compile(one("not_names"))
        # words that no name contains: an answer that is a sentence
        self.function = re.compile("[是的了吗呢吧在有没不吃药这那什么你他我们会要就很都也和跟还]")
        self.introduced = re.compile(one("introduce"))
        self.surname_only = re.compile(one("surname_only"))
        self.follow = re.compile(f"(?:{one('follow')}|[0-9a-z])")
        self.follow_cut = re.compile(f"(?:{one('follow')}|[0-9a-z])")
        self.follow_tail = re.compile(f"(?:{one('follow')})+$")
        self.lead = re.compile(f"(?:{one('lead')})$")
        self.denied = re.compile(one("denied"))
        self.eintroduced = re.compile(str(data["eintroduce"]), re.ASCII)
        self.edenied = re.compile(str(data["edenied"]), re.ASCII)


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
