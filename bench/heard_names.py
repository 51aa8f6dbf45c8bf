"""Drug names as recognisers garble them: precision, recall and time of the search.

    PYTHONPATH=. python bench/heard_names.py [--part tuned] [--show] [--stress] [--json]

Reads test/safety/heard_names.yaml; what counts as right stands in test/safety/heard_cases.py. --show prints what was
missed or wrong, --stress tries every everyday sentence with each drug of the formulary delivered alone. Times are of
the processor, the best of three for each utterance of at most 40 characters, three drugs delivered.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "safety"))
from heard_cases import PARTS, Score, cases, outcome

from medllm_ros.formulary import Formulary
from medllm_ros.safety.heard_names import HeardNames

DELIVERED = ("amlodipine", "metformin", "apixaban")
LONG = "我早上吃了這個安邁迪平還有美福明之後覺得有一點頭暈請問可不可以跟牛奶一起吃還是要"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--stress", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    formulary = Formulary.load()
    started = time.process_time()
    names = HeardNames(formulary)
    report: dict[str, object] = {"build_ms": round((time.process_time() - started) * 1000)}
    parts = (args.part,) if args.part else PARTS
    for part in parts:
        score = Score.of(part, names, formulary)
        report[part] = {
            "precision": round(score.precision, 3), "recall": round(score.recall, 3),
            "by_group": {group: dict(counts) for group, counts in score.by_group.items()},
        }  # fmt: skip
        if args.show:
            show(part, names, formulary)
        if args.stress:
            report[f"{part}_stress"] = stress(part, names, formulary)
    texts = [case.text[:40] for part in PARTS for case in cases(part, formulary)] + [LONG]
    times = [min(timed(names, text) for _ in range(3)) for text in texts]
    report["median_ms"] = round(statistics.median(times) * 1000, 2)
    report["p99_ms"] = round(statistics.quantiles(times, n=100)[98] * 1000, 2)
    report["longest_ms"] = round(times[-1] * 1000, 2)
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
        return 0
    for name, value in report.items():
        print(f"{name}: {value}")
    return 0


def show(part: str, names: HeardNames, formulary: Formulary) -> None:
    """Print what was missed or wrong, and what was heard instead."""
    for case in cases(part, formulary):
        result = outcome(case, names)
        if result in ("missed", "wrong"):
            found = names.find(case.text, case.delivered)
            heard = [(one.drug.id, case.text[one.start : one.end], one.certain) for one in found]
            print(result, case.group, case.text, case.drug or case.delivered, heard)


def stress(part: str, names: HeardNames, formulary: Formulary) -> str:
    """Return in how many pairs of an everyday sentence and a delivered drug a name was heard."""
    texts = {case.text for case in cases(part, formulary) if case.group.startswith("everyday")}
    fired = sum(bool(names.find(text, (drug,))) for text in texts for drug in formulary.drugs)
    return f"{fired} of {len(texts) * len(formulary.drugs)}"


def timed(names: HeardNames, text: str) -> float:
    """Return the seconds of the processor that one search takes."""
    started = time.process_time()
    names.find(text, DELIVERED)
    return time.process_time() - started


if __name__ == "__main__":
    raise SystemExit(main())
