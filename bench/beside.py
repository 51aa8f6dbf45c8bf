"""How many emergencies are still heard where an everyday sentence stands beside them, in one breath.

    PYTHONPATH=. python bench/beside.py [--pairs 3000] [--seed 1] [--json]

Emergencies and everyday sentences are those of test/rehearse/cases_*.jsonl, short ones of one script, put together at
random: the emergency first, last, or in the middle. Only emergencies count that triage hears alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter

from rich.progress import track

from medllm_ros.safety.triage import triage
from training.hearing.corpus import open_cases

LONGEST = {True: (35, 30), False: (110, 90)}  # characters of an emergency and of what stands beside it; Chinese, else


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    draw = random.Random(args.seed)
    emergencies, everyday = spoken(quiet=args.json)
    heard: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for _ in track(range(args.pairs), "hearing", disable=args.json):
        chinese = draw.random() < 0.6
        now, before, after = draw.choice(emergencies[chinese]), *draw.sample(everyday[chinese], 2)
        breath = draw.choice("， 。" if chinese else (", ", ". ", " "))
        places = (("last", (before, now)), ("first", (now, after)), ("between", (before, now, after)))
        place, parts = draw.choice(places)
        asked[place] += 1
        heard[place] += triage(breath.join(part.rstrip("。.!！") for part in parts)) is not None
    report = {place: {"of": asked[place], "heard": heard[place]} for place in ("first", "between", "last")}
    print(json.dumps(report) if args.json else "\n".join(f"{p}: {r['heard']} of {r['of']}" for p, r in report.items()))
    return 0


def spoken(*, quiet: bool) -> tuple[dict[bool, list[str]], dict[bool, list[str]]]:
    """Return the emergencies that are heard alone and the everyday sentences that raise none, by whether Chinese."""
    emergencies: dict[bool, list[str]] = {True: [], False: []}
    everyday: dict[bool, list[str]] = {True: [], False: []}
    alone = [case for _, case in open_cases() if len(case["utterances"]) == 1]
    for case in track(alone, "each alone", disable=quiet):
        text, expected = case["utterances"][0], case["expect"]
        chinese = not text.isascii()
        most, beside = LONGEST[chinese]
        if expected.get("severity") == "critical" and 0 < len(text) <= most and triage(text):
            emergencies[chinese].append(text)
        elif expected.get("behaviour") == "answer" and 0 < len(text) <= beside and not triage(text):
            everyday[chinese].append(text)
    return emergencies, everyday


if __name__ == "__main__":
    sys.exit(main())
