"""``medllm up``: the four nodes in one process."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import Any

from medllm_ros.cli.engines import add_engine_options
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.ros_env import ensure_ros
from medllm_ros.delivery import Locale

START_LIMIT_S = 30.0
POLL_S = 0.1


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "up", help="run the four nodes in one process", description="Runs bedside_node, language_model_node, "
        "speaker_node and listener_node in one process until Ctrl-C. On a robot `ros2 launch medllm_ros "
        "bedside.launch.py` runs them as four.",
    )  # fmt: skip
    parser.add_argument("--namespace", default="", help="the robot's namespace")
    parser.add_argument("--robot-id", default="robot")
    parser.add_argument("--locale", choices=[locale.value for locale in Locale], default="zh_TW")
    add_engine_options(parser)
    parser.add_argument("--vosk-model", type=Path, help="folder of a vosk model; without it, text transcripts only")
    parser.add_argument("--wav", type=Path, help="play this file to the recogniser instead of the microphone")
    parser.add_argument("--sink", choices=("device", "wav", "none"), default="none", help="where speech goes (none)")
    parser.add_argument("--wav-folder", type=Path, help="folder for --sink wav")
    parser.add_argument("--journal", type=Path, help="journal file; medllm/journal.sqlite under ~/.ros without it")
    parser.add_argument(
        "--param", action="append", default=[], metavar="NODE.NAME=VALUE", help="any parameter; may be repeated"
    )


def run(args: argparse.Namespace) -> int:
    """Run the nodes until Ctrl-C."""
    ensure_ros(sys.argv[1:])
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    from medllm_ros.nodes.together import problems, together

    common = {"robot_id": args.robot_id, "locale": args.locale}
    parameters: dict[str, dict[str, Any]] = {
        "bedside_node": {**common, "journal": _text(args.journal)},
        "language_model_node": {
            **common, "engine": args.engine, "model": _text(args.model), "adapter": _text(args.adapter),
        },
        "speaker_node": {**common, "sink": args.sink, "wav_folder": _text(args.wav_folder)},
        "listener_node": {
            **common, "model": _text(args.vosk_model), "wav": _text(args.wav),
            "source": "wav" if args.wav else "microphone",
        },
    }  # fmt: skip
    for assignment in args.param:
        node, name, value = _assignment(assignment, parameters)
        parameters[node][name] = value
    found = problems(parameters)
    if found:
        raise CommandError(" ".join(found))
    told: list[int] = []  # no Event: its lock may be held by the very thread that the handler interrupts
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: told.append(signum))
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        with together(parameters, namespace=args.namespace) as running:
            _wait_active(running, told)
            if not told:
                print("The robot is up; Ctrl-C ends it.", flush=True)
            while not told:
                _check_alive(running)
                time.sleep(POLL_S)
    finally:
        rclpy.shutdown()
    return 0


def _wait_active(running: Any, told: list[int]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not told and not running.wait_active(POLL_S):
        failures = [f"{name}: {node.failure}" for name, node in running.nodes.items() if node.failure]
        if failures:
            raise CommandError(" ".join(failures))
        _check_alive(running)
        if time.monotonic() > deadline:
            raise CommandError(f"Not every node became active within {START_LIMIT_S:.0f} s; the log above says why.")


def _check_alive(running: Any) -> None:
    dead = running.failed()
    if dead:
        raise CommandError(f"{', '.join(dead)} has stopped working; the log above says why. Start `medllm up` again.")


def _assignment(text: str, parameters: dict[str, dict[str, Any]]) -> tuple[str, str, Any]:
    import yaml

    head, sign, value = text.partition("=")
    node, dot, name = head.partition(".")
    if not (sign and dot) or node not in parameters:
        raise CommandError(f"--param {text}: write NODE.NAME=VALUE with NODE one of {', '.join(parameters)}.")
    return node, name, yaml.safe_load(value)


def _text(path: Path | None) -> str:
    return str(path.absolute()) if path else ""
