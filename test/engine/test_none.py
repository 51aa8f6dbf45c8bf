"""Approved wording through the engine's door."""

from __future__ import annotations

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.engine.chat import ChatEngine, ChatRequest, HealthLevel, ReplyEnd, StopReason, TextDelta
from medllm_ros.engine.none import ApprovedEngine

MESSAGES = (ChatMessage(Role.USER, "這顆藥是做什麼的？"),)
REQUEST = ChatRequest(request_id="r", messages=MESSAGES, approved=("[F1] 這是降血壓的藥。", "[F2] 請飯後吃。"))


def test_it_is_an_engine_and_always_well() -> None:
    engine = ApprovedEngine()
    assert isinstance(engine, ChatEngine)
    engine.load()
    engine.close()
    assert engine.health().level is HealthLevel.OK


def test_sentences_come_one_a_line_with_an_end_mark() -> None:
    *deltas, end = ApprovedEngine().stream(REQUEST, lambda: False)
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "\n".join(REQUEST.approved)
    assert isinstance(end, ReplyEnd) and end.reason is StopReason.COMPLETE
    assert end.completion_tokens == sum(delta.tokens for delta in deltas if isinstance(delta, TextDelta))
    assert end.prompt_tokens == 9


def test_a_cancel_is_honoured_before_the_next_sentence() -> None:
    answers = iter([False, True])
    items = list(ApprovedEngine().stream(REQUEST, lambda: next(answers)))
    assert items[0] == TextDelta("[F1] 這是降血壓的藥。", 10)
    assert isinstance(items[1], ReplyEnd) and items[1].reason is StopReason.CANCELLED and len(items) == 2


def test_nothing_approved_is_an_empty_reply() -> None:
    (end,) = ApprovedEngine().stream(ChatRequest(request_id="r", messages=()), lambda: False)
    assert isinstance(end, ReplyEnd) and end.reason is StopReason.COMPLETE and end.completion_tokens == 0
