"""Parsed drug files kept beside the packaged ones, as Python keeps bytecode: by content, and only to save time.

YAML takes more than half of the time of loading the formulary. What is kept is what the parser made of a file, found
by the SHA-256 of the file's bytes, so a changed file is parsed again. It lies in ``__pycache__`` of the package, where
whoever may write could change the code as well; where nobody may write, files are parsed every time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from medllm_ros.formulary.reading import Document, content_of, parse
from medllm_ros.whole_file import whole_file

PACKAGED = Path(__file__).parent / "data"
_VERSION = 1


class Compiled:
    """The kept files of one folder; folders outside the package keep none."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "__pycache__" / "formulary.json" if folder == PACKAGED else None
        self._known = self._read()
        self._used: dict[str, Any] = {}

    def read(self, path: Path) -> Document:
        """Return the file's document; raise :class:`FormularyError` where it is not a plain YAML mapping."""
        content = content_of(path)
        digest = hashlib.sha256(content).hexdigest()
        data = self._known.get(digest)
        document = parse(path, content) if data is None else Document(path=path, content=content, data=data)
        self._used[digest] = document.data
        return document

    def keep(self) -> None:
        """Write what was parsed anew; a folder that cannot be written stays as it is."""
        if self._path is None or self._used.keys() == self._known.keys():
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            with whole_file(self._path) as stream:
                json.dump({"version": _VERSION, "files": self._used}, stream, ensure_ascii=False)
                os.fchmod(stream.fileno(), 0o644)

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_bytes())
            return dict(found["files"]) if found["version"] == _VERSION else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
