"""Where things lie on this machine: the journal, and the configuration of a source tree, colcon or pip install."""

from __future__ import annotations

import os
from pathlib import Path


def default_journal() -> Path:
    """Return where a robot's journal is when no parameter names another file: ROS's own folder of this user."""
    home = os.environ.get("ROS_HOME") or Path.home() / ".ros"
    return Path(home) / "medllm" / "journal.sqlite"


def config_dir() -> Path:
    """Return the folder that holds ``scenarios/`` and ``examples/``; ``MEDLLM_CONFIG_DIR`` comes first."""
    override = os.environ.get("MEDLLM_CONFIG_DIR")
    if override:
        return Path(override)
    found = _shared("config/scenarios")
    if found is None:
        raise FileNotFoundError(
            f"No config folder with scenarios/ was found above {Path(__file__).resolve()}. Set MEDLLM_CONFIG_DIR to "
            "the folder that holds it."
        )
    return found.parent


def bundled_model() -> tuple[Path, Path] | None:
    """Return the folders of the bundled model and of its adapter; None where they were not installed."""
    found = _shared("models/nano")
    return None if found is None else (found / "base", found / "sft")


def _shared(folder: str) -> Path | None:
    """Return a folder of the source tree, or of what colcon or pip installed beside the package."""
    for parent in Path(__file__).resolve().parents:
        for candidate in (parent / folder, parent / "share" / "medllm_ros" / folder):
            if candidate.is_dir():
                return candidate
    return None
