"""The journal as its users see it: what is written stays, in order, whole, and for one writer."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from medllm_ros.journal import GENESIS, Entry, Journal, JournalError, Status
from medllm_ros.journal.head import HeadFile, head_path, read_head

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "visit.db"


def test_an_empty_journal_is_whole(path: Path) -> None:
    with Journal(path) as journal:
        found = journal.verify()
    assert (found.status, found.rows, found.head) == (Status.OK, 0, GENESIS)


def test_rows_come_back_in_order_with_payload_and_text(path: Path) -> None:
    with Journal(path, clock=iter([1.5, 2.5, 3.5]).__next__) as journal:
        journal.append("v1", "event.A", {"n": 1, "無": [None, True]}, {"text": "我胸口好痛"})
        journal.append("v2", "event.B", {}, {})
        journal.append("v1", "event.C")
    with Journal(path) as journal:
        rows = list(journal.rows())
        assert [(row.seq, row.visit, row.kind, row.at) for row in rows] == [
            (1, "v1", "event.A", 1.5), (2, "v2", "event.B", 2.5), (3, "v1", "event.C", 3.5),
        ]  # fmt: skip
        assert rows[0].payload == {"n": 1, "無": [None, True]}
        assert rows[0].texts == {"text": "我胸口好痛"}
        assert [row.seq for row in journal.rows("v1")] == [1, 3]
        assert rows[0].prev_hash == GENESIS and rows[1].prev_hash == rows[0].hash
        assert journal.head == rows[2].hash
        assert journal.visits() == ("v1", "v2")
        assert [(visit.visit, visit.rows, visit.has_texts) for visit in journal.summaries()] == [
            ("v1", 2, True), ("v2", 1, False),
        ]  # fmt: skip


def test_iterating_works_over_many_pages_and_while_appending(path: Path) -> None:
    with Journal(path) as journal:
        journal.append_batch("v", [Entry("event.A", {"i": i}) for i in range(600)])
        seen = 0
        for row in journal.rows("v"):
            seen += 1
            if row.seq == 1:
                journal.append("v", "event.B")
        assert seen == 601


@pytest.mark.parametrize("text", ["", "\0", "\udcff\udc80 invalid", "<|eot_id|>", "👵🏽" * 3, "x" * 10_000_000])
def test_any_text_survives(path: Path, text: str) -> None:
    with Journal(path) as journal:
        journal.append("v", "event.A", {}, {"text": text})
        assert next(journal.rows("v")).texts["text"] == text
        assert journal.verify().status is Status.OK


def test_text_is_not_in_the_chain_and_equal_texts_have_different_macs(path: Path) -> None:
    with Journal(path) as journal:
        first = journal.append("v", "event.A", {}, {"text": "王小明"})
        second = journal.append("v", "event.A", {}, {"text": "王小明"})
    assert first.macs["text"] != second.macs["text"]
    connection = sqlite3.connect(path)
    columns = connection.execute("SELECT * FROM rows").fetchall()
    connection.close()
    assert "王小明" not in repr(columns)


def test_a_batch_is_in_whole_or_not_at_all(path: Path) -> None:
    with Journal(path) as journal:
        head = journal.append("v", "event.A").hash
        with pytest.raises(ValueError, match="plain JSON"):
            journal.append_batch("v", [Entry("event.B"), Entry("event.C", {"x": object()})])
        assert journal.head == head
        assert [row.kind for row in journal.rows()] == ["event.A"]
        journal.append("v", "event.D")
        assert journal.verify().rows == 2


@pytest.mark.parametrize(
    ("visit", "entry", "match"),
    [
        ("v", Entry(""), "kind"),
        ("v", Entry("journal.purged", {"visits": ["v"]}), "kind"),
        ("", Entry("event.A", {}, {"text": "secret"}), "names? the visit|no visit"),
        ("v", Entry("event.A", {"at": float("nan")}), "plain JSON"),
        ("v", Entry("event.A", {}, {"text": b"bytes"}), "must be str"),  # type: ignore[dict-item]
        (7, Entry("event.A"), "must be str"),
    ],
)
def test_what_may_not_be_written_is_refused_with_a_sentence(path: Path, visit: str, entry: Entry, match: str) -> None:
    with Journal(path) as journal:
        with pytest.raises(ValueError, match=match):
            journal.append_batch(visit, [entry])
        assert journal.verify().rows == 0


# -- outbox


def test_effects_are_unsent_until_they_are_marked(path: Path) -> None:
    with Journal(path) as journal:
        journal.append_batch("v", [Entry("event.A"), Entry("effect.Speak", {"n": 1}, {"text": "您好"}, "e/0")])
        journal.append_batch("v", [Entry("effect.AlertNurse", {"n": 2}, effect_id="e/1"), Entry("note")])
        journal.append_batch("w", [Entry("effect.Hold", {"n": 3}, effect_id="f/0")])
        journal.mark_sent("e/0")
        journal.mark_sent("e/0")
    with Journal(path) as journal:
        assert [row.effect_id for row in journal.unsent("v")] == ["e/1"]
        assert [row.payload for row in journal.unsent("w")] == [{"n": 3}]
        assert journal.verify().status is Status.OK


def test_an_effect_id_is_used_once(path: Path) -> None:
    with Journal(path) as journal:
        journal.append_batch("v", [Entry("effect.Hold", effect_id="e/0")])
        with pytest.raises(ValueError, match="already in the journal"):
            journal.append_batch("v", [Entry("effect.Hold", effect_id="e/0")])
        with pytest.raises(ValueError, match="No effect"):
            journal.mark_sent("e/9")
        with pytest.raises(ValueError, match="No effect"):
            journal.mark_sent("")
        assert journal.verify().rows == 1


# -- one writer, many readers


def test_a_second_writer_is_refused_and_a_reader_is_not(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("v", "event.A", {}, {"text": "x"})
        with pytest.raises(JournalError, match=f"process {os.getpid()}"):
            Journal(path)
        with Journal(path, read_only=True) as reader:
            assert reader.verify().status is Status.OK
            journal.append("v", "event.B")
            assert (reader.sequence, reader.head) == (journal.sequence, journal.head) and reader.sequence == 2
            with pytest.raises(JournalError, match="reading only"):
                reader.append("v", "event.C")
    with Journal(path) as journal:
        assert journal.append("v", "event.C").seq == 3


def test_readers_verify_while_the_writer_writes(path: Path) -> None:
    stop = threading.Event()
    with Journal(path) as journal:
        journal.append("v", "event.A")

        def write() -> None:
            while not stop.is_set():
                journal.append("v", "event.B", {}, {"text": "x"})

        thread = threading.Thread(target=write)
        thread.start()
        try:
            with Journal(path, read_only=True) as reader:
                found = [reader.verify() for _ in range(20)]
        finally:
            stop.set()
            thread.join()
    assert {item.status for item in found} == {Status.OK}, found


def test_threads_may_share_a_journal(path: Path) -> None:
    with Journal(path) as journal:
        threads = [
            threading.Thread(target=lambda n=n: [journal.append(f"v{n}", "event.A", {}, {"t": "x"}) for _ in range(25)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.verify().rows == 100


# -- crashes

_CHILD = """
import sys
from medllm_ros.journal import Entry, Journal
with Journal(sys.argv[1]) as journal:
    while True:
        rows = journal.append_batch("v", [Entry("event.A", {}, {"text": "word " * 50}), Entry("effect.B")])
        print(rows[-1].seq, flush=True)
"""


def test_after_kill_9_every_acknowledged_row_is_there_and_the_chain_is_whole(path: Path) -> None:
    for round_ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert child.stdout is not None
        acknowledged = 0
        for _ in range(20 + 7 * round_):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split("\n")[:-1]
        child.wait()
        child.stdout.close()
        acknowledged = int(rest[-1]) if rest else acknowledged
        with Journal(path) as journal:
            found = journal.verify()
        assert found.status is Status.OK, found.message
        assert found.rows >= acknowledged and found.rows % 2 == 0


def test_a_crash_between_commit_and_head_file_is_not_tampering(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(path) as journal:
        journal.append("v", "event.A")
        with monkeypatch.context() as patch:
            patch.setattr(HeadFile, "write", lambda self, head: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                journal.append_batch("v", [Entry("event.B"), Entry("event.C")])
    lagging = read_head(head_path(path))
    assert lagging is not None and lagging.seq == 1
    with Journal(path, read_only=True) as reader:
        assert reader.verify().status is Status.OK
    with Journal(path) as journal:
        assert journal.append("v", "event.D").seq == 4
        assert journal.verify().status is Status.OK
    assert read_head(head_path(path)).seq == 4  # type: ignore[union-attr]


def test_a_head_file_that_cannot_be_written_is_a_problem_and_not_a_lost_row(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: HeadFile, head: object) -> None:
        raise OSError(28, "No space left on device")

    with Journal(path) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(HeadFile, "write", fail)
            assert journal.append("v", "event.A").seq == 1
        assert "No space left" in journal.problem
        journal.append("v", "event.B")
        assert journal.problem == "" and journal.verify().rows == 2


# -- export


def test_a_redacted_export_has_no_text_and_the_full_one_has(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("v", "event.A", {"n": 1}, {"text": "王小明"})
        journal.append("w", "event.B")
        redacted = json.dumps(list(journal.export()), ensure_ascii=False)
        full = json.dumps(list(journal.export("v", redact=False)), ensure_ascii=False)
    assert "王小明" not in redacted and '"chars": 3' in redacted
    assert "王小明" in full and "event.B" not in full


def test_nobody_but_the_robots_user_can_read_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "made" / "journal.sqlite"
    with Journal(path) as journal:
        journal.append("d1", "event", {}, {"text": "王春嬌"})
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}, modes
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_files_that_an_older_version_left_readable_are_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.append("d1", "event", {}, {"text": "王春嬌"})
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    with Journal(path) as journal:
        journal.append("d1", "event")
        assert {f"{path.name}{end}" for end in ("", "-wal", "-shm", ".head", ".lock")} == {
            file.name for file in tmp_path.iterdir()
        }
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
