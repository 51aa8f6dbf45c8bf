"""``medllm-train data build``: make the dialogues, the preference pairs and the corpus from the formulary;
``medllm-train data curriculum``: rows without end for a model from nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from training.data.build.curriculum import REAL, STAGES, Curriculum, different, write
from training.data.build.making import make, written
from training.data.build.pieces import Pieces
from training.data.build.questions import CELLS, HELD_OUT
from training.hearing.corpus import FOLDER

DIALOGUES, PAIRS, SEED = 4800, 960, 1  # what is shipped


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

    text = "write rows for a model from nothing: copy, choose, cite (training/data/build/curriculum.py)"
    parser = commands.add_parser("curriculum", help=text, description=text)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    parser.add_argument("--rows", type=_count, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default {SEED}; the same seed gives the same rows")
    shares = " ".join(f"{stage}={share}" for stage, share in STAGES.items())
    parser.add_argument(
        "--stages", type=_stage, nargs="+", default=list(STAGES.items()), metavar="STAGE=SHARE", help=f"default {shares}"
    )
    parser.add_argument("--real", type=float, default=REAL, help=f"share about medicines that exist, default {REAL}")
    parser.add_argument("--spliced", type=float, default=0.0, help="share whose facts can only be copied, default 0")
    parser.add_argument(
        "--pieces", type=Path, metavar="TOKENIZER", help="a tokenizer's folder: spliced lines hold each of its pieces alike"
    )
    parser.add_argument("--unseen", action="store_true", help="of the cells that nothing else is made of, to judge by")


def run(args: argparse.Namespace) -> int:
    """Run the command that was chosen."""
    return _curriculum(args) if args.data_command == "curriculum" else _build(args)


def _curriculum(args: argparse.Namespace) -> int:
    args.out.parent.mkdir(parents=True, exist_ok=True)
    hidden = frozenset(range(CELLS)) - HELD_OUT if args.unseen else HELD_OUT
    pieces = Pieces.of(args.pieces) if args.pieces else None
    drawn = Curriculum.load(
        stages=dict(args.stages), held_out=hidden, real=args.real, spliced=args.spliced, pieces=pieces
    )
    rows = drawn.rows(args.seed)
    write(track(different(rows), "rows", total=args.rows), args.out, args.rows)
    print(f"{args.out}: {args.rows:,} rows.")
    return 0


def _build(args: argparse.Namespace) -> int:
    """Build, and say what was made and what was left out."""
    made = make(
        args.out, count=args.dialogues, count_pairs=args.pairs, seed=args.seed, folders=tuple(args.utterances),
        processes=args.processes, more=written(),
    )  # fmt: skip
    console = Console()
    for name, lines in made.lines.items():
        console.print(f"{args.out / name}: {lines} lines.")
    table = Table("left out or tried again", "times")
    for reason, times in made.dropped.most_common():
        table.add_row(reason, f"{times:,}")
    console.print(table)
    return 0


def _stage(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    if name not in STAGES:
        raise argparse.ArgumentTypeError(f"there is no stage {name!r}; there are {', '.join(STAGES)}")
    return name, float(share)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return value
