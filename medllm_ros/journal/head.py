"""The head of the chain, kept in a small file outside the database.

A tail cut from the database leaves a chain that is consistent in itself; the head file still names the row that is
gone. It is written after each commit, so after a crash it may lag behind: it names an *ancestor* of the last row, which
is no sign of tampering. It is never ahead.

Two lines of fixed length are written in turn and in place: a torn write spoils only the newer one, and a full disk
needs no new block. The reader takes the newest line whose checksum is right.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from medllm_ros.journal.database import PRIVATE
from medllm_ros.journal.record import GENESIS


@dataclass(frozen=True)
class Head:
    """Sequence number and hash of a row; (0, GENESIS) before the first."""

    seq: int
    hash: str

    def line(self) -> bytes:
        """Return the line of this head in the file: 20 digits, hash, CRC-32."""
        body = f"{self.seq:020d} {self.hash}"
        return f"{body} {zlib.crc32(body.encode()):08x}\n".encode()


EMPTY = Head(0, GENESIS)
LINE_BYTES = len(EMPTY.line())


def head_path(journal: Path) -> Path:
    """Return where the head file of a journal is."""
    return journal.with_name(journal.name + ".head")


def read_head(path: Path) -> Head | None:
    """Return the newest valid head, or None where the file is missing or has no valid line."""
    try:
        data = path.read_bytes()[: 2 * LINE_BYTES]
    except FileNotFoundError:
        return None
    heads = [head for start in (0, LINE_BYTES) if (head := _parse(data[start : start + LINE_BYTES]))]
    return max(heads, key=lambda head: head.seq, default=None)


def _parse(line: bytes) -> Head | None:
    parts = line.decode("ascii", "replace").split()
    if len(parts) != 3 or not parts[0].isdecimal():
        return None
    head = Head(int(parts[0]), parts[1])
    return head if head.line() == line else None


class HeadFile:
    """The writer's side of the head file. Raises OSError like any file."""

    def __init__(self, path: Path, head: Head) -> None:
        new = not path.exists()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        self._slot = 0
        try:
            os.fchmod(self._fd, PRIVATE)  # one that an older version made
            if new or os.fstat(self._fd).st_size != 2 * LINE_BYTES:
                os.pwrite(self._fd, EMPTY.line() * 2, 0)
                os.ftruncate(self._fd, 2 * LINE_BYTES)
                _sync_folder(path.parent)
            else:  # never overwrite the newest line first
                first = _parse(os.pread(self._fd, LINE_BYTES, 0))
                self._slot = 1 if first == read_head(path) else 0
            self.write(head)
        except OSError:
            os.close(self._fd)
            raise

    def write(self, head: Head) -> None:
        """Write and flush the head to the disk."""
        os.pwrite(self._fd, head.line(), self._slot * LINE_BYTES)
        os.fsync(self._fd)
        self._slot = 1 - self._slot

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
