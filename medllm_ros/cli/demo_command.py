"""``medllm demo``: a whole bedside visit on real ROS 2, as a person would see it."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from medllm_ros.cli.chat_command import load_order
from medllm_ros.cli.engines import add_engine_options
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.patient_voice import PatientVoice
from medllm_ros.cli.ros_env import ensure_ros
from medllm_ros.cli.timeline import print_timeline
from medllm_ros.delivery import Delivery, Locale
from medllm_ros.engine.factory import default_engine
from medllm_ros.journal import Journal, JournalError, Status
from medllm_ros.paths import config_dir


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "demo",
        help="a whole bedside visit on real ROS 2",
        description="Starts the four nodes, delivers a FHIR R4 order to them over DDS, plays the patient and the "
        "staff from config/demo/script.yaml, shows captions with their latency, writes the speech to WAV files, "
        "and ends with the visit's timeline out of the verified journal.",
    )
    parser.add_argument("order", type=Path, nargs="?", help="a FHIR R4 bundle or a simple order; a sample without it")
    parser.add_argument("--locale", choices=[locale.value for locale in Locale], default="zh_TW")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for WAV files and the journal")
    add_engine_options(parser, default_engine())
    parser.add_argument("--vosk-model", type=Path, help="folder of a vosk model; the patient is then played from sound")
    parser.add_argument("--sink", choices=("wav", "device", "none"), default="wav", help="where speech goes (wav)")
    parser.add_argument("--paced", action="store_true", help="take as long as the speech takes, about two minutes")


def run(args: argparse.Namespace) -> int:
    """Play the visit."""
    order = args.order or config_dir() / "examples" / "ward_order.fhir.json"
    delivery = load_order(order, args.locale)
    steps = load_script(config_dir() / "demo" / "script.yaml", args.locale)
    ensure_ros(sys.argv[1:])
    from medllm_ros.cli.visit_client import VisitClient

    folder = args.out.absolute() / delivery.delivery_id
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise CommandError(f"The folder {folder} cannot be made: {error.strerror}. Choose another: --out.") from error
    console = Console()
    _introduce(console, delivery, order)
    namespace = f"demo_{delivery.delivery_id[-8:]}"  # its own, so that two demonstrations do not hear each other
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    nodes = _start_nodes(args, folder, namespace)
    client = voice = None
    try:
        if args.vosk_model:
            voice = PatientVoice(args.vosk_model, args.locale)
        client = VisitClient(delivery, namespace=namespace)
        with console.status("starting the robot's nodes"):
            _until_ready(client, nodes, folder)
        latencies = [_show(console, client.deliver())]
        for step in steps:
            latencies.append(_play(console, client, step, voice))
    finally:
        if voice:
            voice.close()
        if client:
            client.close()
        _stop(nodes)
    return _conclude(console, folder, delivery, [value for value in latencies if value is not None])


def load_script(path: Path, locale: str) -> list[dict[str, str]]:
    """Return the steps of one locale; raise :class:`CommandError` where a step is neither speech nor staff."""
    try:
        steps: Any = yaml.safe_load(path.read_text(encoding="utf-8"))[locale]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise CommandError(f"{path} has no script for {locale}: {error}.") from error
    for step in steps:
        if not ("say" in step) ^ (step.get("staff") in STAFF):
            raise CommandError(f"{path}: the step {step} needs either `say` or `staff` ({', '.join(STAFF)}).")
    return list(steps)


PAUSE_S = 0.4  # a breath between two turns, so that a reader can follow
STAFF = ("acknowledge", "release", "handover")


def _introduce(console: Console, delivery: Delivery, order: Path) -> None:
    text = Text()
    text.append("order    ", "dim").append(f"{order.name}\n")
    text.append("medicine ", "dim").append(", ".join(m.as_ordered or m.name for m in delivery.medications) + "\n")
    text.append("patient  ", "dim").append(f"{delivery.patient.name}, born {delivery.patient.date_of_birth}\n")
    text.append("place    ", "dim").append(f"ward {delivery.ward or '?'}, bed {delivery.bed or '?'}")
    console.print(Panel(text, title="medllm demo", border_style="blue", expand=False))


def _start_nodes(args: argparse.Namespace, folder: Path, namespace: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-P", "-m", "medllm_ros.cli", "up", "--namespace", namespace,
        "--locale", args.locale, "--engine", args.engine, "--sink", args.sink,
        "--wav-folder", str(folder / "speech"), "--journal", str(folder / "journal.sqlite"),
        "--param", f"speaker_node.paced={str(args.paced).lower()}",
    ]  # fmt: skip
    for option, value in (("--model", args.model), ("--adapter", args.adapter)):
        if value:
            command += [option, str(value)]
    with (folder / "nodes.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ.copy())


def _until_ready(client: Any, nodes: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60.0
    while True:
        if nodes.poll() is not None:
            tail = (folder / "nodes.log").read_text(errors="replace").strip().splitlines()[-5:]
            raise CommandError("The robot's nodes have ended:\n  " + "\n  ".join(tail))
        try:
            client.wait_until_ready(timeout_s=1.0)
            return
        except CommandError:
            if time.monotonic() > deadline:
                raise


def _play(console: Console, client: Any, step: dict[str, str], voice: PatientVoice | None) -> float | None:
    topic = step.get("topic", "")
    time.sleep(PAUSE_S)
    if "say" in step:
        _line(console, topic, "patient", Text(step["say"], "bold cyan"))
        heard = voice.heard(step["say"]) if voice else None
        if heard is not None:
            _line(console, "", "heard", Text(f"{heard.text}  ({heard.confidence_mean:.2f})", "dim cyan"))
        return _show(console, client.say(step["say"], heard))
    _line(console, topic, "staff", Text(step["staff"], "magenta"))
    if step["staff"] == "handover":
        return _show(console, client.hand_over("n1"))
    _show(console, client.acknowledge("n1", release_hold=step["staff"] == "release"))
    return None


def _line(console: Console, left: str, who: str, what: Text) -> None:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=12, justify="right", style="dim")
    row.add_column(width=7, style=WHO.get(who, ""))
    row.add_column(overflow="fold")
    row.add_row(left, who, what)
    console.print(row)


WHO = {"robot": "green", "patient": "cyan", "nurse": "red", "staff": "magenta"}


def _show(console: Console, reaction: Any) -> float | None:
    for alert in reaction.alerts:
        level = {1: "routine", 2: "URGENT"}.get(alert.level, "?")
        _line(console, "", "nurse", Text(f"called: {level}, {alert.category}", "bold red"))
    for number, caption in enumerate(reaction.captions):
        style = {3: "bold red", 2: "yellow"}.get(caption.priority, "green")
        after = f"{caption.after_s * 1000:.0f} ms" if number == 0 else ""
        _line(console, after, "robot", Text(caption.text, style))
        if caption.facts:
            _line(console, "", "", Text(", ".join(caption.facts), "dim italic"))
    return reaction.captions[0].after_s if reaction.captions else None


def _stop(nodes: subprocess.Popen[bytes]) -> None:
    nodes.send_signal(signal.SIGINT)
    try:
        nodes.wait(timeout=15.0)
    except subprocess.TimeoutExpired:
        nodes.kill()
        nodes.wait()


def _conclude(console: Console, folder: Path, delivery: Delivery, latencies: list[float]) -> int:
    console.rule("the visit, out of the journal")
    try:
        with Journal(folder / "journal.sqlite", read_only=True) as journal:
            print_timeline(journal.rows(delivery.delivery_id), console)
            found = journal.verify()
    except JournalError as error:
        raise CommandError(str(error)) from error
    whole = found.status is not Status.BROKEN
    console.print(found.message, style="green" if whole else "bold red", highlight=False)
    if latencies:
        console.print(
            f"first sentence after {statistics.median(latencies) * 1000:.0f} ms (median of {len(latencies)} turns)",
            style="dim",
        )
    sounds = sorted((folder / "speech").glob("*.wav"))
    console.print(f"{len(sounds)} WAV files in {folder / 'speech'}; journal {folder / 'journal.sqlite'}", style="dim")
    return 0 if whole else 1
