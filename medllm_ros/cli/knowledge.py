"""What the robot knows of medicines, as several subcommands need it: the packaged files and a hospital's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from medllm_ros.cli.errors import CommandError
from medllm_ros.formulary import PACKAGED, Formulary, FormularyError, Source


def add_overlay_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--overlay``, which may be given several times."""
    parser.add_argument(
        "--overlay", type=Path, action="append", default=[], metavar="DIR", help="a hospital's own formulary folder"
    )


def open_formulary(args: argparse.Namespace) -> Formulary:
    """Return the packaged formulary with ``--overlay`` laid over it; :class:`CommandError` says what is broken."""
    try:
        return Formulary.load(PACKAGED, *args.overlay)
    except FormularyError as error:
        raise CommandError(str(error)) from error


def source_as_json(source: Source | None) -> dict[str, str] | None:
    """Return where a fact was read as plain data."""
    if source is None:
        return None
    return {
        "publisher": source.publisher, "title": source.title, "address": source.address, "section": source.section,
        "date": source.date,
    }  # fmt: skip
