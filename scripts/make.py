"""What `make <goal>` does: set up what the goal needs, then do it. Started by scripts/bootstrap."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain import checks, colcon, ros, system
from toolchain.console import Stop, say, step
from toolchain.venv import Venv

ROOT = Path(__file__).resolve().parent.parent
DEMO_GB, TEST_GB = 1.5, 4.0  # room on disk for a first set-up, measured and rounded up


class Workshop:
    """The tree, its environment and what was asked for on the command line."""

    def __init__(self) -> None:
        self.ros_prefix = ros.find(os.environ)
        self.venv = Venv(ROOT / os.environ.get("VENV", ".venv"), self.ros_prefix, ROOT / "requirements")
        self.logs = ROOT / "log"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment to build and test in."""
        return ros.environment_of(self.ros_prefix, self.venv.folder, os.environ)

    def make_venv(self) -> None:
        """Bring the empty virtual environment."""
        if not self.venv.python.exists():
            system.install(system.missing_for_python(), self.logs / "apt.log")
        self.venv.make()

    def set_up(self) -> None:
        """Bring everything that the nodes run with, built."""
        ros.require_some(self.ros_prefix)
        if not self.venv.python.exists():
            system.check_room(ROOT, DEMO_GB, "A first set-up")
        needed, speech = system.missing_for_build(), system.missing_for_speech()
        if not self.venv.python.exists():
            needed = [*system.missing_for_python(), *needed]
        if needed:
            system.install([*needed, *speech], self.logs / "apt.log")
        else:
            system.install(speech, self.logs / "apt.log", needed=False)
        system.check_cmake()
        self.make_venv()
        if self.ros_prefix is None:
            title = "Installing ROS 2 and the robot's Python packages (about 150 MB)"
            new = self.venv.provide(title, ["ros-jazzy", "rosdep", "robot"])
            if new or not (self.venv.folder / "local_setup.sh").exists():
                ros.rewrite_headers(self.venv.folder, *ros.header_folders(self.venv.python))
                ros.write_local_setup(self.venv.folder)
        else:
            self.venv.provide(f"Installing what {self.ros_prefix} lacks", ["rosdep", "robot"], spare=["rosdep"])

    def provide_checks(self) -> None:
        """Bring pytest, ruff and mypy."""
        self.venv.provide("Installing the tools for tests and checks (about 30 MB)", ["dev"], spare=["dev"])

    def provide_local_engine(self) -> None:
        """Bring PyTorch and transformers, which the tests of the local engine need."""
        checks.provide_torch(self.venv, os.environ)

    def build(self, *, tests: bool) -> None:
        """Build with colcon where a source changed."""
        colcon.build(ROOT, self.venv.python, self.environment, tests=tests)


def demo(shop: Workshop, arguments: list[str]) -> int:
    """Set up, build, and show a whole bedside visit."""
    shop.set_up()
    shop.build(tests=False)
    say("Starting the demonstration.")
    return run_inside("medllm", "demo", *arguments)


def test(shop: Workshop, arguments: list[str]) -> int:
    """Set up, build, and run every check and test."""
    shop.set_up()
    shop.provide_checks()
    shop.provide_local_engine()
    shop.build(tests=True)
    return checks.all_of_them(ROOT, shop.venv.python, shop.environment)


def setup(shop: Workshop, arguments: list[str]) -> int:
    """Set up only."""
    shop.set_up()
    return 0


def build(shop: Workshop, arguments: list[str]) -> int:
    """Set up and build."""
    shop.set_up()
    shop.build(tests=False)
    say(f"Built. Use it with: source {ROOT / 'scripts' / 'env.sh'}")
    return 0


def lint(shop: Workshop, arguments: list[str]) -> int:
    """Run ruff and mypy."""
    shop.make_venv()
    shop.venv.provide("Installing the robot's Python packages (about 100 MB)", ["rosdep", "robot"], spare=["rosdep"])
    shop.provide_checks()
    failed = [name for name, works in checks.lint(ROOT, shop.venv.python) if not works]
    say(f"Not clean: {', '.join(failed)}." if failed else "ruff and mypy are clean.")
    return int(bool(failed))


def fast(shop: Workshop, arguments: list[str]) -> int:
    """Run the quick tests straight from the source tree, without ROS."""
    shop.make_venv()
    shop.venv.provide("Installing the robot's Python packages (about 100 MB)", ["rosdep", "robot"], spare=["rosdep"])
    shop.provide_checks()
    os.chdir(ROOT)
    command = [str(shop.venv.python), "-m", "pytest", "-q", "-m", "not slow", *(arguments or ["test"])]
    os.execv(command[0], command)


def run_inside(*command: str) -> int:
    """Replace this process by ``command`` in the environment of the nodes."""
    sys.stdout.flush()
    os.execv(str(ROOT / "scripts" / "in_environment"), ["in_environment", *command])


GOALS: dict[str, Callable[[Workshop, list[str]], int]] = {
    "demo": demo, "test": test, "setup": setup, "build": build, "lint": lint, "fast": fast,
}  # fmt: skip


@contextmanager
def alone() -> Iterator[None]:
    """Wait while another make sets up the same tree."""
    with (ROOT / "package.xml").open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Another make is at work in this folder; waiting for it"):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Run one goal; return the exit status."""
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("goal", choices=GOALS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="handed on to the goal")
    asked = parser.parse_args()
    try:
        with alone():
            return GOALS[asked.goal](Workshop(), asked.arguments)
    except Stop as stop:
        print(f"\nStopped: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped by you. Run the same make command again to go on where it was.", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            print(f"\nStopped: the disk is full ({error}). Make room, then run the same make command.", file=sys.stderr)
            return 1
        raise


if __name__ == "__main__":
    sys.exit(main())
