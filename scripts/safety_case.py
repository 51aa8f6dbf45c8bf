#!/usr/bin/env python3
"""The safety case: safety/hazards.yaml, the results of `make test`, and docs/safety-case.md made from both.

    scripts/safety_case.py generate    write docs/safety-case.md
    scripts/safety_case.py check       exit with 1 where a hazard has no passing test, or the document is out of date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hazards.document import document, outcomes_in  # noqa: E402
from hazards.evidence import Outcome, Results, missing  # noqa: E402
from hazards.schema import HazardError, HazardFile, load  # noqa: E402

SOURCE = Path("safety") / "hazards.yaml"
TARGET = Path("docs") / "safety-case.md"
RESULTS = Path("build") / "medllm_ros" / "test_results"
GENERATE = "scripts/in_environment scripts/safety_case.py generate"


def references(case: HazardFile, root: Path = ROOT) -> list[str]:
    """Return a sentence for every code file and test that the hazards name and that is not there."""
    codes = dict.fromkeys(control.code for hazard in case.hazards for control in hazard.controls)
    gone = [f"{code} does not exist; correct it in {SOURCE}." for code in codes if not (root / code).exists()]
    return gone + missing(case.tests, root)


def unproven(case: HazardFile, results: Results) -> list[str]:
    """Return a sentence for every hazard that the results leave without evidence, or speak against."""
    sentences = [f"No case of it is {test}; correct it in {SOURCE}." for test in case.tests if results.lacks(test)]
    for hazard in case.hazards:
        outcomes = {test: results.of(test) for test in hazard.tests}
        failed = [test for test, outcome in outcomes.items() if outcome is Outcome.FAILED]
        if failed:
            sentences.append(f"{hazard.id} ({hazard.hazard}): failed: {', '.join(failed)}.")
        elif Outcome.PASSED not in outcomes.values():
            seen = ", ".join(f"{test} {outcome}" for test, outcome in outcomes.items())
            sentences.append(f"{hazard.id} ({hazard.hazard}) has no passing test: {seen}.")
    return sentences


def up_to_date(text: str, case: HazardFile, outcomes: Mapping[str, Outcome]) -> bool:
    """Return whether ``text`` is the document of these outcomes.

    What was skipped or not run here (no PyTorch, no sound card) does not contradict what the document says of it.
    """
    stated = outcomes_in(text)
    ran = {test: outcome for test, outcome in outcomes.items() if outcome in (Outcome.PASSED, Outcome.FAILED)}
    return text == document(case, {**outcomes, **stated, **ran})


def check(case: HazardFile, root: Path = ROOT) -> list[str]:
    """Return a sentence for everything that is wrong with the safety case."""
    results = Results(root / RESULTS)
    if not results:
        return [f"There are no results in {RESULTS}; run `make test` first."]
    outcomes = {test: results.of(test) for test in case.tests}
    sentences = references(case, root) + unproven(case, results)
    text = (root / TARGET).read_text(encoding="utf-8") if (root / TARGET).is_file() else ""
    if not up_to_date(text, case, outcomes):
        sentences.append(f"{TARGET} is out of date; run {GENERATE}.")
    return sentences


def generate(case: HazardFile, root: Path = ROOT) -> list[str]:
    """Write the document; return a sentence where that cannot be done."""
    results = Results(root / RESULTS)
    if not results:
        return [f"There are no results in {RESULTS}; run `make test` first."]
    (root / TARGET).write_text(document(case, {test: results.of(test) for test in case.tests}), encoding="utf-8")
    print(f"{TARGET} written.")
    return []


def main() -> int:
    """Generate or check; return the exit code."""
    parser = argparse.ArgumentParser(description="The safety case: hazards, controls, tests and their last results.")
    parser.add_argument("what", choices=("generate", "check"))
    what = parser.parse_args().what
    try:
        case = load(ROOT / SOURCE)
        sentences = generate(case) if what == "generate" else check(case)
    except HazardError as error:
        sentences = [str(error)]
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if what == "check" and not sentences:
        print(f"The safety case is whole: {len(case.hazards)} hazards, each with a passing test.")
    return int(bool(sentences))


if __name__ == "__main__":
    sys.exit(main())
