"""Dialogues: a delivery, a patient, questions from the bank, and a reply that the guard passes whole.

What an answer must state is decided by the real session: the question is played, and the lines that the session gives
the model are what is owed. The reply states each of them with its label; what the session says itself before and after
(approved openings and closings) is left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Behaviour, Priority
from medllm_ros.bedside.intents import Intent
from medllm_ros.delivery import Delivery, Locale, Scenario
from medllm_ros.formulary.model import Drug
from medllm_ros.orders.text import parse_order_text
from medllm_ros.safety.guard import citations
from training.data.build import answers, invented, orders
from training.data.build.phrases import here, language, load
from training.data.build.questions import ASIDES, ASKED, CELLS, Bank, ask, cell_of
from training.data.build.replies import compose
from training.data.build.stage import Stage
from training.data.build.visit import Reply, Visit
from training.data.medllm_format import spoken_sentences
from training.hearing import corpus

SHARES = {Locale.ZH_TW: 0.50, Locale.EN_US: 0.27, Locale.ZH_CN: 0.23}
SCENARIOS = {Scenario.WARD: 0.45, Scenario.PHARMACY: 0.2, Scenario.HOME: 0.2, Scenario.EMERGENCY: 0.15}
SEVERAL_TURNS = 0.35
MORE_TURNS = ((2, 60), (3, 30), (4, 10))
REAL = 0.62  # share of dialogues about medicines of the formulary
TWO_MEDICINES = 0.06
ASIDE = 0.10  # share of turns that no fact answers
TRIES = 40

# What is asked how often; the rest of the intents in between.
_WEIGHTS = {
    Intent.SIDE_EFFECTS: 18, Intent.FOOD: 15, Intent.HOW_TO_TAKE: 14, Intent.PURPOSE: 12, Intent.MISSED_DOSE: 10,
    Intent.WHEN: 8, Intent.INTERACTION: 8, Intent.STORAGE: 8, Intent.PREGNANCY: 5, Intent.DRUG_NAME: 4,
}  # fmt: skip
# A question may be understood as one of these as well: the answer fits both.
_NEAR: Mapping[Intent, tuple[Intent, ...]] = {
    Intent.HOW_TO_TAKE: (Intent.WHEN, Intent.FOOD), Intent.WHEN: (Intent.HOW_TO_TAKE, Intent.FOOD),
    Intent.FOOD: (Intent.INTERACTION, Intent.WHEN), Intent.INTERACTION: (Intent.FOOD,),
    Intent.DRUG_NAME: (Intent.PURPOSE,), Intent.PURPOSE: (Intent.DRUG_NAME,),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What one dialogue shall be; everything else is drawn from its own number."""

    number: int
    seed: int
    locale: Locale
    scenario: Scenario
    turns: int


def plans_without_end(seed: int) -> Iterator[Plan]:
    """Yield plans with the wanted shares of languages, places and lengths."""
    for number in count():
        random = Random(f"plan:{seed}:{number}")
        turns = random.choices(*zip(*MORE_TURNS, strict=True))[0] if random.random() < SEVERAL_TURNS else 1
        scenario = random.choices(list(SCENARIOS), list(SCENARIOS.values()))[0]
        yield Plan(number, seed, _spread(number, SHARES), scenario, turns)


def _spread(number: int, shares: Mapping[Locale, float]) -> Locale:
    """Return the language of a number, so that any hundred of them have the wanted shares."""
    at = (number * 37 % 100) / 100
    for locale, share in shares.items():
        if at < share - 1e-9:
            return locale
        at -= share
    return list(shares)[-1]


@dataclass
class Builder:
    """Makes dialogues; ``dropped`` counts what came to nothing, and why."""

    context: SessionContext
    bank: Bank
    dropped: Counter[str]

    @classmethod
    def load(cls, folders: Sequence[Path] = (corpus.FOLDER,)) -> Builder:
        """Read the formulary and every question."""
        context = SessionContext.load()
        return cls(context, Bank.load(context.formulary, folders), Counter())

    @cached_property
    def cells(self) -> Mapping[int, tuple[Drug, ...]]:
        """Return the real medicines of each cell."""
        found: dict[int, list[Drug]] = {cell: [] for cell in range(CELLS)}
        for id_, drug in sorted(self.context.formulary.drugs.items()):
            found[cell_of(id_)].append(drug)
        return {cell: tuple(drugs) for cell, drugs in found.items()}

    def dialogue(self, plan: Plan) -> dict[str, Any] | None:
        """Return the line of one dialogue, None where nothing could be made of its plan."""
        random = Random(f"dialogue:{plan.seed}:{plan.number}")
        for _ in range(TRIES):
            stage = self.stage(random, plan.locale, plan.scenario)
            if stage is None:
                continue
            turns = list(self._turns(random, stage, plan.turns))
            if len(turns) >= min(plan.turns, 2) and (plan.turns == 1 or any(turn["facts"] for turn in turns)):
                turns[-1].pop("spoken", None)  # nobody asks after it
                return stage.record(f"g-{plan.seed}-{plan.number:06}", turns)
            self.dropped["too short"] += 1
        self.dropped["plan given up"] += 1
        return None

    def stage(self, random: Random, locale: Locale, scenario: Scenario) -> Stage | None:
        """Return a delivery with its visit, None where something speaks against the medicine."""
        cell = random.choices(list(self.cells), [len(drugs) for drugs in self.cells.values()])[0]
        several = 2 if random.random() < TWO_MEDICINES else 1
        made: list[invented.Invented] = []
        drugs: list[Drug] = []
        for drug in random.sample(self.cells[cell], min(several, len(self.cells[cell]))):
            if random.random() < REAL:
                drugs.append(drug)
            else:
                made.append(invented.invent(random, avoid=self.context.formulary))
                drugs.append(made[-1].drug)
        texts = tuple(orders.text(random, drug) for drug in drugs)
        notes = load("notes")["hostile" if random.random() < 0.3 else "plain"]
        note = random.choice(notes[language(locale)]) if random.random() < 0.08 else ""
        delivery = Delivery(
            delivery_id="data", medications=tuple(map(parse_order_text, texts)), scenario=scenario, locale=locale,
            ward=orders.ward(random) if scenario is Scenario.WARD else "", patient=orders.patient(random),
            note=here(note, locale),
        )  # fmt: skip
        context = self.context
        if made:
            context = replace(context, formulary=invented.formulary_of(*drugs))
        visit = Visit(delivery, context)
        if not visit.open or any(found is not wanted for found, wanted in zip(visit.sheet.drugs, drugs, strict=True)):
            self.dropped["delivery on hold or not found"] += 1
            return None
        return Stage(cell, tuple(drugs), tuple(made), texts, visit)

    def _turns(self, random: Random, stage: Stage, wanted: int) -> Iterator[dict[str, Any]]:
        """Yield the turns of one dialogue; fewer than ``wanted`` where the talk comes to an end."""
        asked: set[Intent] = set()
        for number in range(wanted):
            for _ in range(TRIES if number else 8):
                aside = random.random() < (ASIDE if wanted > 1 else ASIDE / 2)
                turn = self._aside(random, stage) if aside else self.asked(random, stage, asked, later=number > 0)
                if turn is not None:
                    break
                if not stage.visit.open:
                    return
            else:
                return
            yield turn

    def asked(self, random: Random, stage: Stage, asked: set[Intent], *, later: bool) -> dict[str, Any] | None:
        """Return a turn about the medicine, None where this question came to nothing."""
        left = [intent for intent in ASKED if intent not in asked]
        if not left:
            return None
        intent = random.choices(left, [_WEIGHTS[intent] for intent in left])[0]
        text = self.question(random, stage, intent, later=later)
        if not text:
            return None
        turn = self.turn(random, stage, text, intent)
        if turn is not None:
            asked.add(intent)
        return turn

    def question(self, random: Random, stage: Stage, intent: Intent, *, later: bool) -> str:
        """Return a question of this stage's cell, "" where there is none."""
        locale = stage.visit.delivery.locale
        short = later and random.random() < 0.4
        questions = self.bank.of(intent, locale, stage.cell, later=short) or self.bank.of(intent, locale, stage.cell)
        if not questions:
            return ""
        question = random.choice(questions)
        slots = stage.slots(random, question)
        return ask(random, question, locale, slots, dress=0.4 if later else 0.7) if slots is not None else ""

    def turn(self, random: Random, stage: Stage, text: str, intent: Intent) -> dict[str, Any] | None:
        """Return the turn that comes of the patient's words, None where there is none to learn from."""
        visit = stage.visit
        reply = visit.hear(text)
        if reply.asked is None:
            return self._without_a_fact(random, stage, text, reply)
        said = compose(random, visit, reply.asked, text)
        if said is None:
            self.dropped["no sentence passed"] += 1
            return None
        spoken = visit.answer(reply.asked, said)
        if spoken is None:
            self.dropped["the session replaced a sentence"] += 1
            return None
        understood = {rule for speak in spoken for rule in speak.rules}
        if not understood & {f"intent.{near}" for near in (intent, *_NEAR.get(intent, ()))}:
            self.dropped["understood as another question"] += 1
            return None
        turn = {"user": text, "facts": list(reply.asked.facts), "assistant": said}
        heard = "".join(speak.text for speak in (*reply.spoken, *spoken))
        alone = "".join(citations(sentence)[1] for sentence in spoken_sentences(said))
        return turn if heard == alone else {**turn, "spoken": heard}

    def _without_a_fact(self, random: Random, stage: Stage, text: str, reply: Reply) -> dict[str, Any] | None:
        """Return the turn of a question that no fact answers: now and then, so that a model learns to say so."""
        if not reply.spoken or reply.spoken[0].behaviour is not Behaviour.DEFER or random.random() > 0.12:
            return None
        return self._elsewhere(random, stage, text, "no_fact")

    def _aside(self, random: Random, stage: Stage) -> dict[str, Any] | None:
        intent = random.choice(list(ASIDES))
        locale = stage.visit.delivery.locale
        said = self.bank.aside(intent, locale, stage.cell)
        if not said:
            return None
        text = ask(random, random.choice(said), locale, {"drug": stage.name(random)}, dress=0.15)
        reply = stage.visit.hear(text)
        other = intent is Intent.OTHER_DRUG and "defer.other_drug" in reply.rules
        fitting = other or f"intent.{intent}" in reply.rules
        if reply.asked is not None or not fitting or any(s.priority is Priority.EMERGENCY for s in reply.spoken):
            self.dropped["aside understood otherwise"] += 1
            return None
        return self._elsewhere(random, stage, text, ASIDES[intent])

    def _elsewhere(self, random: Random, stage: Stage, text: str, kind: str) -> dict[str, Any] | None:
        locale = stage.visit.delivery.locale
        said = answers.elsewhere(random, locale, kind)
        if kind in ("no_fact", "decide") and random.random() < 0.3:
            said = answers.join((answers.opening(random, locale), said), locale)
        return {"user": text, "facts": [], "assistant": said}
