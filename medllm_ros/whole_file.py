"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open ``path`` to be written as UTF-8 text; it takes the place of an older file when the block ends well.

    Several processes may write at once: the last one stands. Where writing fails, the older file and nothing else is
    left. Raises :class:`OSError`.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with scratch.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
