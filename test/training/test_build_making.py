"""The whole of the shipped data in small: the same with one process as with two, and clean."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from training.data import gate, read
from training.data.build.making import make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one")
    found = make(out, count=40, count_pairs=12, seed=3, processes=1, quiet=True)
    assert found.lines["med_dataset.jsonl.gz"] + found.lines["test_dataset.jsonl"] == 40
    assert 0 < found.lines["dpo_dataset.jsonl"] <= 12
    return out


def test_two_processes_make_the_very_same_files(made: Path, tmp_path: Path) -> None:
    make(tmp_path, count=40, count_pairs=12, seed=3, processes=2, quiet=True)
    assert digests(tmp_path) == digests(made)
    assert len(digests(made)) == 6  # and nothing half written is left


def test_what_was_made_passes_the_gate(made: Path) -> None:
    for name in ("med_dataset.jsonl.gz", "dpo_dataset.jsonl", "corpus"):
        gate.check(read([made / name]))
