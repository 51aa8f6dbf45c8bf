"""The folder that every run leaves, and by which a run is gone on with.

    config.yaml        the configuration with every default filled in
    run.json           state, inputs and their hashes, versions, seed, measurements
    metrics.jsonl      what was logged, a line a time
    loss.png, rewards.png
    tensorboard/
    checkpoints/       the last two, to go on from
    result/            the model or the adapter, with its card
    SHA256SUMS         of all but the checkpoints; written last
    UNFINISHED         there as long as the run is not done

Only the main process writes; the others read what it decided.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from medllm_ros.whole_file import whole_file
from training.errors import TrainingError

CONFIG, RUN, METRICS, MARK, SUMS = "config.yaml", "run.json", "metrics.jsonl", "UNFINISHED", "SHA256SUMS"
RESULT, CHECKPOINTS, TENSORBOARD = "result", "checkpoints", "tensorboard"
COMPLETE = "medllm.json"  # in a checkpoint, written when everything else of it is on the disk
_MAY_CHANGE = {("train", "max_minutes"), ("train", "checkpoint_minutes"), ("train", "keep_checkpoints"),
               ("train", "log_steps"), ("train", "threads"), ("train", "check_memory")}  # fmt: skip
_DISTRIBUTIONS = (
    "torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "datasets", "tokenizers", "numpy",
    "medllm_ros",
)  # fmt: skip


class State(StrEnum):
    """Where a run folder stands when it is opened."""

    NEW = "new"
    GO_ON = "go on"
    DONE = "done"


@dataclass(frozen=True)
class RunFolder:
    """One run. ``state`` is what was found when it was opened."""

    path: Path
    state: State

    @property
    def result(self) -> Path:
        """Return where the model or adapter is written."""
        return self.path / RESULT

    @property
    def checkpoints(self) -> Path:
        """Return the folder of checkpoints."""
        return self.path / CHECKPOINTS

    def newest_checkpoint(self) -> Path | None:
        """Return the newest checkpoint that was written to its end."""
        found = [path.parent for path in self.checkpoints.glob(f"checkpoint-*/{COMPLETE}")]
        return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)

    def read(self) -> dict[str, Any]:
        """Return ``run.json``."""
        return dict(json.loads((self.path / RUN).read_text("utf-8")))

    def write(self, **entries: Any) -> None:
        """Add entries to ``run.json``."""
        content = self.read() if (self.path / RUN).is_file() else {}
        content.update(entries)
        write_text(self.path / RUN, json.dumps(content, ensure_ascii=False, indent=2) + "\n")

    def begin_result(self) -> Path:
        """Return an empty folder to write the result into; :meth:`finish` gives it its name."""
        partial = self.path / f"{RESULT}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        return partial

    def finish(self, **measured: Any) -> None:
        """Give the result its name, write the sums and take the mark away."""
        partial = self.path / f"{RESULT}.partial"
        if partial.is_dir():
            shutil.rmtree(self.result, ignore_errors=True)
            partial.rename(self.result)
        self.write(state="finished", finished=_now(), **measured)
        write_sums(self.path, skip=(CHECKPOINTS,))
        (self.path / MARK).unlink(missing_ok=True)


def is_begun(path: str | Path, inputs: Mapping[str, Any]) -> bool:
    """Return whether a run with the same inputs stands in the folder, so that they need not be checked again."""
    file = Path(path).expanduser() / RUN
    return file.is_file() and json.loads(file.read_text("utf-8")).get("inputs") == _plain(inputs)


def open_run(path: str | Path, config: Mapping[str, Any], inputs: Mapping[str, Any]) -> RunFolder:
    """Make a run folder, or find one to go on with.

    ``config`` and ``inputs`` (hashes of what is read) must be those of the run that is gone on with. Raises
    :class:`TrainingError` naming the first difference.
    """
    folder = Path(path).expanduser()
    if not (folder / RUN).is_file():
        if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
            raise TrainingError(f"{folder} is not empty and not a run. Choose another folder with out=...")
        return _make(folder, config, inputs)
    run = RunFolder(folder, State.GO_ON)
    known = run.read()
    different = [".".join(key) for key in _different(known.get("inputs"), _plain(inputs))]
    if different:
        raise TrainingError(
            f"{folder} was begun with other inputs ({', '.join(different)} differ). Choose another folder with "
            "out=..., or delete it to begin again."
        )
    old = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    different = [".".join(key) for key in _different(old, _plain(config)) if key not in _MAY_CHANGE]
    if different:
        raise TrainingError(
            f"{folder} was begun with another configuration ({', '.join(different)}). Choose another folder with "
            "out=..., or delete it to begin again."
        )
    if not (folder / MARK).is_file():
        return RunFolder(folder, State.DONE)
    for stale in (folder / CHECKPOINTS).glob("checkpoint-*"):
        if not (stale / COMPLETE).is_file():  # a kill came while it was written
            shutil.rmtree(stale)
    run.write(state="running", resumed=[*known.get("resumed", []), _now()], versions=versions())
    return run


def resolve(path: str | Path) -> Path:
    """Return a model or adapter folder: of a run its result. Raises :class:`TrainingError` where it is unfinished."""
    folder = Path(path).expanduser()
    if not (folder / RUN).is_file():
        return folder
    if (folder / MARK).is_file() or not (folder / RESULT).is_dir():
        raise TrainingError(f"The run {folder} is not finished. Start it again with its command to go on, then this.")
    return folder / RESULT


def versions() -> dict[str, str]:
    """Return what this run was computed with."""
    found = {"python": platform.python_version(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    answer = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode == 0:
        found["commit"] = answer.stdout.strip()
    return found


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(folder: Path, skip: tuple[str, ...] = ()) -> None:
    """Write ``SHA256SUMS`` of every file below, as ``sha256sum -c`` reads it."""
    names = [
        path.relative_to(folder) for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in (*skip, MARK, SUMS)
    ]  # fmt: skip
    write_text(folder / SUMS, "".join(f"{sha256(folder / name)}  {name.as_posix()}\n" for name in names))


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as stream:
        stream.write(text)


def _make(folder: Path, config: Mapping[str, Any], inputs: Mapping[str, Any]) -> RunFolder:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("This run is not finished. Its command, given again, goes on.\n", "utf-8")
    except OSError as error:
        raise TrainingError(f"The run folder {folder} cannot be written: {error.strerror}. Choose out=...") from error
    text = yaml.safe_dump(_plain(config), allow_unicode=True, sort_keys=False, width=110)
    write_text(folder / CONFIG, text)
    run = RunFolder(folder, State.NEW)
    run.write(state="running", started=_now(), inputs=_plain(inputs), versions=versions())
    return run


def _plain(value: Any) -> Any:
    """Return the value as JSON and YAML write it, so that what is read back compares equal."""
    return json.loads(json.dumps(value, default=str))


def _different(old: Any, new: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [key for name in keys for key in _different(old.get(name), new.get(name), (*path, name))]
    return [] if old == new else [path]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
