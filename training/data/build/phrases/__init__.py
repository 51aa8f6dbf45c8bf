"""The builder's phrases as data: YAML files, and the mainland's wording made from Taiwan's."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import opencc
import yaml

from medllm_ros.delivery import Locale

FOLDER = Path(__file__).parent


@lru_cache(maxsize=8)
def load(name: str) -> dict[str, Any]:
    """Return one YAML file of this folder."""
    with (FOLDER / f"{name}.yaml").open(encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(content, dict):
        raise ValueError(f"{name}.yaml must be a mapping.")
    return content


def language(locale: Locale) -> str:
    """Return under which key a file has the wording of ``locale``: "zh" (as Taiwan writes it) or "en"."""
    return "en" if locale is Locale.EN_US else "zh"


def here(text: str, locale: Locale) -> str:
    """Return wording of a file as ``locale`` writes it."""
    return to_mainland(text) if locale is Locale.ZH_CN else text


@lru_cache(maxsize=65536)
def to_mainland(text: str) -> str:
    """Return Traditional text in the mainland's script and words."""
    text = str(_converter().convert(text))
    for taiwan, mainland in load("invented")["mainland"].items():
        text = text.replace(taiwan, mainland)
    return text


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("tw2s")
