"""Read any supported file into canonical rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from training.data import triples
from training.data.errors import DataError, Problem, listed
from training.data.formats import READERS, Format, detect
from training.data.records import Record, files, records
from training.data.rows import Row, RowKind, kind_of
from training.data.templates import Template

AUTO = "auto"


def read(
    paths: Sequence[Path | str] | Path | str,
    kind: RowKind | str | None = None,
    format: Format | str = AUTO,
    *,
    template: Template | None = None,
) -> list[Row]:
    """Return the rows of files and folders, all of one ``kind`` where it is given.

    ``format`` is found from the first record of each file where it is "auto". Raises :class:`DataError`, one sentence
    a line with file and line, where anything cannot be read.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    for item in scan(paths, kind, format, template=template):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            rows.append(item)
    if problems:
        raise DataError(listed(problems))
    if not rows:
        raise DataError(f"There is no row in {', '.join(map(str, _listed(paths)))}.")
    return rows


def scan(
    paths: Sequence[Path | str] | Path | str,
    kind: RowKind | str | None = None,
    format: Format | str = AUTO,
    *,
    template: Template | None = None,
) -> Iterator[Row | Problem]:
    """Yield rows and, in their place, what cannot be read; raise :class:`DataError` where there is no file."""
    if format != AUTO and format not in set(Format):
        raise DataError(f"There is no data format {format}; use {AUTO} or one of {', '.join(Format)}.")
    if kind is not None and kind not in set(RowKind):
        raise DataError(f"There is no kind of rows {kind}; use one of {', '.join(RowKind)}.")
    for path in files(_listed(paths)):
        for item in _file(path, None if format == AUTO else Format(format), template):
            if not isinstance(item, Problem) and kind is not None and kind_of(item) != kind:
                yield Problem(item.where, f"this is a {kind_of(item)} row, but {kind} rows are wanted here.")
                break
            yield item


def _file(path: Path, wanted: Format | None, template: Template | None) -> Iterator[Row | Problem]:
    """Yield the rows of one file. Its first readable record tells the format of all."""
    waiting: list[Record] = []
    for item in (items := records(path)):
        if isinstance(item, Problem):
            yield item
            continue
        if wanted is None:
            try:
                wanted = detect(item.value)
            except DataError as error:
                yield Problem(item.where, str(error))
                continue
        waiting.append(item)
        break
    if wanted is None:
        return
    following = chain(waiting, items)
    if wanted is Format.TRIPLES:
        yield from _triples(following)
        return
    for item in following:
        if isinstance(item, Problem):
            yield item
            continue
        try:
            yield from list(_read(item, wanted, template))
        except DataError as error:
            yield Problem(item.where, str(error))


def _read(record: Record, wanted: Format, template: Template | None) -> Iterator[Row]:
    if wanted is not Format.TEXT and not isinstance(record.value, Mapping):
        raise DataError(f"A record of format {wanted} must be an object, not {type(record.value).__name__}.")
    if wanted is Format.TEXT and not isinstance(record.value, str | Mapping):
        raise DataError(f"A text must be an object with `text`, not {type(record.value).__name__}.")
    yield from READERS[wanted](record.value, record.where, template)


def _triples(items: Iterator[Record | Problem]) -> Iterator[Row | Problem]:
    problems: list[Problem] = []

    def only_records() -> Iterator[Record]:
        for item in items:
            if isinstance(item, Problem):
                problems.append(item)
            else:
                yield item

    yield from triples.rows(only_records())
    yield from problems


def _listed(paths: Sequence[Path | str] | Path | str) -> list[Path | str]:
    return [paths] if isinstance(paths, str | Path) else list(paths)
