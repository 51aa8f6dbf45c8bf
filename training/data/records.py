"""Files as records: JSON lines, a JSON array, CSV, TSV, plain text; each record with the place where it begins."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from training.data.errors import DataError, Problem

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".jsonl.gz", ".txt.gz")
MAX_FIELD_CHARS = 10_000_000  # of one CSV cell; a discharge letter has about 10,000
_BLANK = " \t\r\n"
_Item = TypeVar("_Item")
# Names that a first line of three cells has where it is a header; without one of them it is a triple already.
_COLUMNS = frozenset(
    ("subject", "relation", "predicate", "object", "head", "tail", "prompt", "chosen", "rejected", "instruction",
     "input", "output", "question", "text", "options", "answer", "messages", "conversations", "system", "history",
     "response_chosen", "response_rejected")
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One record: a JSON value, the cells of a table row by column name, or a paragraph of text."""

    where: str  # "file:line"
    value: Any


def files(paths: Sequence[Path | str]) -> list[Path]:
    """Return the files named, folders opened; raise :class:`DataError` where there is nothing to read."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if suffix(file) in SUFFIXES and file.is_file())
            if not inside:
                raise DataError(f"The folder {path} holds no file to read ({', '.join(SUFFIXES)}).")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise DataError(f"There is no data file {path}. Check the path, or make the file first.")
    if not found:
        raise DataError("No data file was named.")
    return list(dict.fromkeys(found))


def suffix(path: Path) -> str:
    """Return what kind of file ``path`` is: ".txt", and ".txt.gz" where it is packed."""
    last = path.suffix.lower()
    return path.with_suffix("").suffix.lower() + last if last == ".gz" else last


def records(path: Path) -> Iterator[Record | Problem]:
    """Yield the records of one file in order, and a problem for each line that is none."""
    kind = suffix(path)
    if kind not in SUFFIXES:
        yield Problem(str(path), f"files of type {kind or '(none)'} cannot be read; give {', '.join(SUFFIXES)}.")
        return
    if kind in (".csv", ".tsv"):
        yield from _table(path, "," if kind == ".csv" else "\t")
    elif kind in (".jsonl", ".jsonl.gz"):
        yield from _json_lines(path)
    else:
        text = _text(path)
        if isinstance(text, Problem):
            yield text
        else:
            yield from (_json(path, text) if kind == ".json" else _paragraphs(path, text))


def sound(path: Path) -> Iterator[Record]:
    """Yield the records of one file; raise :class:`DataError` with file and line for what is none."""
    for record in records(path):
        if isinstance(record, Problem):
            raise DataError(str(record))
        yield record


def thinned(items: Sequence[_Item], about: int | None) -> Sequence[_Item]:
    """Return every n-th item, so that about so many are left; all of them where ``about`` is None."""
    return items[:: max(1, len(items) // about)] if about else items


def decode(text: str) -> Any:
    """Return the JSON value of ``text``; raise :class:`DataError` with a reason for everything that is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"is no JSON at column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise DataError("nests too deep.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise DataError(f"cannot be read: {error}.") from error


def _json_lines(path: Path) -> Iterator[Record | Problem]:
    where = str(path)
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        try:
            for number, line in enumerate(stream, start=1):
                where = f"{path}:{number}"
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                    if text:
                        yield Record(where, decode(text))
                except UnicodeDecodeError as error:
                    yield Problem(where, f"the line is not UTF-8 at byte {error.start}; save the file as UTF-8.")
                except DataError as error:
                    yield Problem(where, f"the line {error}")
        except (OSError, EOFError, zlib.error) as error:
            yield Problem(where, f"the file cannot be read on from here: {error}.")


def _json(path: Path, text: str) -> Iterator[Record | Problem]:
    """Yield the items of the array that the file is, or its one object; a line number for each."""
    decoder, at = json.JSONDecoder(), _past(text, 0, _BLANK)
    line = text.count("\n", 0, at) + 1
    array = text[at : at + 1] == "["
    end = _past(text, at + 1, _BLANK) if array else at
    while end < len(text):
        line += text.count("\n", at, end)
        at = end
        if array and text[at] == "]":
            break
        where = f"{path}:{line}"
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError:
            yield Problem(where, "the item nests too deep.")
            return
        except ValueError as error:
            yield Problem(where, f"is no JSON: {error}; the rest of the file is not read.")
            return
        yield Record(where, value)
        end = _past(text, end, _BLANK + "," if array else _BLANK)


def _past(text: str, at: int, characters: str) -> int:
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def _table(path: Path, delimiter: str) -> Iterator[Record | Problem]:
    """Yield the rows by the names in the first line. Reads line by line: MIMIC-III's notes are 4 GB.

    A first line of three cells that names no column is a row itself: a triple.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    where = f"{path}:1"
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(
                stream, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
            )
            names: list[str] | None = None
            for cells in reader:
                where, start = f"{path}:{reader.line_num + 1}", where
                if names is None:
                    names = [cell.strip() for cell in cells]
                    if len(names) != 3 or _COLUMNS & {name.lower() for name in names}:
                        continue
                    names = ["subject", "relation", "object"]
                if any(cell.strip() for cell in cells):
                    if len(cells) != len(names):
                        yield Problem(start, f"the row has {len(cells)} cells, the first line has {len(names)}.")
                    else:
                        yield Record(start, dict(zip(names, cells, strict=True)))
    except UnicodeDecodeError:
        yield Problem(where, "the file is not UTF-8 near this line; save it as UTF-8.")
    except csv.Error as error:
        yield Problem(where, f"the table cannot be read: {error}.")


def _text(path: Path) -> str | Problem:
    data = path.read_bytes()
    if path.suffix.lower() == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            return Problem(str(path), f"the file cannot be unpacked: {error}.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(f"{path}:{line}", "the file is not UTF-8 here; save it as UTF-8.")


def _paragraphs(path: Path, text: str) -> Iterator[Record]:
    """Yield what stands between blank lines."""
    lines: list[str] = []
    start = 1
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            start = start if lines else number
            lines.append(line.rstrip())
        elif lines:
            yield Record(f"{path}:{start}", "\n".join(lines))
            lines = []
    if lines:
        yield Record(f"{path}:{start}", "\n".join(lines))
