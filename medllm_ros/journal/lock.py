"""One writer at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from medllm_ros.journal.database import PRIVATE
from medllm_ros.journal.record import JournalError


class WriterLock:
    """An advisory lock beside the journal; the kernel frees it when its process dies, however it dies."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(journal.name + ".lock")
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            os.fchmod(self._fd, PRIVATE)  # one that an older version made
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise JournalError(
                f"The journal {journal} is already being written by process {holder}. Stop that one, give this robot "
                "another journal path, or open it read-only."
            ) from None
        except OSError:
            os.close(self._fd)
            raise
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Free the lock. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
