"""The parts of a record, checked one by one; every error is a sentence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale, Scenario
from medllm_ros.safety.folding import fold
from training.data.errors import DataError
from training.data.rows import FactLine, Learn, Tags

_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_NOT_A_WORD = re.compile(r"[\W_]+")


def text(record: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """Return a text of the record; ``default`` where the key is missing or null. Raises :class:`DataError`."""
    value = record.get(key)
    if value is None:
        if default is None:
            raise DataError(f"`{key}` is missing.")
        return default
    return plain(value, f"`{key}`")


def plain(value: object, what: str) -> str:
    """Return ``value`` where it is text that can be written to a file."""
    if not isinstance(value, str):
        raise DataError(f"{what} must be text, not {type(value).__name__}.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"{what} holds half a character (a lone surrogate); write the whole one.") from error
    return value


def listed(value: object, what: str) -> Sequence[Any]:
    """Return ``value`` where it is a list with something in it."""
    if not isinstance(value, list) or not value:
        raise DataError(f"{what} must be a list with at least one entry.")
    return value


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return ``value`` where it is a JSON object."""
    if not isinstance(value, Mapping):
        raise DataError(f"{what} must be an object, not {type(value).__name__}.")
    return value


def conversation(messages: Iterable[ChatMessage], *, ends_with: Role = Role.ASSISTANT) -> tuple[ChatMessage, ...]:
    """Return the messages where they are a conversation: [system], then user and assistant in turn."""
    found = tuple(messages)
    turns = found[1:] if found and found[0].role is Role.SYSTEM else found
    for number, message in enumerate(turns):
        wanted = Role.ASSISTANT if number % 2 else Role.USER
        if message.role is not wanted:
            raise DataError(f"Message {number + 1} is the {message.role}'s, but it is the {wanted}'s turn.")
    if not turns or turns[-1].role is not ends_with:
        raise DataError(f"The conversation must end with the {ends_with}'s words.")
    return found


def with_system(system: str, messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    """Return the messages with a system message before them where there is one."""
    return [*([ChatMessage(Role.SYSTEM, system)] if system else []), *messages]


def group(record: Mapping[str, Any], question: str) -> str:
    """Return the record's own ``group``, else the family of its question: the wording without its numbers."""
    given = text(record, "group", "")
    return given or family(question)


def family(question: str) -> str:
    """Return one name for all questions that differ in numbers, punctuation, case or script alone."""
    bare = _NOT_A_WORD.sub(" ", _DIGITS.sub(" 0 ", fold(question))).strip()
    return "q." + hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()[:16]


def tags(record: Mapping[str, Any]) -> Tags:
    """Return where the record says it comes from."""
    locale, scenario = text(record, "locale", ""), text(record, "scenario", "")
    if locale and locale not in set(Locale):
        raise DataError(f"`locale` is {locale!r}; write one of {', '.join(Locale)}.")
    if scenario and scenario not in set(Scenario):
        raise DataError(f"`scenario` is {scenario!r}; write one of {', '.join(Scenario)}.")
    names = record.get("names") or []
    return Tags(
        text(record, "origin", ""),
        Locale(locale) if locale else None,
        Scenario(scenario) if scenario else None,
        tuple(plain(name, "An entry of `names`") for name in (listed(names, "`names`") if names else ())),
    )


def learn(record: Mapping[str, Any]) -> Learn:
    """Return which answers carry loss."""
    value = text(record, "learn", Learn.ALL)
    if value not in set(Learn):
        raise DataError(f"`learn` is {value!r}; write one of {', '.join(Learn)}.")
    return Learn(value)


def facts(record: Mapping[str, Any]) -> tuple[FactLine, ...] | None:
    """Return the labelled lines that the answer may rest on, None where the record names none."""
    value = record.get("facts")
    if value is None:
        return None
    if not isinstance(value, list):
        raise DataError("`facts` must be a list of {label, key, text, asked}.")
    found = []
    for item in value:
        line = mapping(item, "An entry of `facts`")
        asked = line.get("asked", True)
        if not isinstance(asked, bool):
            raise DataError("`asked` of a fact must be true or false.")
        found.append(FactLine(text(line, "label"), text(line, "key", ""), text(line, "text"), asked))
    return tuple(found)
