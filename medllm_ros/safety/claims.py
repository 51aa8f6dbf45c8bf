"""What no model sentence may claim or advise, whatever it cites (``data/forbidden_acts.yaml``)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from medllm_ros.safety.clauses import split
from medllm_ros.safety.folding import load_data, simplified

_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs")


def forbidden_acts(folded: str, approved: Iterable[str] = ()) -> tuple[str, ...]:
    """Return "guard.act.<act>" for each forbidden act outside a negation in its own clause.

    ``approved`` are folded facts: an act is also allowed where the clause quotes a whole clause of one of them.
    """
    return _forbidden_acts(folded, tuple(approved))


@lru_cache(maxsize=4096)
def _forbidden_acts(folded: str, approved: tuple[str, ...]) -> tuple[str, ...]:
    words = _words()
    found_acts = []
    quoted = [piece.strip() for text in approved for piece in split(text)]
    for clause in split(folded):
        for piece in quoted:
            if piece and piece in clause and not words.negation.search(clause.replace(piece, "~")):
                clause = clause.replace(piece, "~")
        for act, pattern in words.acts.items():
            for found in pattern.finditer(clause):
                before = clause[: found.start()]
                negated = len(words.negation.findall(before)) % 2 == 1
                if not negated or act in words.blind or words.unless.search(clause):
                    found_acts.append(f"guard.act.{act}")
                    break
    return tuple(found_acts)


def status_claim(folded: str) -> re.Match[str] | None:
    """Return the claim that somebody was called, is coming, or that something was recorded."""
    return _words().status.search(folded)


def reassures(folded: str) -> bool:
    """Return True where a text calls something normal, safe or no reason to worry."""
    return bool(_words().reassurance.search(folded))


def overstates(folded: str) -> bool:
    """Return True for guarantees and absolute safety, never to be said."""
    return bool(_words().always_blocked.search(folded))


def diagnoses(folded: str) -> str:
    """Return the words with which a text tells the patient what they have, "" where it does not."""
    found = _words().diagnosis.search(folded)
    return found.group() if found else ""


def is_machine_text(lower: str) -> bool:
    """Return True for control tokens, mark-up, links, talk about prompts, and characters that nobody sees."""
    hidden = any(unicodedata.category(char) in _UNSEEN and char not in "\n\t" for char in lower)
    return hidden or bool(_words().machine.search(lower))


def error_prone_notation(raw: str) -> bool:
    """Return True for U, IU, QD, µg, a trailing zero or a naked decimal (ISMP / Joint Commission)."""
    return bool(_words().notation.search(raw))


class _Words:
    def __init__(self) -> None:
        data = load_data("forbidden_acts.yaml")

        def one(pattern: str) -> re.Pattern[str]:
            return re.compile(pattern.translate(simplified()), re.ASCII)

        self.acts = {act: one(pattern) for act, pattern in data["acts"].items()}
        self.blind = frozenset(data["negation_blind"])
        self.negation, self.unless, self.status, self.reassurance, self.always_blocked, self.diagnosis, self.machine = (
            one(data[key])
            for key in ("negation", "unless", "status", "reassurance", "always_blocked", "diagnosis", "machine")
        )
        self.notation = re.compile(data["notation"])


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
