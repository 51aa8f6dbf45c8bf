"""Keep the robot from hearing itself: a gate in front of the recogniser, closed while it speaks.

Pure: the caller passes the time in (seconds of one monotonic clock); nothing here waits or reads a clock.
"""

from __future__ import annotations

from typing import Final

TAIL_SECONDS: Final = 0.4  # echo of a room and a loudspeaker's buffer; a start value, to be measured on the robot
MAX_MUTE_SECONDS: Final = 20.0  # longer than any one sentence


class TurnGate:
    """Half-duplex: closed from the start of an utterance until ``tail`` seconds after the last one has ended.

    Where "ended" is lost, the gate opens again ``max_mute`` seconds after the last utterance started.
    """

    def __init__(self, tail: float = TAIL_SECONDS, max_mute: float = MAX_MUTE_SECONDS) -> None:
        if not 0 <= tail <= 5:
            raise ValueError(f"The tail is {tail} s; it must be 0 to 5 seconds.")
        if not 1 <= max_mute <= 120:
            raise ValueError(f"The maximum mute time is {max_mute} s; it must be 1 to 120 seconds.")
        self.tail = tail
        self.max_mute = max_mute
        self._sounding: str | None = None
        self._closed_until = float("-inf")
        self._reset_due = False

    def started(self, utterance_id: str, now: float) -> None:
        """Note that an utterance has begun to sound; only one sounds at a time, so an earlier one must have ended."""
        self._sounding = utterance_id
        self._closed_until = max(self._closed_until, now + self.max_mute)
        self._reset_due = True

    def ended(self, utterance_id: str, now: float) -> None:
        """Note that an utterance has ended; any other than the one that sounds changes nothing."""
        if utterance_id != self._sounding:
            return
        self._sounding = None
        self._closed_until = min(self._closed_until, now + self.tail)

    def is_open(self, now: float) -> bool:
        """Return whether sound that arrives at ``now`` may go to the recogniser."""
        return now >= self._closed_until

    def take_reset(self, now: float) -> bool:
        """Return True once after each closing, when the gate is open again: the recogniser must forget half a word."""
        if self._reset_due and self.is_open(now):
            self._reset_due = False
            return True
        return False

    @property
    def speaking(self) -> str | None:
        """Return the utterance that has started and not ended, if any."""
        return self._sounding
