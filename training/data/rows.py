"""Canonical rows: what every format becomes when it is read, and what every stage trains on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale, Scenario


class RowKind(StrEnum):
    """What a row teaches with."""

    TEXT = "text"  # continued pretraining
    CHAT = "chat"  # supervised fine-tuning
    PAIR = "pair"  # preference


class Learn(StrEnum):
    """Which answers of a conversation carry loss."""

    ALL = "all"
    LAST = "last"  # the robot's own rows: earlier answers stand as they were spoken, without their citations


@dataclass(frozen=True)
class Tags:
    """Where a row comes from; counted by ``stats``, needed by no stage."""

    origin: str = ""  # "written", "generated"
    locale: Locale | None = None
    scenario: Scenario | None = None
    names: tuple[str, ...] = ()  # of its medicines, to be masked where wording is compared


@dataclass(frozen=True)
class FactLine:
    """A labelled line that the prompt shows. ``asked`` ones stand beside the question."""

    label: str  # "F3"
    key: str  # a FactField value, "name" or "order"
    text: str
    asked: bool = True


@dataclass(frozen=True)
class TextRow:
    """One paragraph or note."""

    text: str
    where: str = ""  # "file:line"
    group: str = ""  # rows of one group never stand on two sides of a split
    tags: Tags = Tags()


@dataclass(frozen=True)
class ChatRow:
    """One conversation: an optional system message, then user and assistant in turn; the last word is the assistant's.

    ``facts`` are None where the row names none, and then its numbers cannot be judged.
    """

    messages: tuple[ChatMessage, ...]
    group: str
    where: str = ""
    learn: Learn = Learn.ALL
    tags: Tags = Tags()
    facts: tuple[FactLine, ...] | None = None


@dataclass(frozen=True)
class PairRow:
    """A prompt that ends with the user's turn, the better answer and the worse one."""

    prompt: tuple[ChatMessage, ...]
    chosen: str
    rejected: str
    group: str
    kind: str = ""  # what sets them apart: "invented", "unsafe", "citation", ...
    where: str = ""
    tags: Tags = Tags()
    facts: tuple[FactLine, ...] | None = None


Row = TextRow | ChatRow | PairRow


def kind_of(row: Row) -> RowKind:
    """Return what ``row`` teaches with."""
    return RowKind.TEXT if isinstance(row, TextRow) else RowKind.PAIR if isinstance(row, PairRow) else RowKind.CHAT


def asked(content: str) -> str:
    """Return the patient's own words of a user turn, without the facts that the prompt puts before them."""
    last = content.rstrip().rsplit("\n", 1)[-1]
    return last[1:-1] if last.startswith("「") and last.endswith("」") else content


def question(row: Row) -> str:
    """Return what is asked last; "" for a text."""
    if isinstance(row, TextRow):
        return ""
    messages = row.prompt if isinstance(row, PairRow) else row.messages
    return next((asked(message.content) for message in reversed(messages) if message.role is Role.USER), "")


def asked_facts(row: Row) -> frozenset[str]:
    """Return the texts of the facts that stand beside the question."""
    if isinstance(row, TextRow) or row.facts is None:
        return frozenset()
    return frozenset(fact.text for fact in row.facts if fact.asked)


def answers(row: Row) -> tuple[str, ...]:
    """Return the texts that the row teaches to say."""
    if isinstance(row, TextRow):
        return (row.text,)
    if isinstance(row, PairRow):
        return (row.chosen,)
    said = tuple(message.content for message in row.messages if message.role is Role.ASSISTANT)
    return said[-1:] if row.learn is Learn.LAST else said


def conversation(row: Row) -> str:
    """Return everything but the system message, facts included; of a pair both answers."""
    return "\n".join(_contents(row))


def said(row: Row) -> str:
    """Return what people and robot said, without the facts that the prompt puts before a question."""
    return "\n".join(asked(content) for content in _contents(row))


def _contents(row: Row) -> list[str]:
    if isinstance(row, TextRow):
        return [row.text]
    messages = row.prompt if isinstance(row, PairRow) else row.messages
    contents = [message.content for message in messages if message.role is not Role.SYSTEM]
    return [*contents, row.chosen, row.rejected] if isinstance(row, PairRow) else contents
