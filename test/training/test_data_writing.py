"""What is written is read back as the same rows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from data_rows import chat, pair, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale, Scenario
from training.data import ChatRow, DataError, Format, Learn, PairRow, Tags, TextRow, read
from training.data.rows import FactLine
from training.data.writing import record, write

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
tags = st.builds(
    Tags,
    st.sampled_from(["", "written"]),
    st.none() | st.sampled_from(list(Locale)),
    st.none() | st.sampled_from(list(Scenario)),
    st.lists(words, max_size=2).map(tuple),
)
lines = st.builds(FactLine, words, st.sampled_from(["name", "order"]), words, st.booleans())
facts = st.none() | st.lists(lines, max_size=2).map(tuple)


def conversation(system: str | None, turns: list[tuple[str, str]]) -> tuple[ChatMessage, ...]:
    said = [ChatMessage(Role.SYSTEM, system)] if system else []
    for asked, answer in turns:
        said += [ChatMessage(Role.USER, asked), ChatMessage(Role.ASSISTANT, answer)]
    return tuple(said)


conversations = st.builds(conversation, st.none() | words, st.lists(st.tuples(words, words), min_size=1, max_size=3))
chats = st.builds(ChatRow, conversations, words, st.just(""), st.sampled_from(list(Learn)), tags, facts)
pairs = st.builds(
    PairRow, conversations.map(lambda messages: messages[:-1]), words, words, words, words, st.just(""), tags, facts
)
texts = st.builds(TextRow, words, st.just(""), st.just("") | words, tags)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.tuples(st.lists(chats, min_size=1, max_size=3), st.sampled_from(["messages", "alpaca", "sharegpt"])),
        st.tuples(st.lists(pairs, min_size=1, max_size=3), st.sampled_from(["prompt-chosen-rejected", "sharegpt"])),
        st.tuples(st.lists(texts, min_size=1, max_size=3), st.just("text")),
    )
)
def test_rows_survive_being_written_and_read(tmp_path, case):
    rows, wanted = case
    path = tmp_path / "rows.jsonl"
    assert write(rows, path, Format(wanted)) == len(rows)
    assert [replace(row, where="") for row in read(path)] == rows


def test_the_usual_format_of_each_kind(tmp_path):
    assert record(chat("a", "b", "g")) == {
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "group": "g"
    }  # fmt: skip
    assert record(pair("a", "b", "c", "g")) == {"prompt": "a", "chosen": "b", "rejected": "c", "group": "g"}
    assert record(text("t")) == {"text": "t"}


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (chat("a", "b"), Format.PAIRS), (pair("a", "b", "c"), Format.ALPACA), (text("t"), Format.MESSAGES),
        (chat("a", "b"), Format.MEDLLM),
    ],
)  # fmt: skip
def test_a_format_that_cannot_hold_a_row_is_a_sentence(row, wanted):
    with pytest.raises(DataError, match=f"cannot be written as {wanted}"):
        record(row, wanted)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "rows.jsonl"
    with pytest.raises(DataError):
        write([chat("a", "b"), text("t")], path, Format.MESSAGES)
    assert not list(path.parent.iterdir())


def test_chinese_stays_readable(tmp_path):
    path = tmp_path / "rows.jsonl"
    write([chat("請問", "好")], path)
    assert "請問" in path.read_text(encoding="utf-8") and json.loads(path.read_text(encoding="utf-8"))
