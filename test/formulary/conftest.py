"""Drug files written in the test, so that each rule is shown by one change to a right file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medllm_ros.formulary import Formulary

RIGHT = """\
id: testol
names:
  zh_TW: [測試醇]
  zh_CN: [测试醇]
  en_US: [testol]
brands: [好測]
atc:
- code: C08CA01
route: PO
missed_dose:
  policy: answer
  why: read at its source
facts:
- id: testol.purpose.1
  zh_TW: 用來治療高血壓。
  zh_CN: 用于治疗高血压。
  en_US: It treats high blood pressure.
  status: source_opened
  source: page
  section: Uses
- id: testol.missed_dose.1
  zh_TW: 想起來就補吃。
  zh_CN: 想起来就补吃。
  en_US: Take it when you remember.
  status: source_opened
  source: page
  section: Missed dose
sources:
  page:
    publisher: A health service
    title: Testol
    address: https://example.org/testol
    date: not shown
"""


@pytest.fixture(scope="session")
def formulary() -> Formulary:
    return Formulary.load()


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of folders: ``folder("a", {"testol.yaml": text})``."""

    def make(name: str, files: dict[str, str]) -> Path:
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        for file, text in files.items():
            (place / file).write_text(text, encoding="utf-8")
        return place

    return make


@pytest.fixture
def changed(folder: Callable[..., Path]) -> Callable[..., Path]:
    """Return a maker of a folder with the right file, one text in it replaced."""

    def make(old: str = "", new: str = "", *, name: str = "hospital", extra: str = "") -> Path:
        assert old in RIGHT
        return folder(name, {"testol.yaml": (RIGHT.replace(old, new, 1) if old else RIGHT) + extra})

    return make
