"""Bring a subcommand into a shell where ROS 2 and the built interfaces are found."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from medllm_ros.cli.errors import CommandError

_MARK = "MEDLLM_UNDER_ROS"


def ensure_ros(argv: list[str]) -> None:
    """Return where ``rclpy`` and ``medllm_ros.msg`` can be imported; else start ``argv`` again under setup.bash.

    A pip-installed source tree has no ``medllm_ros.msg``: the interfaces exist only in the colcon install.
    Raises :class:`CommandError` where no built workspace is found.
    """
    if importlib.util.find_spec("rclpy") and importlib.util.find_spec("medllm_ros.msg"):
        return
    setup = _setup_file()
    if os.environ.get(_MARK) or setup is None:
        raise CommandError(
            "ROS 2 or the built interfaces were not found. In the package folder run `make build`, "
            "or source your workspace's install/setup.bash first."
        )
    env = {**os.environ, _MARK: "1"}
    if (Path(sys.prefix) / "share" / "ament_index").is_dir():  # ROS 2 from wheels lives in the virtual environment
        env["AMENT_PREFIX_PATH"] = os.pathsep.join(filter(None, [sys.prefix, env.get("AMENT_PREFIX_PATH", "")]))
    script = 'source "$0" && exec "$@"'
    command = ["bash", "-c", script, str(setup), sys.executable, "-P", "-m", "medllm_ros.cli", *argv]
    sys.stdout.flush()
    os.execvpe("bash", command, env)


def _setup_file() -> Path | None:
    named = os.environ.get("MEDLLM_SETUP")
    if named:
        return Path(named)
    here = Path(__file__).resolve()
    for parent in here.parents:
        for candidate in (parent / "install" / "setup.bash", parent / "setup.bash"):
            if candidate.is_file():
                return candidate
    return None
