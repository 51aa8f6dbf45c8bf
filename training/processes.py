"""Several processes of one run: what the first decides, all do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from training.errors import TrainingError

_T = TypeVar("_T")


def _state() -> PartialState:
    """Return which of how many processes this is; accelerate counts those of a CPU only where it is told of it."""
    return PartialState(cpu=not torch.cuda.is_available())


def is_main() -> bool:
    """Return whether this process writes and speaks."""
    return bool(_state().is_main_process)


def count() -> int:
    """Return how many processes there are."""
    return int(_state().num_processes)


def say(text: str) -> None:
    """Print a line, once."""
    if is_main():
        print(text, flush=True)


def on_main(task: Callable[[], _T]) -> _T:
    """Let the first process do it and give its result to all; its error too, so that nobody waits for it."""
    state = _state()
    if state.num_processes == 1:
        return task()
    answer: list[Any] = [None, None]
    error: BaseException | None = None
    if state.is_main_process:
        try:
            answer[0] = task()
        except Exception as caught:
            error, answer[1] = caught, str(caught) or repr(caught)
    broadcast_object_list(answer)
    if error is not None:
        raise error
    if answer[1] is not None:
        raise TrainingError(answer[1])
    return answer[0]  # type: ignore[no-any-return]


def leave() -> None:
    """End the group at the end of a run: a process that only exits may abort in the threads that talk to the others."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
