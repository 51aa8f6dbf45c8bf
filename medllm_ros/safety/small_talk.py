"""Greetings, empathy, referrals, closings: the closed list of what may be said without a fact."""

from __future__ import annotations

import re
from functools import lru_cache

from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.folding import simplified

_CUT = re.compile(r"[,。;!?:~\n]|(?<![0-9])\.|\.(?![0-9])")
DRUG = "§"  # stands for the name of a medicine the patient named
_SLOT = "{drug}"


def without_small_talk(folded: str) -> str:
    """Return a folded sentence without the clauses that are nothing but small talk; "" where nothing is left."""
    whole = folded.strip(" ,。.!?;:~")
    if not whole or _pattern().fullmatch(whole):
        return ""
    kept: list[str] = []  # with their own marks: a comma joins less than a colon does
    start = 0
    for left, right in [*(cut.span() for cut in _CUT.finditer(folded)), (len(folded), len(folded))]:
        bare = folded[start:left].strip()
        if bare and not _pattern().fullmatch(bare):
            kept.append(folded[start:right])
        start = right
    return "".join(kept).strip()


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    data = guard_words()
    words = {f"<{name}>": f"(?:{fragment})" for name, fragment in data["small_talk_words"].items()}
    parts = []
    for language in ("zh", "en"):
        for pattern in data["small_talk"][language]:
            text = str(pattern)
            if language == "en":
                text = text.replace("<staff>", words["<estaff>"])
            for name, fragment in words.items():
                text = text.replace(name, fragment)
            parts.append(f"(?:{text.replace(_SLOT, DRUG)})")
    return re.compile("|".join(parts).translate(simplified()), re.ASCII)
