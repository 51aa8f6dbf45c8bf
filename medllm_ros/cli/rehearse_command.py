"""``medllm rehearse CASES.jsonl``: accept a robot, an adapter or a formulary by playing cases through it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from medllm_ros.cli.cases import Case, read_cases
from medllm_ros.cli.engines import add_engine_options, open_context, open_engine
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.knowledge import add_overlay_option
from medllm_ros.cli.rehearse import rehearse
from medllm_ros.cli.score import Score, print_score


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "rehearse",
        help="play cases through the whole session, one JSON line a case",
        description="Play cases (one JSON object a line) through identity, triage, model and guard, without audio. "
        "The contract of both sides is docs/rehearse.md.",
    )
    parser.add_argument("cases", help="a .jsonl file, or - for standard input")
    add_engine_options(parser)
    add_overlay_option(parser)
    parser.add_argument("--score", action="store_true", help="compare with each case's `expect`; print a table")
    parser.add_argument("--json", action="store_true", help="with --score: the table as one JSON object")
    parser.add_argument("--out", type=Path, help="write the result lines here instead of standard output")


def run(args: argparse.Namespace) -> int:
    """Play the cases."""
    lines = _lines(args.cases)
    context = open_context(args)
    engine = open_engine(args)
    score = Score(context.formulary, local=args.engine == "local")
    started = time.time()
    try:
        out = args.out.open("w", encoding="utf-8") if args.out else None
    except OSError as error:
        raise CommandError(f"{args.out} cannot be written: {error.strerror}.") from error
    console = Console(stderr=True)
    try:
        cases = list(read_cases(lines))
        results = rehearse(iter(cases), context, engine, clock=lambda: started)
        shown = track(results, "rehearsing", total=len(cases), console=console, disable=not console.is_terminal)
        for case, result in shown:
            text = json.dumps(result, ensure_ascii=False)
            if out:
                out.write(text + "\n")
            elif not args.score:
                print(text, flush=True)
            if isinstance(case, Case) and case.expect:
                score.add(case, result)
    finally:
        engine.close()
        if out:
            out.close()
    if not args.score:
        return 0
    if args.json:
        print(json.dumps(score.summary(), ensure_ascii=False))
    else:
        print_score(score, Console())
    return 0 if score.passed else 1


def _lines(source: str) -> list[bytes]:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}.") from error
    return data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
