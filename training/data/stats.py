"""Statistics of rows: what there is of each sort, how long it is, and how much of it is one template."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from medllm_ros.bedside.memory import estimate_tokens
from medllm_ros.delivery import Locale
from training.data.rows import ChatRow, PairRow, Row, TextRow, answers, kind_of, question, said
from training.data.script import locale_of
from training.data.self_bleu import SAMPLE, self_bleu
from training.data.wording import skeleton

ESTIMATE = "estimate (1.5 a Chinese character, 1 per 3 others)"


@dataclass(frozen=True)
class Lengths:
    """A distribution of lengths."""

    total: int
    mean: float
    median: float
    p95: int
    longest: int
    values: tuple[int, ...]  # one a row, in order

    def plain(self) -> dict[str, float]:
        """Return it without the single values."""
        return {key: value for key, value in asdict(self).items() if key != "values"}


@dataclass(frozen=True)
class Skeletons:
    """Wordings left after masking names and numbers."""

    texts: int
    distinct: int
    share_distinct: float
    largest_share: float  # of all texts, the one wording that occurs most
    largest: str


@dataclass(frozen=True)
class Stats:
    """What a set of rows holds. A dialogue is one line of a file; the robot's own form makes a row of each turn."""

    rows: int
    dialogues: int
    groups: int
    counts: Mapping[str, Mapping[str, int]]  # "origin", "locale", "scenario", "kind" -> dialogues of each
    characters: Lengths
    tokens: Lengths
    tokenizer: str
    skeletons: Mapping[str, Skeletons]  # "dialogues", "questions", "answers"
    self_bleu: Mapping[str, Mapping[str, float]]  # "questions", "answers" -> locale -> 0 to 100
    sample: int
    seed: int

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        found = asdict(self)
        found["characters"], found["tokens"] = self.characters.plain(), self.tokens.plain()
        return found


def stats(
    rows: Sequence[Row],
    *,
    count_tokens: Callable[[str], int] = estimate_tokens,
    tokenizer: str = ESTIMATE,
    sample: int = SAMPLE,
    seed: int = 0,
) -> Stats:
    """Return the statistics; ``count_tokens`` is that of the model that will be trained where there is one."""
    dialogues = _dialogues(rows)
    texts = [_everything(row) for row in rows]
    return Stats(
        rows=len(rows),
        dialogues=len(dialogues),
        groups=len({row.group for row in rows if row.group}),
        counts=_counts(dialogues),
        characters=_lengths([len(text) for text in texts]),
        tokens=_lengths([count_tokens(text) for text in texts]),
        tokenizer=tokenizer,
        skeletons=_skeletons(rows, dialogues),
        self_bleu={
            "questions": _by_locale(rows, lambda row: question(row), sample, seed),
            "answers": _by_locale(rows, lambda row: answers(row)[-1], sample, seed),
        },
        sample=sample,
        seed=seed,
    )


def _dialogues(rows: Sequence[Row]) -> list[Row]:
    """Return the last row of each line: it holds the whole dialogue."""
    last: dict[object, Row] = {}
    for number, row in enumerate(rows):
        last[row.where if row.where and not isinstance(row, TextRow) else number] = row
    return list(last.values())


def _everything(row: Row) -> str:
    if isinstance(row, TextRow):
        return row.text
    messages = row.prompt if isinstance(row, PairRow) else row.messages
    contents = [message.content for message in messages]
    return "\n".join([*contents, row.chosen] if isinstance(row, PairRow) else contents)


def _counts(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in ("origin", "locale", "scenario", "kind")}
    for row in rows:
        found["origin"][row.tags.origin or "-"] += 1
        found["locale"][_locale(row).value] += 1
        found["scenario"][row.tags.scenario.value if row.tags.scenario else "-"] += 1
        found["kind"][(row.kind if isinstance(row, PairRow) else "") or kind_of(row).value] += 1
    return {name: dict(sorted(counter.items())) for name, counter in found.items()}


def _locale(row: Row) -> Locale:
    return row.tags.locale or locale_of(said(row))


def _lengths(values: Sequence[int]) -> Lengths:
    if not values:
        return Lengths(0, 0.0, 0.0, 0, 0, ())
    ordered = sorted(values)
    return Lengths(
        total=sum(values),
        mean=round(statistics.fmean(values), 1),
        median=statistics.median(values),
        p95=ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        longest=ordered[-1],
        values=tuple(values),
    )


def _skeletons(rows: Sequence[Row], dialogues: Sequence[Row]) -> dict[str, Skeletons]:
    found = {"dialogues": _wordings([(said(row), row) for row in dialogues])}
    if any(not isinstance(row, TextRow) for row in rows):
        found["questions"] = _wordings([(question(row), row) for row in rows])
        found["answers"] = _wordings([(text, row) for row in rows for text in answers(row)])
    return found


def _wordings(texts: Sequence[tuple[str, Row]]) -> Skeletons:
    counter = Counter(skeleton(text, row.tags.names) for text, row in texts)
    if not counter:
        return Skeletons(0, 0, 0.0, 0.0, "")
    largest, times = counter.most_common(1)[0]
    total = counter.total()
    return Skeletons(total, len(counter), round(len(counter) / total, 4), round(times / total, 4), largest[:120])


def _by_locale(rows: Sequence[Row], text: Callable[[Row], str], sample: int, seed: int) -> dict[str, float]:
    found = {}
    for locale in Locale:
        texts = [text(row) for row in rows if _locale(row) is locale and isinstance(row, ChatRow | PairRow)]
        value = self_bleu(texts, sample=sample, seed=seed)
        if value is not None:
            found[locale.value] = round(value, 1)
    return found
