"""What went wrong, for the person at the terminal."""

from __future__ import annotations


class CommandError(Exception):
    """Something a person can mend; printed as one sentence, exit code 1."""
