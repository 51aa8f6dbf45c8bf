"""Drug names as people and orders write them: one folding, one index, one pattern.

``find`` takes a name as an order writes it ("Amlodipine Besylate 5 mg Tab", "脈優錠") and answers
with one drug or none. ``mentions`` finds names inside running text. Neither guesses: spelling and
sound are matched elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from medllm_ros.formulary.name_parts import HEAD, TAIL

MAX_NAME_CHARS = 200  # longer is not a name
MAX_GAP = 3  # blanks and hyphens between two words of a name
MAX_PARTS = 12  # salts, forms and strengths around one name

_CJK = "\u3400-\u9fff"
_SAME_LENGTH = {
    **{code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)},
    **{code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)},  # full-width forms
    **dict.fromkeys((0x3000, 0x00A0, 0x2007, 0x202F), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), "-"),
}
_BRACKETS = re.compile(r"[(\[【「『][^()\[\]【】「」『』]*[)\]】」』]?")
# "sacubitril/valsartan", "沙庫巴曲+纈沙坦": two names of one product, never "mg/ml".
_JOINED = re.compile(rf"(?<=[a-z]{{4}})\s*[/+]\s*(?=[a-z]{{4}})|(?<=[{_CJK}])\s*[/+]\s*(?=[{_CJK}])")
_GAP = re.compile(r"[\s-]+")
_EDGES = " .,;:、，。；："


def same_length(text: str) -> str:
    """Return ``text`` in lower case and half width, character by character, so that spans stay valid."""
    return text.translate(_SAME_LENGTH)


def fold(name: str) -> str:
    """Return the form in which names are compared: NFKC, lower case, hyphen and "+" as space, none between Chinese."""
    folded = same_length(unicodedata.normalize("NFKC", name)).casefold()
    folded = re.sub(r"[\s_®™*-]+", " ", _JOINED.sub(" ", folded)).strip(_EDGES)
    return re.sub(rf"(?<=[{_CJK}]) (?=[{_CJK}])", "", folded)


class NameIndex:
    """Names of drugs, each pointing to the id of one drug; "" marks a name that is another medicine."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        """Build the index from folded name -> drug id."""
        self._ids = dict(ids)
        lengths: dict[str, set[int]] = {}  # by the first two characters
        for name in self._ids:
            lengths.setdefault(name[:2], set()).add(len(name))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}

    @property
    def ids(self) -> Mapping[str, str]:
        """Return folded name -> drug id, "" for a name that is another medicine."""
        return self._ids

    def find(self, name: str) -> str | None:
        """Return the id of the drug this is a name of, salt, form and strength aside; None where there is none."""
        if len(name) > MAX_NAME_CHARS:
            return None
        folded = fold(name)
        exact = self._ids.get(folded)
        if exact is not None:
            return exact or None
        candidates = [self._bare(_BRACKETS.sub(" ", folded))]
        candidates += [self._bare(part.strip("()[]【】「」『』")) for part in _BRACKETS.findall(folded)]
        found = {candidate for candidate in candidates if candidate is not None}
        return (found.pop() or None) if len(found) == 1 else None  # "Norvasc (warfarin)" is no drug

    def mentions(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield (start, end, drug id) for every name in ``text``, the longest at each place, never overlapping."""
        squeezed, places = _squeezed(same_length(text))
        at = 0
        while at < len(squeezed):
            end = self._end(squeezed, at)
            if end is None:
                at += 1
                continue
            drug_id = self._ids[squeezed[at:end]]
            if drug_id:
                yield places[at], places[end - 1] + 1, drug_id
            at = end

    def _end(self, text: str, at: int) -> int | None:
        """Return where the longest name that begins ``at`` ends, None where none begins."""
        for length in self._lengths.get(text[at : at + 2], ()):
            name = text[at : at + length]
            if name in self._ids and _whole(text, at, at + len(name)):
                return at + len(name)
        return None

    def _bare(self, text: str) -> str | None:
        """Return the id for the name left after peeling salts, forms and strengths off, one at a time."""
        left = fold(text)
        for _ in range(MAX_PARTS):
            if left in self._ids:
                return self._ids[left]
            peeled = fold(TAIL.sub("", left, count=1))
            if peeled == left:
                peeled = fold(HEAD.sub("", left, count=1))
            if peeled == left or not peeled:
                return None
            left = peeled
        return None


def _squeezed(text: str) -> tuple[str, list[int]]:
    """Return ``text`` with blanks and hyphens as names have them, and where each character stood.

    One blank between Chinese characters, as recognisers put it, disappears; up to three blanks or hyphens are one.
    """
    out: list[str] = []
    places: list[int] = []
    end = 0
    for gap in _GAP.finditer(text):
        out += text[end : gap.start()]
        places += range(end, gap.start())
        between = text[gap.start() - 1 : gap.start()], text[gap.end() : gap.end() + 1]
        if not (len(gap[0]) == 1 and gap[0].isspace() and all("\u3400" <= char <= "\u9fff" for char in between)):
            out += " " if len(gap[0]) <= MAX_GAP else gap[0]
            places += [gap.start()] if len(gap[0]) <= MAX_GAP else range(gap.start(), gap.end())
        end = gap.end()
    out += text[end:]
    places += range(end, len(text))
    return "".join(out), places


def _whole(text: str, start: int, end: int) -> bool:
    """Return True where a Latin name is not a part of a longer word."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (_latin(text[start]) and _latin(before)) and not (_latin(text[end - 1]) and _latin(after))


def _latin(char: str) -> bool:
    return "a" <= char <= "z"
