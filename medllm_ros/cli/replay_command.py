"""``medllm replay``: any past visit, step by step."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.journal_command import open_journal
from medllm_ros.cli.timeline import print_timeline, timeline
from medllm_ros.journal import Status


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("replay", help="show a past visit step by step")
    parser.add_argument("journal", type=Path)
    parser.add_argument("visit", nargs="?", help="the delivery id; may be left out where there is one")
    parser.add_argument("--json", action="store_true", help="one JSON line a step")


def run(args: argparse.Namespace) -> int:
    """List the visits or show one."""
    console = Console()
    with open_journal(args.journal) as journal:
        known = journal.visits()
        if args.visit is None and len(known) == 1:
            args.visit = known[0]
        if args.visit is None:
            for name in known:
                print(json.dumps({"visit": name}) if args.json else name)
            return 0
        if args.visit not in known:
            raise CommandError(f"There is no visit {args.visit}; known are: {', '.join(known) or 'none'}.")
        rows = list(journal.rows(args.visit))
        if args.json:
            for line in timeline(rows):
                print(json.dumps(asdict(line), ensure_ascii=False))
            return 0
        print_timeline(rows, console)
        found = journal.verify()
        console.print(found.message, style="red" if found.status is Status.BROKEN else "green", highlight=False)
    return 0
