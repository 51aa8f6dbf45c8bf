"""The virtual environment .venv: made once, filled with what the present goal needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain import ros, stamps
from toolchain.console import Stop, run, step

STAMPS = ".medllm"  # folder inside the environment: stamps and logs


class Venv:
    """The environment at ``folder``; ``ros_prefix`` is an installed ROS 2, or None for the wheels."""

    def __init__(self, folder: Path, ros_prefix: Path | None, requirements: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.logs = folder / STAMPS
        self._ros_prefix = ros_prefix
        self.requirements = requirements

    def make(self) -> None:
        """Make the environment where it is not there; stop where one is there that does not fit."""
        made_for = "wheels" if self._ros_prefix is None else str(self._ros_prefix)
        stamp = self.folder / STAMPS / "venv.json"
        if not self.python.exists() and not self.python.is_symlink():
            with step(f"Making the virtual environment {self.folder}"):
                self._make(made_for)
            stamps.write(stamp, {"ros": made_for})
        elif not self._fits():
            raise Stop(
                f"{self.folder} holds a Python that does not run here or is not 3.11 to 3.13 (was the folder moved, "
                "or the system's Python replaced?). Remove it and run the same make command again: "
                f"rm -rf {self.folder} build install"
            )
        elif stamps.read(stamp).get("ros", made_for) != made_for:
            raise Stop(
                f"{self.folder} was made for ROS 2 from {stamps.read(stamp)['ros']}, and now {made_for} is to be used. "
                f"Either say ROS={stamps.read(stamp)['ros']}, or start afresh: rm -rf {self.folder} build install"
            )
        elif not stamp.exists():
            stamps.write(stamp, {"ros": made_for})
        ignore = self.folder / "COLCON_IGNORE"
        if not ignore.exists():
            ignore.touch()

    def _make(self, made_for: str) -> None:
        interpreter = sys.executable
        options = []
        if self._ros_prefix is not None:
            version = ros.python_of(self._ros_prefix)
            interpreter = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin") or ""
            if not interpreter:
                raise Stop(f"ROS 2 in {made_for} needs python{version}, which is not there. Install it with apt.")
            options = ["--system-site-packages"]  # apt's packages serve ROS 2's own Python
        status, tail = run([interpreter, "-m", "venv", *options, str(self.folder)], self.folder.parent / "venv.log")
        if status:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Stop(f"The virtual environment could not be made: {explain(tail)}")
        (self.folder.parent / "venv.log").unlink()

    def _fits(self) -> bool:
        code = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
        try:
            return subprocess.run([str(self.python), "-c", code], capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def version(self) -> str:
        """Return the environment's Python version, "3.12.1", read without starting it."""
        for line in (self.folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "version":
                return value.strip()
        return ""

    def provide(
        self, title: str, names: Sequence[str], *, leave: Sequence[str] = (), spare: Sequence[str] = ()
    ) -> bool:
        """Install ``requirements/<name>.txt`` of every name where it is not yet; return whether pip had to run.

        Requirements in ``leave`` are left out. Those of the files ``spare`` give way to what the system has.
        """
        files = [self.requirements / f"{name}.txt" for name in names]
        digest = stamps.digest([*files, *included(files)], self.version(), str(self._ros_prefix), *leave)
        stamp = self.logs / f"{names[-1]}.json"
        if stamps.read(stamp).get("digest") == digest:
            return False
        wanted = [line for path in files for line in lines(path) if line not in leave]
        spared = {line for path in files if path.stem in spare for line in lines(path) if self._has(line)}
        with step(title):
            self.pip([line for line in wanted if line not in spared])
        stamps.write(stamp, {"digest": digest})
        return True

    def _has(self, requirement: str) -> bool:
        """Return whether an installed ROS 2's system Python brings the requirement in whatever version."""
        if self._ros_prefix is None:
            return False
        name = re.split(r"[=<>\[ ]", requirement)[0]
        code = f"import importlib.metadata as m; m.version({json.dumps(name)})"
        return subprocess.run([str(self.python), "-c", code], capture_output=True, check=False).returncode == 0

    def pip(self, arguments: Sequence[str]) -> None:
        """Run ``pip install`` and show what it does; stop with a sentence where it fails."""
        command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2"]
        log = self.logs / "pip.log"
        status, tail = run([*command, *arguments], log, environment=pip_environment(os.environ), describe=describe)
        if status:
            raise Stop(f"{explain(tail)} (All of pip's words: {log})")

    def try_pip(self, arguments: Sequence[str]) -> bool:
        """Run ``pip install``; return whether it worked, without a word where there was simply no such version."""
        try:
            self.pip(arguments)
        except Stop as stop:
            if "no version" not in str(stop):
                raise
            return False
        return True


def pip_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` without what a sourced ROS 2 or another environment would make pip see."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER"}
    return {name: value for name, value in base.items() if name not in unwanted}


def lines(path: Path) -> list[str]:
    """Return the requirements of a file and of those it includes, comments taken out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found += lines(path.parent / line[3:].strip())
        elif line:
            found.append(line)
    return found


def included(files: Sequence[Path]) -> list[Path]:
    """Return the files that ``files`` include."""
    names = [re.findall(r"^-r\s+(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE) for path in files]
    return [path.parent / name for path, found in zip(files, names, strict=True) for name in found]


def describe(line: str) -> str:
    """Return what is worth showing of a line that pip prints."""
    if line.startswith("Installing collected packages"):
        return f"installing {line.count(',') + 1} packages"
    for start in ("Collecting ", "Downloading ", "Processing ", "Building wheel"):
        if line.startswith(start):
            return re.sub(r"(\w+://|/)\S*/", "", line)
    return ""


def explain(output: str) -> str:
    """Turn the end of pip's output into what to do."""
    errors = [line.strip() for line in output.splitlines() if "ERROR" in line or "Error" in line]
    last = errors[-1] if errors else output[-300:].strip()
    if re.search(r"No space left on device|Errno 28|ENOSPC", output):
        return "The disk is full. Make room (df -h) and run the same make command again; what is there stays."
    if re.search(r"Errno 13|Permission denied", output):
        return f"A file may not be written: {last}. Make this folder yours (chown) and run the same make command again."
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError", output):
        return (
            "The package index's certificate is not trusted here. Behind a hospital's proxy, point PIP_CERT to its "
            "certificate file and run the same make command again."
        )
    if re.search(
        r"Temporary failure in name resolution|Name or service not known|NewConnectionError|ConnectTimeout|ReadTimeout|"
        r"ConnectionError|Connection refused|Network is unreachable|ProxyError|NameResolutionError|timed out", output
    ):  # fmt: skip
        return (
            "The package index cannot be reached. Check the network; a mirror or proxy is set with PIP_INDEX_URL or "
            "https_proxy, a folder of wheels with PIP_NO_INDEX=1 PIP_FIND_LINKS=/that/folder. Then run the same make "
            "command again; what is there is kept."
        )
    if match := re.search(r"No matching distribution found for (\S+)", output):
        return (
            f"The package index has no version of {match[1]} for this Python and processor. Check PIP_INDEX_URL and "
            "PIP_FIND_LINKS, or take Python 3.12: make demo PYTHON=/usr/bin/python3.12 after rm -rf .venv"
        )
    if "ResolutionImpossible" in output:
        return f"The versions asked for do not go together: {last}"
    return f"pip failed: {last}"

