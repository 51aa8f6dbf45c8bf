"""Events and effects as journal records: plain payload apart from patient text."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medllm_ros.bedside.effects import ANY_EFFECT, Effect
from medllm_ros.bedside.events import ANY_EVENT, Event

_KINDS: list[type[Event] | type[Effect]] = [*ANY_EVENT, *ANY_EFFECT]
_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in _KINDS}


class CodecError(ValueError):
    """A record that no event or effect of this version can be made of."""


def to_record(item: Event | Effect) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Return kind, payload without patient text, and the patient texts (JSON) by field."""
    kind = type(item)
    whole = _ADAPTERS[kind.__name__].dump_python(item, mode="json")
    private = {field.name for field in fields(kind) if field.metadata.get("private")}
    payload = {name: value for name, value in whole.items() if name not in private}
    texts = {name: json.dumps(whole[name], ensure_ascii=False) for name in sorted(private)}
    return kind.__name__, payload, texts


def from_record(kind: str, payload: dict[str, Any], texts: dict[str, str]) -> Event | Effect:
    """Return the event or effect again; raise :class:`CodecError` with a sentence."""
    if kind not in _ADAPTERS:
        raise CodecError(f"The journal holds a {kind!r}, which this version does not know.")
    whole = {**payload, **{name: json.loads(text) for name, text in texts.items()}}
    try:
        item: Event | Effect = _ADAPTERS[kind].validate_python(whole)
    except ValidationError as error:
        raise CodecError(f"A {kind} of the journal cannot be read by this version: {error}") from error
    return item
