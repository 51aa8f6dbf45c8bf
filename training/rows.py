"""From configured files to checked rows: read, split off validation, through the gate, with hashes of what was read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import data as training_data
from training.config import DataConfig, TextConfig
from training.data import PairRow, Row, RowKind, TextRow, gate, read
from training.data.duplicates import unique
from training.data.records import files
from training.data.split import split
from training.data.templates import Template
from training.run_folder import sha256

SHIPPED = "shipped:"


@dataclass(frozen=True)
class Rows:
    """What is trained on and what is held out. ``inputs`` are the hashes of both, for the run folder."""

    train: list[Any]  # rows of the kind that was asked for
    validation: list[Any]
    inputs: dict[str, Any]


def load(config: DataConfig | TextConfig, kind: RowKind, seed: int) -> Rows:
    """Read the rows of a stage; raise :class:`training.data.DataError` with file and line."""
    paths, held_out = places(config.train), places(config.validation)
    template = None
    if isinstance(config, DataConfig) and config.instruction_template:
        template = Template.load(config.instruction_template)
    train = read(paths, kind, config.format, template=template)[: config.limit]
    if config.repeats == "drop":
        train, _ = unique(train, near=None)
    validation: list[Row] = []
    if held_out:
        gate.different_files(paths, held_out)
        validation = read(held_out, kind, config.format, template=template)
    elif config.validation_share:
        parts = split(train, validation=config.validation_share, test=0, seed=seed)
        validation = [train[place] for place in parts.validation]
        train = [train[place] for place in parts.train]
    # The rows are hashed too: the same file of ours gives other prompts with another formulary or layout.
    inputs = {
        "files": {path.name: sha256(path) for path in files([*paths, *held_out])},
        "rows": {"train": len(train), "validation": len(validation)},
        "rows_sha256": {"train": digest(train), "validation": digest(validation)},
    }
    return Rows(train, validation, inputs)


def check(rows: Rows, config: DataConfig | TextConfig) -> tuple[str, ...]:
    """Send the rows through the gate; return what it noted. Raises :class:`training.data.DataError`."""
    limits = gate.Limits(near=None) if config.near_duplicates == "allow" else None
    return gate.check(rows.train, held_out=rows.validation, limits=limits).notes


def places(names: Sequence[str]) -> list[Path]:
    """Return the paths of configured names."""
    folder = Path(training_data.__file__).parent / "shipped"
    return [
        folder / name.removeprefix(SHIPPED) if name.startswith(SHIPPED) else Path(name).expanduser() for name in names
    ]


def digest(rows: Sequence[Row]) -> str:
    """Return the SHA-256 of what the rows say, in their order."""
    found = hashlib.sha256()
    for row in rows:
        if isinstance(row, TextRow):
            parts = [row.text]
        elif isinstance(row, PairRow):
            parts = [*(f"{m.role}\0{m.content}" for m in row.prompt), row.chosen, row.rejected]
        else:
            parts = [f"{m.role}\0{m.content}" for m in row.messages] + [str(row.learn)]
        found.update("\0".join(parts).encode("utf-8", "replace") + b"\1")
    return found.hexdigest()
