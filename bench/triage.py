"""How long it takes to hear an emergency and to check what a patient reports, for one utterance.

    PYTHONPATH=. python bench/triage.py [--rounds 3] [--wall] [--json]

The utterances are those of test/rehearse/cases_*.jsonl. Triage sees the transcript before anything else; the medication
checks see what is left. "both" is what every utterance waits for. The checks of a delivery run once, at the match.
Each utterance is timed --rounds times on the processor (or the wall clock) and its best time counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.progress import track
from timings import Timing, show, timed

from medllm_ros.delivery import Delivery, Medication, PatientProfile
from medllm_ros.formulary import Formulary
from medllm_ros.safety.medication_checks import check_delivery, reported_allergy, reported_medicine
from medllm_ros.safety.sentence_vector import forget
from medllm_ros.safety.triage import triage

CASES = Path(__file__).resolve().parents[1] / "test" / "rehearse"
MEDICINES = ("Amlodipine", "Metformin", "Apixaban")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wall", action="store_true", help="time on the wall clock")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    clock = time.perf_counter if args.wall else time.thread_time
    formulary = Formulary.load()
    patient = PatientProfile(age_years=80, allergies=("盤尼西林", "sulfa"), current_medications=("aspirin", "warfarin"))
    delivery = Delivery(
        delivery_id="bench", medications=tuple(Medication(name=name) for name in MEDICINES), patient=patient
    )

    def hear(text: str) -> None:
        forget()  # words that were never heard before, in every round
        triage(text)

    def check(text: str) -> None:
        reported_allergy(text, delivery, formulary)
        reported_medicine(text, delivery, formulary)

    utterances = heard()
    hear(utterances[0])
    check(utterances[0])
    triaged, checked, both = [], [], []
    for text in track(utterances, "hearing", disable=args.json):
        first = min(timed(lambda text=text: hear(text), clock) for _ in range(args.rounds))
        second = min(timed(lambda text=text: check(text), clock) for _ in range(args.rounds))
        triaged.append(first)
        checked.append(second)
        both.append(first + second)
    at_match = [timed(lambda: check_delivery(delivery, formulary), clock) for _ in range(100)]
    show(
        f"One utterance ({'wall' if args.wall else 'processor'} time)",
        [
            Timing.of("triage", triaged), Timing.of("medication checks", checked), Timing.of("both", both),
            Timing.of("checks of a delivery", at_match),
        ],
        as_json=args.json, utterances=len(utterances),
    )  # fmt: skip
    return 0


def heard() -> list[str]:
    """Return every different utterance of the rehearsal cases."""
    found: dict[str, None] = {}
    for path in sorted(CASES.glob("cases_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            found.update(dict.fromkeys(json.loads(line).get("utterances", ())))
    return [text for text in found if text.strip()]


if __name__ == "__main__":
    sys.exit(main())
