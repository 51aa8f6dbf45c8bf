"""What watches over a run: checkpoints by the clock, Ctrl-C, the time that is given, the log, the measurements."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback

from training.config import TrainConfig
from training.errors import TrainingError
from training.run_folder import COMPLETE, METRICS, RunFolder, write_text


@dataclass
class Meter:
    """Counts of this process, over all resumptions. Times in seconds."""

    tokens: int = 0  # without padding
    padded: int = 0  # with padding
    in_steps: float = 0
    before: float = 0  # wall time of the runs before this one
    _since: float = field(default_factory=time.monotonic)
    _logged: tuple[int, float] = (0, 0)

    @property
    def elapsed(self) -> float:
        """Return the wall time of training so far."""
        return self.before + time.monotonic() - self._since

    def start(self, saved: dict[str, Any]) -> None:
        """Begin to count, after what a checkpoint holds."""
        self.tokens, self.padded = int(saved.get("tokens", 0)), int(saved.get("padded", 0))
        self.in_steps, self.before = float(saved.get("in_steps", 0)), float(saved.get("elapsed", 0))
        self._since = time.monotonic()
        self._logged = self.tokens, self.in_steps

    def since_last(self) -> float:
        """Return the tokens a second that this process learned since the last time."""
        tokens, seconds = self.tokens - self._logged[0], self.in_steps - self._logged[1]
        self._logged = self.tokens, self.in_steps
        return round(tokens / seconds, 1) if seconds else 0

    def saved(self) -> dict[str, float]:
        """Return what a checkpoint holds."""
        return {
            "tokens": self.tokens, "padded": self.padded, "in_steps": self.in_steps, "elapsed": self.elapsed
        }  # fmt: skip


class Keeper(TrainerCallback):
    """Saves every few minutes, on Ctrl-C and when the time is up; ends the run where the loss is no number."""

    def __init__(self, run: RunFolder, train: TrainConfig, meter: Meter) -> None:
        self.interrupted = False
        self.time_is_up = False
        self._run, self._train, self._meter = run, train, meter
        self._saved_at = self._step_began = 0.0

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Take up the counts of the checkpoint."""
        checkpoint = self._run.newest_checkpoint()
        self._meter.start(json.loads((checkpoint / COMPLETE).read_text("utf-8")) if checkpoint else {})
        self._saved_at = time.monotonic()

    def on_step_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        """Start the clock of a step."""
        self._step_began = time.monotonic()

    def on_step_end(self, args: Any, _state: Any, control: Any, **_: Any) -> None:
        """Decide whether to save and whether to stop; all processes do what the first one decides."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._meter.in_steps += time.monotonic() - self._step_began
        limit = self._train.max_minutes
        up = limit is not None and self._meter.elapsed >= limit * 60
        save = time.monotonic() - self._saved_at >= self._train.checkpoint_minutes * 60
        decided = [save, up, self.interrupted]
        if args.world_size > 1:
            decided = broadcast_object_list(decided)
        save, self.time_is_up, self.interrupted = decided
        if self.time_is_up or self.interrupted:
            control.should_training_stop = True
        if save or self.time_is_up or self.interrupted:
            control.should_save = True

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Mark the checkpoint as complete; what a kill leaves half written has no mark."""
        self._saved_at = time.monotonic()
        if args.world_size > 1:
            torch.distributed.barrier()
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            write_text(folder / COMPLETE, json.dumps(self._meter.saved()) + "\n")
            self.write_log(state)

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """End the run where the loss is no number."""
        for name in ("loss", "eval_loss"):
            value = (logs or {}).get(name)
            if isinstance(value, float) and not math.isfinite(value):
                raise TrainingError(
                    f"The {name} is {value} at step {state.global_step}. Lower train.learning_rate or raise "
                    "train.warmup, and begin again in another folder."
                )

    def write_log(self, state: Any) -> None:
        """Write what was logged so far."""
        lines = [json.dumps(entry, ensure_ascii=False) for entry in state.log_history]
        write_text(self._run.path / METRICS, "".join(line + "\n" for line in lines))

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take Ctrl-C and SIGTERM as the wish to save and stop; a second Ctrl-C stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def wish(number: int, _frame: Any) -> None:
            if self.interrupted and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.interrupted = True
            print("\nSaving after this step; Ctrl-C again stops at once.", file=sys.stderr, flush=True)

        before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
