"""Greetings, empathy, referrals, closings: the closed list of what may be said without a fact."""

from __future__ import annotations

import re
from functools import lru_cache

from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.folding import simplified
from medllm_ros.safety.lexicon import mask_names

_CUT = re.compile(r"[,。;!?:~\n]|(?<![0-9])\.|\.(?![0-9])")
_EDGES = " ,。.!?;:~"
DRUG = "§"  # stands for the name of a medicine the patient named
_SLOT = "{drug}"
_MOST_CUTS = 9


def without_small_talk(folded: str, named: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what may be left of a folded sentence, the longest first; (,"") at its end where it is all small talk.

    Clauses that are nothing but small talk may be taken off both ends, as many or as few as one likes: "please tell
    the nurse" is small talk, and is what many a fact ends with. ``named`` are the folded names of medicines that the
    patient spoke of. "If you have questions" is small talk only before small talk: before a fact it would make the
    fact depend on it.
    """
    whole, offers = _pattern("small_talk"), _pattern("offers")
    if not folded.strip(_EDGES) or whole.fullmatch(mask_names(folded.strip(_EDGES), named, DRUG)):
        return ("",)
    clauses = _clauses(folded)
    idle = [bool(whole.fullmatch(mask_names(bare, named, DRUG))) for bare, _ in clauses]
    for at in range(len(clauses) - 2, -1, -1):
        idle[at] = idle[at] or bool(idle[at + 1] and offers.fullmatch(clauses[at][0]))
    head = next((at for at, one in enumerate(idle) if not one), len(idle))
    tail = next((at for at in range(len(idle), 0, -1) if not idle[at - 1]), 0)
    if not tail:
        return ("",)
    ends, starts = range(len(clauses), tail - 1, -1), range(head + 1)
    spans = sorted(((first, last) for first in starts for last in ends), key=lambda span: span[0] - span[1])
    return tuple("".join(marked for _, marked in clauses[first:last]).strip() for first, last in spans[:_MOST_CUTS])


def accepted_call(folded: str) -> str:
    """Return a folded sentence without the clauses that say that staff were called, or that they come."""
    return "".join(marked for bare, marked in _clauses(folded) if not _pattern("accepted_call").fullmatch(bare)).strip()


def without_yes(text: str) -> tuple[str, bool]:
    """Return a sentence without the "yes", "no" or "of course" that it begins with, and whether it had one.

    A bare yes answers whatever was asked, on no ground; the fact behind it stays.
    """
    found = _yes().match(text)
    if not found or not found.group():
        return text, False
    rest = text[found.end() :]
    return rest[:1].upper() + rest[1:], True


def _clauses(folded: str) -> list[tuple[str, str]]:
    """Return the clauses that hold anything, each bare and with the mark behind it."""
    found = []
    start = 0
    for left, right in [*(cut.span() for cut in _CUT.finditer(folded)), (len(folded), len(folded))]:
        if folded[start:left].strip():
            found.append((folded[start:left].strip(), folded[start:right]))
        start = right
    return found


@lru_cache(maxsize=3)
def _pattern(which: str) -> re.Pattern[str]:
    data = guard_words()
    words = {f"<{name}>": f"(?:{fragment})" for name, fragment in data["small_talk_words"].items()}
    parts = []
    for language in ("zh", "en"):
        for pattern in data[which][language]:
            text = str(pattern)
            if language == "en":
                text = text.replace("<staff>", words["<estaff>"])
            for name, fragment in words.items():
                text = text.replace(name, fragment)
            parts.append(f"(?:{text.replace(_SLOT, DRUG)})")
    return re.compile("|".join(parts).translate(simplified()), re.ASCII)


@lru_cache(maxsize=1)
def _yes() -> re.Pattern[str]:
    data = guard_words()["answers_alone"]
    traditional = data["zh"].split()
    words = [*traditional, *(word.translate(_characters()) for word in traditional), *data["en"].split(", ")]
    alternatives = "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
    return re.compile(rf"\s*(?:(?:{alternatives})(?:[\s,，、。.!！~～]*(?:[,，、。.!！~～]|$)\s*))+", re.IGNORECASE)


def _characters() -> dict[int, str]:
    return {key: value for key, value in simplified().items() if value != "你"}
