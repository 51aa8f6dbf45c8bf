"""The beginning and the end that the training recipes share; what is between them stands in each recipe."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.utils.tensorboard import SummaryWriter
from transformers import TrainerCallback
from transformers.integrations import TensorBoardCallback

from medllm_ros.bedside.prompt import LAYOUT
from medllm_ros.engine.folders import base_fingerprint, write_card
from training import cards, memory, methods, models, rows, run_folder, template
from training.config import Dtype, TrainingConfig
from training.data import RowKind
from training.errors import Interrupted
from training.keeper import Keeper, Meter
from training.methods import Method
from training.processes import count, is_main, on_main, say
from training.run_folder import RunFolder, State

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


@dataclass(frozen=True)
class Begun:
    """A run that may start: its folder, its rows, its tokenizer."""

    run: RunFolder
    rows: rows.Rows
    tokenizer: Any
    meter: Meter
    keeper: Keeper


def begin(config: TrainingConfig, kind: RowKind) -> Begun | RunFolder:
    """Read, check and open everything that needs no weights; a run that is done comes back as it is.

    Raises :class:`TrainingError` or :class:`training.data.DataError` with a sentence before anything is loaded.
    """
    transformers.set_seed(config.train.seed)
    tokenizer = models.tokenizer_of(config.model)
    shape = models.configuration(config.model, tokenizer)
    found = rows.load(config.data, kind, config.train.seed)
    inputs = {**found.inputs, "model": models.fingerprint(config.model), "prompt_layout": LAYOUT}
    if config.train.check_memory:
        needed = memory.check(config, shape)
        say(f"memory: about {needed.total / memory.GIB:.1f} GiB; {needed.trained:,} parameters are trained")

    def open_it() -> RunFolder:
        if not run_folder.is_begun(config.out, inputs):
            for note in rows.check(found, config.data):
                print(f"data: {note}", flush=True)
        return run_folder.open_run(config.out, config.model_dump(mode="json"), inputs)

    run = on_main(open_it)
    if run.state is State.DONE:
        say(f"{run.path} is done already; the result is {run.result}.")
        return run
    _settle_on_cpu(run, config.train.threads)
    say(f"run: {run.path} ({run.state}); {len(found.train)} rows, {len(found.validation)} held out")
    meter = Meter()
    return Begun(run, found, tokenizer, meter, Keeper(run, config.train, meter))


def callbacks(begun: Begun) -> list[Any]:
    """Return the keeper, and TensorBoard's writer in the first process."""
    found: list[Any] = [begun.keeper]
    if is_main():
        checkpoint = begun.run.newest_checkpoint()
        step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
        writer = SummaryWriter(str(begun.run.path / run_folder.TENSORBOARD), purge_step=step + 1)
        found.append(TensorBoardCallback(writer))
    return found


def watch(trainer: Any, begun: Begun, config: TrainingConfig) -> None:
    """Give a trainer of ours its meter, its clock and its order of rows; spare the GPU where that is wanted."""
    trainer.meter, trainer.train_config, trainer.batches = begun.meter, config.train, config.data.batches
    if config.train.offload:
        trainer.add_callback(_Offload())


def fit(trainer: Any, begun: Begun) -> None:
    """Train, from the newest checkpoint where there is one. Raises :class:`Interrupted` when Ctrl-C came."""
    checkpoint = begun.run.newest_checkpoint()
    if checkpoint is not None:
        say(f"going on from {checkpoint}")
    with begun.keeper.signals():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if is_main():
        begun.keeper.write_log(trainer.state)
    if begun.keeper.interrupted:
        if is_main():
            begun.run.write(state="interrupted")
        raise Interrupted(f"Stopped at step {trainer.state.global_step}. The same command goes on from there.")
    if begun.keeper.time_is_up:
        say(f"the time is up at step {trainer.state.global_step} of {trainer.state.max_steps}; the stage ends here")


def finish(trainer: Any, begun: Begun, config: TrainingConfig) -> RunFolder:
    """Write the result, its card, the plots, the measurements and the sums."""
    run = begun.run
    measured = _measured(trainer, begun)
    folder = on_main(run.begin_result)
    trainer.save_model(str(folder))
    on_main(lambda: _complete(trainer, begun, config, folder, measured))  # who goes on may read the result at once
    say(f"done: {run.result}  ({measured['tokens_per_second']:.0f} tokens/s, {measured['minutes']:.1f} min)")
    return run


def _complete(trainer: Any, begun: Begun, config: TrainingConfig, folder: Path, measured: dict[str, Any]) -> None:
    """Write what lies beside the weights, and say that the run is finished."""
    run, full = begun.run, config.method.kind is Method.FULL
    (folder / "training_args.bin").unlink(missing_ok=True)
    if not full:
        methods.tidy(folder)
    if wanted := config.save_dtype or (Dtype.BF16 if full else None):
        _cast(folder, wanted)
    (folder / template.FILE).write_text(begun.tokenizer.chat_template, "utf-8")
    base = folder if full else models.folder(config.model.path or "")
    if not full:
        write_card(folder, base, LAYOUT)
    text = cards.card(
        name=run.path.name, config=config, base=_base_name(config), fingerprint=base_fingerprint(base), layout=LAYOUT,
        inputs=begun.rows.inputs, measured=measured, versions=run.read()["versions"],
    )  # fmt: skip
    (folder / "README.md").write_text(text, "utf-8")
    cards.plots(run.path, trainer.state.log_history, str(config.stage))
    run.finish(measured=measured, seed=config.train.seed)
    shutil.rmtree(run.checkpoints, ignore_errors=True)  # the result stands; optimizer states are large


class _Offload(TrainerCallback):
    """Moves the embeddings when the trainer has placed the model; what waits for the way back is trl's to move."""

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, model: Any = None, **_: Any) -> None:
        models.offload_embeddings(model)


def _settle_on_cpu(run: RunFolder, wanted: int | None) -> None:
    """Use the free cores, and keep memory that was freed.

    Two threads that wait for each other on one busy core are many times slower than one thread. A run that is gone on
    with keeps its number, because another number adds in another order. glibc gives large pieces back to the system at
    every step and asks for them again: a quarter of a small model's time.
    """
    if torch.cuda.is_available():
        return
    with suppress(OSError, AttributeError):  # another C library has no mallopt
        for option, value in ((_M_MMAP_THRESHOLD, 1 << 30), (_M_TRIM_THRESHOLD, (1 << 31) - 1)):
            ctypes.CDLL(None).mallopt(option, value)

    def number() -> int:
        free = (os.cpu_count() or 1) - round(os.getloadavg()[0])
        found = wanted or run.read().get("threads") or max(1, free // count())
        run.write(threads=found)
        return int(found)

    torch.set_num_threads(on_main(number))


def _measured(trainer: Any, begun: Begun) -> dict[str, Any]:
    meter, history = begun.meter, trainer.state.log_history
    counts = torch.tensor([meter.tokens, meter.padded], device=trainer.accelerator.device)
    tokens, padded = trainer.accelerator.gather(counts).view(-1, 2).sum(0).tolist()
    losses = [entry["loss"] for entry in history if "loss" in entry]
    held_out = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "epochs": round(trainer.state.epoch or 0, 3),
        "trained_parameters": sum(tensor.numel() for tensor in trainer.model.parameters() if tensor.requires_grad),
        "tokens": tokens,
        "padding_share": round(1 - tokens / padded, 4) if padded else 0,
        "tokens_per_second": round(tokens / meter.in_steps, 1) if meter.in_steps else 0,
        "minutes": round(meter.elapsed / 60, 4),
        "peak_memory_gib": round(memory.peak() / memory.GIB, 2),
        "device": memory.available()[1],
        "processes": trainer.accelerator.num_processes,
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "held_out_loss": held_out[-1] if held_out else None,
        "time_was_up": begun.keeper.time_is_up,
    }


def _cast(folder: Path, dtype: Dtype) -> None:
    """Store the floating-point weights of a saved model or adapter in another number type."""
    wanted = models.number_type(dtype)
    for path in folder.glob("*.safetensors"):
        tensors = {
            name: value.to(wanted) if value.is_floating_point() else value for name, value in load_file(path).items()
        }
        save_file(tensors, path, metadata={"format": "pt"})
    path = folder / "config.json"
    if path.exists():  # an adapter has none
        config = {**json.loads(path.read_text("utf-8")), "dtype": str(dtype)}
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")


def _base_name(config: TrainingConfig) -> str:
    if config.model.path is None:
        return "none: random weights"
    path = Path(config.model.path)
    return path.name if path.name != run_folder.RESULT else path.parent.name
