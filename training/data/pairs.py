"""Preferences -> :class:`PairRow`: ``prompt, chosen, rejected`` and ``system, history, question, response_*``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from medllm_ros.bedside.chat import ChatMessage, Role
from training.data import fields
from training.data.chats import message, past
from training.data.errors import DataError
from training.data.rows import PairRow
from training.data.templates import Template


def preference(record: Mapping[str, Any], where: str, template: Template | None = None) -> Iterator[PairRow]:
    """``prompt`` is text or messages; ``chosen`` and ``rejected`` are text or messages that may repeat the prompt."""
    chosen, rejected = _messages(record, "chosen"), _messages(record, "rejected")
    prompt = _prompt(record, chosen, rejected, template)
    better, worse = (_answer(said, prompt, name) for said, name in ((chosen, "chosen"), (rejected, "rejected")))
    yield _row(record, where, fields.with_system(_system(record, prompt), prompt), better, worse)


def ranked(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[PairRow]:
    """``system, history, question, response_chosen, response_rejected``."""
    turns = [*past(record.get("history")), ChatMessage(Role.USER, fields.text(record, "question"))]
    better, worse = fields.text(record, "response_chosen"), fields.text(record, "response_rejected")
    yield _row(record, where, fields.with_system(fields.text(record, "system", ""), turns), better, worse)


def _row(record: Mapping[str, Any], where: str, turns: list[ChatMessage], chosen: str, rejected: str) -> PairRow:
    prompt = fields.conversation(turns, ends_with=Role.USER)
    first = next(turn.content for turn in prompt if turn.role is Role.USER)
    return PairRow(
        prompt, chosen, rejected, fields.group(record, first), fields.text(record, "kind", ""), where,
        fields.tags(record), fields.facts(record),
    )  # fmt: skip


def _messages(record: Mapping[str, Any], key: str) -> list[ChatMessage]:
    value = record.get(key)
    if isinstance(value, list):
        return [message(item) for item in fields.listed(value, f"`{key}`")]
    if isinstance(value, Mapping):
        return [message(value)]
    return [ChatMessage(Role.ASSISTANT, fields.text(record, key))]


def _prompt(
    record: Mapping[str, Any], chosen: list[ChatMessage], rejected: list[ChatMessage], template: Template | None
) -> list[ChatMessage]:
    value = record.get("prompt")
    if isinstance(value, list):
        return [message(item) for item in fields.listed(value, "`prompt`")]
    if value is not None:
        text = fields.text(record, "prompt")
        asked = template.fill(text, "") if template else text
        return [*past(record.get("history")), ChatMessage(Role.USER, asked)]
    if chosen[:-1] != rejected[:-1] or len(chosen) < 2:
        raise DataError("`prompt` is missing, and `chosen` and `rejected` do not begin with the same messages.")
    return chosen[:-1]


def _system(record: Mapping[str, Any], prompt: list[ChatMessage]) -> str:
    system = fields.text(record, "system", "")
    if system and prompt[0].role is Role.SYSTEM:
        raise DataError("There is a `system` and a system message in the prompt; keep one.")
    return system


def _answer(said: list[ChatMessage], prompt: list[ChatMessage], name: str) -> str:
    if said[-1].role is not Role.ASSISTANT:
        raise DataError(f"`{name}` must end with the assistant's words.")
    if said[:-1] not in ([], prompt):
        raise DataError(f"`{name}` begins with other messages than the prompt.")
    return said[-1].content
