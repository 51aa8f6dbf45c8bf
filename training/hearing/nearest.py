"""Fit what ranks facts by a question: ``python -m training.hearing.nearest`` (PyTorch; a minute or two).

Fitted to ``questions.py``. Measured over medicines that were not fitted to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from medllm_ros.bedside.intents import classify
from medllm_ros.bedside.nearest import ASKED, KINDS, asked_place, fact_vectors
from medllm_ros.bedside.phrases import DATA
from medllm_ros.formulary.model import Fact
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.sentence_vector import DIMENSIONS, sentence_vectors
from training.hearing.questions import Question, digest, read, rehearsed

RANK, EPOCHS, BATCH, RATE, DECAY, SLOWER = 32, 4, 16, 3e-3, 1e-2, 0.75
FOLDS = 4


class Likeness(nn.Module):
    """How like an answer each fact looks: cosine, a learned likeness of rank R, the kind of fact, and "none"."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(12.0))
        self.question = nn.Parameter(torch.randn(DIMENSIONS, RANK) * 0.01)
        self.fact = nn.Parameter(torch.randn(DIMENSIONS, RANK) * 0.01)
        self.kind = nn.Parameter(torch.zeros(DIMENSIONS, len(KINDS)))
        self.intent = nn.Parameter(torch.zeros(len(ASKED) + 1, len(KINDS) + 1))
        self.none = nn.Parameter(torch.zeros(DIMENSIONS))

    def forward(self, asked: torch.Tensor, intent: int, vectors: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """Return logits (n + 1,) of the facts and of none; ``asked`` (512,), ``vectors`` (n, 512), ``kinds`` (n,)."""
        alike = self.scale * (vectors @ asked) + (vectors @ self.fact) @ (asked @ self.question)
        wanted = (asked @ self.kind + self.intent[intent, :-1])[kinds]
        return torch.cat([alike + wanted, (asked @ self.none + self.intent[intent, -1])[None]])


class Facts:
    """The facts of each medicine that may be spoken, as vectors."""

    def __init__(self, formulary: Formulary, drugs: Sequence[str]) -> None:
        self.ids: dict[str, list[str]] = {}
        self.vectors: dict[str, torch.Tensor] = {}
        self.kinds: dict[str, torch.Tensor] = {}
        for drug in sorted(set(drugs)):
            facts: list[Fact] = [fact for fact in formulary.drugs[drug].facts if fact.speakable(formulary.minimum)]
            self.ids[drug] = [fact.id for fact in facts]
            self.vectors[drug] = torch.from_numpy(fact_vectors(tuple(tuple(fact.text.values()) for fact in facts)))
            self.kinds[drug] = torch.tensor([KINDS.index(fact.field) for fact in facts])


@dataclass(frozen=True)
class Asked:
    """What was asked: the vectors of the questions, and the row of what each was taken to ask."""

    vectors: dict[str, torch.Tensor]
    intents: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str], formulary: Formulary) -> Asked:
        """Read the questions as the robot does."""
        vectors = dict(zip(texts, torch.from_numpy(sentence_vectors(texts)), strict=True))
        return cls(vectors, {text: asked_place(classify(text, formulary=formulary)[0]) for text in texts})


def fit(questions: Sequence[Question], asked: Asked, facts: Facts) -> Likeness:
    """Return the weights that make the facts of each question likely."""
    torch.manual_seed(0)
    model = Likeness()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    rows = [question for question in questions for _ in range(question.weight)]
    for epoch in range(EPOCHS):
        random.Random(epoch).shuffle(rows)
        for start in range(0, len(rows), BATCH):
            losses = []
            for row in rows[start : start + BATCH]:
                logits = scores(model, row, asked, facts)
                right = torch.tensor([*(i in row.facts for i in facts.ids[row.drug]), not row.facts])
                losses.append(torch.logsumexp(logits, 0) - torch.logsumexp(logits[right], 0))
            optimiser.zero_grad()
            (torch.stack(losses).sum() / BATCH).backward()
            optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] *= SLOWER
    return model


def scores(model: Likeness, q: Question, asked: Asked, facts: Facts) -> torch.Tensor:
    """Return the logits of the facts of a question's medicine, and of none."""
    scored: torch.Tensor = model(
        asked.vectors[q.text], asked.intents[q.text], facts.vectors[q.drug], facts.kinds[q.drug]
    )
    return scored


def measure(questions: Sequence[Question], asked: Asked, facts: Facts) -> dict[str, Any]:
    """Return the share of questions of medicines not fitted to whose fact comes first, or among the first two."""
    part = {drug: int(hashlib.sha256(drug.encode()).hexdigest(), 16) % FOLDS for drug in facts.ids}
    first: dict[str, list[float]] = defaultdict(list)
    for fold in range(FOLDS):
        model = fit([q for q in questions if part[q.drug] != fold], asked, facts)
        for q in (q for q in questions if part[q.drug] == fold):
            with torch.no_grad():
                logits = scores(model, q, asked, facts)
                alike = facts.vectors[q.drug] @ asked.vectors[q.text]
            kind = "no_fact" if not q.facts else "once_heard_wrongly" if q.weight > 1 else "others"
            if not q.facts:
                first[kind].append(float(logits[-1] >= logits[:-1].max()))
                continue
            for name, found in (("", logits[:-1]), ("_by_cosine_alone", alike)):
                best = [facts.ids[q.drug][i] for i in torch.argsort(-found)[:2]]
                first[f"{kind}{name}"].append(float(best[0] in q.facts))
                first[f"{kind}{name}_of_two"].append(float(bool(q.facts & set(best))))
    shares = {name: [round(float(np.mean(rows)), 3), len(rows)] for name, rows in sorted(first.items())}
    return {"questions": len(questions), "medicines": len(facts.ids), "share_right_and_count": shares}


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, fit to all, write ``nearest.npz``."""
    parser = argparse.ArgumentParser(prog="python -m training.hearing.nearest", description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of nearest.npz")
    parser.add_argument("--no-measure", action="store_true", help="only fit and write")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    formulary = Formulary.load()
    questions = read() + rehearsed(formulary)
    facts = Facts(formulary, [question.drug for question in questions])
    questions = [q for q in questions if not q.facts or q.facts & set(facts.ids[q.drug])]
    asked = Asked.of(sorted({question.text for question in questions}), formulary)
    if not arguments.no_measure:
        print(json.dumps(measure(questions, asked, facts), indent=2))
    model = fit(questions, asked, facts)
    weights = {name: value.detach().numpy().astype(np.float16) for name, value in model.named_parameters()}
    np.savez_compressed(arguments.out / "nearest.npz", corpus_hash=np.array(digest()), **weights)


if __name__ == "__main__":
    main()
