"""The formats: how each is recognised by its keys, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from training.data import chats, medllm_format, pairs, texts, triples
from training.data.errors import DataError
from training.data.rows import Row
from training.data.templates import Template


class Format(StrEnum):
    """What a file is written in."""

    MEDLLM = "medllm"  # our own, see medllm_format.py
    MESSAGES = "messages"
    SHAREGPT = "sharegpt"  # conversations: [{from, value}], also with chosen and rejected
    ALPACA = "alpaca"
    CHATDOCTOR = "chatdoctor"
    PAIRS = "prompt-chosen-rejected"
    RANKED = "response-chosen-rejected"  # system, history, question, response_chosen, response_rejected
    MEDQA = "medqa"
    TRIPLES = "triples"
    MIMIC = "mimic"
    TEXT = "text"


Reader = Callable[[Any, str, Template | None], Iterator[Row]]

_CHATDOCTOR = "if you are a doctor"  # how every instruction of that data set begins

READERS: Mapping[Format, Reader] = {
    Format.MEDLLM: lambda record, where, _template: medllm_format.rows(record, where),
    Format.MESSAGES: chats.messages,
    Format.SHAREGPT: chats.sharegpt,
    Format.ALPACA: chats.alpaca,
    Format.CHATDOCTOR: chats.chatdoctor,
    Format.PAIRS: pairs.preference,
    Format.RANKED: pairs.ranked,
    Format.MEDQA: chats.medqa,
    Format.MIMIC: texts.mimic,
    Format.TEXT: texts.paragraph,
}  # triples are read all together, by triples.rows


def detect(value: object) -> Format:
    """Return the format that a record is written in; raise :class:`DataError` with its keys where it is none."""
    if isinstance(value, str):
        return Format.TEXT
    if not isinstance(value, Mapping):
        raise DataError(f"a record must be an object or a text, not {type(value).__name__}.")
    keys = {str(key) for key in value}
    for wanted, found in _BY_KEYS:
        if wanted <= keys:
            if found is Format.ALPACA and str(value["instruction"]).strip().lower().startswith(_CHATDOCTOR):
                return Format.CHATDOCTOR
            return found
    if triples.is_triple(value):
        return Format.TRIPLES
    if {"TEXT", "SUBJECT_ID"} <= {key.upper() for key in keys}:
        return Format.MIMIC
    if "text" in keys:
        return Format.TEXT
    raise DataError(
        f"no format has the keys {', '.join(sorted(keys)) or '(none)'}; "
        f"name the format or convert the file ({', '.join(Format)})."
    )


_BY_KEYS: tuple[tuple[set[str], Format], ...] = (
    ({"turns", "order"}, Format.MEDLLM),
    ({"conversations"}, Format.SHAREGPT),
    ({"conversation"}, Format.SHAREGPT),
    ({"response_chosen", "response_rejected"}, Format.RANKED),
    ({"chosen", "rejected"}, Format.PAIRS),
    ({"messages"}, Format.MESSAGES),
    ({"question", "options"}, Format.MEDQA),
    ({"instruction", "output"}, Format.ALPACA),
)
