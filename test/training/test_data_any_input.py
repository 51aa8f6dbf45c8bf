"""Whatever stands in a file, it becomes rows or a sentence: never a crash, never half a row."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.data import ChatRow, PairRow, TextRow, scan

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = [
    "instruction", "input", "output", "system", "history", "messages", "role", "content", "conversations", "from",
    "value", "prompt", "chosen", "rejected", "question", "response_chosen", "response_rejected", "options", "answer",
    "text", "TEXT", "SUBJECT_ID", "subject", "relation", "object", "group", "locale", "scenario", "facts", "label",
    "names", "learn", "turns", "order", "id", "user", "assistant", "patient", "drug", "note", "kind",
]  # fmt: skip
keys = st.sampled_from(KEYS) | st.text(max_size=4)
words = st.sampled_from(["user", "assistant", "human", "gpt", "zh_TW", "ward", "Warfarin 3 mg PO QD", "症狀", "A", ""])
values = st.recursive(
    leaves | words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6), max_leaves=12
)
SHAPES = [
    ("instruction", "output"), ("messages",), ("conversations",), ("conversations", "chosen", "rejected"),
    ("prompt", "chosen", "rejected"), ("question", "response_chosen", "response_rejected"),
    ("question", "options", "answer"),
    ("text",), ("TEXT", "SUBJECT_ID"), ("subject", "relation", "object"), ("id", "group", "order", "turns"),
]  # fmt: skip
records = values | st.sampled_from(SHAPES).flatmap(
    lambda shape: st.tuples(st.dictionaries(keys, values, max_size=3), st.tuples(*(values for _ in shape))).map(
        lambda parts: {**parts[0], **dict(zip(shape, parts[1], strict=True))}
    )
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=120
)
@given(records)
def test_any_json_line_gives_rows_or_a_sentence(tmp_path, value):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    for item in scan(path):
        assert isinstance(item, ChatRow | PairRow | TextRow) or (item.where.startswith(str(path)) and item.why)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["jsonl", "json", "csv", "tsv", "txt"]))
def test_any_bytes_give_rows_or_a_sentence(tmp_path, data, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    for item in scan(path):
        assert isinstance(item, ChatRow | PairRow | TextRow) or item.why
