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
    here = Path(__file__).resolve()
    for parent in here.parents:
        for candidate in (parent / "config", parent / "share" / "medllm_ros" / "config"):
            if (candidate / "scenarios").is_dir():
                return candidate
    raise FileNotFoundError(
        f"No config folder with scenarios/ was found above {here}. Set MEDLLM_CONFIG_DIR to the folder that holds it."
    )
