"""Which tests there are, and how each of them went: from the sources and from pytest's result files.

A test id is ``file::function`` or ``file::class``; of a parametrised test all cases count, or those whose id begins
as given: ``file::function[chest_pain-*]``.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree


class Outcome(StrEnum):
    """How a test went last: of several cases, FAILED where one failed, PASSED where one passed and none failed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not run"


class Results:
    """The results of one run: every case of every ``*.xunit.xml`` below a folder."""

    def __init__(self, folder: Path) -> None:
        self._cases: dict[str, list[tuple[str, Outcome]]] = defaultdict(list)
        for path in sorted(folder.rglob("*.xunit.xml")):
            for case in ElementTree.parse(path).getroot().iter("testcase"):
                self._add(case)

    def __bool__(self) -> bool:
        return bool(self._cases)

    def of(self, test: str) -> Outcome:
        """Return how the cases of ``test`` went together."""
        function, _, start = test.removesuffix("*]").partition("[")
        cases = self._cases.get(function, ())
        found = {outcome for case, outcome in cases if not start or case.startswith(f"{function}[{start}")}
        order = (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
        return next((outcome for outcome in order if outcome in found), Outcome.NOT_RUN)

    def lacks(self, test: str) -> bool:
        """Return whether the function of ``test`` was run, and no case of it begins as ``test`` says."""
        function, bracket, _ = test.partition("[")
        return bool(bracket) and function in self._cases and self.of(test) is Outcome.NOT_RUN

    def _add(self, case: ElementTree.Element) -> None:
        # ``package.test.safety.test_guard[.Class]``: colcon puts the package before, plain pytest does not.
        parts = case.get("classname", "").split(".")
        parts = parts[parts.index("test") :] if "test" in parts else []
        module = next((at for at, part in enumerate(parts) if part.startswith("test_")), None)
        if module is None:  # a file that could not be imported: none of its tests was run
            return
        path = "/".join(parts[: module + 1]) + ".py"
        key = "::".join([path, *parts[module + 1 :], case.get("name", "")])
        tags = {child.tag for child in case}
        outcome = Outcome.FAILED if tags & {"failure", "error"} else Outcome.PASSED
        outcome = Outcome.SKIPPED if "skipped" in tags and outcome is Outcome.PASSED else outcome
        function = key.partition("[")[0]
        self._cases[function].append((key, outcome))
        if parts[module + 1 :]:
            self._cases[function.rpartition("::")[0]].append((key, outcome))


def missing(tests: Iterable[str], root: Path) -> list[str]:
    """Return a sentence for every test that the sources below ``root`` do not define."""
    sentences = []
    for test in tests:
        file, _, name = test.partition("[")[0].partition("::")
        if not (root / file).is_file():
            sentences.append(f"{file} does not exist; give safety/hazards.yaml another test than {test}.")
        elif name not in _defined(root / file):
            sentences.append(f"{file} has no {name}; correct it in safety/hazards.yaml, or bring the test back.")
    return sentences


@lru_cache(maxsize=256)
def _defined(file: Path) -> frozenset[str]:
    """Return the tests of a file: functions, classes, ``class::method``, and names given to a class."""
    found: set[str] = set()

    def collect(body: Iterable[ast.stmt], prefix: str = "") -> None:
        for node in body:
            match node:
                case ast.FunctionDef(name=name) if name.startswith("test"):
                    found.add(prefix + name)
                case ast.ClassDef(name=name) if name.startswith("Test"):
                    found.add(name)
                    collect(node.body, f"{name}::")
                case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("Test"):
                    found.add(name)

    collect(ast.parse(file.read_text(encoding="utf-8")).body)
    return frozenset(found)
