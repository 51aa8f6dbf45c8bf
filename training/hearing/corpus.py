"""The sentences: ``utterances/*.tsv``, one ``label<TAB>sentence`` a line, two labels joined by ``+``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "utterances"

EMERGENCIES = (
    "unconscious", "anaphylaxis", "stroke", "chest_pain", "breathing", "seizure", "bleeding", "self_harm",
    "child_ingestion", "overdose", "hypoglycaemia", "threat", "violence", "fall", "faint", "other",
)  # fmt: skip
CALM = "calm"


@dataclass(frozen=True)
class Utterance:
    """One sentence; ``labels`` most urgent first; ``group`` is the file it stands in."""

    labels: tuple[str, ...]
    text: str
    group: str

    @property
    def made_the_lists(self) -> bool:
        """Return True for the sentences on which word lists and patterns were made: nothing is measured on them."""
        return self.group.endswith("_lists")

    @property
    def emergency(self) -> str:
        """Return the emergency that it is, or ``calm``."""
        return self.labels[0] if self.labels[0] in EMERGENCIES else CALM


def read(folder: Path = FOLDER) -> list[Utterance]:
    """Return every sentence once; raise :class:`ValueError` with file and line for one that cannot be read."""
    found: dict[str, Utterance] = {}
    for path in files(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            labels, tab, text = line.partition("\t")
            if not tab or not text.strip():
                raise ValueError(f"{path.name}:{number}: write `label<TAB>sentence`.")
            utterance = Utterance(tuple(labels.strip().split("+")), text.strip(), path.stem)
            found.setdefault(utterance.text, utterance)
    return list(found.values())


def files(folder: Path = FOLDER) -> list[Path]:
    """Return the files of the corpus in order; raise :class:`FileNotFoundError` where there is none."""
    found = sorted(folder.glob("*.tsv"))
    if not found:
        raise FileNotFoundError(f"There is no *.tsv in {folder}.")
    return found


def digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 over the files, names included."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
