"""The editable prompt texts of ``config/scenarios/``, checked when they are loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment

from medllm_ros.delivery import Locale, Profile, Scenario
from medllm_ros.paths import config_dir

HEADINGS = ("facts", "note", "more")
_JINJA = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False)


class ScenarioError(ValueError):
    """A scenario file that cannot be used; the message names the file and what is missing."""


@dataclass(frozen=True)
class Scenarios:
    """Role, rules, profile notes and headings, by scenario and locale."""

    roles: Mapping[Scenario, Mapping[Locale, jinja2.Template]]
    rules: Mapping[Locale, str]
    profiles: Mapping[Profile, Mapping[Locale, str]]
    headings: Mapping[str, Mapping[Locale, str]]
    hash: str

    @classmethod
    def load(cls, folder: Path | None = None) -> Scenarios:
        """Read ``common.yaml`` and one file a scenario; raise :class:`ScenarioError` with a sentence."""
        folder = folder or config_dir() / "scenarios"
        digest = hashlib.sha256()
        common = _read(folder / "common.yaml", digest)
        roles = {}
        for scenario in Scenario:
            path = folder / f"{scenario}.yaml"
            texts = _texts(_read(path, digest).get("role"), f"{path}: role")
            roles[scenario] = {locale: _template(text, path) for locale, text in texts.items()}
        where = folder / "common.yaml"
        return cls(
            roles=roles,
            rules=_texts(common.get("rules"), f"{where}: rules"),
            profiles={
                profile: _texts(_part(common, "profiles").get(profile), f"{where}: profiles.{profile}")
                for profile in Profile
            },
            headings={
                name: _texts(_part(common, "headings").get(name), f"{where}: headings.{name}") for name in HEADINGS
            },
            hash=digest.hexdigest(),
        )

    def role(self, scenario: Scenario, locale: Locale, *, ward: str) -> str:
        """Return the scenario's opening, filled in."""
        return self.roles[scenario][locale].render(ward=ward).strip()


def _read(path: Path, digest: Any) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"The scenario file {path} cannot be read: {error.strerror}. Restore it.") from error
    digest.update(data)
    try:
        content = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ScenarioError(f"{path} must be a mapping of keys to texts.")
    return content


def _part(content: dict[str, Any], key: str) -> dict[str, Any]:
    part = content.get(key)
    return part if isinstance(part, dict) else {}


def _texts(value: object, where: str) -> dict[Locale, str]:
    if not isinstance(value, dict) or set(value) != {str(locale) for locale in Locale}:
        raise ScenarioError(f"{where} needs exactly the texts {', '.join(Locale)}.")
    for key, text in value.items():
        if not isinstance(text, str) or not text.strip():
            raise ScenarioError(f"{where}.{key} is empty; write a text.")
    return {Locale(key): text.strip() for key, text in value.items()}


def _template(text: str, path: Path) -> jinja2.Template:
    try:
        template = _JINJA.from_string(text)
        template.render(ward="7A")
    except jinja2.TemplateError as error:
        raise ScenarioError(f"{path}: the template cannot be used: {error}. The only placeholder is ward.") from error
    return template
