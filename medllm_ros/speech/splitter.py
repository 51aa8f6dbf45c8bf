"""Cut a growing text into sentences, never through anything that carries a dose.

A full stop only ends a sentence once the next character that is not blank has shown that it
does: "0." may still become "0.125 mg", "p.o." may go on with "t.i.d.". Whether a place is a cut is
decided from the text up to and including that next character and from nothing later, so the
sentences do not depend on how the text was chopped into deltas.
"""

from __future__ import annotations

import re
from typing import Final

from medllm_ros.quantities import protected_spans

WIDE_STOPS: Final = frozenset("。！？!?…")
DOTS: Final = frozenset(".．｡")
STOPS: Final = WIDE_STOPS | DOTS
CLOSERS: Final = frozenset("」』”’）)》〉】")
TOGGLES: Final = frozenset("\"*_`＂")  # open and close with the same character: parity tells which
WINDOW_CHARS: Final = 160  # how far back a number, unit, time or date can reach
MAX_BRACKET_CHARS: Final = 200  # an opening bracket that never closes must not hold back the reply for ever

_LIST_NUMBER = re.compile(r"(?:\[[^\]]*\]\s*)*[(（]?[0-9０-９]{1,2}")
_INITIAL = re.compile(r"(?:^|[^A-Za-z])[A-Za-z]\Z")
_BULLET = frozenset("-*•·[#>【「（(“\"")


class SentenceSplitter:
    """Collect deltas of a reply and hand out whole sentences."""

    def __init__(self) -> None:
        self._text = ""
        self._from = 0  # no cut lies before this index

    def feed(self, delta: str) -> list[str]:
        """Add ``delta`` and return the sentences that are now known to be over, stripped of blanks at both ends."""
        self._text += delta
        return self._take()

    def flush(self) -> list[str]:
        """Return what is left as the last sentence (an empty list when that is blank) and start afresh."""
        rest = self._text.strip()
        self._text, self._from = "", 0
        return [rest] if rest else []

    def _take(self) -> list[str]:
        sentences: list[str] = []
        position = self._from
        while position < len(self._text):
            char = self._text[position]
            if char not in STOPS and char != "\n":
                position += 1
                continue
            end, following = _cluster(self._text, position)
            seen = following + (2 if _capital_after_dot(self._text, end, following) else 1)
            if seen > len(self._text):  # what comes next is not known yet: wait
                break
            if _is_cut(self._text[:seen], position, end, following):
                sentence = self._text[:end].strip()
                if sentence:
                    sentences.append(sentence)
                self._text = self._text[end:]
                position = 0
            else:
                position = max(end, position + 1)
        self._from = position
        return sentences


def _cluster(text: str, start: int) -> tuple[int, int]:
    """Return the end of the stops and closers that begin at ``start``, and the index of the next non-blank."""
    end = index = start
    while index < len(text):
        char, adjacent = text[index], index == end
        # a dot after a blank belongs to what follows it (".5 mg")
        if char in WIDE_STOPS or char in CLOSERS or (char in DOTS and adjacent):
            end = index = index + 1
        elif adjacent and char in TOGGLES:
            size = len(text) - index - len(text[index:].lstrip(char))
            if index + size == len(text):  # more of the same may come
                return end, len(text)
            if not _closes(text, index, size):
                break
            end = index = index + size
        elif char.isspace():
            index += 1
        else:
            break
    return end, index


def _closes(text: str, index: int, size: int) -> bool:
    """Return whether the quotes or emphasis marks at ``index`` close what the same marks opened before."""
    mark = re.escape(text[index])
    return len(re.findall(rf"(?<!{mark}){mark * size}(?!{mark})", text[:index])) % 2 == 1


def _capital_after_dot(text: str, end: int, following: int) -> bool:
    """Return whether one more character is needed to tell "P.O. T.I.D." from "p.o. Then"."""
    return text[end - 1 : end] in DOTS and "A" <= text[following : following + 1] <= "Z"


def _is_cut(text: str, start: int, end: int, next_index: int) -> bool:
    """Return whether a sentence ends at ``end``; nothing of ``text`` after what was looked at may be in it."""
    following, before, gap = text[next_index], text[:start].strip(), text[end:next_index]
    if not before or _in_open_bracket(text[:end]):
        return False
    dotted = _only_dots(text[start:end])
    if following.isdigit() and (dotted or not gap) and before[-1].isdigit():
        return False  # 0.125, 0。125, "0. 125"
    if following.isdigit() and not gap and text[end - 1] in DOTS:
        return False  # a naked ".5"
    if _protected(text[-WINDOW_CHARS:], end - max(0, len(text) - WINDOW_CHARS)):
        return False
    if text[start] == "\n":
        return _line_ends(before, following)
    if not dotted:
        return True
    if _LIST_NUMBER.fullmatch(before) or _INITIAL.search(before):
        return False  # "1. First", "J. Lin"
    if before[-1].isdigit() and not following.isascii():
        return False  # "5. 毫克"
    if not gap and following.isascii() and following != "[":
        return False  # "q.6h", "example.org"
    return not following.islower() and following not in ",;:，；："


def _protected(text: str, end: int) -> bool:
    """Return whether a cut at ``end`` would go through something that stays whole."""
    return any(low < end < high for low, high in protected_spans(text))


def _only_dots(cluster: str) -> bool:
    return all(char in DOTS or char in CLOSERS or char in TOGGLES or char.isspace() for char in cluster)


def _line_ends(before: str, following: str) -> bool:
    """Return whether a line break ends a sentence: at list points and new lines of words, never near a number."""
    if before[-1].isdigit() or before[-1] in ",，、:：;；" or following.isdigit():
        return False
    return following in _BULLET or following.isupper() or not following.isascii()


def _in_open_bracket(text: str) -> bool:
    tail = text[-MAX_BRACKET_CHARS:].replace("（", "(").replace("）", ")")
    return tail.rfind("(") > tail.rfind(")")
