"""Questions about medicines of the formulary, each with the facts that answer it.

``questions.tsv``: written and judged one by one against the formulary. The written dialogues and the open rehearsal
cases bring theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.store import Formulary
from medllm_ros.orders.text import parse_order_text
from training.hearing.corpus import CASES, open_cases

QUESTIONS = Path(__file__).parent / "questions.tsv"
DIALOGUES = Path(__file__).parents[1] / "data" / "written" / "dialogues.jsonl"
MOST_WANTED = 4  # a wanted word that more facts have tells none of them from the others


@dataclass(frozen=True)
class Question:
    """A question, the medicine, the ids of the facts that answer it (none: no fact does), and how much it counts."""

    text: str
    drug: str
    facts: frozenset[str]
    weight: int


def read(questions: Path = QUESTIONS, dialogues: Path = DIALOGUES) -> list[Question]:
    """Return all questions; raise :class:`ValueError` with file and line for one that cannot be read."""
    found = []
    for number, line in enumerate(questions.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 4:
            raise ValueError(f"{questions.name}:{number}: write `weight<TAB>medicine<TAB>fact ids or -<TAB>question`.")
        weight, drug, facts, text = columns
        ids = frozenset() if facts == "-" else frozenset(f"{drug}.{fact}" for fact in facts.split())
        found.append(Question(text, drug, ids, int(weight)))
    for line in dialogues.read_text(encoding="utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            by_drug = defaultdict(set)
            for fact in turn["facts"]:
                drug = fact.rsplit(".", 2)[0]
                if drug not in ("order.0", "order"):
                    by_drug[drug].add(fact)
            if len(by_drug) == 1:
                [(drug, facts)] = by_drug.items()
                found.append(Question(turn["user"], drug, frozenset(facts), 1))
    return found


def rehearsed(formulary: Formulary, cases: Path = CASES) -> list[Question]:
    """Return the questions of the open rehearsal cases with the facts that have a word which the case wants."""
    found = []
    for _, case in open_cases(cases):
        expected = case["expect"]
        if expected.get("behaviour") != "answer" or len(case["utterances"]) != 1:
            continue
        ordered = parse_order_text(case["order"]["text"])
        drug = formulary.find(ordered.name, ordered.route)
        wanted = [
            word for words in expected.get("must_mention", ())
            for word in ([words] if isinstance(words, str) else words)
        ]  # fmt: skip
        if drug is None or not wanted:
            continue
        facts = frozenset(
            fact.id for fact in drug.facts
            if fact.speakable(formulary.minimum) and fact.field is not FactField.MISSED_DOSE
            and any(word.lower() in fact.text[Locale(case.get("locale", Locale.ZH_TW))].lower() for word in wanted)
        )  # fmt: skip
        if 0 < len(facts) <= MOST_WANTED:
            found.append(Question(case["utterances"][0], drug.id, facts, 1))
    return found


def digest(questions: Path = QUESTIONS, dialogues: Path = DIALOGUES) -> str:
    """Return the hash of the judged questions and the dialogues that the weights are fitted to."""
    return hashlib.sha256(questions.read_bytes() + dialogues.read_bytes()).hexdigest()
