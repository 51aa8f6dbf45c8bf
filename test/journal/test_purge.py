"""Patient text is gone after its time, from every byte of the files, and the chain still holds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from medllm_ros.journal import Entry, Journal, JournalError, Status

HOUR = 3600.0


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _bytes_of_all_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def test_the_bytes_are_really_gone(tmp_path: Path, clock: FakeClock) -> None:
    generator = random.Random(7)
    secret = "秘密病人王大明"
    kept_keys: list[bytes] = []

    def key_source(count: int) -> bytes:
        kept_keys.append(generator.randbytes(count))
        return kept_keys[-1]

    with Journal(tmp_path / "j.db", clock=clock, key_source=key_source) as journal:
        for i in range(300):  # sizes that split, merge and overflow pages
            texts = {"text": secret * generator.randint(1, 900), "raw": secret + str(i)}
            journal.append(f"old{i % 5}", "event.A", {"i": i}, texts)
        clock.now += 73 * HOUR
        journal.append("new", "event.A", {}, {"text": "今天的病人"})
        assert secret.encode() in _bytes_of_all_files(tmp_path)
        assert journal.purge(72 * HOUR) == tuple(f"old{i}" for i in range(5))
        after = _bytes_of_all_files(tmp_path)  # while the journal is open: the write-ahead log counts too
        assert secret.encode() not in after
        assert secret[:4].encode() not in after
        assert "今天的病人".encode() in after
        assert not any(key in after for key in kept_keys[:5])
        assert kept_keys[5] in after
        found = journal.verify()
        assert found.status is Status.PURGED and found.rows == 302 and len(found.purged_visits) == 5
        assert next(journal.rows("old0")).purged and not next(journal.rows("old0")).texts
        assert next(journal.export("old0"))["texts"]["text"]["chars"] is None


def test_only_old_visits_are_purged_and_named_ones_are_kept(tmp_path: Path, clock: FakeClock) -> None:
    with Journal(tmp_path / "j.db", clock=clock) as journal:
        for visit in ("a", "b", "c"):
            journal.append(visit, "event.A", {}, {"text": visit})
        clock.now += 10 * HOUR
        journal.append("b", "event.B")  # its last row is young
        assert journal.purge(5 * HOUR, keep={"c"}) == ("a",)
        assert [row.texts for row in journal.rows("b")] == [{"text": "b"}, {}]
        assert journal.purge(5 * HOUR, keep={"c"}) == ()
        assert journal.verify().purged_visits == ("a",)


def test_a_purged_visit_may_go_on(tmp_path: Path, clock: FakeClock) -> None:
    with Journal(tmp_path / "j.db", clock=clock) as journal:
        journal.append("v", "event.A", {}, {"text": "before"})
        clock.now += 10 * HOUR
        journal.purge(HOUR)
        journal.append("v", "event.B", {}, {"text": "after"})
        assert journal.verify().status is Status.PURGED
        assert [row.texts for row in journal.rows("v")] == [{}, {"text": "after"}]


def test_text_that_comes_back_or_goes_without_a_purge_is_broken(tmp_path: Path, clock: FakeClock) -> None:
    with Journal(tmp_path / "j.db", clock=clock) as journal:
        journal.append("v", "event.A", {}, {"text": "before"})
        clock.now += 10 * HOUR
        journal.purge(HOUR)
        journal._open().execute("INSERT INTO texts VALUES (1, 'text', 'something else')")
        assert journal.verify().first_bad_seq == 1
    with Journal(tmp_path / "k.db", clock=clock) as journal:
        journal.append("v", "event.A", {}, {"text": "x"})
        journal._open().execute("DELETE FROM texts")
        journal._open().execute("DELETE FROM keys")
        assert journal.verify().status is Status.BROKEN


def test_a_purge_does_not_hide_a_changed_text(tmp_path: Path, clock: FakeClock) -> None:
    with Journal(tmp_path / "j.db", clock=clock) as journal:
        journal.append("u", "event.A")
        journal.append("v", "event.A", {}, {"text": "before"})
        journal._open().execute("UPDATE texts SET body = 'forged'")
        clock.now += 10 * HOUR
        assert journal.purge(HOUR) == ("v",)
        found = journal.verify()
        assert found.status is Status.BROKEN and found.first_bad_seq == 2
        assert "before the last purge" in found.message


def test_a_purge_that_could_not_compact_is_finished_by_the_next(tmp_path: Path, clock: FakeClock) -> None:
    secret = "秘密病人王大明"
    with Journal(tmp_path / "j.db", clock=clock) as journal:
        journal.append_batch("v", [Entry("event.A", {}, {"text": secret * 500}) for _ in range(20)])
        clock.now += 10 * HOUR
        with Journal(tmp_path / "j.db", read_only=True) as reader:
            database = reader._open()
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM texts").fetchone()  # an old snapshot is in use
            journal._open().execute("PRAGMA busy_timeout = 1")
            with pytest.raises(JournalError, match="purge again"):
                journal.purge(HOUR)
            database.execute("ROLLBACK")
        assert journal.purge(HOUR) == ()
        assert secret.encode() not in _bytes_of_all_files(tmp_path)
        assert journal.verify().status is Status.PURGED
