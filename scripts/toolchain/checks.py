"""`make test`: ruff, mypy, every test folder through `colcon test`, the safety case, and a last line on how it went."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from toolchain import colcon, stamps, venv
from toolchain.console import Stop, say, step

CTEST_PREFIX = re.compile(r"^\d+: ")
NOISE = re.compile(
    r"^(-- run_test\.py|Test command|Working Directory|Environment variables|Test timeout|UpdateCTest|Constructing"
    r"|Done constructing|Parsing|Checking test dependency|Connected|  (File|Add)|cachedir|plugins|timeout"
    r"|rootdir|configfile|platform| - ROS_AUTO| - FASTDDS| - \S+ -u -m pytest|test \d+$"
    r"|UpdateCTest|DartConfig|- generated xml file)"
)


@dataclass(frozen=True)
class Counts:
    """What the result files of a run add up to."""

    tests: int = 0
    failed: int = 0
    skipped: int = 0
    folders: int = 0

    @property
    def passed(self) -> int:
        """Return how many tests ran and passed."""
        return self.tests - self.failed - self.skipped


def provide_torch(environment: venv.Venv, settings: Mapping[str, str]) -> None:
    """Install what the engine and training need: PyTorch from TORCH_SPEC and TORCH_INDEX, then requirements/train.txt.

    ``TORCH_SPEC=none`` leaves it out; the tests of the local engine are then skipped and say so.
    """
    wanted = venv.lines(environment.requirements / "local.txt")
    pinned = next(line for line in wanted if line.startswith("torch=="))
    spec = settings.get("TORCH_SPEC") or pinned
    if spec == "none":
        say("TORCH_SPEC=none: without PyTorch the tests of the local engine and of training are skipped.")
        return
    index = ["--index-url", settings["TORCH_INDEX"]] if settings.get("TORCH_INDEX") else []
    options = [*index, *settings.get("PIP_ARGS", "").split()]
    stamp = environment.logs / "torch.json"
    digest = stamps.digest([], spec, *options, environment.version())
    if stamps.read(stamp).get("digest") != digest:
        with step("Installing PyTorch for the tests of the local engine (CPU build: about 200 MB, 1 GB on disk)"):
            cpu = [f"{pinned}+cpu"] if spec == pinned and not options else []
            if not (cpu and environment.try_pip(cpu)):
                if cpu:
                    say("  Your package index has no CPU build; its usual one may bring CUDA along, up to 3 GB.")
                    say("  Smaller: make test TORCH_INDEX=<address of PyTorch's CPU index>; without: TORCH_SPEC=none")
                environment.pip([spec, *options])
        stamps.write(stamp, {"digest": digest})
    environment.provide("Installing transformers, trl and their companions (about 300 MB)", ["train"], leave=[pinned])


def lint(root: Path, python: Path) -> list[tuple[str, bool]]:
    """Run ruff and mypy over the tree; return for each whether it was clean."""
    results = []
    for name, arguments in (("ruff", ["check", "."]), ("mypy", [])):
        with step(name):
            status = subprocess.run([str(python), "-m", name, *arguments], cwd=root, check=False).returncode
        results.append((name, status == 0))
    return results


def run_tests(root: Path, environment: Mapping[str, str]) -> bool:
    """Run every test folder through colcon, pytest's own lines shown; return whether colcon found no failure."""
    shutil.rmtree(root / "build" / colcon.PACKAGE / "test_results", ignore_errors=True)
    tool = colcon.executable(environment)
    command = [
        tool, "--log-base", "log", "test", "--base-paths", ".", "--packages-select", colcon.PACKAGE,
        "--event-handlers", "console_direct+", "console_start_end-", "--return-code-on-test-failure",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=root, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            plain = CTEST_PREFIX.sub("", line.rstrip("\n"))
            if plain.strip() and not NOISE.match(plain):
                print(plain, flush=True)
    totals = [tool, "test-result", "--test-result-base", f"build/{colcon.PACKAGE}/test_results"]
    results = subprocess.run(totals, cwd=root, env=dict(environment), check=False)
    return process.returncode == 0 and results.returncode == 0


def safety_case(root: Path, python: Path) -> bool:
    """Hold the results against the hazards; return whether each has a passing test and docs/safety-case.md says so."""
    with step("Holding the results against safety/hazards.yaml"):
        command = [str(python), "scripts/safety_case.py", "check"]
        return subprocess.run(command, cwd=root, check=False).returncode == 0


def count(results: Path) -> Counts:
    """Add up pytest's result files below ``results``."""
    total = Counts()
    for path in sorted(results.rglob("*.xunit.xml")):
        root = ElementTree.parse(path).getroot()
        suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
        for suite in suites:
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            total = Counts(
                total.tests + int(suite.get("tests", 0)), total.failed + failed,
                total.skipped + int(suite.get("skipped", 0)), total.folders + 1,
            )  # fmt: skip
    return total


def all_of_them(root: Path, python: Path, environment: Mapping[str, str]) -> int:
    """Run every check; print what failed, or that all is well; return the exit status."""
    began = time.monotonic()
    failed = [name for name, works in lint(root, python) if not works]
    folders = len(colcon.test_folders(root))
    with step(f"Running the tests of {folders} folders with colcon"):
        if not run_tests(root, environment):
            failed.append("colcon test")
    if not safety_case(root, python):
        failed.append("safety case")
    counts = count(root / "build" / colcon.PACKAGE / "test_results")
    if counts.folders != folders:
        failed.append(f"{folders - counts.folders} test folders without a result")
    if not counts.passed:
        raise Stop("No test ran at all; that is never right. Start afresh with `make clean` and run `make test` again.")
    took = time.monotonic() - began
    say(
        f"{counts.passed} tests passed, {counts.failed} failed, {counts.skipped} skipped in {counts.folders} folders, "
        f"{took:.0f} s. " + (f"NOT GOOD: {', '.join(failed)}." if failed else "Everything is in order.")
    )
    return int(bool(failed))
