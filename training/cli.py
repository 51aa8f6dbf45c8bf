"""The ``medllm-train`` command. One sub-command a stage; ``key=value`` after it changes its configuration.

    medllm-train data check training/data/shipped/med_dataset.jsonl.gz
    medllm-train sft --config nano-sft train.max_minutes=30
    accelerate launch --config_file training/accelerate/ddp.yaml -m training.cli sft --config llama31-8b-robot-sft
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from medllm_ros.engine.chat import EngineError
from training.config import Stage, load
from training.data.errors import DataError
from training.errors import Interrupted, TrainingError

HELP = {
    Stage.PRETRAIN: "go on pretraining on plain text, or begin from nothing",
    Stage.SFT: "supervised fine-tuning on conversations",
    Stage.DPO: "preferences, after sft",
    Stage.MERGE: "an adapter into its 16-bit base, and into 4 bit",
    Stage.PIPELINE: "all stages in turn, going on where it stopped",
}
OTHERS = {
    "data": "training.data.command", "tokenizer": "training.tokenizer", "evaluate": "training.evaluate.command",
    "exam": "training.evaluate.exam", "infer": "training.infer",
}  # fmt: skip
EPILOG = """exit codes: 0 done, 1 the thing asked for failed, 2 wrong use, 130 stopped with Ctrl-C after a checkpoint

Configurations: a path, or the name of one in training/configs. What a run leaves: docs/training.md.
"""


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command and return its exit code."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported: waiting threads leave the core
    try:
        return _run(argv)
    except (TrainingError, DataError, EngineError) as error:
        print(f"medllm-train: {error}", file=sys.stderr)
        return 1
    except Interrupted as stopped:
        print(f"medllm-train: {stopped}", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _run(argv: list[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="medllm-train", description="From facts to an adapter.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for stage in Stage:
        sub = parsers.add_parser(stage, help=HELP[stage])
        sub.add_argument("--config", required=True, help="YAML file, or the name of a shipped one")
        sub.add_argument("changes", nargs="*", metavar="key=value", help="changes of the configuration")
    runs: dict[str, Callable[[argparse.Namespace], int]] = {}
    for name, module in OTHERS.items():
        if find_spec(module.rpartition(".")[0]) is None:
            continue
        command = import_module(module)
        command.add(parsers)
        runs[name] = command.run
    args = parser.parse_args(argv)
    if args.command in runs:
        return int(runs[args.command](args))
    stage = Stage(args.command)
    config: Any = load(args.config, args.changes, stage)
    recipe = import_module(f"training.stages.{stage}")  # imports torch, so only where it is needed
    recipe.run(config)
    import_module("training.processes").leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
