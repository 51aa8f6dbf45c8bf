"""What went wrong, for the person who started the run."""

from __future__ import annotations


class TrainingError(Exception):
    """A run that cannot start or go on; the message is a sentence that says what to do."""


class Interrupted(Exception):
    """Ctrl-C (or SIGTERM) came, a checkpoint is written, and the same command goes on from there."""
