"""Medicines, herbs and foods that somebody reports taking now or lately, in running speech."""

from __future__ import annotations

import re
from functools import lru_cache

from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.substances import Substance, placed

MAX_CHARS = 600
# "這支打開用過的胰島素筆", "this insulin": the one that is here.
_THIS = re.compile(
    r"(?:这|此)(?:(?:支|个|瓶|盒|种|款|包|颗)(?!是)[^,]{0,8})?$|\b(?:this|these) (?:\w+ ){0,2}$", re.ASCII
)
_LISTED = re.compile("[,、，]")
_LIST_ITEM = 14  # characters of one item in "vitamin C, calcium and naproxen"
_CLAUSE = re.compile(r"[。!;?\n]|(?<![0-9])\.(?![0-9])|但是|但|可是|不过|\bbut\b")
_COMMA = re.compile(r"[,、，]|\band\b|和|跟|还有|以及")


def taken_now(text: str, formulary: Formulary) -> tuple[Substance, ...]:
    """Return what is reported as taken, each once; a wish, a question, a denial or long ago is no report."""
    found: dict[str, Substance] = {}
    words = _words()
    for clause in _CLAUSE.split(fold(text[:MAX_CHARS])):
        listed = False  # "I take ginkgo, fish oil and aspirin": the verb stands once
        last = 0
        for start, substance in placed(clause, formulary):
            between = clause[last:start]
            joint = listed and len(_COMMA.sub("", between)) <= 14 and not _THIS.search(between)
            listed = words.taken(clause[:start], clause[start:]) or (joint and not words.denies(between))
            last = start
            if listed:
                found.setdefault(substance.id, substance)
    return tuple(found.values())


class _Words:
    def __init__(self) -> None:
        data = load_data("reported_medicine.yaml")

        def one(pattern: str) -> re.Pattern[str]:
            return re.compile(pattern.translate(simplified()), re.ASCII)

        self._taken = [one(pattern) for pattern in data["taken"]]
        self._next_clause = one(data["next_clause"])
        self._after, self._denied, self._denied_after, self._past, self._asked, self._others = (
            one(data[name]) for name in ("after", "denied", "denied_after", "past", "asked", "others")
        )

    def denies(self, words: str) -> bool:
        """Return True where the words before a name deny it or put it long ago."""
        return bool(self._denied.search(words) or self._past.search(words))

    def taken(self, before: str, after: str) -> bool:
        """Return True where the words around the name of a medicine assert that it is taken."""
        pieces = _LISTED.split(before)
        before = " ".join(pieces[-2:]) if len(pieces[-1].strip()) <= _LIST_ITEM else pieces[-1]
        name_end = after[1:]
        if self.denies(before) or self._others.search(before) or self._denied_after.search(name_end):
            return False
        if _THIS.search(before):
            return False
        if any(pattern.search(before) for pattern in self._taken):
            return not self._asked.search(before)
        follows = self._after.search(name_end) or self._next_clause.search(name_end)
        return bool(follows) and not self._asked.search(before)


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
