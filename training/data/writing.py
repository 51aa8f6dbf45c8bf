"""Rows as JSON lines of a format that others read too; :func:`training.data.read` gives the same rows back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.whole_file import whole_file
from training.data.errors import DataError
from training.data.formats import Format
from training.data.rows import ChatRow, Learn, PairRow, Row, RowKind, TextRow, kind_of

WRITABLE = (Format.MESSAGES, Format.ALPACA, Format.SHAREGPT, Format.PAIRS, Format.TEXT)
USUAL = {RowKind.CHAT: Format.MESSAGES, RowKind.PAIR: Format.PAIRS, RowKind.TEXT: Format.TEXT}
_SHAREGPT = {Role.SYSTEM: "system", Role.USER: "human", Role.ASSISTANT: "gpt"}


def write(rows: Iterable[Row], path: Path, format: Format | None = None) -> int:
    """Write the rows to ``path``, whole or not at all, and return how many; ``format`` None: the usual one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with whole_file(path) as stream:
        for row in rows:
            stream.write(json.dumps(record(row, format), ensure_ascii=False) + "\n")
            count += 1
    return count


def record(row: Row, format: Format | None = None) -> dict[str, Any]:
    """Return one line; raise :class:`DataError` where the format cannot hold the row."""
    wanted = format or USUAL[kind_of(row)]
    if isinstance(row, TextRow) and wanted is Format.TEXT:
        found: dict[str, Any] = {"text": row.text}
    elif isinstance(row, PairRow) and wanted is Format.PAIRS:
        found = {"prompt": _prompt(row.prompt), "chosen": row.chosen, "rejected": row.rejected}
    elif isinstance(row, PairRow) and wanted is Format.SHAREGPT:
        found = {
            "conversations": _sharegpt(row.prompt),
            "chosen": {"from": "gpt", "value": row.chosen},
            "rejected": {"from": "gpt", "value": row.rejected},
        }
    elif isinstance(row, ChatRow) and wanted is Format.MESSAGES:
        found = {"messages": _messages(row.messages)}
    elif isinstance(row, ChatRow) and wanted is Format.SHAREGPT:
        found = {"conversations": _sharegpt(row.messages)}
    elif isinstance(row, ChatRow) and wanted is Format.ALPACA:
        found = _alpaca(row.messages)
    else:
        raise DataError(
            f"{row.where}: a {kind_of(row)} row cannot be written as {wanted}; {kind_of(row)} rows go to "
            f"{USUAL[kind_of(row)]}."
        )
    return {**found, **_extras(row)}


def _extras(row: Row) -> dict[str, Any]:
    """Return what other readers leave aside: group, tags, and what the gate needs."""
    found: dict[str, Any] = {
        "group": row.group, "origin": row.tags.origin, "locale": row.tags.locale, "scenario": row.tags.scenario,
        "names": list(row.tags.names),
    }  # fmt: skip
    if isinstance(row, PairRow):
        found["kind"] = row.kind
    if isinstance(row, ChatRow) and row.learn is not Learn.ALL:
        found["learn"] = row.learn
    found = {key: value for key, value in found.items() if value}
    if not isinstance(row, TextRow) and row.facts is not None:
        found["facts"] = [
            {"label": fact.label, "key": fact.key, "text": fact.text, "asked": fact.asked} for fact in row.facts
        ]
    return found


def _messages(messages: tuple[ChatMessage, ...]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content} for message in messages]


def _sharegpt(messages: tuple[ChatMessage, ...]) -> list[dict[str, str]]:
    return [{"from": _SHAREGPT[message.role], "value": message.content} for message in messages]


def _prompt(messages: tuple[ChatMessage, ...]) -> str | list[dict[str, str]]:
    """Return the text alone where the prompt is one user turn, as most files have it."""
    return messages[0].content if len(messages) == 1 else _messages(messages)


def _alpaca(messages: tuple[ChatMessage, ...]) -> dict[str, Any]:
    system = messages[0].content if messages[0].role is Role.SYSTEM else ""
    turns = messages[1:] if system or messages[0].role is Role.SYSTEM else messages
    pairs = [[turns[at].content, turns[at + 1].content] for at in range(0, len(turns), 2)]
    found: dict[str, Any] = {"instruction": pairs[-1][0], "input": "", "output": pairs[-1][1]}
    if system:
        found["system"] = system
    if pairs[:-1]:
        found["history"] = pairs[:-1]
    return found
