"""The sentences of heard_names.yaml, and what counts as right in them; for the tests and bench/heard_names.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from medllm_ros.formulary import Formulary
from medllm_ros.safety.heard_names import HeardNames

DATA = Path(__file__).parent / "heard_names.yaml"
PARTS = ("tuned", "aside")
TRIED = 3  # deliveries of one drug, for an everyday sentence that names none


@dataclass(frozen=True)
class Case:
    """One sentence: what is delivered, and the drug that is meant ("" where none is)."""

    group: str
    text: str
    drug: str
    delivered: tuple[str, ...]


def cases(part: str, formulary: Formulary) -> Iterator[Case]:
    """Yield the cases of one part."""
    drugs = sorted(formulary.drugs)
    for group, rows in yaml.safe_load(DATA.read_text(encoding="utf-8"))[part].items():
        for number, row in enumerate(rows):
            text, drug, delivered = [*row.split(" | "), "", ""][:3]
            if group.startswith("everyday"):
                spread = tuple(drugs[(number * 7 + step * 61) % len(drugs)] for step in range(TRIED))
                yield from (Case(group, text, "", (one,)) for one in ((drug,) if drug else spread))
            elif group == "similar":
                yield Case(group, text, "", (drug,))
            else:
                yield Case(group, text, drug, tuple(delivered.split(", ")) if delivered else (drug,))


def outcome(case: Case, names: HeardNames) -> str:
    """Return named, asked, missed or wrong; quiet where no drug is meant and none is heard.

    A mention is right where its drug, and no other one, is named or asked about. Another medicine ("similar") may be
    asked about and must not count as the delivered drug.
    """
    found = names.find(case.text, case.delivered)
    if case.group == "similar":
        return "wrong" if any(one.certain and one.drug.id in case.delivered for one in found) else "quiet"
    if not found:
        return "missed" if case.drug else "quiet"
    if any(one.drug.id != case.drug for one in found):
        return "wrong"
    return "named" if all(one.certain for one in found) else "asked"


@dataclass(frozen=True)
class Score:
    """How many cases of one part came out how; ``by_group`` has the same counts for each list of the file."""

    by_group: dict[str, Counter[str]]

    @classmethod
    def of(cls, part: str, names: HeardNames, formulary: Formulary) -> Score:
        """Try every case of ``part``."""
        found: dict[str, Counter[str]] = {}
        for case in cases(part, formulary):
            found.setdefault(case.group, Counter())[outcome(case, names)] += 1
        return cls(found)

    def count(self, *outcomes: str, mentions: bool = False) -> int:
        """Return how many cases came out so; of those that mean a drug, where wanted."""
        groups = (c for g, c in self.by_group.items() if not mentions or g.startswith(("hand", "simulated")))
        return sum(counts[one] for counts in groups for one in outcomes)

    @property
    def precision(self) -> float:
        """Return the share of right ones among all names that were heard, everyday sentences included."""
        right = self.count("named", "asked")
        return right / (right + self.count("wrong"))

    @property
    def recall(self) -> float:
        """Return the share of mentions that were heard rightly."""
        return self.count("named", "asked") / self.count("named", "asked", "missed", "wrong", mentions=True)
