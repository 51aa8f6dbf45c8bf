"""Reads the tables that come with the package (``data/*.yaml``)."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def read_table(name: str) -> dict[str, Any]:
    """Return the table ``data/<name>``; the same object each time, so do not change it."""
    table = yaml.safe_load(resources.files("medllm_ros.speech").joinpath("data", name).read_text(encoding="utf-8"))
    assert isinstance(table, dict)
    return table
