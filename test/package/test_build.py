"""A clean colcon build, without symbolic links, holds the interfaces and the Python tree in one package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLCON = shutil.which("colcon")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(280),
    pytest.mark.skipif(
        COLCON is None or not os.environ.get("AMENT_PREFIX_PATH"), reason="needs a ROS 2 to build against: make test"
    ),
]


def run(folder: Path, command: str, setup: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in a shell that knows ROS 2 and, where ``setup`` is given, only what that file brings."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG", "TMPDIR") if name in os.environ}
    if setup is None:
        kept["AMENT_PREFIX_PATH"] = os.environ["AMENT_PREFIX_PATH"]
        kept["CMAKE_PREFIX_PATH"] = os.environ.get("CMAKE_PREFIX_PATH", "")
        kept["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        kept["LD_LIBRARY_PATH"] = os.environ.get("LD_LIBRARY_PATH", "")
        for name in ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH"):
            entries = [entry for entry in kept[name].split(":") if entry and not is_ours(Path(entry))]
            kept[name] = ":".join(entries)
    else:
        command = f"source {setup} && {command}"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=kept, capture_output=True, text=True, timeout=270, check=False
    )


def is_ours(entry: Path) -> bool:
    """Return whether a path belongs to a build of this package, which the clean build must not see."""
    inside = entry.relative_to(ROOT) if entry.is_relative_to(ROOT) else entry  # a clone may be named medllm_ros itself
    return (entry / "share" / "medllm_ros").is_dir() or "medllm_ros" in inside.parts


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the package from clean into a folder of its own; give the folder."""
    folder = tmp_path_factory.mktemp("clean")
    answer = run(
        folder,
        f"{COLCON} --log-base {folder}/log build --base-paths {ROOT} --packages-select medllm_ros"
        f" --build-base {folder}/build --install-base {folder}/install"
        f" --cmake-args -DBUILD_TESTING=OFF -DPython3_EXECUTABLE={sys.executable}",
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_interfaces_and_code_import_from_one_package(built: Path) -> None:
    code = (
        "import medllm_ros, medllm_ros.bedside, medllm_ros.safety, medllm_ros.formulary, medllm_ros.nodes;"
        "from medllm_ros.msg import DeliveryEvent; from medllm_ros.srv import StopSpeech;"
        "from medllm_ros.action import Generate; print(medllm_ros.__file__, DeliveryEvent().kind)"
    )
    answer = run(built, f'{sys.executable} -c "{code}"', built / "install" / "setup.bash")
    assert answer.returncode == 0, answer.stderr
    assert str(built / "install") in answer.stdout


def test_nothing_is_a_link_into_the_source_tree(built: Path) -> None:
    package = built / "install" / "medllm_ros"
    assert not [path for path in package.rglob("*") if path.is_symlink() and ROOT in path.resolve().parents]


def test_every_python_and_data_file_is_installed(built: Path) -> None:
    installed = next((built / "install" / "medllm_ros").glob("lib/python3*/site-packages/medllm_ros"), None)
    if installed is None:  # Debian's Python installs elsewhere
        installed = next((built / "install" / "medllm_ros").rglob("dist-packages/medllm_ros"))
    source = ROOT / "medllm_ros"
    wanted = {p.relative_to(source) for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    missing = {str(path) for path in wanted if not (installed / path).is_file()}
    assert not missing


def test_executables_start_with_the_python_of_the_path(built: Path) -> None:
    folder = built / "install" / "medllm_ros" / "lib" / "medllm_ros"
    names = {path.name for path in folder.iterdir()}
    assert {"bedside_node", "language_model_node", "speaker_node", "listener_node", "medllm"} <= names
    for path in folder.iterdir():
        assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
        assert os.access(path, os.X_OK)


def test_launch_files_and_parameters_are_shared(built: Path) -> None:
    share = built / "install" / "medllm_ros" / "share" / "medllm_ros"
    for folder in ("launch", "config"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        missing = {str(path) for path in files if not (share / path.relative_to(ROOT)).is_file()}
        assert not missing


def test_the_command_runs_from_the_install(built: Path) -> None:
    answer = run(built, "medllm --help", built / "install" / "setup.bash")
    assert answer.returncode == 0, answer.stderr
