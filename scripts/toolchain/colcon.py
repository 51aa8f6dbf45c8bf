"""Build the package with colcon, only when a source has changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from toolchain import stamps
from toolchain.console import Stop, run, step

PACKAGE = "medllm_ros"
SOURCES = (PACKAGE, "msg", "srv", "action", "bin", "launch", "config", "CMakeLists.txt", "package.xml")


def sources(root: Path) -> list[Path]:
    """Return every file that the build installs or compiles."""
    found: list[Path] = []
    for name in SOURCES:
        path = root / name
        found += [path] if path.is_file() else (file for file in path.rglob("*") if file.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts)


def test_folders(root: Path) -> list[str]:
    """Return the folders below test/ that hold tests: each is one entry of `colcon test`."""
    return sorted({path.relative_to(root / "test").parts[0] for path in (root / "test").glob("*/**/test_*.py")})


def executable(environment: Mapping[str, str]) -> str:
    """Return the path of colcon: the wheels' or the one that belongs to an installed ROS 2."""
    found = shutil.which("colcon", path=environment["PATH"])
    if not found:
        raise Stop(
            "ROS 2 is here, colcon is not. Please type:\n\n"
            "    sudo apt-get install -y python3-colcon-common-extensions\n\nand run the same make command again."
        )
    return found


def describe(line: str) -> str:
    """Return how far make is, of a line that it prints."""
    percent = re.match(r"\[ *(\d+)%\]", line)
    return f"{percent[1]} % built" if percent else ""


def build(root: Path, python: Path, environment: Mapping[str, str], *, tests: bool) -> bool:
    """Build into build/ and install/ where a source changed; return whether colcon had to run.

    ``tests`` registers the test folders too, which needs pytest. A source that was deleted would stay installed, so
    then everything is built afresh.
    """
    files = sources(root)
    stamp = root / "install" / ".medllm-build.json"
    before = stamps.read(stamp)
    folders = ",".join(test_folders(root))
    digest = stamps.digest(files, str(python.resolve()), environment.get("AMENT_PREFIX_PATH", ""))
    names = "\n".join(str(path.relative_to(root)) for path in files)
    if before.get("digest") == digest and (not tests or before.get("tests") == folders):
        return False
    gone = set(before.get("names", "").splitlines()) - set(names.splitlines())
    if gone or before.get("python", str(python)) != str(python):
        shutil.rmtree(root / "build", ignore_errors=True)
        shutil.rmtree(root / "install", ignore_errors=True)
    first = not (root / "install" / PACKAGE).is_dir()
    command = [
        executable(environment), "--log-base", "log", "build", "--base-paths", ".", "--packages-select", PACKAGE,
        "--event-handlers", "console_direct+", "--cmake-args", f"-DPython3_EXECUTABLE={python}",
        f"-DBUILD_TESTING={'ON' if tests else 'OFF'}", "-DCMAKE_BUILD_TYPE=Release", "--no-warn-unused-cli",
    ]  # fmt: skip
    title = "Building the ROS interfaces (a minute or two, the first time only)" if first else "Building what changed"
    log = root / "log" / "build.log"
    with step(title):
        status, tail = run(command, log, environment=environment, folder=root, describe=describe)
    if status:
        raise Stop(f"{tail}\n\ncolcon could not build the package; the reason stands above, all of it in {log}")
    stamps.write(
        stamp, {"digest": digest, "names": names, "tests": folders if tests else "", "python": str(python)}
    )
    return True
