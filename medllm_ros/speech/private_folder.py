"""A folder for patient audio: private, in memory where the machine has such a place, and gone afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "medllm-voice-"
_LOCK: Final = ".lock"
_NEW_SECONDS: Final = 10.0  # a folder this young may not have its lock yet


class PrivateFolder:
    """A new folder (mode 0700). Folders that a killed process left behind are deleted when the next one is made."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or _memory_folder()
        remove_abandoned(parent)
        self.path: Final = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held as long as this process lives

    def close(self) -> None:
        """Delete the folder and everything in it; a second call does nothing."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def remove_abandoned(parent: Path) -> int:
    """Delete our folders in ``parent`` whose process is gone; return how many there were."""
    removed = 0
    for folder in parent.glob(PREFIX + "*"):
        try:
            found = folder.lstat()
            if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
                continue
            if time.time() - found.st_mtime < _NEW_SECONDS:
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # being made or removed by another process this very moment
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # in use
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        finally:
            os.close(lock)
    return removed


def _memory_folder() -> Path:
    """Return a folder in memory (/dev/shm) where there is one with 64 MiB free, else the system's temporary folder."""
    memory = Path("/dev/shm")
    try:
        if os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > 64 * 2**20:
            return memory
    except OSError:
        pass
    return Path(tempfile.gettempdir())
