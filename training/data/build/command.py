"""``medllm-train data build``: make the dialogues, the preference pairs and the corpus from the formulary."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.data.build.making import make
from training.hearing.corpus import FOLDER

DIALOGUES, PAIRS, SEED = 5200, 960, 1  # what is shipped


def add(commands: Any) -> None:
    """Add ``build`` to the commands of ``medllm-train data``."""
    text = "make med_dataset, dpo_dataset and the corpus from the formulary"
    parser = commands.add_parser("build", help=text, description=text)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files are written")
    parser.add_argument("--dialogues", type=_count, default=DIALOGUES, metavar="N", help=f"default {DIALOGUES}")
    parser.add_argument("--pairs", type=_count, default=PAIRS, metavar="N", help=f"preference pairs, default {PAIRS}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}; the same seed gives the same files")
    parser.add_argument(
        "--utterances", type=Path, nargs="+", default=[FOLDER], metavar="FOLDER", help="folders of *.tsv"
    )
    parser.add_argument("--processes", type=_count, default=2, metavar="N", help="default 2")


def run(args: argparse.Namespace) -> int:
    """Build, and say what was made and what was left out."""
    made = make(
        args.out, count=args.dialogues, count_pairs=args.pairs, seed=args.seed, folders=tuple(args.utterances),
        processes=args.processes,
    )  # fmt: skip
    console = Console()
    for name, lines in made.lines.items():
        console.print(f"{args.out / name}: {lines} lines.")
    table = Table("left out or tried again", "times")
    for reason, times in made.dropped.most_common():
        table.add_row(reason, f"{times:,}")
    console.print(table)
    return 0


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return value
