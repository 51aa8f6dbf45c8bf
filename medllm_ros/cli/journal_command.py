"""``medllm journal verify|export``: is the audit trail whole, and what may leave the hospital."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from medllm_ros.cli.errors import CommandError
from medllm_ros.journal import Journal, JournalError, Status


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("journal", help="verify or export the audit trail")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check every hash; exit code 1 where the chain is broken")
    verify.add_argument("journal", type=Path)
    verify.add_argument("--expected-head", help="the head hash that was published or written down elsewhere")
    verify.add_argument("--json", action="store_true")
    export = actions.add_parser("export", help="one JSON line a row, patient text left out")
    export.add_argument("journal", type=Path)
    export.add_argument("--visit", help="one delivery id; all visits without it")
    group = export.add_mutually_exclusive_group()
    group.add_argument("--redact", action="store_true", default=True, help="leave patient text out (the default)")
    group.add_argument("--with-patient-text", action="store_true", help="for the hospital's own use only")


def run(args: argparse.Namespace) -> int:
    """Verify or export."""
    with open_journal(args.journal) as journal:
        if args.action == "verify":
            found = journal.verify(expected_head=args.expected_head)
            if args.json:
                print(json.dumps({
                    "status": found.status.value, "rows": found.rows, "head": found.head,
                    "first_bad_seq": found.first_bad_seq, "message": found.message,
                }))  # fmt: skip
            else:
                print(found.message)
            return 1 if found.status is Status.BROKEN else 0
        for row in journal.export(args.visit, redact=not args.with_patient_text):
            print(json.dumps(row, ensure_ascii=False))
    return 0


def open_journal(path: Path) -> Journal:
    """Open an existing journal for reading; raise :class:`CommandError` with its sentence."""
    if not path.is_file():
        raise CommandError(f"{path} is not a journal file; the robot's is named by the parameter journal.")
    try:
        return Journal(path, read_only=True)
    except JournalError as error:
        raise CommandError(str(error)) from error
