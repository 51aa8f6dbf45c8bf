"""The language model node: streams, cancels, limits, and falls back to approved wording while the model is absent."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient

from medllm_ros.action import Generate
from medllm_ros.engine.chat import ChatRequest, EngineError, Health, HealthLevel, ReplyEnd, StopReason, TextDelta
from medllm_ros.msg import ChatMessage
from medllm_ros.nodes import language_model_node as module
from medllm_ros.nodes.diagnostics import Level
from medllm_ros.nodes.language_model_node import LanguageModelNode
from medllm_ros.srv import PreparePrompt

Result = Generate.Result


class FakeEngine:
    """Writes ``words``; waits before each word where ``gate`` is closed."""

    name = "local"

    def __init__(self, words: tuple[str, ...] = ("您好，", "請飯後服用。")) -> None:
        self.words = words
        self.gate = threading.Event()
        self.gate.set()
        self.loaded = threading.Event()
        self.loaded.set()
        self.error = ""
        self.requests: list[ChatRequest] = []
        self.prepared: list[Any] = []

    def load(self) -> None:
        self.loaded.wait(20)
        if self.error:
            raise EngineError(self.error)

    def close(self) -> None:
        self.gate.set()

    def count_tokens(self, text: str) -> int:
        return len(text)

    def prepare(self, messages: tuple[Any, ...]) -> int:
        self.prepared.append(messages)
        return 1

    def stream(self, request: ChatRequest, cancelled: Any) -> Any:
        self.requests.append(request)
        reason = StopReason.COMPLETE
        for word in self.words:
            while not self.gate.wait(0.01):
                if cancelled():
                    break
            if cancelled():
                reason = StopReason.CANCELLED
                break
            yield TextDelta(word)
        yield ReplyEnd(reason=reason, prompt_tokens=7, completion_tokens=2, first_token_s=0.1, total_s=0.2)

    def health(self) -> Health:
        return Health(level=HealthLevel.OK, message="Loaded.", memory_bytes=8 * 1024**3, tokens_per_second=5.0)


class Patient:
    """The other side: sends goals and collects what comes back."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.node = bench.plain()
        self.client = ActionClient(self.node, Generate, "language_model/generate")
        self.feedback: list[Any] = []
        bench.until(self.client.server_is_ready, "the action server is there")

    def send(self, **fields: Any) -> Any:
        fields = {"delivery_id": "d1", "turn_id": 1, "epoch": 1, "request_id": "r", **fields}
        fields.setdefault("messages", [ChatMessage(role=ChatMessage.ROLE_USER, content="這是什麼藥？")])
        collect = lambda msg: self.feedback.append(msg.feedback)  # noqa: E731
        future = self.client.send_goal_async(Generate.Goal(**fields), feedback_callback=collect)
        self.bench.until(future.done, "the goal is answered")
        return future.result()

    def result(self, handle: Any) -> Any:
        future = handle.get_result_async()
        self.bench.until(future.done, "the goal ends")
        return future.result()

    def close(self) -> None:
        self.client.destroy()


@pytest.fixture
def engine(monkeypatch):
    engine = FakeEngine()
    monkeypatch.setattr(module, "create_engine", lambda name, **settings: engine)
    yield engine
    engine.gate.set()
    engine.loaded.set()


@pytest.fixture
def node(bench, engine):
    return bench.make(LanguageModelNode, engine="local", adapter="/models/ward-v1", first_token_limit_s=5.0)


def ready(bench, node):
    bench.until(lambda: node.is_active and node._worker.health().level is HealthLevel.OK, "the model is loaded")


@pytest.fixture
def patient(bench, node):
    found = Patient(bench)
    yield found
    found.close()


def test_a_reply_streams_and_ends_complete(bench, node, patient, engine):
    ready(bench, node)
    answer = patient.result(patient.send())
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert answer.result.status == Result.STATUS_COMPLETE
    assert answer.result.text == "您好，請飯後服用。" == "".join(part.text for part in patient.feedback)
    assert (answer.result.engine, answer.result.adapter_id) == ("local", "ward-v1")
    assert answer.result.prompt_tokens == 7
    assert answer.result.first_token_s > 0
    assert [part.seq for part in patient.feedback] == list(range(len(patient.feedback)))


def test_while_loading_the_approved_wording_answers(bench, node, patient, engine):
    engine.loaded.clear()
    node.trigger_deactivate(), node.trigger_cleanup(), node.trigger_configure(), node.trigger_activate()
    bench.until(patient.client.server_is_ready, "the action server is there again")
    answer = patient.result(patient.send(approved=["[F1]這是降血壓的藥。", "[F2]請飯後服用。"]))
    assert answer.result.status == Result.STATUS_COMPLETE
    assert answer.result.engine == "none"
    assert answer.result.text.split("\n") == ["[F1]這是降血壓的藥。", "[F2]請飯後服用。"]
    assert engine.requests == []


def test_a_cancel_is_honoured_within_a_token(bench, node, patient, engine):
    ready(bench, node)
    engine.gate.clear()
    handle = patient.send()
    bench.until(lambda: engine.requests, "the engine writes")
    cancelling = handle.cancel_goal_async()
    bench.until(cancelling.done, "the cancel is answered")
    answer = patient.result(handle)
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert answer.result.status == Result.STATUS_CANCELLED
    assert answer.result.text == ""


def test_cancelling_a_waiting_goal_leaves_the_running_one_alone(bench, node, patient, engine):
    ready(bench, node)
    engine.gate.clear()
    first = patient.send(delivery_id="d1")
    second = patient.send(delivery_id="d2")
    bench.until(second.cancel_goal_async().done, "the cancel is answered")
    assert patient.result(second).result.status == Result.STATUS_CANCELLED
    engine.gate.set()
    assert patient.result(first).result.status == Result.STATUS_COMPLETE


def test_a_newer_epoch_of_the_same_visit_ends_the_older_reply(bench, node, patient, engine):
    ready(bench, node)
    engine.gate.clear()
    old = patient.send(epoch=1)
    bench.until(lambda: engine.requests, "the engine writes")
    new = patient.send(epoch=2)
    assert patient.result(old).result.status == Result.STATUS_CANCELLED
    engine.gate.set()
    assert patient.result(new).result.status == Result.STATUS_COMPLETE


def test_a_model_that_writes_nothing_fails_within_the_goals_limit(bench, node, patient, engine):
    ready(bench, node)
    engine.gate.clear()
    answer = patient.result(patient.send(first_token_limit_s=0.2))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert answer.result.status == Result.STATUS_FAILED
    assert "0.2 s" in answer.result.message
    engine.gate.set()
    assert patient.result(patient.send()).result.status == Result.STATUS_COMPLETE


def test_after_one_late_reply_the_next_question_goes_to_the_model(bench, engine):
    """The worker's own limit is the one that is passed; while the late reply still runs, approved wording answers."""
    node = bench.make(LanguageModelNode, engine="local", first_token_limit_s=0.3, retry_s=60.0)
    patient = Patient(bench)
    ready(bench, node)
    blocked = threading.Event()
    free = engine.gate.wait
    engine.gate.wait = lambda timeout=None: blocked.wait(20) and free(timeout)  # does not look at `cancelled`
    late = patient.send(first_token_limit_s=30.0)
    assert patient.result(late).result.status == Result.STATUS_FAILED
    assert patient.result(patient.send(approved=["您好。"])).result.engine == "none"
    blocked.set()
    ready(bench, node)
    assert node.diagnostics.reports()["model"].level is Level.WARN
    assert patient.result(patient.send()).result.engine == "local"
    assert node.diagnostics.reports()["model"].level is Level.OK
    patient.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": []},
        {"messages": [ChatMessage(role=ChatMessage.ROLE_UNKNOWN, content="x")]},
        {"adapter_id": "another"},
    ],
)
def test_a_goal_that_cannot_be_answered_is_refused(bench, node, patient, fields):
    ready(bench, node)
    assert not patient.send(**fields).accepted


def test_a_full_queue_refuses(bench, node, patient, engine):
    ready(bench, node)
    engine.gate.clear()
    accepted = [patient.send(delivery_id=f"d{number}").accepted for number in range(6)]
    assert accepted == [True] * 5 + [False]
    assert node.diagnostics.reports()["queue"].level is Level.ERROR
    engine.gate.set()


def test_prepare_hands_the_prompt_to_the_engine(bench, node, patient, engine):
    ready(bench, node)
    prompt = [ChatMessage(role=ChatMessage.ROLE_SYSTEM, content="rules")]
    answer = bench.call(patient.node, PreparePrompt, "language_model/prepare", delivery_id="d1", messages=prompt)
    assert answer.accepted
    bench.until(lambda: engine.prepared, "the prompt is read")


def test_diagnostics_have_real_limits(bench, node, patient, engine):
    ready(bench, node)
    patient.result(patient.send())
    reports = node.diagnostics.reports()
    assert reports["model"].level is Level.OK
    assert reports["memory"].level is Level.WARN  # 8 GiB against 7
    assert reports["speed"].level is Level.WARN  # 5 tokens/s against 8
    assert reports["first token"].level is Level.OK
    assert reports["queue"].level is Level.OK


def test_a_model_that_cannot_be_loaded_is_an_error_and_approved_wording_answers(bench, node, patient, engine):
    engine.error = "The memory of cuda:0 is full."
    node.trigger_deactivate(), node.trigger_cleanup(), node.trigger_configure(), node.trigger_activate()
    bench.until(lambda: node.diagnostics.reports()["model"].level is Level.ERROR, "the failure is reported")
    assert "memory" in node.diagnostics.reports()["model"].message
    bench.until(patient.client.server_is_ready, "the action server is there again")
    assert patient.result(patient.send(approved=["您好。"])).result.engine == "none"


def test_local_without_any_model_is_a_clear_error(bench, monkeypatch):
    monkeypatch.setattr("medllm_ros.engine.factory.bundled_model", lambda: None)
    node = bench.make(LanguageModelNode, engine="local", autostart=False)
    node.trigger_configure()
    report = node.diagnostics.reports()["lifecycle"]
    assert report.level is Level.ERROR
    assert "model" in report.message
    assert not node.is_active


def test_engine_none_speaks_approved_wording(bench):
    node = bench.make(LanguageModelNode)
    patient = Patient(bench)
    ready(bench, node)
    answer = patient.result(patient.send(approved=["[F1]這是降血壓的藥。"]))
    assert answer.result.engine == "none"
    assert answer.result.text == "[F1]這是降血壓的藥。"
    patient.close()
