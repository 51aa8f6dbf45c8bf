"""The sentences: ``utterances/*.tsv``, one ``label<TAB>sentence`` a line, two labels joined by ``+``.

The open rehearsal cases bring theirs: what is said in them where nobody need be called is ``calm``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medllm_ros.safety.folding import load_data
from medllm_ros.safety.triage import Triage

FOLDER = Path(__file__).parent / "utterances"
CASES = Path(__file__).parents[2] / "test" / "rehearse"

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


def rehearsed(cases: Path = CASES) -> list[Utterance]:
    """Return what is said in the open rehearsal cases that expect no call, each once.

    Where a word list finds an emergency it may be the delivered medicine that explains it (black stools with iron),
    which no net sees: such sentences are left out.
    """
    lists = Triage(load_data("triage.yaml"))
    found: dict[str, Utterance] = {}
    for group, case in open_cases(cases):
        expected = case["expect"]
        called = "escalate_nurse_now" in (expected.get("behaviour"), *expected.get("also_ok", ()))
        if not called and expected.get("severity") not in ("critical", "high"):
            texts = filter(None, map(str.strip, case["utterances"]))
            plain = (text for text in texts if not lists.triage(text))
            found.update((text, Utterance((CALM,), text, group)) for text in plain)
    return list(found.values())


def open_cases(cases: Path = CASES) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the open rehearsal cases, each with the name of its file."""
    for path in sorted(cases.glob("cases_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path.stem, json.loads(line)


def together() -> list[Utterance]:
    """Return the sentences of the files, then those of the cases that no file holds."""
    written = read()
    known = {utterance.text for utterance in written}
    return [*written, *(utterance for utterance in rehearsed() if utterance.text not in known)]


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
