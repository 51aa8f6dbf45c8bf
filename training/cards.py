"""What stands beside a result for people: the model card and the plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NOTICE = (
    "Built with Llama. A model trained from Llama is distributed under the Llama Community License, with a name that "
    "begins with Llama; see NOTICE."
)


def card(
    *, name: str, config: Any, base: str, fingerprint: str, layout: int, inputs: Mapping[str, Any],
    measured: Mapping[str, Any], versions: Mapping[str, str],
) -> str:  # fmt: skip
    """Return the model card in Markdown."""
    method = config.method.model_dump(mode="json")
    kind = method.pop("kind")
    train = config.train.model_dump(mode="json", exclude_none=True)
    rows = inputs["rows"]
    lines = [
        f"# {name}",
        "",
        f"Stage `{config.stage}`, method `{kind}`, by medllm_ros. It phrases what a robot says about a medicine that "
        "licensed staff ordered; every sentence passes the robot's guard before it is spoken. It is no source of "
        "medical knowledge and answers nothing by itself.",
        "",
        "| | |", "|---|---|",
        f"| base | {base} |",
        f"| base fingerprint | `{fingerprint}` |",
        f"| prompt layout | {layout} |",
        f"| chat template | `chat_template.jinja` ({config.model.template}) |",
        *(f"| method: {key} | {_text(value)} |" for key, value in method.items()),
        *(f"| {key} | {_text(value)} |" for key, value in train.items()),
        "",
        "## Data",
        "",
        f"{rows['train']} rows to train on, {rows['validation']} held out.",
        "",
        "| file | SHA-256 |", "|---|---|",
        *(f"| {file} | `{digest}` |" for file, digest in inputs["files"].items()),
        "",
        "## Measured",
        "",
        "| | |", "|---|---|",
        *(f"| {key.replace('_', ' ')} | {_text(value)} |" for key, value in measured.items()),
        *(f"| {key} | {value} |" for key, value in versions.items()),
        "",
    ]  # fmt: skip
    if "llama" in base.lower():
        lines += [NOTICE, ""]
    return "\n".join(lines)


def plots(folder: Path, history: Sequence[Mapping[str, Any]], stage: str) -> None:
    """Write ``loss.png``, and ``rewards.png`` where there are rewards."""
    _plot(folder / "loss.png", history, {"loss": "training", "eval_loss": "validation"}, f"{stage}: loss")
    if any("rewards/margins" in entry for entry in history):
        names = {
            "rewards/chosen": "chosen", "rewards/rejected": "rejected", "rewards/margins": "margin",
            "eval_rewards/margins": "margin, validation",
        }  # fmt: skip
        _plot(folder / "rewards.png", history, names, f"{stage}: rewards")


def _plot(path: Path, history: Sequence[Mapping[str, Any]], names: Mapping[str, str], title: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for key, label in names.items():
        points = [(entry["step"], entry[key]) for entry in history if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, marker="o" if len(points) < 20 else None, markersize=3)
    axes.set(xlabel="step", title=title)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    FigureCanvasAgg(figure).print_png(path)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
