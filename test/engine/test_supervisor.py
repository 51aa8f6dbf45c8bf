"""Whatever an engine does, its owner hears of every request once and in time. Time is a variable; nothing sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.engine.chat import ChatRequest, EngineError, Health, HealthLevel, ReplyEnd, StopReason, TextDelta
from medllm_ros.engine.none import ApprovedEngine
from medllm_ros.engine.supervisor import EngineWorker, Limits

PATIENCE_S = 10.0  # how long a test waits for another thread before it fails
MESSAGES = (ChatMessage(Role.USER, "x"),)


def _request(name: str) -> ChatRequest:
    return ChatRequest(request_id=name, messages=MESSAGES)


class FakeEngine:
    """An engine that does what a test wants at each call."""

    name = "fake"

    def __init__(self) -> None:
        self.loads: list[Exception | None] = []  # what the next loads do; loading works when the list is empty
        self.words: list[str | Exception] = ["a ", "b ", "c "]
        self.gate: threading.Event | None = None  # closed: stream blocks before every word, as a hung GPU does
        self.gate_reached = threading.Event()
        self.load_gate: threading.Event | None = None
        self.prepared: list[tuple[ChatMessage, ...]] = []
        self.calls: list[str] = []
        self.level = HealthLevel.OK
        self.end_mark = True

    def load(self) -> None:
        self.calls.append("load")
        if self.load_gate:
            assert self.load_gate.wait(PATIENCE_S)
        failure = self.loads.pop(0) if self.loads else None
        if failure is not None:
            raise failure
        self.level = HealthLevel.OK

    def close(self) -> None:
        self.calls.append("close")

    def count_tokens(self, text: str) -> int:
        return len(text)

    def prepare(self, messages: tuple[ChatMessage, ...]) -> int:
        self.prepared.append(messages)
        return 1

    def stream(self, request: ChatRequest, cancelled: Callable[[], bool]) -> Iterator[TextDelta | ReplyEnd]:
        self.calls.append(request.request_id)
        count, reason = 0, StopReason.COMPLETE
        for word in self.words:
            if self.gate:
                self.gate_reached.set()
                assert self.gate.wait(PATIENCE_S)
            if cancelled():
                reason = StopReason.CANCELLED
                break
            if isinstance(word, Exception):
                raise word
            count += 1
            yield TextDelta(word)
        if self.end_mark:
            yield ReplyEnd(reason=reason, prompt_tokens=1, completion_tokens=count, first_token_s=0.1, total_s=0.2)

    def health(self) -> Health:
        return Health(level=self.level, message="fake is well", memory_bytes=7)


class Owner:
    """What a node does: poll when woken, and note what comes."""

    def __init__(self, engine: object, limits: Limits | None = None) -> None:
        self.now = 100.0
        self.heard: list[tuple[str, int, str]] = []
        self.woken = threading.Event()
        self.thread = threading.get_ident()
        self.worker = EngineWorker(
            engine, limits or Limits(first_token_s=2, total_s=10, retry_first_s=1, retry_max_s=4),  # type: ignore[arg-type]
            on_delta=lambda request, epoch, delta: self._note(request, epoch, delta.text),
            on_end=lambda request, epoch, end: self._note(request, epoch, f"<{end.reason}>"),
            on_failure=lambda request, epoch, why: self._note(request, epoch, f"!{why}"),
            wake=self.woken.set, clock=lambda: self.now,
        )  # fmt: skip

    def _note(self, request: ChatRequest, epoch: int, what: str) -> None:
        assert threading.get_ident() == self.thread, "callbacks come in the owner's thread only"
        self.heard.append((request.request_id, epoch, what))

    def until(self, happened: Callable[[], bool]) -> None:
        while True:
            self.worker.poll()
            if happened():
                return
            assert self.woken.wait(PATIENCE_S), f"nothing happened; heard {self.heard}"
            self.woken.clear()

    def of(self, name: str) -> list[str]:
        return [what for request, _, what in self.heard if request == name]

    def ends(self, name: str) -> list[str]:
        return [what for what in self.of(name) if what[0] in "<!"]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def owner(engine: FakeEngine) -> Iterator[Owner]:
    owner = Owner(engine)
    yield owner
    for gate in (engine.gate, engine.load_gate):
        if gate:
            gate.set()
    assert owner.worker.close(PATIENCE_S)


def _loaded(owner: Owner) -> None:
    assert owner.worker.wait_loaded(PATIENCE_S)


def test_a_reply_comes_in_order_with_its_epoch_and_one_end(owner: Owner) -> None:
    _loaded(owner)
    owner.worker.submit(_request("r1"), 3)
    owner.worker.submit(_request("r2"), 4)
    owner.until(lambda: bool(owner.ends("r2")))
    assert owner.heard == [
        *(("r1", 3, what) for what in ("a ", "b ", "c ", "<complete>")),
        *(("r2", 4, what) for what in ("a ", "b ", "c ", "<complete>")),
    ]
    assert owner.worker.depth == 0 and owner.worker.health().message == "fake is well"


def test_while_the_model_loads_requests_fail_at_once(engine: FakeEngine) -> None:
    engine.load_gate = threading.Event()
    owner = Owner(engine)
    assert owner.worker.health().level is HealthLevel.LOADING
    owner.worker.submit(_request("r"), 1)
    owner.worker.poll()
    assert owner.of("r") == ["!The model is being loaded."]
    owner.worker.prepare(MESSAGES)
    engine.load_gate.set()
    _loaded(owner)
    owner.worker.submit(_request("s"), 1)
    owner.until(lambda: bool(owner.ends("s")))
    assert owner.worker.close(PATIENCE_S)
    assert engine.prepared == [MESSAGES], "what was to be prepared while loading is prepared afterwards"


def test_nothing_within_the_first_token_limit_is_a_failure_though_the_engine_blocks(
    owner: Owner, engine: FakeEngine
) -> None:
    _loaded(owner)
    engine.gate = threading.Event()
    owner.worker.submit(_request("r"), 1)
    assert engine.gate_reached.wait(PATIENCE_S)
    owner.now += 1.9
    owner.worker.poll()
    assert owner.heard == []
    owner.now += 0.1
    owner.worker.poll()
    assert owner.of("r") == ["!The model wrote nothing within 2 s."]
    assert owner.worker.health().level is HealthLevel.ERROR
    assert "does not answer" in owner.worker.health().message
    owner.worker.submit(_request("queued"), 2)  # behind an engine that hangs
    owner.now += 2.0
    owner.worker.poll()
    assert owner.ends("queued") == ["!The model wrote nothing within 2 s."]
    engine.gate.set()  # it comes back
    engine.gate = None
    owner.worker.submit(_request("after"), 3)
    owner.until(lambda: bool(owner.ends("after")))
    assert owner.ends("after") == ["<complete>"] and owner.ends("r") == ["!The model wrote nothing within 2 s."]
    assert "queued" not in engine.calls
    assert owner.worker.health().level is HealthLevel.OK and owner.worker.dropped == 2


def test_lateness_is_a_warning_that_time_clears_and_no_error(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    gate = engine.gate = threading.Event()
    owner.worker.submit(_request("r"), 1)
    assert engine.gate_reached.wait(PATIENCE_S)
    owner.now += 2.0
    owner.worker.poll()
    assert owner.worker.late == 1
    gate.set()
    owner.until(lambda: owner.worker.health().level is HealthLevel.OK)
    assert owner.worker.late == 1
    owner.now += 1.0
    assert owner.worker.late == 0


def test_a_reply_that_goes_on_too_long_is_cut(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    gate = engine.gate = threading.Event()
    gate.set()
    engine.words = ["a "] * 1_000_000
    owner.worker.submit(_request("r"), 1)
    owner.until(lambda: "a " in owner.of("r"))
    owner.now += 10.0
    owner.until(lambda: bool(owner.ends("r")))
    assert owner.of("r")[-1] == "!The reply was not finished within 10 s."
    assert owner.worker.late == 1
    count = len(owner.heard)
    owner.worker.submit(_request("s"), 1)
    engine.words = ["b "]
    owner.until(lambda: bool(owner.ends("s")))
    assert [request for request, _, _ in owner.heard[count:]] == ["s", "s"], "nothing follows an end"


def test_older_epochs_are_cancelled_whether_they_run_or_wait(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    engine.gate = threading.Event()
    for name, epoch in (("running", 1), ("waiting", 1), ("newer", 2)):
        owner.worker.submit(_request(name), epoch)
    assert engine.gate_reached.wait(PATIENCE_S)
    owner.worker.cancel_older_than(2)
    owner.worker.submit(_request("late"), 1)
    owner.worker.poll()
    assert owner.of("waiting") == ["<cancelled>"] and owner.of("late") == ["<cancelled>"]
    engine.gate.set()
    owner.until(lambda: bool(owner.ends("newer")))
    assert owner.of("running") == ["<cancelled>"] and owner.ends("newer") == ["<complete>"]
    assert engine.calls == ["load", "running", "newer"]


def test_a_cancelled_reply_in_a_hung_engine_ends_as_cancelled(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    engine.gate = threading.Event()
    owner.worker.submit(_request("r"), 1)
    assert engine.gate_reached.wait(PATIENCE_S)
    owner.worker.cancel_older_than(2)
    owner.now += 2.0
    owner.worker.poll()
    assert owner.of("r") == ["<cancelled>"]


def test_a_refused_request_fails_and_the_engine_stays(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    engine.words = ["a ", EngineError("The prompt is too long.")]
    owner.worker.submit(_request("r"), 1)
    owner.until(lambda: bool(owner.ends("r")))
    assert owner.of("r") == ["a ", "!The prompt is too long."]
    engine.words = ["b "]
    owner.worker.submit(_request("s"), 1)
    owner.until(lambda: bool(owner.ends("s")))
    assert owner.ends("s") == ["<complete>"] and engine.calls.count("load") == 1


@pytest.mark.parametrize("crash", [RuntimeError("CUDA error: device-side assert"), MemoryError()])
def test_a_crash_is_a_failure_for_all_and_the_engine_is_loaded_again_after_a_pause(
    owner: Owner, engine: FakeEngine, crash: Exception
) -> None:
    _loaded(owner)
    engine.gate = threading.Event()
    engine.words = [crash]
    owner.worker.submit(_request("r"), 1)
    owner.worker.submit(_request("waiting"), 1)
    assert engine.gate_reached.wait(PATIENCE_S)
    engine.gate.set()
    owner.until(lambda: owner.worker.health().level is HealthLevel.ERROR and bool(owner.ends("waiting")))
    assert "failed unexpectedly" in owner.ends("r")[0] and "failed unexpectedly" in owner.ends("waiting")[0]
    assert engine.calls == ["load", "r", "close"], "its memory is freed before the pause"
    owner.worker.submit(_request("meanwhile"), 1)
    owner.worker.poll()
    assert len(owner.ends("meanwhile")) == 1
    owner.now += 0.99
    owner.worker.poll()
    assert owner.worker.health().level is HealthLevel.ERROR
    owner.now += 0.01
    owner.worker.poll()
    _loaded(owner)
    engine.words = ["fine "]
    owner.worker.submit(_request("s"), 1)
    owner.until(lambda: bool(owner.ends("s")))
    assert owner.of("s") == ["fine ", "<complete>"] and owner.worker.health().level is HealthLevel.OK


def test_failed_loads_are_tried_again_with_doubled_pauses_up_to_a_bound(engine: FakeEngine) -> None:
    engine.loads = [EngineError("There is no model in /models.")] + [OSError("disk")] * 4
    owner = Owner(engine)
    assert not owner.worker.wait_loaded(PATIENCE_S)
    assert owner.worker.health().message == "There is no model in /models."
    for attempt, pause in enumerate([1, 2, 4, 4, 4], start=1):
        assert engine.calls.count("load") == attempt
        owner.now += pause - 0.01
        owner.worker.poll()
        assert owner.worker.health().level is HealthLevel.ERROR, "not yet"
        owner.now += 0.01
        owner.worker.poll()
        owner.worker.wait_loaded(PATIENCE_S)
    assert owner.worker.health().level is HealthLevel.OK
    assert owner.worker.close(PATIENCE_S)


def test_an_engine_that_reports_an_error_is_loaded_again(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    engine.level = HealthLevel.ERROR
    engine.words = [EngineError("The memory of cuda:0 is full.")]
    owner.worker.submit(_request("r"), 1)
    owner.until(lambda: owner.worker.health().level is HealthLevel.ERROR)
    owner.now += 1.0
    owner.worker.poll()
    _loaded(owner)
    assert owner.of("r") == ["!The memory of cuda:0 is full."] and engine.calls.count("load") == 2


def test_a_reply_without_an_end_mark_is_a_failure(owner: Owner, engine: FakeEngine) -> None:
    _loaded(owner)
    engine.end_mark = False
    owner.worker.submit(_request("r"), 1)
    owner.until(lambda: bool(owner.ends("r")))
    assert owner.ends("r") == ["!The engine ended its reply without an end mark."]


def test_a_callback_that_raises_loses_no_event(owner: Owner) -> None:
    _loaded(owner)
    owner.worker.submit(_request("r"), 1)
    note, calls = owner._note, iter([True])

    def once(request: ChatRequest, epoch: int, what: str) -> None:
        if next(calls, False):
            raise KeyError(what)
        note(request, epoch, what)

    owner._note = once  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        owner.until(lambda: bool(owner.ends("r")))
    owner.until(lambda: bool(owner.ends("r")))
    assert owner.of("r") == ["b ", "c ", "<complete>"]


def test_closing_ends_what_is_open_and_frees_the_engine(engine: FakeEngine) -> None:
    owner = Owner(engine)
    _loaded(owner)
    engine.gate = threading.Event()
    owner.worker.submit(_request("running"), 1)
    owner.worker.submit(_request("waiting"), 1)
    assert engine.gate_reached.wait(PATIENCE_S)
    assert not owner.worker.close(0.01), "the engine hangs, and close says so"
    assert owner.ends("running") == owner.ends("waiting") == ["<cancelled>"]
    engine.gate.set()
    assert owner.worker.close(PATIENCE_S)
    assert engine.calls[-1] == "close"
    owner.worker.submit(_request("after"), 1)
    owner.worker.poll()
    assert owner.of("after") == ["!The engine is closed."]


def test_the_approved_engine_runs_under_it_too() -> None:
    owner = Owner(ApprovedEngine())
    _loaded(owner)
    owner.worker.submit(ChatRequest(request_id="r", messages=MESSAGES, approved=("您好。",)), 1)
    owner.until(lambda: bool(owner.ends("r")))
    assert owner.of("r") == ["您好。", "<complete>"]
    assert owner.worker.close(PATIENCE_S)
