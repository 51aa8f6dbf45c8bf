"""Every single change of a journal is found, wherever it is made."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from medllm_ros.journal import Entry, Journal, JournalError, Status, Verification
from medllm_ros.journal.head import head_path

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(["event.A", "event.B", "effect.C"]),
    payload=st.dictionaries(_TEXT, _JSON, max_size=3),
    texts=st.dictionaries(_NAMES, _TEXT, max_size=2),
)
_BATCHES = st.lists(
    st.tuples(st.sampled_from(["v1", "v2", "病房"]), st.lists(_ENTRIES, min_size=1, max_size=3)), min_size=1, max_size=5
)
_FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _write(path: Path, batches: list[tuple[str, list[Entry]]]) -> None:
    with Journal(path) as journal:
        for visit, entries in batches:
            journal.append_batch(visit, entries)


def _verify(path: Path, expected_head: str | None = None) -> Verification:
    with Journal(path, read_only=True) as journal:
        return journal.verify(expected_head=expected_head)


@_FAST
@given(_BATCHES)
def test_whatever_is_appended_verifies_and_comes_back(batches: list[tuple[str, list[Entry]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "j.db")
        _write(path, batches)
        found = _verify(path)
        assert found.status is Status.OK, found.message
        flat = [(visit, entry) for visit, entries in batches for entry in entries]
        with Journal(path, read_only=True) as journal:
            rows = list(journal.rows())
        assert [(row.visit, row.kind, row.payload, row.texts) for row in rows] == [
            (visit, entry.kind, entry.payload, entry.texts) for visit, entry in flat
        ]


_COLUMNS = st.sampled_from(["visit", "kind", "at", "payload", "macs", "effect_id", "prev_hash", "hash"])


@_FAST
@given(_BATCHES, st.data())
def test_any_single_mutation_is_found(batches: list[tuple[str, list[Entry]]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "j.db")
        _write(path, batches)
        count = sum(len(entries) for _, entries in batches)
        database = sqlite3.connect(path)
        kind = data.draw(st.sampled_from(["change", "delete", "swap", "cut", "insert", "text", "no text", "key"]))
        row = data.draw(st.integers(1, count))
        if kind == "change":
            column = data.draw(_COLUMNS)
            value = data.draw(st.sampled_from([0, 1.5, "x", b"\xff", "{}", "[]"]))
            before = database.execute("SELECT * FROM rows").fetchall()
            database.execute(f"UPDATE rows SET {column} = ? WHERE seq = ?", (value, row))
            assume(database.execute("SELECT * FROM rows").fetchall() != before)
        elif kind == "delete":
            database.execute("DELETE FROM rows WHERE seq = ?", (row,))
            database.execute("DELETE FROM texts WHERE seq = ?", (row,))
        elif kind == "swap":
            other = data.draw(st.integers(1, count))
            assume(other != row)
            for old, new in ((row, -1), (other, row), (-1, other)):
                database.execute("UPDATE rows SET seq = ? WHERE seq = ?", (new, old))
                database.execute("UPDATE texts SET seq = ? WHERE seq = ?", (new, old))
        elif kind == "cut":
            database.execute("DELETE FROM rows WHERE seq >= ?", (row,))
            database.execute("DELETE FROM texts WHERE seq >= ?", (row,))
        elif kind == "insert":
            database.execute("INSERT INTO rows SELECT ?, visit, kind, at, payload, macs, '', prev_hash, hash FROM rows "
                             "WHERE seq = ?", (count + 1, row))  # fmt: skip
        else:
            texts = database.execute("SELECT seq, name, body FROM texts").fetchall()
            assume(texts)
            seq, name, body = data.draw(st.sampled_from(texts))
            if kind == "text":
                database.execute("UPDATE texts SET body = ? WHERE seq = ? AND name = ?", (body + b"!", seq, name))
            elif kind == "no text":
                database.execute("DELETE FROM texts WHERE seq = ? AND name = ?", (seq, name))
            else:
                visit = database.execute("SELECT visit FROM rows WHERE seq = ?", (seq,)).fetchone()[0]
                database.execute("UPDATE keys SET key = zeroblob(32) WHERE visit = ?", (visit,))
        database.commit()
        database.close()
        found = _verify(path)
        assert found.status is Status.BROKEN, kind
        assert found.first_bad_seq is not None and found.message.endswith(".")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "j.db"
    _write(path, [("v", [Entry("event.A", {"n": n}, {"text": f"text {n}"})]) for n in range(1, 7)])
    return path


def _execute(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("statement", "row", "why"),
    [
        ("""UPDATE rows SET payload = '{"n":9}' WHERE seq = 3""", 3, "content was changed"),
        ("UPDATE texts SET body = 'x' WHERE seq = 4", 4, "text 'text'"),
        ("DELETE FROM rows WHERE seq = 2", 2, "row 2 is missing"),
        ("DELETE FROM rows WHERE seq = 6", 6, "is missing"),
        ("UPDATE rows SET prev_hash = hash WHERE seq = 5", 5, "does not follow"),
    ],
)
def test_the_first_bad_row_and_the_reason_are_named(path: Path, statement: str, row: int, why: str) -> None:
    _execute(path, statement)
    found = _verify(path)
    assert found.first_bad_seq == row and found.rows == row - 1 and why in found.message


def test_a_cut_tail_is_found_by_the_head_file(path: Path) -> None:
    _execute(path, "DELETE FROM rows WHERE seq > 4", "DELETE FROM texts WHERE seq > 4")
    found = _verify(path)
    assert (found.status, found.first_bad_seq, found.rows) == (Status.BROKEN, 5, 4)
    assert "head file names row 6" in found.message


def test_a_cut_tail_is_not_papered_over_by_the_next_writer(path: Path) -> None:
    _execute(path, "DELETE FROM rows WHERE seq > 4", "DELETE FROM texts WHERE seq > 4")
    for _ in range(3):  # staff must still be called, and the new rows pass the length of the old chain
        with Journal(path) as journal:
            assert "its end was cut off" in journal.problem
            journal.append("v", "effect.AlertNurse")
            assert journal.verify().status is Status.BROKEN
    assert _verify(path).first_bad_seq == 6


def test_an_older_copy_of_all_files_is_found_by_the_published_head(path: Path, tmp_path: Path) -> None:
    old = {name: name.read_bytes() for name in (path, head_path(path))}
    with Journal(path) as journal:
        published = journal.append("v", "event.B").hash
    for name, content in old.items():
        name.write_bytes(content)
    assert _verify(path).status is Status.OK
    found = _verify(path, expected_head=published)
    assert found.status is Status.BROKEN and found.first_bad_seq == 7


def test_an_ancestor_is_a_right_expected_head(path: Path) -> None:
    with Journal(path, read_only=True) as journal:
        assert all(journal.verify(expected_head=row.hash).status is Status.OK for row in journal.rows())


@pytest.mark.parametrize("spoil", [lambda head: head.unlink(), lambda head: head.write_bytes(b"x" * 400)])
def test_a_missing_or_damaged_head_file_is_found(path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(head_path(path))
    assert _verify(path).status is Status.BROKEN
    with Journal(path) as journal:
        journal.append("v", "event.B")
        assert journal.problem
    assert _verify(path).status is Status.BROKEN


def test_a_torn_write_of_the_head_file_is_no_tampering(path: Path) -> None:
    head = head_path(path)
    lines = head.read_bytes().splitlines(keepends=True)
    newest = max(range(2), key=lambda index: lines[index])
    lines[newest] = lines[newest][:30] + b"\0" * (len(lines[newest]) - 31) + b"\n"
    head.write_bytes(b"".join(lines))
    assert _verify(path).status is Status.OK
    with Journal(path) as journal:
        journal.append("v", "event.B")
        assert journal.verify().rows == 7


def test_a_deleted_database_is_found(path: Path) -> None:
    path.unlink()
    with Journal(path) as journal:
        assert journal.verify().status is Status.BROKEN
        journal.append("v", "event.B")
        assert journal.verify().status is Status.BROKEN


def test_a_damaged_database_page_is_broken_and_not_a_crash(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    _write(whole, [("v", [Entry("event.A", {"n": n}, {"text": "x" * 500}) for n in range(200)])])
    content = whole.read_bytes()
    seen = set()
    for page in range(1, len(content) // 4096):
        spoilt = bytes(byte ^ 0x5A for byte in content[page * 4096 : (page + 1) * 4096])
        damaged = tmp_path / f"damaged{page}.db"
        damaged.write_bytes(content[: page * 4096] + spoilt + content[(page + 1) * 4096 :])
        shutil.copy(head_path(whole), head_path(damaged))
        try:
            seen.add(_verify(damaged).status)
        except JournalError as error:  # the damage is met on opening
            assert "damaged" in str(error)
    assert Status.BROKEN in seen


def test_a_broken_journal_takes_rows_and_stays_broken(path: Path) -> None:
    with Journal(path) as journal:
        journal._open().execute("UPDATE rows SET kind = 'event.Z' WHERE seq = 2")
        assert journal.verify().first_bad_seq == 2
        journal.append("v", "effect.AlertNurse")
        assert journal.verify().first_bad_seq == 2


def test_a_sent_mark_without_its_effect_is_found(path: Path) -> None:
    with Journal(path) as journal:
        journal.append_batch("v", [Entry("effect.Speak", effect_id="s1")])
        journal.mark_sent("s1")
    assert _verify(path).status is Status.OK
    _execute(path, "INSERT INTO sent (effect_id, at) VALUES ('never', 1.0)")
    found = _verify(path)
    assert found.status is Status.BROKEN and "'never' is marked as sent" in found.message
