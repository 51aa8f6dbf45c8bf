"""Every sentence that the robot may say of itself, as data a hospital can read aloud and edit.

One YAML file per locale (``zh_TW.yaml``, ``zh_CN.yaml``, ``en_US.yaml``). A key is a dotted name; its
value is the sentence, or a mapping with ``text`` and variants named after a scenario, a profile or
``scenario+profile``. Placeholders are ``{plain_names}``; ``{staff}`` and ``{advisers}`` are filled in by
themselves with the text of that key for the scenario.

Everything that can be wrong with a file is found when it is loaded: at the bedside nothing may fail.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter

import yaml

from medllm_ros.delivery import Locale, Profile, Scenario

DATA = Path(__file__).parent / "data" / "wording"
FILLED_IN = ("staff", "advisers")  # keys that are placeholders too

# Who is spoken to matters more than how loudly: a deaf child's visit still speaks to the parent.
_PROFILE_ORDER = (Profile.CHILD, Profile.HARD_OF_HEARING, Profile.PREGNANT, Profile.ELDERLY)
_OPENING = "opening_"
_OPENS = re.compile(rf"(^|[.!?] )\{{({'|'.join(FILLED_IN)})\}}")  # "The nurse has received the call."
_PLACEHOLDER = re.compile(r"[a-z][a-z_]*\Z")


class WordingError(ValueError):
    """A wording folder that cannot be used; the message names file and key and says what to change."""


@dataclass(frozen=True)
class _Entry:
    """One key of one locale: the plain sentence, its variants, and its placeholders."""

    text: str
    variants: Mapping[str, str]
    placeholders: frozenset[str]

    def choose(self, scenario: Scenario | None, profiles: frozenset[Profile]) -> str:
        """Return the closest variant: scenario+profile, then profile, then scenario, then the plain text."""
        if not self.variants:
            return self.text
        wanted = [profile.value for profile in _PROFILE_ORDER if profile in profiles]
        if scenario is not None:
            wanted = [f"{scenario.value}+{profile}" for profile in wanted] + wanted + [scenario.value]
        return next((self.variants[name] for name in wanted if name in self.variants), self.text)


class Wording:
    """The approved sentences of every locale."""

    def __init__(self, entries: Mapping[Locale, Mapping[str, _Entry]]) -> None:
        self._entries = entries

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Wording:
        """Read a folder with one complete file per locale; without one, the packaged sentences.

        Raises :class:`WordingError` where a file, a key or a placeholder is missing, unknown or malformed.
        """
        packaged = _packaged()
        if folder is None or Path(folder) == DATA:
            return packaged
        return cls(_read_folder(Path(folder), packaged.placeholders))

    @property
    def hash(self) -> str:
        """Return the SHA-256 of every sentence, for the journal."""
        digest = hashlib.sha256()
        for locale in Locale:
            for where, text in sorted(self.every_text(locale)):
                digest.update(f"{locale.value}\t{where}\t{text}\n".encode())
        return digest.hexdigest()

    @property
    def keys(self) -> frozenset[str]:
        """Return every key; the same in each locale."""
        return frozenset(self._entries[Locale.ZH_TW])

    @property
    def placeholders(self) -> Mapping[str, frozenset[str]]:
        """Return the placeholders that a caller fills, by key."""
        return {key: entry.placeholders for key, entry in self._entries[Locale.ZH_TW].items()}

    def has(self, key: str) -> bool:
        """Return True where ``key`` can be said."""
        return key in self._entries[Locale.ZH_TW]

    def say(
        self,
        key: str,
        locale: Locale | str,
        *,
        scenario: Scenario | None = None,
        profiles: Iterable[Profile] = frozenset(),
        **values: object,
    ) -> str:
        """Return the sentence of ``key``. Values are inserted as they are and never read as placeholders."""
        entry = self._entry(key, Locale(locale))
        absent = entry.placeholders - values.keys()
        if absent:
            raise WordingError(f"The wording {key!r} needs {_names(absent)}; pass it to say().")
        text = entry.choose(scenario, frozenset(profiles))
        for name in FILLED_IN:
            if f"{{{name}}}" in text:
                people = self._entry(name, Locale(locale)).choose(scenario, frozenset())
                values[name] = people
                values[_OPENING + name] = people[:1].upper() + people[1:]
        return _OPENS.sub(rf"\1{{{_OPENING}\2}}", text).format_map(values) if values else text

    def every_text(self, locale: Locale | str) -> Iterable[tuple[str, str]]:
        """Yield key (``key[variant]`` for a variant) and raw text of everything that can be said in ``locale``."""
        for key, entry in self._entries[Locale(locale)].items():
            yield key, entry.text
            for name, text in entry.variants.items():
                yield f"{key}[{name}]", text

    def _entry(self, key: str, locale: Locale) -> _Entry:
        try:
            return self._entries[locale][key]
        except KeyError:
            raise WordingError(f"There is no wording {key!r}; add it to every file of {DATA.name}/.") from None


@lru_cache(maxsize=1)
def _packaged() -> Wording:
    return Wording(_read_folder(DATA, None))


def _read_folder(folder: Path, required: Mapping[str, frozenset[str]] | None) -> dict[Locale, dict[str, _Entry]]:
    """Return the entries of every locale; ``required`` maps each key to its placeholders (None: zh_TW decides)."""
    found: dict[Locale, dict[str, _Entry]] = {}
    for locale in Locale:
        path = folder / f"{locale.value}.yaml"
        entries = _read_file(path)
        if required is None:
            required = {key: entry.placeholders for key, entry in entries.items()}
        _compare(path, entries, required)
        found[locale] = entries
    return found


def _compare(path: Path, entries: Mapping[str, _Entry], required: Mapping[str, frozenset[str]]) -> None:
    absent = required.keys() - entries.keys()
    if absent:
        raise WordingError(f"{path}: the key {_names(absent)} is missing; copy it from the packaged {path.name}.")
    unknown = entries.keys() - required.keys()
    if unknown:
        raise WordingError(f"{path}: the key {_names(unknown)} is not known; remove it or correct its spelling.")
    for key, wanted in required.items():
        if entries[key].placeholders != wanted:
            raise WordingError(
                f"{path}: {key} must use the placeholders {_names(wanted)}, not {_names(entries[key].placeholders)}."
            )


def _read_file(path: Path) -> dict[str, _Entry]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WordingError(f"{path} does not exist; a wording folder holds one file for every locale.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WordingError(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise WordingError(f"{path} is not valid YAML: {error}.") from error
    if not isinstance(document, dict):
        raise WordingError(f"{path} must map keys to sentences.")
    return {str(key): _entry_from(path, str(key), value) for key, value in document.items()}


def _entry_from(path: Path, key: str, value: object) -> _Entry:
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise WordingError(f"{path}: {key} must be a sentence, or a mapping with 'text' and variants.")
    variants: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(text, str) or not text.strip():
            raise WordingError(f"{path}: {key}, {name}: the sentence is empty.")
        if name != "text":
            variants[_variant(path, key, str(name))] = text.strip()
    text = value["text"].strip()
    placeholders = _placeholders(path, key, text)
    for name, variant in variants.items():
        # A shorter variant may leave a value out; it may not ask for one that nobody passes.
        extra = _placeholders(path, f"{key}, {name}", variant) - placeholders
        if extra:
            raise WordingError(f"{path}: {key}, {name}: the placeholder {_names(extra)} is not in the plain text.")
    return _Entry(text=text, variants=variants, placeholders=placeholders)


def _variant(path: Path, key: str, name: str) -> str:
    scenarios, profiles = {item.value for item in Scenario}, {item.value for item in Profile}
    first, _, second = name.partition("+")
    if (second and first in scenarios and second in profiles) or (not second and first in scenarios | profiles):
        return name
    raise WordingError(f"{path}: {key}: {name!r} is no variant; use a scenario, a profile or scenario+profile.")


def _placeholders(path: Path, where: str, text: str) -> frozenset[str]:
    found = set()
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is None:
                continue
            if not _PLACEHOLDER.match(name) or spec or conversion:
                raise WordingError(f"{path}: {where}: {{{name}}} must be a plain name in small letters.")
            found.add(name)
    except ValueError as error:
        if isinstance(error, WordingError):
            raise
        raise WordingError(f"{path}: {where}: a brace is not closed ({error}).") from error
    return frozenset(found.difference(FILLED_IN))


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "(none)"
