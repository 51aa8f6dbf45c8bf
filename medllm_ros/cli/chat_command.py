"""``medllm chat``: you are the patient."""

from __future__ import annotations

import argparse
import json
import time
import uuid
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from medllm_ros.cli.driver import Heard, VisitDriver
from medllm_ros.cli.engines import add_engine_options, open_context, open_engine
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.knowledge import add_overlay_option
from medllm_ros.delivery import Delivery, Locale
from medllm_ros.engine.factory import default_engine
from medllm_ros.orders import OrderError, read_order
from medllm_ros.paths import config_dir

HELP = "Talk to the robot. An empty line is silence; Ctrl-D ends the visit. It first asks for name and birth date."


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("chat", help="you are the patient: a visit in the terminal", description=HELP)
    parser.add_argument("order", type=Path, nargs="?", help="a FHIR R4 bundle or a simple order; a sample without it")
    parser.add_argument("--locale", choices=[locale.value for locale in Locale])
    parser.add_argument("--verified", action="store_true", help="staff have checked the patient already")
    parser.add_argument("--json", action="store_true", help="one JSON line an answer")
    add_engine_options(parser, default_engine())
    add_overlay_option(parser)


def run(args: argparse.Namespace) -> int:
    """Talk until the end of input."""
    delivery = load_order(args.order or config_dir() / "examples" / "ward_order.fhir.json", args.locale)
    engine = open_engine(args)
    console = Console()
    driver = VisitDriver(delivery, open_context(args), engine)
    if not args.json:
        console.print(HELP, style="dim")
        if args.order is None:
            console.print("The sample's patient is 王春嬌, born 1956-03-02.", style="dim", highlight=False)
    try:
        _show(driver.open(verified=args.verified), driver, console, args.json)
        while True:
            try:
                text = input("" if args.json else "you> ")
            except EOFError:
                return 0
            _show(driver.say(text), driver, console, args.json)
    finally:
        engine.close()


def load_order(path: Path, locale: str | None = None) -> Delivery:
    """Read an order file as a fresh delivery; raise :class:`CommandError` with a sentence."""
    try:
        delivery = read_order(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except OrderError as error:
        raise CommandError(f"{path}: {error}") from error
    fresh = f"{delivery.delivery_id[:40]}-{uuid.uuid4().hex[:8]}"
    return replace(delivery, delivery_id=fresh, locale=Locale(locale) if locale else delivery.locale)


def _show(heard: Heard, driver: VisitDriver, console: Console, as_json: bool) -> None:
    if as_json:
        print(json.dumps({
            "spoken": [speak.text for speak in heard.said],
            "behaviours": [speak.behaviour.value for speak in heard.said],
            "alerts": [alert.category for alert in heard.alerts],
            "held": driver.session.held,
            "at": time.time(),
        }, ensure_ascii=False), flush=True)  # fmt: skip
        return
    for alert in heard.alerts:
        console.print(f"  !! nurse called: {alert.level} {alert.category}", style="bold red", highlight=False)
    for speak in heard.said:
        style = "bold red" if speak.priority == "emergency" else "green"
        console.print(f"robot> {speak.text}", style=style, highlight=False, markup=False, soft_wrap=True)
    console.print("  locked" if driver.session.held else "  free", style="dim")
