"""What the model is reminded of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.bedside.memory import Memory, estimate_tokens

turns = st.lists(st.tuples(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3)), max_size=30)


@given(turns, st.integers(min_value=0, max_value=300))
def test_the_memory_never_exceeds_its_budget(history, budget):
    memory = Memory(budget)
    for number, (heard, spoken) in enumerate(history):
        memory.heard(number, heard, 0)
        for text in spoken:
            memory.spoken(number, text)
        assert memory.tokens <= budget


@given(turns)
def test_the_newest_turns_are_kept_and_the_oldest_go_first(history):
    memory = Memory(120)
    for number, (heard, spoken) in enumerate(history):
        memory.heard(number, f"{number}:{heard}", 0)
        for text in spoken:
            memory.spoken(number, text)
    kept = [int(m.content.split(":")[0]) for m in memory.messages() if m.role == "user"]
    assert kept == sorted(kept)


def test_a_turn_without_an_answer_is_not_shown_to_the_model():
    memory = Memory(100)
    memory.heard(1, "這是什麼藥", 0)
    assert memory.messages() == ()
    memory.spoken(1, "這是降血壓的藥。")
    assert [m.role for m in memory.messages()] == ["user", "assistant"]


def test_wiping_forgets_everything():
    memory = Memory(100)
    memory.heard(1, "這是什麼藥", 0)
    memory.spoken(1, "這是降血壓的藥。")
    memory.wipe()
    assert memory.messages() == () and memory.tokens == 0


@given(st.text(max_size=500))
def test_the_estimate_grows_with_the_text(text):
    assert estimate_tokens(text) <= estimate_tokens(text + "藥")
    assert estimate_tokens(text) >= len(text) // 3
