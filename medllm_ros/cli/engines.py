"""The engine options that several subcommands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from medllm_ros.bedside.context import SessionContext
from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.knowledge import open_formulary
from medllm_ros.engine.chat import ChatEngine, EngineError
from medllm_ros.engine.factory import ENGINES, create_engine


def add_engine_options(parser: argparse.ArgumentParser, default: str = "none") -> None:
    """Add ``--engine``, ``--model`` and ``--adapter``."""
    parser.add_argument(
        "--engine", choices=ENGINES, default=default,
        help=f"none: approved wording only; local: a language model on this machine (default: {default})",
    )  # fmt: skip
    parser.add_argument("--model", type=Path, help="folder of the base model (default: the bundled small one)")
    parser.add_argument("--adapter", type=Path, help="folder of a PEFT adapter")


def open_context(args: argparse.Namespace) -> SessionContext:
    """Return what a session knows, the hospital's overlays included; :class:`CommandError` says what is broken."""
    return SessionContext.load(open_formulary(args))


def open_engine(args: argparse.Namespace) -> ChatEngine:
    """Return the loaded engine; raise :class:`CommandError` with its sentence where it cannot be had."""
    try:
        engine = create_engine(args.engine, model_dir=args.model, adapter_dir=args.adapter)
        engine.load()
    except EngineError as error:
        raise CommandError(str(error)) from error
    return engine
