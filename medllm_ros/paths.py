"""Where the editable configuration lies: a source tree, a colcon install or a pip install."""

from __future__ import annotations

import os
from pathlib import Path


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
