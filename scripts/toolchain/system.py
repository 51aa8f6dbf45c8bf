"""What the system must bring: compiler, CMake, headers, the voice; by apt where that needs no password."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from toolchain.console import Stop, run, say, step

GIGABYTE = 10**9


def has_library(name: str) -> bool:
    """Return whether the dynamic linker knows ``lib<name>.so``."""
    return ctypes.util.find_library(name) is not None


def has_python_headers() -> bool:
    """Return whether C code can be built against this Python."""
    return (Path(sysconfig.get_path("include")) / "Python.h").is_file()


def has_venv() -> bool:
    """Return whether this Python can make a virtual environment (Debian packs that apart)."""
    answer = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return answer.returncode == 0


def own_python() -> bool:
    """Return whether this Python is the system's, so that apt's packages serve it."""
    return Path(sys.base_prefix) == Path("/usr")


def missing_for_python() -> list[str]:
    """Return the apt packages without which no virtual environment can be made."""
    if has_venv():
        return []
    if own_python():
        return ["python3-venv"]
    raise Stop(
        f"The Python at {sys.executable} has no venv or ensurepip module. Use one that has, for example the system's: "
        "sudo apt-get install -y python3-venv, then make demo PYTHON=/usr/bin/python3"
    )


def missing_for_build() -> list[str]:
    """Return the apt packages without which the ROS interfaces cannot be built."""
    packages = [package for tool, package in (("cmake", "cmake"), ("make", "make")) if not shutil.which(tool)]
    if not (shutil.which("g++") and shutil.which("gcc")):
        packages.append("g++")
    if not has_python_headers():
        if not own_python():
            raise Stop(
                f"The Python at {sys.executable} has no C headers ({sysconfig.get_path('include')}/Python.h), "
                "and the ROS interfaces cannot be built without them. Use another: make demo PYTHON=/usr/bin/python3"
            )
        packages.append("python3-dev")
    return packages


def missing_for_speech() -> list[str]:
    """Return the apt packages without which the robot is mute: it then shows captions only."""
    return [
        package for library, package in (("espeak-ng", "espeak-ng"), ("portaudio", "libportaudio2"))
        if not has_library(library)
    ]  # fmt: skip


def install(packages: Sequence[str], log: Path, *, needed: bool = True) -> None:
    """Install ``packages`` with apt; where that cannot be, stop (or only say so) with the command to type."""
    if not packages:
        return
    names = " ".join(packages)
    command = f"sudo apt-get install -y {names}"
    refusal = _install(packages, log)
    if not refusal:
        return
    if needed:
        raise Stop(f"{refusal} Please type:\n\n    {command}\n\nand run the same make command again.")
    say(f"{refusal} Without {names} the robot shows captions but has no voice here. Later: {command}")


def _install(packages: Sequence[str], log: Path) -> str:
    """Try it; return "" or a sentence that says why not."""
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        return f"These system packages are missing, and there is no apt here: {names} (Debian's names)."
    if os.geteuid() == 0:
        root: list[str] = []
    elif shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        root = ["sudo", "-n"]
    else:
        return f"These system packages are missing, and installing them needs a password: {names}."
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {names} with apt"):
        run([*root, "apt-get", "update"], log, environment=environment)
        status, tail = run(
            [*root, "apt-get", "install", "-y", "--no-install-recommends", *packages], log, environment=environment
        )
    if status:
        last = [line for line in tail.splitlines() if line.strip()][-3:]
        return f"apt could not install {names}: {' '.join(last)} (all of it: {log})"
    return ""


def check_cmake() -> None:
    """Stop where CMake is older than 3.20, which the ROS wheels ask for."""
    answer = subprocess.run(["cmake", "--version"], capture_output=True, text=True, check=False).stdout.split()
    version = tuple(int(part) for part in answer[2].split("-")[0].split(".")[:2]) if len(answer) > 2 else (0, 0)
    if version < (3, 20):
        raise Stop(
            f"CMake {'.'.join(map(str, version))} is too old: 3.20 or newer is needed (Ubuntu 24.04 has it). "
            "Put a newer `cmake` on the PATH and run the same make command again."
        )


def check_room(folder: Path, gigabytes: float, what: str) -> None:
    """Stop where ``folder``'s disk has less than ``gigabytes`` free."""
    free = shutil.disk_usage(folder).free / GIGABYTE
    if free < gigabytes:
        raise Stop(
            f"{what} needs about {gigabytes:g} GB in {folder}, and {free:.1f} GB are free. "
            "Make room, or move the folder to a larger disk, and run the same make command again."
        )


def is_x86_64() -> bool:
    """Return whether the ROS wheels exist for this processor."""
    return platform.machine() in {"x86_64", "AMD64"} and sys.platform == "linux"
