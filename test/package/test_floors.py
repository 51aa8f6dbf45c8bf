"""Arrows go down only: who may import whom (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "medllm_ros"

FLOOR = {
    "nodes": 4, "cli": 4, "engine": 3, "speech": 3, "bedside": 2, "safety": 2, "orders": 2,
    "formulary": 1, "journal": 1, "quantities": 1, "delivery": 1, "paths": 1, "whole_file": 1,
}  # fmt: skip
FROM_FLOOR = {"rclpy": 4, "torch": 3, "transformers": 3, "peft": 3, "vosk": 3, "pyttsx3": 3, "sounddevice": 3}
GENERATED = {"msg", "srv", "action"}


def room(path: Path) -> str:
    """Return the room a file stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py" or path.parent != PACKAGE]


def test_every_room_has_a_floor():
    assert {room(path) for path in FILES} <= set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_reaches_up(path: Path):
    floor = FLOOR[room(path)]
    for name in imports(path):
        first = name.split(".")[0]
        assert floor >= FROM_FLOOR.get(first, 0), f"{path} on floor {floor} imports {first}"
        assert first != "training", f"{path} imports training"
        if first == "medllm_ros" and "." in name:
            other = name.split(".")[1]
            assert floor >= (4 if other in GENERATED else FLOOR[other]), f"{path} on floor {floor} imports {name}"
