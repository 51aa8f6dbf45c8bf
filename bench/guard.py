"""How long the guard takes for one sentence, over every fact of the formulary in three languages.

    PYTHONPATH=. python bench/guard.py [--every 1] [--wall] [--json]

For each line of each sheet: the line as it is, a light rephrasing, the line with a word that is not its own, and the
line with a false end. Every sentence is new to the guard; the sheet is prepared as at dispatch. Times are of the
processor unless --wall is given, so that other work on the machine is left out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from rich.progress import track
from timings import Timing, show, timed

from medllm_ros.delivery import Delivery, Locale, Medication
from medllm_ros.formulary import Formulary
from medllm_ros.formulary.model import Drug
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.quantities import parse_quantity
from medllm_ros.safety.guard import GuardContext, check, prepare

_TOKEN = itertools.count()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="take every n-th drug only")
    parser.add_argument("--wall", action="store_true", help="time on the wall clock")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    clock = time.perf_counter if args.wall else time.thread_time
    formulary = Formulary.load()
    drugs = [formulary.drugs[name] for name in sorted(formulary.drugs)][:: args.every]
    seconds: dict[str, list[float]] = defaultdict(list)
    for drug, locale in track(list(itertools.product(drugs, Locale)), "judging", disable=args.json):
        context = judged(drug, locale, formulary)
        seconds["preparing a sheet"].append(timed(lambda context=context: prepare(context), clock))
        for kind, sentence in sentences(context):
            took = timed(lambda sentence=sentence, context=context: check(sentence, context), clock)
            seconds[kind].append(took)
            seconds["every sentence"].append(took)
    show(
        f"The guard, one sentence ({'wall' if args.wall else 'processor'} time)",
        [Timing.of(name, found) for name, found in seconds.items()], as_json=args.json,
        drugs=len(drugs),
    )  # fmt: skip
    return 0


def judged(drug: Drug, locale: Locale, formulary: Formulary) -> GuardContext:
    """Return what a sentence is judged against in a visit with this drug."""
    medication = Medication(
        name=drug.name(Locale.EN_US), strength=parse_quantity("5 mg"), frequency="QD", times=(dt.time(8),),
        route=drug.route.split("/")[0],
    )  # fmt: skip
    delivery = Delivery(delivery_id="bench", locale=locale, medications=(medication,))
    return GuardContext(FactSheet.of_delivery(delivery, formulary), delivery, locale, formulary)


def sentences(context: GuardContext) -> Iterator[tuple[str, str]]:
    """Yield sentences about every line, each of them new."""
    english = context.locale is Locale.EN_US
    for line in context.sheet.lines:
        body, number = line.text.rstrip("。."), next(_TOKEN)
        label = f"[{line.label}] "
        yield "word for word", f"{label}{line.text}"
        yield "rephrased", label + (f"Please note: {body}." if english else f"請記得，{body}喔。") + " " * (number % 50)
        yield "a strange word", f"{label}{body} zorb{number}."
        yield "a false end", label + (f"{body}, two tablets {number}." if english else f"{body}，一次吃兩顆{number}。")


if __name__ == "__main__":
    sys.exit(main())
