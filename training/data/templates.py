"""Instruction templates: how a base model without a chat format is asked, and where its answer begins.

A JSON or YAML file with ``prompt_input`` ("{instruction}" and "{input}"), ``prompt_no_input`` ("{instruction}") and
``response_split``, the words after which the answer stands. ``description`` is for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from training.data.errors import DataError

FOLDER = Path(__file__).parent / "templates"
_PLACE = re.compile(r"\{(\w*)\}")
_KEYS = {"description", "prompt_input", "prompt_no_input", "response_split"}


@dataclass(frozen=True)
class Template:
    """One template; :meth:`load` checks it."""

    prompt_input: str
    prompt_no_input: str
    response_split: str

    @classmethod
    def load(cls, name: Path | str) -> Template:
        """Return the template of a file, or the packaged one of that name; raise :class:`DataError`."""
        path = Path(name)
        if not path.is_file():
            path = FOLDER / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
            raise DataError(f"There is no template file {name}; give a path or one of {known}.")
        content = _content(path)
        unknown = set(content) - _KEYS
        if unknown:
            raise DataError(f"{path}: {', '.join(sorted(map(str, unknown)))} is unknown; a template has {_keys()}.")
        texts = {key: content.get(key) for key in sorted(_KEYS - {"description"})}
        for key, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise DataError(f"{path}: `{key}` must be a text.")
        _places(path, "prompt_input", str(texts["prompt_input"]), {"instruction", "input"})
        _places(path, "prompt_no_input", str(texts["prompt_no_input"]), {"instruction"})
        return cls(**{key: str(text) for key, text in texts.items()})

    def fill(self, instruction: str, more: str) -> str:
        """Return the prompt. What is filled in is never read as a template."""
        values = {"instruction": instruction, "input": more}
        return _PLACE.sub(lambda found: values[found[1]], self.prompt_input if more else self.prompt_no_input)

    def answer(self, generated: str) -> str:
        """Return what a model wrote after the prompt; all of it where the prompt is not in it."""
        return generated.split(self.response_split, 1)[-1].strip()


def _content(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise DataError(f"The template file {path} cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise DataError(f"{path} must be an object with {_keys()}.")
    return content


def _keys() -> str:
    return ", ".join(sorted(_KEYS))


def _places(path: Path, key: str, text: str, wanted: set[str]) -> None:
    found = set(_PLACE.findall(text))
    if found != wanted:
        names = " and ".join("{" + name + "}" for name in sorted(wanted, reverse=True))
        raise DataError(f"{path}: `{key}` must hold {names}, and no other name in braces.")
