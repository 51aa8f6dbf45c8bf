"""One growing epoch for the voice out of the epochs of many visits, each of which begins at zero."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED_VISITS = 100


class Epochs:
    """Numbers utterances so that a stop ends what came before it, and nothing of a later visit is ever refused."""

    def __init__(self) -> None:
        self.floor = 0  # epoch of what is said now
        self._stopped: OrderedDict[str, int] = OrderedDict()  # visit -> first epoch that may sound

    def number(self, delivery_id: str, epoch: int) -> int | None:
        """Return the voice's epoch for an utterance; None where its visit has stopped that epoch already."""
        return None if epoch < self._stopped.get(delivery_id, epoch) else self.floor

    def stop(self, delivery_id: str, epoch: int) -> int:
        """Note that this visit silences epochs older than ``epoch``; return the voice's epoch that may speak on."""
        self._stopped[delivery_id] = max(epoch, self._stopped.get(delivery_id, epoch))
        self._stopped.move_to_end(delivery_id)
        if len(self._stopped) > REMEMBERED_VISITS:
            self._stopped.popitem(last=False)
        self.floor += 1
        return self.floor
