"""Stop words: the patient wants the robot to be silent. Never ends an alert, a hold or an emergency sentence."""

from __future__ import annotations

import re
from functools import lru_cache

from medllm_ros.safety.folding import fold, load_data, simplified

MAX_CHARS = 400  # a longer text is not somebody saying "stop"
MAX_CLAUSE = 60
_CLAUSE = re.compile(r"[,。!?;:、\n]|(?<![0-9])\.|\.(?![0-9])")


def is_stop(text: str) -> bool:
    """Return True where the robot is told to be silent ("停", "be quiet"), not where a medicine is to be stopped."""
    if len(text) > MAX_CHARS:
        return False
    lists = _lists()
    clauses = [clause.strip() for clause in _CLAUSE.split(fold(text)) if clause.strip()]
    return any(
        lists.stops(clause, alone=len(clauses) == 1)
        and not any(map(lists.about_medicine, clauses[place:]))
        and not (place > 2 and _AGREED.search(clauses[place - 2]))
        for place, clause in enumerate(clauses, 1)
    )


class _Lists:
    def __init__(self) -> None:
        data = load_data("stop.yaml")
        filler = _fragment(data["filler"])
        whole = "|".join(f"(?:{_fragment(pattern)})" for pattern in data["whole"])
        self._whole = re.compile(rf"(?:{filler})*+(?:{whole})(?:{whole}|{filler})*+", re.ASCII)
        self._anywhere = re.compile("|".join(_fragment(pattern) for pattern in data["anywhere"]), re.ASCII)
        self._never = re.compile(_fragment(data["never"]), re.ASCII)

    def about_medicine(self, clause: str) -> bool:
        """Return True for what is to be heard, whatever stood before it: "the snoring! ... when do I take it"."""
        return bool(self._never.search(clause))

    def stops(self, clause: str, *, alone: bool) -> bool:
        if self.about_medicine(clause):
            return False
        if len(clause) <= MAX_CLAUSE and self._whole.fullmatch(clause):
            return alone or not _PAUSING.fullmatch(clause.strip(_HESITATION))
        return bool(self._anywhere.search(clause))


# In front of a question these only gather attention: "wait, what is it for?", "等一下，這是什麼？"
_PAUSES = (
    "等一下", "等一等", "等等", "等", "慢著", "且慢", "噓", "wait", "hold on", "hang on", "a minute", "one moment",
    "no more", "not now", "enough", "shh",
)  # fmt: skip
_A_WHILE = "(?: (?:up|a|one|just)*(?: ?(?:minute|min|moment|sec|second|tick)))?"
_BEFORE = "(?:now |just |oh |no |well |robot |hey |先|你|您|小?机器人)*"
_PAUSING = re.compile(rf"(?:{_BEFORE}(?:{'|'.join(map(fold, _PAUSES))}){_A_WHILE}(?: (?:now|there))?[ ]?)+")


# "I'm binning these from Monday, that's okay isn't it, just stop": what is stopped was told before.
_AGREED = re.compile(r"\b(?:ok|okay|alright|all right|fine) (?:isnt it|right)$")
_HESITATION = "欸诶哎唉啊喔哦嗯呃哈 "  # folded; "欸等等，我對磺胺過敏" is no wish for silence


def _fragment(pattern: str) -> str:
    return pattern.translate(simplified())


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    return _Lists()
