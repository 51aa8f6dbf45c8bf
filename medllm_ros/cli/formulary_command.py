"""``medllm formulary show|check|search|coverage|sign``: what the robot knows of medicines, and who stands for it."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.knowledge import add_overlay_option, open_formulary, source_as_json
from medllm_ros.delivery import Locale
from medllm_ros.formulary import PACKAGED, Drug, Fact, FactField, Formulary, FormularyError, ReviewStatus
from medllm_ros.formulary.coverage import Coverage, coverage
from medllm_ros.formulary.lint import lint
from medllm_ros.formulary.signing import sign

STYLE = {ReviewStatus.RECALL: "dim", ReviewStatus.SOURCE_OPENED: "green", ReviewStatus.PHARMACIST_SIGNED: "bold green"}


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "formulary",
        help="look at, check and sign what the robot knows of medicines",
        description="What may be said of each medicine, with source and review status. A hospital lays a folder of its "
        "own YAML over the packaged files (--overlay DIR, the bedside node's parameter formulary_overlays).",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="every fact of one medicine")
    show.add_argument("name", help="a name, brand or id: amlodipine, 脈優")
    show.add_argument("--locale", choices=[locale.value for locale in Locale], default=Locale.ZH_TW.value)
    check = actions.add_parser("check", help="find what is wrong in drug files; exit code 1 where something is")
    check.add_argument("folder", type=Path, nargs="?", help="a hospital's own folder; the packaged files without it")
    search = actions.add_parser("search", help="medicines and facts with these words, in any language")
    search.add_argument("words", nargs="+")
    actions.add_parser("coverage", help="how many facts of each medicine may be spoken")
    signing = actions.add_parser("sign", help="sign a fact as its pharmacist, in the hospital's own folder")
    signing.add_argument("fact", help="the fact's id, as `show` prints it")
    signing.add_argument("--by", required=True, help="name and licence number of the pharmacist")
    signing.add_argument("--folder", type=Path, required=True, help="the hospital's own folder")
    signing.add_argument("--on", default=dt.date.today().isoformat(), help="the day, YYYY-MM-DD (default: today)")
    for action in (show, search, actions.choices["coverage"]):
        add_overlay_option(action)
    for action in (show, check, search, actions.choices["coverage"]):
        action.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Do one action."""
    try:
        return {"show": _show, "check": _check, "search": _search, "coverage": _coverage, "sign": _sign}[args.action](
            args
        )
    except FormularyError as error:
        raise CommandError(str(error)) from error


def _show(args: argparse.Namespace) -> int:
    formulary = open_formulary(args)
    drug = formulary.drugs.get(args.name) or formulary.find(args.name)
    if drug is None:
        raise CommandError(f"No medicine is called {args.name}; `medllm formulary search {args.name}` looks further.")
    if args.json:
        print(json.dumps(_drug(drug), ensure_ascii=False))
        for fact in drug.facts:
            print(json.dumps(_fact(fact, formulary), ensure_ascii=False))
        return 0
    locale, console = Locale(args.locale), Console()
    console.print(
        f"[bold]{drug.name(locale)}[/bold]  {drug.id}  ATC {', '.join(drug.atc)}  {drug.drug_class}", highlight=False
    )
    console.print(
        f"names {', '.join(dict.fromkeys(name for names in drug.names.values() for name in names))}; "
        f"brands {', '.join(drug.brands) or 'none'}; forms {', '.join(drug.forms) or 'not recorded'}; "
        f"missed dose {drug.missed_dose}{'; HIGH ALERT' if drug.high_alert else ''}",
        style="dim", highlight=False,
    )  # fmt: skip
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("fact", "what is said", "status", "source"):
        table.add_column(name, overflow="fold")
    for fact in drug.facts:
        said = fact.speakable(formulary.minimum)
        status = f"{fact.status}{', disputed' if fact.conflict else ''}"
        table.add_row(
            fact.id.partition(".")[2],
            fact.text[locale],
            status,
            _source(fact),
            style=STYLE[fact.status] if said else "dim",
        )
    console.print(table)
    return 0


def _check(args: argparse.Namespace) -> int:
    own = args.folder is not None
    found = lint(args.folder, over=(PACKAGED,)) if own else lint(PACKAGED)
    for problem in found:
        print(json.dumps({"file": problem.file, "line": problem.line, "problem": problem.message}, ensure_ascii=False)
              if args.json else problem)  # fmt: skip
    if not args.json:
        formulary = Formulary.load(PACKAGED, *([args.folder] if own else [])) if not found else None
        ending = f"{len(formulary.drugs)} medicines, nothing to correct." if formulary else f"{len(found)} to correct."
        print(ending)
    return 1 if found else 0


def _search(args: argparse.Namespace) -> int:
    formulary = open_formulary(args)
    wanted = [word.casefold() for word in args.words]
    hits = 0
    for drug in formulary.drugs.values():
        about = " ".join([drug.id, drug.drug_class, *drug.atc, *drug.brands, *drug.colloquial,
                          *(name for names in drug.names.values() for name in names)]).casefold()  # fmt: skip
        facts = [f for f in drug.facts if all(any(w in t.casefold() for t in f.text.values()) for w in wanted)]
        if not facts and not all(word in about for word in wanted):
            continue
        hits += 1
        if args.json:
            print(json.dumps({**_drug(drug), "facts": [fact.id for fact in facts]}, ensure_ascii=False))
            continue
        print(
            f"{drug.id}  {drug.name(Locale.ZH_TW)}  {', '.join(drug.brands)}  {', '.join(drug.atc)}  {drug.drug_class}"
        )
        for fact in facts:
            print(f"    {fact.id}  {fact.text[Locale.ZH_TW]}  {fact.text[Locale.EN_US]}")
    if not hits and not args.json:
        print("Nothing has these words.")
    return 0 if hits else 1


def _coverage(args: argparse.Namespace) -> int:
    rows = coverage(open_formulary(args))
    if args.json:
        for row in rows:
            print(json.dumps(_counts(row), ensure_ascii=False))
        return 0
    table = Table(box=None, padding=(0, 1), header_style="dim", caption=_total(rows), caption_style="default")
    for name in ("medicine", "said", "recall", "opened", "signed", "disputed", "missed dose", "nothing said of"):
        table.add_column(name, justify="left" if name in ("medicine", "missed dose", "nothing said of") else "right")
    for row in rows:
        told = sum(row.spoken.values())
        table.add_row(
            f"{row.drug}{' !' if row.high_alert else ''}", str(told),
            *(str(row.status[level]) for level in ReviewStatus), str(row.disputed),
            row.missed_dose, ", ".join(field for field in row.silent if field in _ASKED),
        )  # fmt: skip
    Console().print(table)
    return 0


_ASKED = (FactField.PURPOSE, FactField.HOW_TO_TAKE, FactField.SIDE_EFFECT, FactField.RED_FLAG, FactField.INTERACTION,
          FactField.PREGNANCY, FactField.STORAGE)  # fmt: skip


def _total(rows: tuple[Coverage, ...]) -> str:
    status = {level: sum(row.status[level] for row in rows) for level in ReviewStatus}
    facts = sum(status.values())
    spoken = sum(sum(row.spoken.values()) for row in rows)
    listed = ", ".join(f"{count} {level}" for level, count in status.items())
    disputed = sum(row.disputed for row in rows)
    return f"{len(rows)} medicines, {facts} facts ({listed}), {disputed} disputed, {spoken} may be spoken; ! high alert"


def _sign(args: argparse.Namespace) -> int:
    try:
        dt.date.fromisoformat(args.on)
    except ValueError as error:
        raise CommandError(f"--on is {args.on}; it must be a day like 2026-03-02.") from error
    path = sign(args.fact, by=args.by, on=args.on, folder=args.folder)
    print(f"{args.fact} is signed by {args.by} in {path}.")
    return 0


def _counts(row: Coverage) -> dict[str, Any]:
    return {
        "drug": row.drug, "spoken": dict(row.spoken), "status": dict(row.status), "disputed": row.disputed,
        "missed_dose": row.missed_dose, "high_alert": row.high_alert,
    }  # fmt: skip


def _drug(drug: Drug) -> dict[str, Any]:
    return {
        "drug": drug.id, "names": {locale.value: list(names) for locale, names in drug.names.items()},
        "brands": list(drug.brands), "atc": list(drug.atc), "class": drug.drug_class, "forms": list(drug.forms),
        "route": drug.route, "high_alert": drug.high_alert, "missed_dose": drug.missed_dose.value,
    }  # fmt: skip


def _fact(fact: Fact, formulary: Formulary) -> dict[str, Any]:
    return {
        "fact": fact.id, "field": fact.field.value, "text": {locale.value: fact.text[locale] for locale in Locale},
        "status": fact.status.value, "disputed": fact.conflict, "spoken": fact.speakable(formulary.minimum),
        "source": source_as_json(fact.source),
    }  # fmt: skip


def _source(fact: Fact) -> str:
    if fact.source is None:
        return fact.note or "none"
    return f"{fact.source.publisher}: {fact.source.section}{f' ({fact.source.date})' if fact.source.date else ''}"
