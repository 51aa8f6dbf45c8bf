"""All stages in turn, going on where it stopped.

    medllm-train pipeline --config llama31-8b-robot
    medllm-train pipeline --config nano out=runs/nano-2

Every step is a run folder ``out/NAME``, so what is finished is passed over and what was stopped goes on. ``{name}`` in
a step's values is the result of an earlier step. A ``command`` step runs any other word of ``medllm-train``; when it
ends well, a mark says so.
"""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from training import config as configuration
from training.config import PipelineConfig, Stage, Step
from training.errors import TrainingError
from training.processes import on_main, say
from training.run_folder import write_text


def run(config: PipelineConfig) -> Path:
    """Run every step; return the folder of the pipeline."""
    out = Path(config.out).expanduser()
    planned(config)  # a mistake in the last file is found before the first step runs
    known: dict[str, str] = {}
    for number, step in enumerate(config.steps, 1):
        say(f"== step {number} of {len(config.steps)}: {step.name}")
        known_here = {**known, step.name: str(out / step.name)}
        if step.command:
            _command(step, out / step.name, known_here)
        else:
            stage = _configuration(step, out / step.name, known)
            import_module(f"training.stages.{stage.stage}").run(stage)
        known = known_here
    say(f"pipeline: {out} is done")
    return out


def planned(config: PipelineConfig) -> list[Any]:
    """Return the configuration of every step that has one; raise :class:`TrainingError` for the first mistake."""
    out = Path(config.out).expanduser()
    found, known = [], dict[str, str]()
    for step in config.steps:
        if step.config is not None:
            found.append(_configuration(step, out / step.name, known))
        known[step.name] = str(out / step.name)
        for word in step.command:
            _filled(word, known, step)
    return found


def _configuration(step: Step, out: Path, known: dict[str, str]) -> Any:
    changes = {key: _filled(value, known, step) for key, value in step.set.items()}
    found = configuration.load(step.config or "", {**changes, "out": str(out)})
    if found.stage is Stage.PIPELINE:
        raise TrainingError(f"step {step.name}: a pipeline cannot be a step of a pipeline.")
    return found


def _command(step: Step, out: Path, known: dict[str, str]) -> None:
    """Run words of ``medllm-train`` in the first process, once."""
    from training import cli

    words = [str(_filled(word, known, step)) for word in step.command]
    mark = out / "done.json"
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()
    if mark.is_file() and json.loads(mark.read_text("utf-8")).get("command") == digest:
        say(f"{out} is done already")
        return

    def task() -> None:
        out.mkdir(parents=True, exist_ok=True)
        code = cli.main(words)
        if code:
            raise TrainingError(f"step {step.name}: medllm-train {' '.join(words)} failed with exit code {code}.")
        write_text(mark, json.dumps({"command": digest, "words": words}) + "\n")

    on_main(task)
    say(f"done: {out}")


def _filled(value: Any, known: dict[str, str], step: Step) -> Any:
    if isinstance(value, str) and value.startswith("{") and "}" in value:
        name, _, rest = value[1:].partition("}")
        if name not in known:
            before = ", ".join(known) or "none"
            raise TrainingError(f"step {step.name}: {{{name}}} is no step before this one; there are {before}.")
        return known[name] + rest
    if isinstance(value, list):
        return [_filled(item, known, step) for item in value]
    return value
