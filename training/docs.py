"""Write the tables of ``docs/training.md`` anew: ``python -m training.docs``. A test holds that they are the code's."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from training import config
from training.config import CONFIGS, Stage
from training.methods import ABILITIES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training.md"
_SECTIONS: dict[str, type[BaseModel]] = {
    "model": config.ModelConfig, "method (lora, qlora, rslora, dora)": config.LoraMethod,
    "method (prefix)": config.PrefixMethod, "method (bottleneck)": config.BottleneckMethod,
    "data (sft, dpo)": config.DataConfig, "data (pretrain)": config.TextConfig, "train": config.TrainConfig,
    "dpo": config.DpoLoss, "merge": config.MergeConfig,
}  # fmt: skip


def methods() -> str:
    """Return the table of what each method can do."""
    lines = [
        "| method | merged into the base | on a base in 4 bit | DPO after it | decode step in a CUDA graph "
        "| engine `local` loads it |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for method, can in ABILITIES.items():
        able = (can.merge, can.four_bit, can.dpo, can.graph, can.robot)
        lines.append(f"| `{method}` | " + " | ".join("yes" if value else "no" for value in able) + " |")
    return "\n".join(lines)


def configurations() -> str:
    """Return the table of the shipped configurations."""
    lines = [
        "| configuration | stage | method | learning rate | rows a step | optimizer | length |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted(CONFIGS.glob("*.yaml")):
        made = config.load(path)
        if made.stage in (Stage.MERGE, Stage.PIPELINE):
            steps = " -> ".join(step.name for step in made.steps) if made.stage is Stage.PIPELINE else ""
            lines.append(f"| `{path.stem}` | {made.stage} | {steps} | | | | |")
            continue
        train = made.train
        lines.append(
            f"| `{path.stem}` | {made.stage} | {made.method.kind} | {train.learning_rate:g} "
            f"| {train.batch} x {train.accumulate} | {train.optimizer} | {made.data.max_tokens} |"
        )
    return "\n".join(lines)


def keys() -> str:
    """Return every key with its default."""
    lines = ["| key | default |", "|---|---|"]
    for section, model in _SECTIONS.items():
        name, _, note = section.partition(" ")
        lines += [f"| `{name}.{key}`{f' {note}' if note else ''} | {default} |" for key, default in _fields(model)]
    return "\n".join(lines).replace("`merge.", "`")


def written(text: str) -> str:
    """Return the page with its tables in place."""
    for name, table in (("methods", methods()), ("configurations", configurations()), ("keys", keys())):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = pattern.subn(rf"\g<1>{table}\n\g<2>", text)
        if count != 1:
            raise SystemExit(f"{PAGE} must hold <!-- {name} --> and <!-- end --> once.")
    return text


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for key, field in model.model_fields.items():
        if key in ("stage", "kind", "out"):
            continue
        yield key, "required" if field.is_required() else f"`{_shown(field.default)}`"


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return json.dumps(value) if value is None or value == "" or isinstance(value, bool) else str(value)


def main() -> int:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
