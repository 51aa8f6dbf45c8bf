"""Statistics for people: a table, a histogram (PNG), a data card (Markdown)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import yaml
from rich.console import Group
from rich.table import Table

from training.data.errors import DataError
from training.data.stats import Stats

CARD = Path(__file__).parent / "data_card.md.j2"
ABOUT = ("title", "made", "sources", "licence", "use", "limits")  # what a person writes
BINS = 40


@dataclass(frozen=True)
class DataFile:
    """A file that a card speaks of."""

    name: str
    sha256: str
    lines: int


def table(stats: Stats) -> Group:
    """Return the tables that ``medllm-train data stats`` prints."""
    sizes = Table(title=f"{stats.dialogues} dialogues, {stats.rows} rows, {stats.groups} groups")
    for name in ("", "total", "mean", "median", "95 %", "longest"):
        sizes.add_column(name, justify="left" if not name else "right")
    for name, found in (("characters", stats.characters), ("tokens", stats.tokens)):
        sizes.add_row(
            name,
            f"{found.total:,}",
            f"{found.mean:,.1f}",
            f"{found.median:,.0f}",
            f"{found.p95:,}",
            f"{found.longest:,}",
        )
    sizes.caption = f"tokens: {stats.tokenizer}"
    sorts = Table(title="dialogues by")
    for name in stats.counts:
        sorts.add_column(name)
    sorts.add_row(*("\n".join(f"{key} {value:,}" for key, value in counts.items()) for counts in stats.counts.values()))
    wordings = Table(title="wordings after masking names and numbers")
    for name in ("", "texts", "distinct", "share distinct", "largest share", "the largest"):
        wordings.add_column(name, justify="left" if name in ("", "the largest") else "right")
    for name, skeletons in stats.skeletons.items():
        wordings.add_row(
            name, f"{skeletons.texts:,}", f"{skeletons.distinct:,}", f"{skeletons.share_distinct:.1%}",
            f"{skeletons.largest_share:.2%}", skeletons.largest[:40],
        )  # fmt: skip
    wordings.caption = (
        "self-BLEU, " + (_bleu(stats) or "too few texts") + f" (sample {stats.sample}, seed {stats.seed})"
    )
    return Group(sizes, sorts, wordings)


def histogram(stats: Stats, path: Path) -> None:
    """Draw the lengths of the rows in tokens to a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.hist(stats.tokens.values, bins=BINS, color="#2a6f97")
    for value, name, style in ((stats.tokens.median, "median", "-"), (stats.tokens.p95, "95 %", "--")):
        axes.axvline(value, color="#333333", linewidth=1, linestyle=style, label=f"{name}: {value:,.0f}")
    axes.legend(frameon=False)
    axes.set_xlabel("tokens of a row, prompt and answer")
    axes.set_ylabel("rows")
    axes.set_title(f"{stats.rows:,} rows, {stats.tokens.total:,} tokens")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, format="png")


def about(path: Path) -> Mapping[str, str]:
    """Return what a person wrote for the card; raise :class:`DataError` where a part is missing."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"The file {path} cannot be read: {error}") from error
    if not isinstance(content, dict) or set(content) != set(ABOUT):
        raise DataError(f"{path} must have exactly the texts {', '.join(ABOUT)}.")
    for key, text in content.items():
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{path}: `{key}` is empty; write a text.")
    return {key: text.strip() for key, text in content.items()}


def card(stats: Stats, about: Mapping[str, str], files: Sequence[DataFile]) -> str:
    """Return the data card in Markdown."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(CARD.read_text(encoding="utf-8"))
    return template.render(about=about, stats=stats, files=files, self_bleu=_bleu(stats)).rstrip() + "\n"


def _bleu(stats: Stats) -> str:
    return "; ".join(
        f"{part}: " + ", ".join(f"{locale} {value:.1f}" for locale, value in values.items())
        for part, values in stats.self_bleu.items()
        if values
    )
