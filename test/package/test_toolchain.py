"""What stands behind `make`: it looks before it installs, starts in seconds the second time, and says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _scripts_on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    yield


def wheels(folder: Path) -> Path:
    """Make a file as the ROS wheels bring it."""
    file = folder / "share" / "std_msgs" / "cmake" / "export.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(
        'INTERFACE_INCLUDE_DIRECTORIES "/opt/python/cp311-cp311/include/python3.11;'
        '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include;/usr/include"\n',
        encoding="utf-8",
    )
    return file


def test_header_folders_of_the_wheels_are_rewritten_once(tmp_path: Path) -> None:
    from toolchain import ros

    file = wheels(tmp_path)
    assert ros.rewrite_headers(tmp_path, "/here/python", "/here/numpy") == 1
    assert file.read_text(encoding="utf-8") == 'INTERFACE_INCLUDE_DIRECTORIES "/here/python;/here/numpy;/usr/include"\n'
    assert ros.rewrite_headers(tmp_path, "/here/python", "/here/numpy") == 0


def make_ros(prefix: Path, python: str) -> Path:
    (prefix / "lib" / f"python{python}" / "site-packages" / "rclpy").mkdir(parents=True)
    (prefix / "setup.bash").touch()
    return prefix


def test_a_sourced_ros_comes_before_an_installed_one_and_jazzy_before_others(tmp_path: Path) -> None:
    from toolchain import ros

    kilted, jazzy = make_ros(tmp_path / "ros" / "kilted", "3.12"), make_ros(tmp_path / "ros" / "jazzy", "3.12")
    mine = make_ros(tmp_path / "mine", "3.12")
    assert ros.find({"AMENT_PREFIX_PATH": f"/nowhere:{mine}"}, tmp_path / "ros") == mine
    assert ros.find({"AMENT_PREFIX_PATH": str(kilted)}, tmp_path / "ros") == kilted
    assert ros.find({}, tmp_path / "ros") == jazzy
    assert ros.find({"ROS": "wheels"}, tmp_path / "ros") is None


def test_a_ros_for_an_older_python_is_passed_over_or_refused_when_named(tmp_path: Path) -> None:
    from toolchain import ros
    from toolchain.console import Stop

    humble = make_ros(tmp_path / "ros" / "humble", "3.10")
    assert ros.find({"AMENT_PREFIX_PATH": str(humble)}, tmp_path / "ros") is None
    with pytest.raises(Stop, match="leave ROS out"):
        ros.find({"ROS": str(humble)}, tmp_path / "ros")


def test_without_ros_an_arm_board_is_told_to_source_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from toolchain import ros, system
    from toolchain.console import Stop

    monkeypatch.setattr(system.platform, "machine", lambda: "aarch64")
    with pytest.raises(Stop, match=r"Jetson.*source /opt/ros/jazzy/setup\.bash"):
        ros.require_some(None)
    ros.require_some(Path("/opt/ros/jazzy"))


def test_the_wheels_environment_holds_nothing_of_another_ros(tmp_path: Path) -> None:
    from toolchain import ros

    foreign = {"PYTHONPATH": "/opt/ros/humble/x", "AMENT_PREFIX_PATH": "/opt/ros/humble"}
    made = ros.environment_of(None, tmp_path, {**foreign, "PATH": "/usr/bin", "HOME": "/h"})
    assert made["AMENT_PREFIX_PATH"] == str(tmp_path)
    assert "PYTHONPATH" not in made
    assert made["PATH"] == f"{tmp_path}/bin:/usr/bin"
    assert made["HOME"] == "/h"


def test_local_setup_may_be_sourced_twice(tmp_path: Path) -> None:
    from toolchain import ros

    ros.write_local_setup(tmp_path)
    command = f'. {tmp_path}/local_setup.sh; . {tmp_path}/local_setup.sh; echo "$AMENT_PREFIX_PATH|$PATH"'
    clean = {"PATH": "/usr/bin:/bin"}
    answer = subprocess.run(["sh", "-c", command], env=clean, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"{tmp_path}|{tmp_path}/bin:/usr/bin:/bin"


def test_a_stamp_holds_until_a_file_or_a_fact_changes(tmp_path: Path) -> None:
    from toolchain import stamps

    file = tmp_path / "requirements.txt"
    file.write_text("one==1\n", encoding="utf-8")
    before = stamps.digest([file], "3.12.1")
    assert stamps.digest([file], "3.12.1") == before
    assert stamps.digest([file], "3.13.0") != before
    file.write_text("one==2\n", encoding="utf-8")
    assert stamps.digest([file], "3.12.1") != before


def test_a_broken_stamp_counts_as_none(tmp_path: Path) -> None:
    from toolchain import stamps

    stamp = tmp_path / "stamp.json"
    assert stamps.read(stamp) == {}
    stamps.write(stamp, {"digest": "x"})
    assert stamps.read(stamp) == {"digest": "x"}
    stamp.write_text("{", encoding="utf-8")
    assert stamps.read(stamp) == {}


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "Make room"),
        ("NewConnectionError: Failed to establish a new connection: [Errno -2] Name or service not known", "network"),
        ("ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "network"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "PIP_CERT"),
        ("ERROR: No matching distribution found for ros-rclpy==7.1.6", "has no version of ros-rclpy==7.1.6"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "chown"),
        ("ERROR: something else", "something else"),
    ],
)
def test_what_pip_says_becomes_advice(said: str, advice: str) -> None:
    from toolchain import venv

    assert advice in venv.explain(f"Collecting one\n{said}\n")


def test_requirements_are_read_with_what_they_include() -> None:
    from toolchain import venv

    robot = ROOT / "requirements" / "robot.txt"
    assert any(line.startswith("vosk==") for line in venv.lines(robot))
    assert not any("#" in line or line.startswith("-r") for line in venv.lines(robot))
    assert venv.included([robot]) == [ROOT / "requirements" / "speech.txt"]


def test_missing_packages_are_named_with_the_command_where_a_password_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from toolchain import system
    from toolchain.console import Stop

    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(Stop, match="sudo apt-get install -y cmake g"):
        system.install(["cmake", "g++"], tmp_path / "log")


def test_without_a_voice_the_demo_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from toolchain import system

    monkeypatch.setattr(system.shutil, "which", lambda name: None)
    system.install(["espeak-ng"], tmp_path / "log", needed=False)
    assert "captions" in capsys.readouterr().out


def test_a_full_disk_is_found_before_anything_is_fetched(tmp_path: Path) -> None:
    from toolchain import system
    from toolchain.console import Stop

    with pytest.raises(Stop, match="Make room"):
        system.check_room(tmp_path, 10**9, "A first set-up")


def test_a_command_that_fails_gives_its_last_words_and_leaves_a_log(tmp_path: Path) -> None:
    from toolchain import console

    command = [sys.executable, "-c", "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"]
    assert console.run(command, tmp_path / "log" / "x.log") == (3, "one\ntwo")
    assert (tmp_path / "log" / "x.log").read_text(encoding="utf-8") == "one\ntwo\n"


def test_a_python_that_is_too_old_is_refused_with_a_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    answer = subprocess.run(
        [str(ROOT / "scripts" / "bootstrap"), "setup"], env={"PATH": "/usr/bin:/bin", "PYTHON": str(old)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert "is not a Python 3.11, 3.12 or 3.13" in answer.stderr


def test_an_environment_made_for_another_ros_is_not_mixed(tmp_path: Path) -> None:
    from toolchain import stamps
    from toolchain.console import Stop
    from toolchain.venv import STAMPS, Venv

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    stamps.write(tmp_path / STAMPS / "venv.json", {"ros": "/opt/ros/jazzy"})
    with pytest.raises(Stop, match="ROS=/opt/ros/jazzy"):
        Venv(tmp_path, None, ROOT / "requirements").make()


def test_results_are_added_up_over_all_folders(tmp_path: Path) -> None:
    from toolchain import checks

    for name, counts in (("a", 'tests="3" failures="1" errors="0" skipped="1"'), ("b", 'tests="2" failures="0"')):
        (tmp_path / f"{name}.xunit.xml").write_text(f"<testsuites><testsuite {counts}/></testsuites>", encoding="utf-8")
    total = checks.count(tmp_path)
    assert (total.tests, total.passed, total.failed, total.skipped, total.folders) == (5, 3, 1, 1, 2)


def test_every_folder_with_tests_is_an_entry_of_colcon_test() -> None:
    from toolchain import colcon

    found = colcon.test_folders(ROOT)
    assert "package" in found
    assert found == sorted({path.relative_to(ROOT / "test").parts[0] for path in (ROOT / "test").rglob("test_*.py")})
