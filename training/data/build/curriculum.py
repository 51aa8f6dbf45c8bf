"""Unlimited cheap rows in the robot's own prompt layout, for the first steps of a small model: copy, choose, cite.

    drill   a short system part and a few questions after each other: many answers for few words to read
    copy    a short system part, one line beside the question: say it, with its label
    lines   a short system part, two or three lines beside the question
    pick    the lines stand in the system part alone: choose the one that was asked for
    full    the whole system part as the robot sends it, sometimes with an earlier turn

No visit is played: which lines a question needs is a small table that mirrors ``bedside/informing.py``, and sentences
are the plain forms of :mod:`answers`, which pass the guard by construction. Most medicines are invented.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.bedside.intents import Intent
from medllm_ros.bedside.prompt import build_prompt, core_lines, system_message
from medllm_ros.bedside.scenarios import Scenarios
from medllm_ros.delivery import Delivery, Locale, Scenario
from medllm_ros.formulary.model import Drug, FactField
from medllm_ros.formulary.sheet import NAME, ORDER, FactSheet, SheetLine
from medllm_ros.formulary.store import Formulary
from training.data.build import answers, invented, orders
from training.data.build.invented import Invented
from training.data.build.pieces import Pieces
from training.data.build.questions import ASKED, HELD_OUT, TOPICAL, Bank, Question, ask, cell_of
from training.data.build.spliced import pool, spliced
from training.data.build.stage import SLOT_OF
from training.data.garbled import mojibake
from training.data.rows import ChatRow, FactLine, Learn, Tags, conversation
from training.data.wording import written

STAGES = {"drill": 0, "copy": 20, "lines": 20, "pick": 10, "full": 50}  # how often each is drawn
REAL = 0.3  # share of rows about medicines of the formulary
DRILLED = (3, 6)  # questions of a drill
LOCALES = {Locale.ZH_TW: 45, Locale.EN_US: 35, Locale.ZH_CN: 20}  # English words are the hardest to copy
MOST_LABELS = 40  # labels of the short stages are drawn up to this: a label is copied, not counted

# The keys that a question needs, and how many lines of each; mirrors bedside/informing.py.
_NEEDS: Mapping[Intent, tuple[tuple[str, int], ...]] = {
    Intent.PURPOSE: ((FactField.PURPOSE, 2),),
    Intent.DRUG_NAME: ((NAME, 1), (FactField.PURPOSE, 1)),
    Intent.SIDE_EFFECTS: ((FactField.SIDE_EFFECT, 2), (FactField.RED_FLAG, 1)),
    Intent.MISSED_DOSE: ((FactField.MISSED_DOSE, 2),),
    Intent.FOOD: ((FactField.FOOD_DRINK, 2),),
    Intent.HOW_TO_TAKE: ((ORDER, 1), (FactField.HOW_TO_TAKE, 2)),
    Intent.WHEN: ((ORDER, 1), (FactField.FOOD_TIMING, 1)),
    Intent.PREGNANCY: ((FactField.PREGNANCY, 2),),
    Intent.STORAGE: ((FactField.STORAGE, 2),),
    Intent.INTERACTION: ((FactField.INTERACTION, 2),),
}
_MEAL = ((FactField.FOOD_TIMING, 1),)


@dataclass(frozen=True)
class Curriculum:
    """Where rows are drawn from. ``held_out`` cells (drugs and question families) are never used.

    ``spliced`` is the share of rows whose facts can only be copied (see :mod:`spliced`); with ``pieces`` every piece
    of a tokenizer stands in them as often as any other.
    """

    formulary: Formulary
    scenarios: Scenarios
    bank: Bank
    real: float = REAL
    spliced: float = 0.0
    pieces: Pieces | None = None
    stages: Mapping[str, float] = field(default_factory=lambda: dict(STAGES))
    held_out: frozenset[int] = HELD_OUT

    @classmethod
    def load(cls, **changes: object) -> Curriculum:
        """Read the formulary, the scenarios and every question."""
        formulary = Formulary.load()
        return cls(formulary, Scenarios.load(), Bank.load(formulary), **changes)  # type: ignore[arg-type]

    def rows(self, seed: int, *, locale: Locale | None = None) -> Iterator[ChatRow]:
        """Yield rows without end; the same seed gives the same rows."""
        random = Random(seed)
        drugs = [drug for id_, drug in sorted(self.formulary.drugs.items()) if cell_of(id_) not in self.held_out]
        texts = pool(drugs) if self.spliced else {}
        number = 0
        while True:
            number += 1
            spoken = locale or random.choices(list(LOCALES), list(LOCALES.values()))[0]
            row = self._row(random, spoken, drugs, texts, f"curriculum:{seed}:{number}")
            if row is not None:
                yield row

    def _row(
        self, random: Random, locale: Locale, drugs: Sequence[Drug], texts: Mapping[Locale, tuple[str, ...]], where: str
    ) -> ChatRow | None:
        made = Invented(random.choice(drugs), {}) if random.random() < self.real else invented.invent(random)
        drug = made.drug
        if cell_of(drug.id) in self.held_out:
            return None
        stage = random.choices(list(self.stages), list(self.stages.values()))[0]
        splice = bool(texts) and random.random() < self.spliced
        if splice and self.pieces is not None:
            drug = self.pieces.renamed(random, drug)
            made = replace(made, drug=drug)
        sheet, delivery = _sheet(random, drug, locale)
        if stage != "full":
            sheet = _shortened(random, sheet)
        if splice:
            sheet = spliced(random, sheet, texts[locale], self.pieces)
        if stage == "drill":
            return self._drill(random, made, sheet, delivery, where)
        asked = self._question(random, sheet, made, few=stage == "copy")
        if asked is None:
            return None
        question, wanted = asked
        if stage == "full":
            system = system_message(delivery, sheet, self.scenarios)
        else:
            system = _short_system(random, sheet, self.scenarios, delivery)
        history: tuple[ChatMessage, ...] = ()
        if stage == "full" and random.random() < 0.2:
            history = self._earlier(random, sheet, made)
        messages = self._asked((system, *history), question, () if stage == "pick" else wanted, sheet)
        messages = (*messages, ChatMessage(Role.ASSISTANT, _reply(random, question, wanted, sheet)))
        return _chat(messages, Learn.LAST, wanted, drug, delivery, where)

    def _drill(
        self, random: Random, made: Invented, sheet: FactSheet, delivery: Delivery, where: str
    ) -> ChatRow | None:
        """Return questions about one short sheet. Earlier answers keep their citations here, as nowhere else."""
        messages: tuple[ChatMessage, ...] = (_short_system(random, sheet, self.scenarios, delivery, core=True),)
        stated: list[SheetLine] = []
        for _ in range(random.randint(*DRILLED)):
            asked = self._question(random, sheet, made, few=random.random() < 0.5)
            if asked is None:
                continue
            messages = self._asked(messages, asked[0], asked[1], sheet)
            messages = (*messages, ChatMessage(Role.ASSISTANT, _reply(random, *asked, sheet)))
            stated += asked[1]
        return _chat(messages, Learn.ALL, stated, made.drug, delivery, where) if stated else None

    def _asked(
        self, before: tuple[ChatMessage, ...], question: str, shown: Sequence[SheetLine], sheet: FactSheet
    ) -> tuple[ChatMessage, ...]:
        """Return what was said before with the question and the lines that are shown beside it."""
        labels = tuple(line.label for line in shown)
        return build_prompt(
            before[0], before[1:], question, sheet=sheet, labels=labels, scenarios=self.scenarios
        ).messages

    def _question(
        self, random: Random, sheet: FactSheet, made: Invented, *, few: bool
    ) -> tuple[str, list[SheetLine]] | None:
        """Return a question and the lines that answer it, None where this medicine has no such line."""
        intent = random.choice(ASKED)
        questions = [q for q in self.bank.of(intent, sheet.locale) if q.cell not in self.held_out]
        if not questions:
            return None
        question = random.choice(questions)
        slots = {"drug": made.drug.name(sheet.locale)}
        if question.slots - {"drug"}:
            found = _topical(random, question, sheet, made)
            if found is None:
                return None
            line, value = found
            slots[next(iter(question.slots - {"drug"}))] = value
            wanted = [line]
        else:
            wanted = _needed(question, intent, sheet)
        if few:
            wanted = wanted[:1]
        if not wanted:
            return None
        return ask(random, question, sheet.locale, slots), wanted

    def _earlier(self, random: Random, sheet: FactSheet, made: Invented) -> tuple[ChatMessage, ...]:
        asked = self._question(random, sheet, made, few=True)
        if asked is None:
            return ()
        spoken = answers.join((answers.plain(line, sheet.locale) for line in asked[1]), sheet.locale)
        return ChatMessage(Role.USER, asked[0]), ChatMessage(Role.ASSISTANT, spoken)


def different(rows: Iterable[ChatRow]) -> Iterator[ChatRow]:
    """Leave out what the data gate would refuse: repetitions, and nonsense that looks like a wrong decoding."""
    seen: set[str] = set()
    for row in rows:
        if any(mojibake(message.content) for message in row.messages):
            continue
        key = hashlib.sha256(written(conversation(row)).encode()).hexdigest()
        if key not in seen:
            seen.add(key)
            yield row


def write(rows: Iterator[ChatRow], path: Path, count: int) -> None:
    """Write ``count`` rows as one shard of format ``messages``."""
    with path.open("w", encoding="utf-8") as stream:
        for row, _ in zip(rows, range(count), strict=False):
            messages = [{"role": str(message.role), "content": message.content} for message in row.messages]
            line = {"messages": messages, "group": row.group, "learn": row.learn}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _chat(
    messages: tuple[ChatMessage, ...], learn: Learn, stated: Sequence[SheetLine], drug: Drug, delivery: Delivery, where: str
) -> ChatRow:
    locale = delivery.locale
    return ChatRow(
        messages, group=f"cell-{cell_of(drug.id):02}", where=where, learn=learn,
        tags=Tags("generated", locale, delivery.scenario, (drug.name(locale),)),
        facts=tuple(FactLine(line.label, line.key, line.text) for line in stated),
    )  # fmt: skip


def _sheet(random: Random, drug: Drug, locale: Locale) -> tuple[FactSheet, Delivery]:
    delivery = Delivery(
        delivery_id="curriculum", medications=(orders.medication(random, drug),), locale=locale,
        scenario=random.choice(list(Scenario)), ward=orders.ward(random), patient=orders.patient(random),
    )  # fmt: skip
    return FactSheet.of_delivery(delivery, invented.formulary_of(drug)), delivery


def _shortened(random: Random, sheet: FactSheet) -> FactSheet:
    """Return a sheet with a few of the lines under labels drawn by lot."""
    name, *rest = sheet.lines
    kept = [name, *random.sample(rest, min(len(rest), random.randint(3, 8)))]
    kept.sort(key=lambda line: int(line.label[1:]))
    labels = sorted(random.sample(range(1, MOST_LABELS + 1), len(kept)))
    lines = [
        SheetLine(f"F{number}", line.key, line.text, line.fact, line.medication)
        for number, line in zip(labels, kept, strict=True)
    ]
    return FactSheet(sheet.locale, tuple(lines), sheet.drugs)


def _short_system(
    random: Random, sheet: FactSheet, scenarios: Scenarios, delivery: Delivery, *, core: bool = False
) -> ChatMessage:
    """Return a system part without the rules, with all lines that are left in the sheet, or its ``core`` alone."""
    parts = []
    if random.random() < 0.5:
        parts.append(scenarios.role(delivery.scenario, sheet.locale, ward=delivery.ward))
    parts.append(scenarios.headings["facts"][sheet.locale])
    lines = core_lines(sheet) if core else sheet.lines
    parts += [f"{line.label} {line.key}: {line.text}" for line in lines]
    return ChatMessage(Role.SYSTEM, "\n".join(parts))


def _needed(question: Question, intent: Intent, sheet: FactSheet) -> list[SheetLine]:
    needs = _MEAL if question.kind == "meal" else _NEEDS[intent]
    found = [line for key, most in needs for line in sheet.of(key)[:most]]
    if intent in (Intent.HOW_TO_TAKE, Intent.WHEN, Intent.DRUG_NAME):
        return found
    return found if found and found[0].key == needs[0][0] else []


def _topical(random: Random, question: Question, sheet: FactSheet, made: Invented) -> tuple[SheetLine, str] | None:
    """Return a line that names what the question may ask about, and what it names."""
    wanted = TOPICAL.get(question.kind, "med")
    found = [
        (line, value[sheet.locale])
        for line in sheet.lines
        if line.fact is not None
        for kind, value in made.values.get(line.fact.id, ())
        if SLOT_OF.get(kind) == wanted
    ]
    return random.choice(found) if found else None


def _reply(random: Random, question: str, wanted: Sequence[SheetLine], sheet: FactSheet) -> str:
    sentences = [answers.say(random, line, sheet) for line in sorted(wanted, key=sheet.lines.index)]
    if random.random() < 0.5:
        missed = wanted[0].key == FactField.MISSED_DOSE
        kind = "worry" if answers.worried(question, sheet.locale) else "missed" if missed else "any"
        sentences.insert(0, answers.opening(random, sheet.locale, kind))
    return answers.join(sentences, sheet.locale)
