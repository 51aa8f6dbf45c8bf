"""Conversations: alpaca, ChatDoctor, sharegpt, messages, MedQA -> :class:`ChatRow`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from medllm_ros.bedside.chat import ChatMessage, Role
from training.data import fields
from training.data.errors import DataError
from training.data.rows import ChatRow, PairRow
from training.data.templates import Template

_ROLES = {
    "system": Role.SYSTEM, "human": Role.USER, "user": Role.USER, "gpt": Role.ASSISTANT, "assistant": Role.ASSISTANT,
    "chatgpt": Role.ASSISTANT, "bot": Role.ASSISTANT, "model": Role.ASSISTANT,
}  # fmt: skip


def alpaca(record: Mapping[str, Any], where: str, template: Template | None = None) -> Iterator[ChatRow]:
    """``instruction, input, output[, system][, history]``; ``history`` is a list of [question, answer]."""
    instruction, more = fields.text(record, "instruction"), fields.text(record, "input", "")
    asked = template.fill(instruction, more) if template else "\n".join(part for part in (instruction, more) if part)
    turns = [
        *past(record.get("history")),
        ChatMessage(Role.USER, asked),
        ChatMessage(Role.ASSISTANT, fields.text(record, "output")),
    ]
    yield _row(record, where, fields.with_system(fields.text(record, "system", ""), turns))


def chatdoctor(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[ChatRow]:
    """``instruction, input, output``: the instruction is the same for every line and becomes the system message."""
    turns = [
        ChatMessage(Role.USER, fields.text(record, "input")),
        ChatMessage(Role.ASSISTANT, fields.text(record, "output")),
    ]
    yield _row(record, where, fields.with_system(fields.text(record, "instruction", ""), turns))


def sharegpt(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[ChatRow | PairRow]:
    """``conversations: [{from, value}]``, with ``chosen`` and ``rejected`` a preference after them."""
    key = "conversations" if "conversations" in record else "conversation"
    turns = [message(item, "from", "value") for item in fields.listed(record.get(key), f"`{key}`")]
    system = fields.text(record, "system", "") or fields.text(record, "system_prompt", "")
    turns = fields.with_system(system, turns)
    if "chosen" not in record and "rejected" not in record:
        yield _row(record, where, turns)
        return
    chosen, rejected = (
        message(record[name], "from", "value").content if isinstance(record.get(name), Mapping)
        else fields.text(record, name)
        for name in ("chosen", "rejected")
    )  # fmt: skip
    prompt = fields.conversation(turns, ends_with=Role.USER)
    group = fields.group(record, prompt[-1].content)
    kind = fields.text(record, "kind", "")
    yield PairRow(prompt, chosen, rejected, group, kind, where, fields.tags(record), fields.facts(record))


def messages(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[ChatRow]:
    """``messages: [{role, content}]``."""
    turns = [message(item) for item in fields.listed(record.get("messages"), "`messages`")]
    yield _row(record, where, turns)


def medqa(record: Mapping[str, Any], where: str, _template: Template | None = None) -> Iterator[ChatRow]:
    """``question, options, answer[, answer_idx]``; options are {letter: text} or a list."""
    question = fields.text(record, "question")
    options = _options(record.get("options"))
    given = fields.text(record, "answer_idx", "") or fields.text(record, "answer")
    letter = given if given in options else next((key for key, value in options.items() if value == given), "")
    if not letter:
        raise DataError(f"The answer {given!r} is none of the options {', '.join(options)}.")
    asked = "\n".join([question, *(f"{key}. {value}" for key, value in options.items())])
    turns = [ChatMessage(Role.USER, asked), ChatMessage(Role.ASSISTANT, f"{letter}. {options[letter]}")]
    yield _row({"group": fields.family(question), **record}, where, turns)


def message(item: object, role_key: str = "role", content_key: str = "content") -> ChatMessage:
    """Return one message of a list."""
    entry = fields.mapping(item, "A message")
    role = fields.text(entry, role_key)
    if role not in _ROLES:
        raise DataError(f"`{role_key}` is {role!r}; it must be one of {', '.join(_ROLES)}.")
    return ChatMessage(_ROLES[role], fields.text(entry, content_key))


def past(history: object) -> Iterator[ChatMessage]:
    """Yield the messages of a ``history`` of [question, answer] pairs; None and [] are no history."""
    if history is None or history == []:
        return
    for turn in fields.listed(history, "`history`"):
        if not isinstance(turn, list) or len(turn) != 2:
            raise DataError("`history` must be a list of [question, answer].")
        yield ChatMessage(Role.USER, fields.plain(turn[0], "A question of `history`"))
        yield ChatMessage(Role.ASSISTANT, fields.plain(turn[1], "An answer of `history`"))


def _row(record: Mapping[str, Any], where: str, turns: list[ChatMessage]) -> ChatRow:
    found = fields.conversation(turns)
    first = next(turn.content for turn in found if turn.role is Role.USER)
    group = fields.group(record, first)
    return ChatRow(found, group, where, fields.learn(record), fields.tags(record), fields.facts(record))


def _options(value: object) -> dict[str, str]:
    if isinstance(value, list):
        value = {chr(ord("A") + number): item for number, item in enumerate(value[:26])}
    found = fields.mapping(value, "`options`")
    if not found:
        raise DataError("`options` is empty.")
    return {str(key): fields.plain(item, f"Option {key}") for key, item in found.items()}
