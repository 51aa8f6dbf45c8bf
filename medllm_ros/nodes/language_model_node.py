"""The language model node: goals in, text out in batches. One worker thread owns the model; callbacks only enqueue.

While the model is loading, or cannot be loaded, goals are answered with their approved wording (engine ``none``).
"""

from __future__ import annotations

from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse

from medllm_ros.action import Generate
from medllm_ros.bedside.prompt import LAYOUT
from medllm_ros.engine.chat import ChatRequest, EngineError, HealthLevel, ReplyEnd, StopReason, TextDelta
from medllm_ros.engine.factory import create_engine
from medllm_ros.engine.none import ApprovedEngine
from medllm_ros.engine.supervisor import POLL_S, EngineWorker, Limits
from medllm_ros.nodes.base import MedllmNode, NodeError
from medllm_ros.nodes.guard import guarded
from medllm_ros.nodes.language_model_goal import Goal
from medllm_ros.nodes.language_model_reports import ModelReports
from medllm_ros.nodes.model_link import ACTION, SERVICE
from medllm_ros.nodes.outgoing import chat_from_messages
from medllm_ros.nodes.run import spin
from medllm_ros.srv import PreparePrompt

BATCH_S = 0.05  # longest time between a token and the feedback that carries it
STATUSES = {
    StopReason.COMPLETE: Generate.Result.STATUS_COMPLETE,
    StopReason.LENGTH: Generate.Result.STATUS_LENGTH,
    StopReason.CANCELLED: Generate.Result.STATUS_CANCELLED,
}


class LanguageModelNode(MedllmNode):
    """Adapter around :class:`~medllm_ros.engine.supervisor.EngineWorker`."""

    def __init__(self, **node_options: Any) -> None:
        self._worker: EngineWorker | None = None
        self._server: ActionServer | None = None
        self._approved = ApprovedEngine()
        self._waiting: deque[Goal] = deque()
        self._running: Goal | None = None
        self._tickets = 0
        super().__init__("language_model_node", **node_options)

    # -- lifecycle

    def configure(self) -> None:
        """Check files and settings, then let the worker load; that takes its time and blocks nothing."""
        name = self.text("engine")
        settings = {
            "model_dir": self.text("model"), "adapter_dir": self.text("adapter") or None,
            "device": self.text("device"), "quantisation": self.text("quantisation"),
            "max_context": self.count("max_context"), "prompt_layout": LAYOUT,
        }  # fmt: skip
        try:
            engine = create_engine(name, **settings)
        except EngineError as error:
            raise NodeError(f"Engine {name!r} cannot be used: {error}") from error
        limits = Limits(
            first_token_s=self.number("first_token_limit_s"), total_s=self.number("total_limit_s"),
            retry_first_s=self.number("retry_s"),
        )  # fmt: skip
        self._engine_name = name
        self._adapter_id = Path(self.text("adapter")).name if self.text("adapter") else ""
        self._worker = EngineWorker(
            engine, limits, on_delta=self._on_delta, on_end=self._on_end, on_failure=self._on_failure,
            wake=lambda: self.inbox.post(self._poll),
        )  # fmt: skip
        self._figures = ModelReports(self, self._worker, lambda: len(self._waiting))
        for task_name, task in self._figures.tasks().items():
            self.diagnostics.add(task_name, task)

    def activate(self) -> None:
        """Offer the action and the service."""
        self._server = ActionServer(
            self, Generate, ACTION, execute_callback=lambda goal: Generate.Result(),
            goal_callback=guarded(self, self._judge, "a goal", GoalResponse.REJECT),
            handle_accepted_callback=guarded(self, self._accept, "an accepted goal"),
            cancel_callback=guarded(self, self._cancel, "a cancel", CancelResponse.REJECT),
        )  # fmt: skip
        self.serve(PreparePrompt, SERVICE, self._prepare)
        self.every(POLL_S, self._poll)

    def deactivate(self) -> None:
        """End every goal and take no more."""
        for goal in [*self._waiting, *([self._running] if self._running else [])]:
            self._finish(goal, Generate.Result.STATUS_CANCELLED, "The node was deactivated.")
        if self._worker:
            self._tickets += 1
            self._worker.cancel_older_than(self._tickets)
        if self._server is not None:
            self._server.destroy()
            self._server = None

    def cleanup(self) -> None:
        """End the worker and free the model's memory."""
        for name in ModelReports.NAMES:
            self.diagnostics.remove(name)
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.close()

    # -- goals

    def _judge(self, request: Any) -> GoalResponse:
        reason = ""
        if self._worker is None:
            reason = "the node is not active"
        elif len(self._waiting) >= self.count("queue_limit"):
            reason = f"{len(self._waiting)} goals wait already (queue_limit)"
        elif request.adapter_id and request.adapter_id != self._adapter_id:
            reason = f"it wants adapter {request.adapter_id[:64]!r} and {self._adapter_id or 'none'!r} is loaded"
        elif not request.messages:
            reason = "it has no messages"
        else:
            try:
                chat_from_messages(request.messages)
            except ValueError as error:
                reason = str(error)
        if reason:
            self._figures.refused += 1
            self.get_logger().warning(f"Goal {request.request_id[:64]!r} is refused: {reason}.")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _accept(self, handle: Any) -> None:
        goal = Goal(handle, chat_from_messages(handle.request.messages), self.seconds())
        for other in [*self._waiting, *([self._running] if self._running else [])]:
            same = other.request.delivery_id == goal.request.delivery_id
            if same and other.request.epoch < goal.request.epoch:
                self._supersede(other)
        self._waiting.append(goal)
        self._next()

    def _cancel(self, handle: Any) -> CancelResponse:
        for goal in [*self._waiting, *([self._running] if self._running else [])]:
            if goal.handle == handle:
                # After this callback the goal is in state CANCELING; only then may it end.
                self.inbox.post(partial(self._supersede, goal))
                return CancelResponse.ACCEPT
        return CancelResponse.REJECT

    def _supersede(self, goal: Goal) -> None:
        if goal is self._running and self._worker is not None and goal.ticket:
            self._worker.cancel_older_than(goal.ticket + 1)
            self._poll()
        elif not goal.over:
            self._finish(goal, Generate.Result.STATUS_CANCELLED, "")

    def _next(self) -> None:
        """Give the worker the next goal; one at a time, so that cancelling one never touches another."""
        while self._running is None and self._waiting and self._worker is not None:
            goal = self._waiting.popleft()
            self._running = goal
            if self._worker.health().level is not HealthLevel.OK:
                self._answer_approved(goal)
                continue
            self._tickets += 1
            goal.ticket, goal.engine = self._tickets, self._engine_name
            self._worker.submit(self._chat_request(goal), goal.ticket)

    def _answer_approved(self, goal: Goal) -> None:
        goal.engine = self._approved.name
        for item in self._approved.stream(self._chat_request(goal), lambda: False):
            if isinstance(item, TextDelta):
                self._add(goal, item)
            else:
                self._finish(goal, STATUSES[item.reason], "", item)

    def _chat_request(self, goal: Goal) -> ChatRequest:
        return ChatRequest(
            request_id=goal.request.request_id, messages=goal.messages, approved=tuple(goal.request.approved),
            max_new_tokens=goal.request.max_new_tokens or self.count("max_new_tokens"),
        )  # fmt: skip

    # -- from the worker, on the executor's thread (EngineWorker.poll)

    def _poll(self) -> None:
        if self._worker is None:
            return
        self._worker.poll()
        now = self.seconds()
        for goal in [*self._waiting, *([self._running] if self._running else [])]:
            why = self._late(goal, now)
            if why and not goal.over:
                if goal is self._running and goal.ticket:
                    self._worker.cancel_older_than(goal.ticket + 1)
                self._finish(goal, Generate.Result.STATUS_FAILED, why)
        if self._running is not None and self._running.pending and now - self._running.flushed >= BATCH_S:
            self._flush(self._running)
        self._next()

    def _late(self, goal: Goal, now: float) -> str:
        waited = now - goal.accepted
        first = goal.request.first_token_limit_s or self.number("first_token_limit_s")
        total = goal.request.total_limit_s or self.number("total_limit_s")
        if not goal.first_s and waited >= first:
            return f"The model wrote nothing within {first:g} s."
        return f"The reply was not finished within {total:g} s." if waited >= total else ""

    def _on_delta(self, request: ChatRequest, ticket: int, delta: TextDelta) -> None:
        goal = self._running
        if goal is not None and goal.ticket == ticket and not goal.over:
            self._add(goal, delta)

    def _on_end(self, request: ChatRequest, ticket: int, end: ReplyEnd) -> None:
        if (goal := self._running) is not None and goal.ticket == ticket:
            self._finish(goal, STATUSES[end.reason], "", end)

    def _on_failure(self, request: ChatRequest, ticket: int, why: str) -> None:
        goal = self._running
        if goal is not None and goal.ticket == ticket:
            self._finish(goal, Generate.Result.STATUS_FAILED, why)

    # -- to the client

    def _add(self, goal: Goal, delta: TextDelta) -> None:
        now = self.seconds()
        if not goal.first_s:
            goal.first_s = max(now - goal.accepted, 1e-6)
            if goal.engine != self._approved.name:
                self._figures.first_token_s.append(goal.first_s)
        goal.text += delta.text
        goal.pending += delta.text
        goal.pending_tokens += delta.tokens
        if now - goal.flushed >= BATCH_S:
            self._flush(goal)

    def _flush(self, goal: Goal) -> None:
        if goal.pending:
            goal.handle.publish_feedback(
                Generate.Feedback(seq=goal.batches, text=goal.pending, tokens=goal.pending_tokens, engine=goal.engine)
            )
            goal.batches += 1
        goal.pending, goal.pending_tokens, goal.flushed = "", 0, self.seconds()

    def _finish(self, goal: Goal, status: int, message: str, end: ReplyEnd | None = None) -> None:
        if goal.over:
            return
        goal.over = True
        self._flush(goal)
        if goal is self._running:
            self._running = None
        elif goal in self._waiting:
            self._waiting.remove(goal)
        result = Generate.Result(
            status=status, message=message, text=goal.text, engine=goal.engine,
            adapter_id=self._adapter_id if goal.engine == "local" else "",
            prompt_tokens=end.prompt_tokens if end else 0, completion_tokens=end.completion_tokens if end else 0,
            first_token_s=goal.first_s, total_s=self.seconds() - goal.accepted,
        )  # fmt: skip
        if status == Generate.Result.STATUS_FAILED:
            self._figures.failed += 1
            self._figures.last_failure = message
            self.get_logger().warning(f"Goal {goal.request.request_id[:64]!r} failed: {message}")
        else:
            self._figures.answered += 1
        good = status in (Generate.Result.STATUS_COMPLETE, Generate.Result.STATUS_LENGTH)

        def close(handle: Any) -> Any:
            if good:
                handle.succeed()
            elif handle.is_cancel_requested:
                handle.canceled()
            else:
                handle.abort()
            return result

        goal.handle.execute(close)

    # -- service

    def _prepare(self, request: Any, response: Any) -> Any:
        if self._worker is None or self._worker.health().level is not HealthLevel.OK:
            response.message = "The model is not loaded; nothing is lost but time."
            return response
        if request.adapter_id and request.adapter_id != self._adapter_id:
            response.message = f"Adapter {request.adapter_id!r} is not loaded."
            return response
        try:
            self._worker.prepare(chat_from_messages(request.messages))
        except ValueError as error:
            response.message = str(error)
            return response
        response.accepted, response.message = True, "The prompt is read when the model is idle."
        return response


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    spin(LanguageModelNode, args)


if __name__ == "__main__":
    main()
