"""Start with the last good formulary where the present one is broken.

A hospital's pharmacist edits files while robots drive. A broken file is refused with file, line and reason, and
the robot goes on with the copy of the folders that it last loaded without fault.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from medllm_ros.formulary import layers
from medllm_ros.formulary.compiled import PACKAGED
from medllm_ros.formulary.model import ReviewStatus
from medllm_ros.formulary.reading import FormularyError
from medllm_ros.formulary.store import Formulary

_DONE = ".complete"


def load_or_last_good(
    overlays: Sequence[Path | str], keep: Path, *, minimum: ReviewStatus = ReviewStatus.SOURCE_OPENED
) -> tuple[Formulary, FormularyError | None]:
    """Return the packaged formulary with ``overlays`` laid over it, and None; or the last good one, and why.

    ``keep`` is a folder of this robot for the copy. Where no good copy is there, the packaged formulary alone is
    used. Raises :class:`FormularyError` only where that is broken too.
    """
    folders = [Path(folder).expanduser() for folder in overlays]
    try:
        found = Formulary.load(PACKAGED, *folders, minimum=minimum)
    except FormularyError as error:
        return _last_good(keep, minimum), error
    _remember(folders, keep)
    return found, None


def _last_good(keep: Path, minimum: ReviewStatus) -> Formulary:
    if (keep / _DONE).is_file():
        kept = sorted(path for path in keep.iterdir() if path.is_dir())
        try:
            return Formulary.load(PACKAGED, *kept, minimum=minimum)
        except FormularyError:
            pass  # kept by another version of this package: its own files are still good
    return Formulary.load(PACKAGED, minimum=minimum)


def _remember(folders: Sequence[Path], keep: Path) -> None:
    """Copy the overlays beside ``keep`` and put the copy in its place; a full disk leaves the old copy."""
    if not folders and not keep.exists():
        return
    try:
        keep.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=keep.parent, prefix=f".{keep.name}-") as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir()
            for number, folder in enumerate(folders):
                (fresh / f"{number:02d}").mkdir()
                for path in layers.files(folder):
                    shutil.copyfile(path, fresh / f"{number:02d}" / path.name)
            (fresh / _DONE).touch()
            if keep.exists():
                os.replace(keep, Path(scratch) / "old")
            os.replace(fresh, keep)
    except OSError:
        return  # without a fresh copy the robot still has the formulary that it has just loaded
