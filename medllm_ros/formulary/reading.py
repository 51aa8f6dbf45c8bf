"""Read one formulary file: YAML in, plain text values out, every value traceable to its line.

Scalars stay text: ``no`` is the word no and ``2024-01-05`` is a date as the page wrote it. Keys
given twice and YAML aliases are refused, because a pharmacist would not see which text counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Location = Sequence[str | int]

MAX_FILE_BYTES = 1_000_000  # the largest packaged file has under 20 kB
MAX_DEPTH = 10
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where PyYAML was built with it


class FormularyError(ValueError):
    """A formulary that cannot be used; says file, line and reason."""

    def __init__(self, file: Path | str, line: int, reason: str) -> None:
        self.file = str(file)
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")

    def __reduce__(self) -> tuple[type[FormularyError], tuple[str, int, str]]:
        return FormularyError, (self.file, self.line, self.reason)


@dataclass(frozen=True)
class Document:
    """One file: its bytes and its values (text, lists, dicts)."""

    path: Path
    content: bytes
    data: dict[str, Any]

    def line(self, location: Location) -> int:
        """Return the line (from 1) of the value at ``location``, or of its nearest parent that exists."""
        node: Any = yaml.compose(self.content, _Loader)  # only needed for a message, so only made for one
        for step in location:
            if isinstance(node, yaml.MappingNode):
                found = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
                found = node.value[step]
            else:
                found = None
            if found is None:
                break
            node = found
        return int(node.start_mark.line) + 1


def read(path: Path) -> Document:
    """Return the file's document; raise :class:`FormularyError` where it is not a plain YAML mapping."""
    return parse(path, content_of(path))


def content_of(path: Path) -> bytes:
    """Return the file's bytes; raise :class:`FormularyError` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormularyError(path, 0, f"The file cannot be read: {error.strerror or error}.") from error


def parse(path: Path, content: bytes) -> Document:
    """Return the document of ``content``; ``path`` is used in messages only."""
    if len(content) > MAX_FILE_BYTES:
        raise FormularyError(path, 0, f"The file has {len(content)} bytes; at most {MAX_FILE_BYTES} are allowed.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormularyError(path, line, "The file is not UTF-8; save it as UTF-8.") from error
    try:
        data = _Values(path, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise FormularyError(path, line, f"This is not YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise FormularyError(path, 0, f"This is not YAML: {' '.join(str(error).split())}.") from error
    return Document(path=path, content=content, data=data)


class _Values:
    """Builds plain values from YAML events: half the time of PyYAML's own nodes, and it sees every key."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._next: Callable[[], Any] = _Loader(text.encode()).get_event  # libyaml works on bytes

    def document(self) -> dict[str, Any]:
        """Return the one mapping of the file."""
        self._next()  # the stream starts
        if isinstance(event := self._next(), yaml.StreamEndEvent):
            raise FormularyError(self._path, 1, "The file is empty; it must start with `id:`.")
        event = self._next()
        if not isinstance(event, yaml.MappingStartEvent):
            raise self._error(event, "The file must be a mapping that starts with `id:`.")
        data = self._mapping(0)
        self._next()  # the document ends
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise self._error(event, "The file must hold one drug; a second document (`---`) starts here.")
        return data

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return event.value
        if depth > MAX_DEPTH:
            raise self._error(event, "The file is nested too deeply.")
        if kind is yaml.MappingStartEvent:
            return self._mapping(depth)
        if kind is yaml.SequenceStartEvent:
            items = []
            while type(event := self._next()) is not yaml.SequenceEndEvent:
                items.append(self._value(event, depth + 1))
            return items
        raise self._error(event, "YAML aliases (*name) are not allowed; write the text out.")

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise self._error(event, "A key must be a word.")
            if (key := event.value) in found:
                raise self._error(event, f"The key `{key}` is given twice.")
            event = self._next()
            found[key] = event.value if type(event) is yaml.ScalarEvent else self._value(event, depth + 1)
        return found

    def _error(self, event: Any, reason: str) -> FormularyError:
        return FormularyError(self._path, event.start_mark.line + 1, reason)
