"""Where ROS 2 comes from: the one that is sourced, one in /opt/ros, or wheels in the virtual environment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolchain import system
from toolchain.console import Stop

BUILDERS_NUMPY = re.compile(r"/opt/python/[^;\"\s)]*/site-packages/numpy/_?core/include")
BUILDERS_PYTHON = re.compile(r"/opt/python/[^;\"\s)]*/include/python3\.\d+t?")
PYTHONS = ("3.11", "3.12", "3.13")


def find(environment: Mapping[str, str], opt: Path = Path("/opt/ros")) -> Path | None:
    """Return the prefix of a ROS 2 with rclpy for a Python that we run on; None where there is none.

    ``ROS=wheels`` looks for none; ``ROS=/opt/ros/jazzy`` names one.
    """
    wanted = environment.get("ROS", "")
    if wanted == "wheels":
        return None
    if wanted:
        if not python_of(Path(wanted)):
            raise Stop(f"ROS={wanted} holds no rclpy for Python {', '.join(PYTHONS)}. Name another, or leave ROS out.")
        return Path(wanted)
    sourced = [Path(entry) for entry in environment.get("AMENT_PREFIX_PATH", "").split(":") if entry]
    installed = sorted(opt.iterdir(), key=lambda path: (path.name != "jazzy", path.name)) if opt.is_dir() else []
    for prefix in [*sourced, *installed]:
        if (prefix / "setup.bash").is_file() and python_of(prefix):
            return prefix
    return None


def python_of(prefix: Path) -> str:
    """Return the Python version that ``prefix``'s rclpy was built for, as "3.12"; "" where there is no rclpy."""
    for version in PYTHONS:
        if (prefix / "lib" / f"python{version}" / "site-packages" / "rclpy").is_dir():
            return version
    return ""


def require_some(found: Path | None) -> None:
    """Stop where ROS 2 is not there and no wheels exist for this processor."""
    if found is None and not system.is_x86_64():
        raise Stop(
            "No ROS 2 was found, and its wheels exist for x86-64 Linux only. On a Jetson or another Arm board install "
            "ROS 2 Jazzy with apt (packages ros-jazzy-ros-base and python3-colcon-common-extensions), "
            "`source /opt/ros/jazzy/setup.bash`, and run the same make command again."
        )


def environment_of(prefix: Path | None, venv: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to build and test in: ROS 2 from ``prefix`` or from the wheels, then ``venv``."""
    kept = dict(base)
    if prefix is None:  # a foreign ROS 2 on the path would mix with the wheels
        for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "COLCON_PREFIX_PATH",
                     "ROS_DISTRO", "ROS_VERSION", "ROS_PYTHON_VERSION", "_ROS_WHEELS_BOOTSTRAP_COMPLETE"):  # fmt: skip
            kept.pop(name, None)
        kept["AMENT_PREFIX_PATH"] = kept["CMAKE_PREFIX_PATH"] = str(venv)
    elif str(prefix) not in base.get("AMENT_PREFIX_PATH", "").split(":"):
        command = f"source {shlex.quote(str(prefix / 'setup.bash'))} && env -0"
        answer = subprocess.run(["bash", "-c", command], env=kept, capture_output=True, text=True, check=True)
        kept = dict(entry.split("=", 1) for entry in answer.stdout.split("\0") if "=" in entry)
    kept["PATH"] = f"{venv / 'bin'}:{kept.get('PATH', os.defpath)}"
    kept["VIRTUAL_ENV"] = str(venv)
    kept.pop("PYTHONHOME", None)
    return kept


def rewrite_headers(prefix: Path, python_include: str, numpy_include: str) -> int:
    """Make the wheels' CMake files name this machine's Python and NumPy headers; return how many files changed.

    They were built elsewhere and say ``/opt/python/cp311-cp311/include/python3.11``. A second run changes nothing.
    """
    changed = 0
    for path in sorted((prefix / "share").rglob("*.cmake")):
        before = path.read_text(encoding="utf-8")
        after = BUILDERS_NUMPY.sub(lambda _: numpy_include, before)
        after = BUILDERS_PYTHON.sub(lambda _: python_include, after)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed += 1
    return changed


def header_folders(python: Path) -> tuple[str, str]:
    """Return the folders of Python's and NumPy's C headers as ``python`` itself names them."""
    code = "import sysconfig, numpy; print(sysconfig.get_path('include')); print(numpy.get_include())"
    answer = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    python_include, numpy_include = answer.stdout.splitlines()
    return python_include, numpy_include


def write_local_setup(venv: Path) -> None:
    """Give the wheels the ``local_setup`` that an apt installation has, so that install/setup.bash alone is enough."""
    content = (
        "# Puts the ROS 2 of this virtual environment on the paths; sourced by ../install/setup.bash.\n"
        f"_medllm_venv={shlex.quote(str(venv))}\n"
        'case ":${AMENT_PREFIX_PATH:-}:" in *":$_medllm_venv:"*) ;; *)\n'
        '  export AMENT_PREFIX_PATH="$_medllm_venv${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}" ;; esac\n'
        'case ":${CMAKE_PREFIX_PATH:-}:" in *":$_medllm_venv:"*) ;; *)\n'
        '  export CMAKE_PREFIX_PATH="$_medllm_venv${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}" ;; esac\n'
        'case ":$PATH:" in *":$_medllm_venv/bin:"*) ;; *) export PATH="$_medllm_venv/bin:$PATH" ;; esac\n'
        'export VIRTUAL_ENV="$_medllm_venv"\n'
        "unset _medllm_venv\n"
    )
    for shell in ("sh", "bash", "zsh"):
        (venv / f"local_setup.{shell}").write_text(content, encoding="utf-8")
