"""Our own compact form: one visit a line; the prompt is rebuilt as the robot builds it (``bedside/prompt.py``).

    {"id": "w-17", "origin": "written", "group": "warfarin.food", "locale": "zh_TW", "scenario": "ward",
     "order": "Warfarin 3 mg PO QD 20:00", "patient": {"age": 80}, "note": "",
     "turns": [{"user": "可以吃菠菜嗎", "facts": ["warfarin.food_drink.1"], "assistant": "[1] ..."}]}

``order`` is the text of one order, a medicine in parts (see ``medllm_ros/orders/simple.py``), or a list of these;
``patient`` is the patient of that form. ``facts`` are what the question needs: ids of facts, or ``order.0.name`` and
``order.0.order``. An answer cites them by their place there, ``[1]``, ``[1, 2]``: the label that the sheet gives a line
(``[F7]``) moves with every fact that is added to the formulary. It may be written too: a worse answer cites what it
was not asked about. A line of preferences leaves out the last ``assistant`` and has ``chosen``, ``rejected``, ``kind``.

A medicine that does not exist stands in the line itself, with its facts in the language of the line:

    "drug": {"id": "lemaining", "names": {"zh_TW": ["樂脈寧"], "en_US": ["Lemaining"]}, "route": "PO",
             "missed_dose": "answer", "facts": {"purpose.1": "...", "food_drink.1": "..."}}

(a list of these where there are several); elsewhere ``purpose.1`` is called ``lemaining.purpose.1``.

``spoken`` of a turn is what the patient heard, where the robot said more than the answer.

One line gives one row for each turn. History is what the robot's memory would hold: words as heard, and answers as
spoken, without their citations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.bedside.context import SessionConfig
from medllm_ros.bedside.memory import Memory
from medllm_ros.bedside.prompt import build_prompt, core_lines, system_message
from medllm_ros.bedside.scenarios import Scenarios
from medllm_ros.delivery import Delivery, Locale, Scenario
from medllm_ros.formulary.frozen import FrozenDict
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy, ReviewStatus
from medllm_ros.formulary.names import NameIndex, fold
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.orders import OrderError, delivery_from_json
from medllm_ros.safety.guard import citations
from medllm_ros.speech.splitter import SentenceSplitter
from training.data.errors import DataError
from training.data.rows import ChatRow, FactLine, Learn, PairRow, Tags

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_Key = Annotated[str, StringConstraints(pattern=rf"^(?:{'|'.join(FactField)})\.[1-9][0-9]*$")]  # of an invented fact

_PLACES = re.compile(r"\[[0-9]+(?:, [0-9]+)*\]")
_LABELS = re.compile(r"\[F[0-9]+(?:, ?F[0-9]+)*\]")


def _list(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InventedDrug(_Strict):
    """A medicine that exists in this line alone."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    names: dict[Locale, Annotated[tuple[_Text, ...], Field(min_length=1)]]
    route: str = ""
    missed_dose: MissedDosePolicy = MissedDosePolicy.ANSWER
    facts: dict[_Key, _Text] = {}


class DialogueTurn(_Strict):
    """What was said, the facts that the question needs, and the answer."""

    user: _Text
    facts: tuple[_Text, ...] = ()
    assistant: str = ""
    spoken: str = ""  # what the patient heard, where the robot said more than the answer ("tell the nurse first ...")


class Dialogue(_Strict):
    """One line of the file."""

    id: _Text
    origin: str = ""
    group: _Text
    locale: Locale = Locale.ZH_TW
    scenario: Scenario = Scenario.WARD
    order: Annotated[tuple[str | dict[str, Any], ...], BeforeValidator(_list), Field(min_length=1)]
    ward: str = ""
    patient: dict[str, Any] = {}
    note: str = ""
    drug: Annotated[tuple[InventedDrug, ...], BeforeValidator(_list)] = ()
    turns: Annotated[tuple[DialogueTurn, ...], Field(min_length=1)]
    chosen: str = ""
    rejected: str = ""
    kind: str = ""

    @property
    def is_pair(self) -> bool:
        """Return True where the line compares two answers."""
        return bool(self.chosen or self.rejected)


def dialogue(record: Mapping[str, Any]) -> Dialogue:
    """Return the checked line; raise :class:`DataError` with a sentence that names every wrong field."""
    try:
        return Dialogue.model_validate(dict(record))
    except ValidationError as error:
        parts = [f"{'.'.join(map(str, item['loc'])) or 'the line'}: {item['msg']}" for item in error.errors()]
        raise DataError(f"This is no dialogue of format medllm ({'; '.join(parts)}).") from error


def rows(record: Mapping[str, Any], where: str) -> Iterator[ChatRow | PairRow]:
    """Yield the rows of one line; raise :class:`DataError` where it does not fit the formulary."""
    line = dialogue(record)
    visit = _visit(line)
    memory = Memory(SessionConfig().memory_tokens)
    last = len(line.turns) - 1
    for number, turn in enumerate(line.turns):
        compared = line.is_pair and number == last
        if not turn.assistant.strip() and not compared:
            raise DataError(f"Turn {number + 1} has no `assistant`.")
        if compared and turn.assistant.strip():
            raise DataError("The last turn has an `assistant` beside `chosen` and `rejected`; take it out.")
        labels = visit.labels(turn.facts)
        said = by_label(turn.assistant, labels)
        prompt = build_prompt(
            visit.system, memory.messages(), turn.user, sheet=visit.sheet, labels=labels, scenarios=_scenarios()
        ).messages
        facts, tags = visit.facts(labels), visit.tags(line)
        if compared:
            chosen, rejected = by_label(line.chosen, labels), by_label(line.rejected, labels)
            yield PairRow(prompt, chosen, rejected, line.group, line.kind, where, tags, facts)
        elif not line.is_pair:
            yield ChatRow((*prompt, ChatMessage(Role.ASSISTANT, said)), line.group, where, Learn.LAST, tags, facts)
        memory.heard(number, turn.user, 0)
        for text in [turn.spoken] if turn.spoken else map(_uncited, spoken_sentences(said)):
            memory.spoken(number, text)


def by_label(text: str, labels: Sequence[str]) -> str:
    """Return an answer with the sheet's labels where it cites places among them; raise :class:`DataError` for none."""

    def label(place: re.Match[str]) -> str:
        number = int(place[0])
        if not 1 <= number <= len(labels):
            raise DataError(f"{text!r} cites {number}, and its question has {len(labels)} `facts`.")
        return labels[number - 1]

    return _PLACES.sub(lambda cited: re.sub("[0-9]+", label, cited[0]), text.strip())


def by_place(text: str, labels: Sequence[str]) -> str:
    """Return an answer with places among ``labels`` where it cites these alone: what :func:`by_label` undoes."""

    def places(cited: re.Match[str]) -> str:
        found = re.findall("F[0-9]+", cited[0])
        return f"[{', '.join(str(labels.index(label) + 1) for label in found)}]" if {*found} <= {*labels} else cited[0]

    return _LABELS.sub(places, text)


def _uncited(sentence: str) -> str:
    return citations(sentence)[1]


def spoken_sentences(text: str) -> list[str]:
    """Return the sentences of a reply as the robot cuts them, citations included."""
    splitter = SentenceSplitter()
    return [*splitter.feed(text), *splitter.flush()]


@dataclass(frozen=True)
class _Visit:
    """The delivery of one line with its sheet and the system message."""

    delivery: Delivery
    sheet: FactSheet
    system: ChatMessage

    def labels(self, references: Sequence[str]) -> tuple[str, ...]:
        """Return the labels of facts and parts of the order; raise :class:`DataError` for one that is not there."""
        known = {line.ref: line.label for line in self.sheet.lines}
        for reference in references:
            if reference not in known:
                raise DataError(
                    f"The fact {reference} is not on this delivery's sheet (has the formulary changed since the line "
                    f"was made?); there are {', '.join(known)}."
                )
        return tuple(known[reference] for reference in references)

    def facts(self, labels: tuple[str, ...]) -> tuple[FactLine, ...]:
        """Return the lines that the prompt shows."""
        core = {line.label for line in core_lines(self.sheet)}
        return tuple(
            FactLine(line.label, line.key, line.text, line.label in labels)
            for line in self.sheet.lines
            if line.label in core or line.label in labels
        )

    def tags(self, line: Dialogue) -> Tags:
        """Return origin, language, place, and the names to mask."""
        names = [medication.name for medication in self.delivery.medications]
        for drug in self.sheet.drugs:
            if drug:
                names += [name for locale in drug.names.values() for name in locale]
                names += drug.brands
        return Tags(line.origin, line.locale, line.scenario, tuple(dict.fromkeys(names)))


def delivery_of(line: Dialogue) -> Delivery:
    """Return the delivery of one line; raise :class:`DataError` where its order cannot be read."""
    order = {
        "delivery_id": line.id[:64], "scenario": line.scenario, "locale": line.locale, "ward": line.ward,
        "note": line.note, "patient": line.patient,
        "medications": [{"text": item} if isinstance(item, str) else item for item in line.order],
    }  # fmt: skip
    try:
        return delivery_from_json(order)
    except OrderError as error:
        raise DataError(f"The order cannot be read: {error}") from error


def _visit(line: Dialogue) -> _Visit:
    delivery = delivery_of(line)
    sheet = FactSheet.of_delivery(delivery, formulary_of(line, delivery))
    return _Visit(delivery, sheet, system_message(delivery, sheet, _scenarios()))


def formulary_of(line: Dialogue, delivery: Delivery) -> Formulary:
    """Return the packaged formulary, or a small one of the line's own medicines and what else was ordered."""
    packaged = _packaged()
    if not line.drug:
        return packaged
    drugs, names = {}, {}
    for invented in line.drug:
        if invented.id in drugs or invented.id in packaged.drugs:
            raise DataError(f"The invented medicine's id {invented.id} is taken; give it another.")
        if line.locale not in invented.names:
            raise DataError(f"The invented medicine {invented.id} has no name in {line.locale}.")
        drugs[invented.id] = invented_drug(invented, line.locale)
        for name in (name for every in invented.names.values() for name in every):
            if packaged.find(name):
                raise DataError(f"The invented medicine {name} has the name of a real one; take another name.")
            names[fold(name)] = invented.id
    for medication in delivery.medications:
        real = packaged.find(medication.name, medication.route)
        if real:
            drugs[real.id] = real
            names[fold(medication.name)] = real.id
    return Formulary(drugs=FrozenDict(drugs), minimum=packaged.minimum, hash=packaged.hash, _index=NameIndex(names))


def invented_drug(invented: InventedDrug, locale: Locale) -> Drug:
    """Return the medicine as the sheet wants it. Its text stands for every locale: only the line's own is read."""
    spoken = invented.names[locale]
    return Drug(
        id=invented.id,
        names=FrozenDict({each: invented.names.get(each, spoken) for each in Locale}),
        route=invented.route,
        missed_dose=invented.missed_dose,
        facts=tuple(
            Fact(
                id=f"{invented.id}.{key}",
                field=FactField(key.partition(".")[0]),
                text=FrozenDict(dict.fromkeys(Locale, text)),
                status=ReviewStatus.PHARMACIST_SIGNED,  # reaches any minimum: nobody is told about this medicine
            )
            for key, text in invented.facts.items()
        ),
    )


@lru_cache(maxsize=1)
def _packaged() -> Formulary:
    return Formulary.load()


@lru_cache(maxsize=1)
def _scenarios() -> Scenarios:
    return Scenarios.load()
