"""A pharmacist's signature: the fact's texts and who stands for them, in the hospital's own folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from medllm_ros.delivery import Locale
from medllm_ros.formulary.compiled import PACKAGED
from medllm_ros.formulary.model import Fact, ReviewStatus
from medllm_ros.formulary.reading import FormularyError, read
from medllm_ros.formulary.store import Formulary
from medllm_ros.whole_file import whole_file

HEAD = "# Corrections and signatures of this hospital, laid over the packaged file of the same medicine.\n"


def sign(fact_id: str, *, by: str, on: str, folder: Path) -> Path:
    """Write the signature of ``by`` on day ``on`` for one fact into ``folder`` and return the file.

    The texts are repeated beside the signature: it counts for these words only. Raises :class:`FormularyError`
    where the fact is unknown, is disputed, or the folder's file is broken; nothing is written then.
    """
    drug_id = fact_id.partition(".")[0]
    path = folder / f"{drug_id}.yaml"
    known = Formulary.load(PACKAGED, folder) if folder.is_dir() else Formulary.load(PACKAGED)
    drug = known.drugs.get(drug_id)
    fact = next((fact for fact in (drug.facts if drug else ()) if fact.id == fact_id), None)
    if fact is None:
        raise FormularyError(path, 0, f"There is no fact {fact_id}; `medllm formulary show {drug_id}` lists them.")
    if fact.conflict:
        raise FormularyError(path, 0, f"Sources disagree on {fact_id}; settle it in {path} (`conflict: false`) first.")
    data: dict[str, Any] = read(path).data if path.is_file() else {"id": drug_id, "facts": []}
    data["facts"] = [entry for entry in data.get("facts", []) if entry.get("id") != fact_id] + [_entry(fact, by, on)]
    _write(path, data)
    return path


def _entry(fact: Fact, by: str, on: str) -> dict[str, Any]:
    texts = {locale.value: fact.text[locale] for locale in Locale}
    return {"id": fact.id, **texts, "status": ReviewStatus.PHARMACIST_SIGNED.value, "signed_by": by, "signed_on": on}


def _write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = HEAD + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000)
    with whole_file(path) as stream:
        stream.write(text)
        os.fchmod(stream.fileno(), 0o644)
