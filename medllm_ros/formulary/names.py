"""Drug names as people and orders write them: one folding, one index, one pattern.

``find`` takes a name as an order writes it ("Amlodipine Besylate 5 mg Tab", "脈優錠") and answers
with one drug or none. ``mentions`` finds names inside running text. Neither guesses: spelling and
sound are matched elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from medllm_ros.formulary.name_parts import HEAD, TAIL

MAX_NAME_CHARS = 200  # longer is not a name
MAX_PARTS = 12  # salts, forms and strengths around one name

_CJK = "\u3400-\u9fff"
_SAME_LENGTH = {
    **{code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)},
    **{code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)},  # full-width forms
    **dict.fromkeys((0x3000, 0x00A0, 0x2007, 0x202F), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), "-"),
}
_BRACKETS = re.compile(r"[(\[【「『][^()\[\]【】「」『』]*[)\]】」』]?")
_EDGES = " .,;:、，。；："


def same_length(text: str) -> str:
    """Return ``text`` in lower case and half width, character by character, so that spans stay valid."""
    return text.translate(_SAME_LENGTH)


def fold(name: str) -> str:
    """Return the form in which names are compared: NFKC, lower case, hyphen as space, no space between Chinese."""
    folded = same_length(unicodedata.normalize("NFKC", name)).casefold()
    folded = re.sub(r"[\s_®™*-]+", " ", folded).strip(_EDGES)
    return re.sub(rf"(?<=[{_CJK}]) (?=[{_CJK}])", "", folded)


class NameIndex:
    """Names of drugs, each pointing to the id of one drug; "" marks a name that is another medicine."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        """Build the index from folded name -> drug id."""
        self._ids = dict(ids)
        self._pattern = _pattern(self._ids)

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
        for match in self._pattern.finditer(same_length(text)):
            drug_id = self._ids.get(fold(match[0]), "")
            if drug_id:
                yield match.start(), match.end(), drug_id

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


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Return one pattern for all names: longest first, whole words in Latin script, spaces allowed in Chinese."""
    parts = [_name_pattern(name) for name in sorted(names, key=lambda name: (-len(name), name)) if name]
    return re.compile("|".join(parts) if parts else r"(?!)")


def _name_pattern(name: str) -> str:
    out = []
    before = ""
    for char in name:
        if re.fullmatch(f"[{_CJK}]{{2}}", before + char):
            out.append(r"\s?")  # recognisers put spaces between Chinese words
        out.append(r"[\s\-]{1,3}" if char == " " else re.escape(char))
        before = char
    start = r"(?<![a-z])" if name[0].isascii() and name[0].isalpha() else ""
    end = r"(?![a-z])" if name[-1].isascii() and name[-1].isalpha() else ""
    return start + "".join(out) + end
