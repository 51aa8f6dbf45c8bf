"""``medllm explain VISIT``: every sentence that was said, the facts it rests on, and where those were read."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from medllm_ros.bedside.codec import CodecError, from_record
from medllm_ros.bedside.effects import Speak
from medllm_ros.bedside.recorder import BUILD
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.journal_command import open_journal
from medllm_ros.cli.knowledge import add_overlay_option, open_formulary, source_as_json
from medllm_ros.delivery import Locale
from medllm_ros.formulary import Fact
from medllm_ros.journal import Row
from medllm_ros.paths import default_journal

OTHER_FORMULARY = (
    "The formulary has changed since this visit: the facts below are today's, the sentences are those of the visit."
)


@dataclass(frozen=True)
class Told:
    """One sentence of the robot; ``raw`` is what the model wrote, "" for approved wording."""

    seq: int
    at: float
    text: str
    raw: str
    origin: str
    rules: tuple[str, ...]
    facts: tuple[str, ...]


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("explain", help="a past visit: sentence, facts it rests on, their sources")
    parser.add_argument("visit", nargs="?", help="the delivery id; may be left out where the journal has one visit")
    parser.add_argument("--journal", type=Path, default=None, help="the journal file (default: this robot's own)")
    add_overlay_option(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a sentence")


def run(args: argparse.Namespace) -> int:
    """Print the explanation."""
    with open_journal(args.journal or default_journal()) as journal:
        known = journal.visits()
        visit = args.visit or (known[0] if len(known) == 1 else None)
        if visit not in known:
            raise CommandError(f"There is no visit {visit or '(none given)'}; known are: {', '.join(known) or 'none'}.")
        rows = list(journal.rows(visit))
    formulary = open_formulary(args)
    changed = any(row.kind == BUILD and row.payload.get("formulary") != formulary.hash for row in rows)
    facts = {fact.id: fact for drug in formulary.drugs.values() for fact in drug.facts}
    if args.json:
        for line in told(rows):
            print(json.dumps(_as_json(line, facts, changed), ensure_ascii=False))
        return 0
    console = Console()
    if changed:
        console.print(OTHER_FORMULARY, style="yellow", highlight=False)
    for line in told(rows):
        _print(line, facts, console)
    return 0


def told(rows: list[Row]) -> Iterator[Told]:
    """Yield every sentence that the robot was made to say, in order; rows without their text are left out."""
    for row in rows:
        if row.kind != "effect.Speak" or row.purged:
            continue
        try:
            item = from_record("Speak", dict(row.payload), dict(row.texts or {}))
        except CodecError as error:
            raise CommandError(f"Row {row.seq} cannot be read: {error}") from error
        assert isinstance(item, Speak)
        yield Told(row.seq, row.at, item.text, item.raw, item.origin.value, item.rules, item.facts)


def _print(line: Told, facts: dict[str, Fact], console: Console) -> None:
    clock = dt.datetime.fromtimestamp(line.at).strftime("%H:%M:%S")
    console.print(f"[dim]{clock}[/dim] [green]{line.text}[/green]", highlight=False)
    written = f", model wrote: {line.raw}" if line.raw and line.raw != line.text else ""
    console.print(
        f"         {line.origin}; {', '.join(line.rules) or 'no rule'}{written}",
        style="dim",
        highlight=False,
        markup=False,
    )
    for name in line.facts:
        fact = facts.get(name)
        if name.startswith("order."):
            console.print(f"         {name}  as ordered", style="cyan", highlight=False)
        elif fact is None:
            console.print(f"         {name}  is not in this formulary any more", style="red", highlight=False)
        else:
            console.print(f"         {name}  {fact.text[Locale.EN_US]}", style="cyan", highlight=False)
            if fact.source:
                where = f"{fact.source.publisher}, {fact.source.title}: {fact.source.section}"
                dated = f" ({fact.source.date})" if fact.source.date else ""
                console.print(
                    f"             {fact.status}: {where}{dated}\n             {fact.source.address}",
                    style="dim",
                    highlight=False,
                    markup=False,
                )


def _as_json(line: Told, facts: dict[str, Fact], changed: bool) -> dict[str, object]:
    def sourced(name: str) -> dict[str, object]:
        fact = facts.get(name)
        if fact is None:
            return {"id": name}
        return {
            "id": name,
            "status": fact.status.value,
            "text": {k.value: v for k, v in fact.text.items()},
            "source": source_as_json(fact.source),
        }

    return {
        "row": line.seq, "at": line.at, "spoken": line.text, "origin": line.origin, "rules": list(line.rules),
        "facts": [sourced(name) for name in line.facts], "formulary_changed": changed,
    }  # fmt: skip
