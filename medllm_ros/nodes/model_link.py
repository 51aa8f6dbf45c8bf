"""Asks the language model node for a reply and turns what comes back into events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node

from medllm_ros.action import Generate
from medllm_ros.bedside.effects import AskModel, CancelModel, PreparePrompt
from medllm_ros.bedside.events import Event, ReplyEnded, ReplyFailed, ReplySentence
from medllm_ros.nodes.guard import guarded
from medllm_ros.nodes.outgoing import chat_messages, goal_of_question
from medllm_ros.speech.splitter import SentenceSplitter
from medllm_ros.srv import PreparePrompt as PrepareSrv

ACTION, SERVICE = "language_model/generate", "language_model/prepare"


class _Reply:
    """One reply while it comes in."""

    def __init__(self, effect: AskModel) -> None:
        self.effect = effect
        self.splitter = SentenceSplitter()
        self.text = ""
        self.sentences = 0
        self.engine = ""
        self.handle: Any = None
        self.over = False


class ModelLink:
    """Replies as events. ``deliver`` gets each event, ``clock`` returns seconds since the epoch. One thread."""

    def __init__(
        self, node: Node, deliver: Callable[[Event], None], clock: Callable[[], float],
        limits: Callable[[], tuple[int, float, float]],
    ) -> None:  # fmt: skip
        self._node = node
        self._deliver = deliver
        self._clock = clock
        self._limits = limits
        self._replies: dict[str, _Reply] = {}
        self._client = ActionClient(node, Generate, ACTION)
        self._prepare = node.create_client(PrepareSrv, SERVICE)
        self.last_failure = ""

    @property
    def ready(self) -> bool:
        """Return True while a language model node is there."""
        return bool(self._client.server_is_ready())

    def ask(self, effect: AskModel) -> None:
        """Ask for a reply; without a model node it fails at once and approved wording is spoken."""
        reply = _Reply(effect)
        self._replies[effect.effect_id] = reply
        if not self.ready:
            self._fail(reply, "No language model node is running; start language_model_node.")
            return
        goal = goal_of_question(effect, *self._limits())
        feedback = guarded(self._node, lambda msg: self._feedback(reply, msg.feedback), "feedback of the model")
        future = self._client.send_goal_async(goal, feedback_callback=feedback)
        future.add_done_callback(lambda done: self._coming(reply, self._accepted, done))

    def cancel(self, effect: CancelModel) -> None:
        """Stop every reply of this visit that is of an older epoch."""
        for reply in list(self._replies.values()):
            if reply.effect.delivery_id == effect.delivery_id and reply.effect.epoch < effect.epoch:
                self._abandon(reply)

    def cancel_all(self) -> None:
        """Stop every reply."""
        for reply in list(self._replies.values()):
            self._abandon(reply)

    def prepare(self, effect: PreparePrompt) -> None:
        """Let the model read the prompt early; costs nothing where it cannot."""
        if self._prepare.service_is_ready():
            request = PrepareSrv.Request(delivery_id=effect.delivery_id, messages=chat_messages(effect.messages))
            self._prepare.call_async(request)

    def close(self) -> None:
        """Stop everything and free client and service."""
        self.cancel_all()
        self._client.destroy()
        self._node.destroy_client(self._prepare)

    def _coming(self, reply: _Reply, take: Callable[[_Reply, Any], None], done: Any) -> None:
        """Take an answer of the action; where that fails, approved wording is spoken and the node goes on."""
        failed = object()
        if guarded(self._node, take, "an answer of the model", failed)(reply, done) is failed:
            guarded(self._node, self._fail, "a failed answer of the model")(reply, "The reply could not be taken in.")

    def _accepted(self, reply: _Reply, future: Any) -> None:
        handle = future.result()
        if handle is None or not handle.accepted:
            self._fail(reply, "The language model refused the question; its log says why.")
            return
        reply.handle = handle
        if reply.over:
            handle.cancel_goal_async()
            return
        handle.get_result_async().add_done_callback(lambda done: self._coming(reply, self._ended, done))

    def _feedback(self, reply: _Reply, feedback: Any) -> None:
        if not reply.over:
            reply.engine = feedback.engine
            self._take(reply, feedback.text)

    def _ended(self, reply: _Reply, future: Any) -> None:
        if reply.over:
            return
        answer = future.result()
        result = answer.result if answer is not None else None
        if result is None or result.status not in (Generate.Result.STATUS_COMPLETE, Generate.Result.STATUS_LENGTH):
            self._fail(reply, (result.message if result else "") or "The language model gave no reply.")
            return
        if not result.text.startswith(reply.text):
            self._fail(reply, "A part of the language model's reply was lost on the way.")
            return
        reply.engine = result.engine
        self._take(reply, result.text[len(reply.text) :])  # what feedback has not brought yet
        # The last words of a reply that was cut at the token limit are no sentence.
        rest = reply.splitter.flush() if result.status == Generate.Result.STATUS_COMPLETE else []
        for sentence in rest:
            self._sentence(reply, sentence)
        if not reply.over:
            self._finish(reply)
            self._deliver(ReplyEnded(**self._head(reply, "end")))

    def _take(self, reply: _Reply, text: str) -> None:
        reply.text += text
        for sentence in reply.splitter.feed(text):
            self._sentence(reply, sentence)

    def _sentence(self, reply: _Reply, text: str) -> None:
        if reply.over:  # the session cancelled it while an earlier sentence was handled
            return
        reply.sentences += 1
        self._deliver(
            ReplySentence(
                **self._head(reply, str(reply.sentences)), seq=reply.sentences, text=text, engine=reply.engine or "none"
            )
        )

    def _fail(self, reply: _Reply, why: str) -> None:
        if reply.over:
            return
        self._finish(reply)
        self.last_failure = why
        self._node.get_logger().warning(f"Approved wording is spoken instead of a reply. {why}")
        self._deliver(ReplyFailed(**self._head(reply, "failed"), why=why[:500]))

    def _abandon(self, reply: _Reply) -> None:
        self._finish(reply)
        if reply.handle is not None:
            reply.handle.cancel_goal_async()

    def _finish(self, reply: _Reply) -> None:
        reply.over = True
        self._replies.pop(reply.effect.effect_id, None)

    def _head(self, reply: _Reply, part: str) -> dict[str, Any]:
        return {
            "event_id": f"reply:{reply.effect.effect_id}:{part}", "at": self._clock(),
            "delivery_id": reply.effect.delivery_id, "turn_id": reply.effect.turn_id, "epoch": reply.effect.epoch,
        }  # fmt: skip
