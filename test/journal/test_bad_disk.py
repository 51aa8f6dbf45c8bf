"""Full, read-only and foreign files: a sentence that says what to do, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from medllm_ros.journal import Entry, Journal, JournalError, Status


def _limit_pages(journal: Journal, more: int) -> None:
    """Let SQLite itself refuse to grow the file, as on a full disk."""
    database = journal._open()
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages + more}").fetchone()


def test_a_full_disk_loses_the_batch_and_nothing_else(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.db") as journal:
        head = journal.append("v", "event.A", {}, {"text": "first"}).hash
        _limit_pages(journal, 3)
        with pytest.raises(JournalError, match=r"disk is full.*Free some space"):
            journal.append_batch("v", [Entry("event.B"), Entry("event.C", {}, {"text": "x" * 1_000_000})])
        assert journal.head == head
        assert [row.kind for row in journal.rows()] == ["event.A"]
        assert journal.verify().status is Status.OK
        _limit_pages(journal, 100_000)
        assert journal.append("v", "event.D").seq == 2
        assert journal.verify().rows == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_really_fills_up_leaves_a_whole_journal(small_disk: Path) -> None:
    written = 0
    with Journal(small_disk / "j.db") as journal:
        with pytest.raises(JournalError, match=r"disk|space"):
            for _ in range(2000):
                written = journal.append("v", "event.A", {}, {"text": "x" * 2000}).seq
        assert 0 < written < 2000
        assert journal.verify().rows == written
    with Journal(small_disk / "j.db", read_only=True) as reader:
        assert reader.verify().rows == written


def test_a_read_only_disk_is_refused_for_writing_and_serves_readers(small_disk: Path) -> None:
    path = small_disk / "j.db"
    with Journal(path) as journal:
        journal.append("v", "event.A", {}, {"text": "x"})
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(JournalError, match=r"write access|writable"):
        Journal(path)
    with Journal(path, read_only=True) as reader:
        assert reader.verify().status is Status.OK


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(JournalError, match="write access"):
        Journal("/proc/no-such-folder/j.db")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "j.db").mkdir()
    with pytest.raises(JournalError, match="Is a directory"):
        Journal(tmp_path / "j.db")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"my diary, page 1 " * 400)
    with pytest.raises(JournalError, match="not a journal"):
        Journal(path)
    assert path.read_bytes() == b"my diary, page 1 " * 400


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE rows (x)")
    connection.commit()
    connection.close()
    with pytest.raises(JournalError, match="another program"):
        Journal(path)


def test_another_layout_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal(path) as journal:
        journal.append("v", "event.A")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="layout 99; this version reads layout 1"):
        Journal(path)


def test_reading_a_journal_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal at"):
        Journal(tmp_path / "nothing.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append("v", "event.A")
