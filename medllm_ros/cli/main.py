"""The ``medllm`` command. Each subcommand is one module with ``add(parsers)`` and ``run(args) -> exit code``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from medllm_ros.cli.errors import CommandError

COMMANDS = ("demo", "up", "chat", "deliver", "rehearse", "replay", "explain", "formulary", "journal")

EPILOG = """examples:
  medllm demo --locale en_US              a whole bedside visit, spoken to WAV files
  medllm chat                             you are the patient
  medllm deliver config/examples/ward_order.fhir.json
  medllm rehearse cases.jsonl --score     a pharmacist's cases against this robot
  medllm journal verify ~/.ros/medllm/journal.sqlite

exit codes: 0 done, 1 the thing asked for failed, 2 wrong use, 130 stopped with Ctrl-C
"""


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    try:
        return _run(argv)
    except CommandError as error:
        print(f"medllm: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _run(argv: list[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="medllm",
        description="The voice of a hospital medication-delivery robot.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"medllm {_version()}")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    runs = {}
    for name in COMMANDS:
        module = import_module(f"medllm_ros.cli.{name}_command")
        module.add(parsers)
        runs[name] = module.run
    args = parser.parse_args(argv)
    return int(runs[args.command](args))


def _version() -> str:
    try:
        return version("medllm_ros")
    except PackageNotFoundError:
        return "(not installed by pip)"


if __name__ == "__main__":
    sys.exit(main())
