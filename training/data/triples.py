"""Knowledge-graph triples -> :class:`ChatRow`: one question for each subject and relation, with all its objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale
from training.data import fields
from training.data.errors import DataError, Problem
from training.data.records import Record
from training.data.rows import ChatRow, Tags
from training.data.script import locale_of

RELATIONS = Path(__file__).parent / "relations.yaml"
MOST_OBJECTS = 12  # named in one answer; a graph may list hundreds of symptoms
_SUBJECT, _RELATION, _OBJECT = ("subject", "head", "s"), ("relation", "predicate", "r", "p"), ("object", "tail", "o")
_AND = {Locale.ZH_TW: "和", Locale.ZH_CN: "和", Locale.EN_US: " and "}
_COMMA = {Locale.ZH_TW: "、", Locale.ZH_CN: "、", Locale.EN_US: ", "}


@dataclass(frozen=True)
class _Relation:
    questions: Mapping[Locale, tuple[str, ...]]
    answer: Mapping[Locale, str]


@dataclass(frozen=True)
class _Relations:
    by_name: Mapping[str, tuple[str, _Relation]]
    refused: Mapping[str, str]


def is_triple(record: Mapping[str, Any]) -> bool:
    """Return True where the record's keys are those of a triple."""
    keys = {str(key).lower() for key in record}
    return all(keys & set(names) for names in (_SUBJECT, _RELATION, _OBJECT))


def rows(records: Iterable[Record]) -> Iterator[ChatRow | Problem]:
    """Yield the rows of all triples, in order of first appearance, and a problem for each that is not taught."""
    found: dict[tuple[str, str], tuple[str, str, _Relation, dict[str, None]]] = {}
    for record in records:
        try:
            subject, name, thing = _parts(record.value)
            key, relation = _relation(name)
        except DataError as error:
            yield Problem(record.where, str(error))
            continue
        objects = found.setdefault((subject, key), (record.where, name, relation, {}))[3]
        objects[thing] = None
    for (subject, key), (where, name, relation, objects) in found.items():
        locale = locale_of(subject + name + "".join(objects))
        yield _row(subject, key, relation, list(objects)[:MOST_OBJECTS], where, locale)


def _row(subject: str, key: str, relation: _Relation, objects: list[str], where: str, locale: Locale) -> ChatRow:
    questions = relation.questions[locale]
    choice = int.from_bytes(hashlib.sha256(f"{key}\0{subject}".encode()).digest()[:4], "big") % len(questions)
    asked = questions[choice].replace("{subject}", subject)
    # The subject is put in last, so that neither can be read as a place for the other.
    parts = relation.answer[locale].split("{objects}")
    answer = _joined(objects, locale).join(part.replace("{subject}", subject) for part in parts)
    messages = (ChatMessage(Role.USER, asked), ChatMessage(Role.ASSISTANT, answer))
    return ChatRow(messages, f"triple.{subject}", where, tags=Tags("triples", locale, names=(subject,)))


def _joined(objects: list[str], locale: Locale) -> str:
    if len(objects) == 1:
        return objects[0]
    return _COMMA[locale].join(objects[:-1]) + _AND[locale] + objects[-1]


def _parts(value: object) -> tuple[str, str, str]:
    record = {str(key).lower(): part for key, part in fields.mapping(value, "A triple").items()}
    found = []
    for names in (_SUBJECT, _RELATION, _OBJECT):
        key = next((name for name in names if name in record), names[0])
        part = " ".join(fields.text(record, key).split()).rstrip("。.;；")
        if not part:
            raise DataError(f"`{key}` is empty.")
        found.append(part)
    return found[0], found[1], found[2]


def _relation(name: str) -> tuple[str, _Relation]:
    relations = _relations()
    folded = _name(name)
    if folded in relations.refused:
        raise DataError(f"The relation {name} is left out: {relations.refused[folded]}.")
    if folded not in relations.by_name:
        raise DataError(f"The relation {name} is unknown; add it to {RELATIONS.name}, with questions and an answer.")
    return relations.by_name[folded]


def _name(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=1)
def _relations() -> _Relations:
    content = yaml.safe_load(RELATIONS.read_text(encoding="utf-8"))
    by_name = {}
    for key, entry in content["relations"].items():
        relation = _Relation(
            {locale: tuple(entry[locale.value]["questions"]) for locale in Locale},
            {locale: entry[locale.value]["answer"] for locale in Locale},
        )
        for name in entry["names"]:
            if _name(name) in by_name:
                raise DataError(f"{RELATIONS}: the relation {name} stands twice.")
            by_name[_name(name)] = (key, relation)
    refused = {_name(name): entry["why"] for entry in content["refused"] for name in entry["names"]}
    return _Relations(by_name, refused)
