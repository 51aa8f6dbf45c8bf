"""The outside of a visit over ROS: a fleet that sends the order, a patient who speaks, staff who answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from medllm_ros.cli.errors import CommandError
from medllm_ros.delivery import Delivery
from medllm_ros.msg import BedsideState, DeliveryEvent, Hold, NurseAlertList, SpeechState, Transcript, Utterance
from medllm_ros.nodes import qos
from medllm_ros.nodes.convert import delivery_to_message
from medllm_ros.speech.recogniser import Heard
from medllm_ros.srv import AcknowledgeAlert, ConfirmHandover


@dataclass
class Caption:
    """One sentence of the robot; ``after_s`` is the time since what it answers."""

    text: str
    priority: int
    after_s: float
    facts: tuple[str, ...]
    from_model: bool
    utterance_id: str


@dataclass
class Reaction:
    """What came of one step."""

    captions: list[Caption] = field(default_factory=list)
    alerts: list[Any] = field(default_factory=list)


class VisitClient:
    """Publishes events and transcripts, collects what the robot says. One visit at a time; call from one thread."""

    def __init__(self, delivery: Delivery, *, namespace: str = "", timeout_s: float = 60.0) -> None:
        self.delivery = delivery
        self._timeout_s = timeout_s
        self._changed = threading.Condition()
        self._since = 0.0
        self._reaction = Reaction()
        self._ended_turns: set[int] = set()
        self._said: set[str] = set()
        self._heard_out: set[str] = set()
        self._known_alerts: set[str] = set()
        self.alerts: dict[str, Any] = {}
        self.held: bool | None = None
        self.phase = 0
        self.turn_id = 0
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C ends the command, not the context under it
        self._node = rclpy.create_node("medllm_visit_client", namespace=namespace)
        self._event = self._node.create_publisher(DeliveryEvent, "delivery/event", qos.EVENT)
        self._transcript = self._node.create_publisher(Transcript, "speech/transcript", qos.STREAM)
        self._node.create_subscription(Utterance, "speech/utterance", self._on_utterance, qos.STREAM)
        self._node.create_subscription(SpeechState, "speech/state", self._on_speech, qos.STATE_READER)
        self._node.create_subscription(NurseAlertList, "nurse/alerts", self._on_alerts, qos.STATE_READER)
        self._node.create_subscription(Hold, "bedside/hold", self._on_hold, qos.STATE_READER)
        self._node.create_subscription(BedsideState, "bedside/state", self._on_state, qos.STATE_READER)
        self._acknowledge = self._node.create_client(AcknowledgeAlert, "nurse/acknowledge")
        self._confirm = self._node.create_client(ConfirmHandover, "bedside/confirm_handover")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Wait for the robot's nodes; raise :class:`CommandError` with a sentence where they do not come."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if (
                self._event.get_subscription_count()
                and self._transcript.get_subscription_count()
                and self.held is not None
                and self._acknowledge.service_is_ready()
            ):
                return
            time.sleep(0.05)
        raise CommandError(
            f"No bedside_node answered within {timeout_s:.0f} s. Start one with `medllm up` "
            "and check that ROS_DOMAIN_ID and the namespace are the same."
        )

    def deliver(self) -> Reaction:
        """Send the order and arrive; return the greeting."""
        dispatched = delivery_to_message(self.delivery, DeliveryEvent.KIND_DISPATCHED, uuid.uuid4().hex)
        arrived = DeliveryEvent(
            kind=DeliveryEvent.KIND_ARRIVED, delivery_id=self.delivery.delivery_id, event_id=uuid.uuid4().hex
        )
        for message in (dispatched, arrived):
            message.header.stamp = self._node.get_clock().now().to_msg()
        return self._react(
            lambda: (self._event.publish(dispatched), self._event.publish(arrived)),
            late=f"The robot did not take this order within {self._timeout_s:g} s; its log says why.",
        )

    def say(self, text: str, heard: Heard | None = None) -> Reaction:
        """Let the patient say ``text``, or what a recogniser ``heard`` of it; return what the robot says to it."""
        message = Transcript(
            transcript_id=uuid.uuid4().hex, delivery_id=self.delivery.delivery_id, text=text, final=True,
            locale=self.delivery.locale.value, source="text",
        )  # fmt: skip
        if heard is not None:
            message.text, message.alternatives, message.source = heard.text, list(heard.alternatives), "wav"
            message.confidence_min, message.confidence_mean = heard.confidence_min, heard.confidence_mean
        message.header.stamp = self._node.get_clock().now().to_msg()
        return self._react(lambda: self._transcript.publish(message))

    def acknowledge(self, by: str, *, release_hold: bool) -> Reaction:
        """Let staff answer every call."""
        def call() -> None:
            for alert_id in sorted(self._known_alerts):
                self._call(self._acknowledge, AcknowledgeAlert.Request(
                    alert_id=alert_id, by=by, release_hold=release_hold
                ))  # fmt: skip

        return self._react(call, turn=False)

    def hand_over(self, by: str) -> Reaction:
        """Let somebody take the medicine."""
        request = ConfirmHandover.Request(delivery_id=self.delivery.delivery_id, by=by)
        return self._react(lambda: self._call(self._confirm, request))

    def close(self) -> None:
        """Leave the network."""
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()
        if rclpy.ok():
            rclpy.shutdown()
        self._thread.join(timeout=2.0)

    def _react(self, act: Callable[[], object], *, turn: bool = True, late: str = "") -> Reaction:
        with self._changed:
            self._reaction = Reaction()
            self._ended_turns.clear()
            self._since = time.monotonic()
        act()
        deadline = time.monotonic() + self._timeout_s
        with self._changed:
            while time.monotonic() < deadline:
                spoken = self._said <= self._heard_out or not turn  # an answered call is no turn of its own
                if spoken and (self._ended_turns or not turn) and (turn or time.monotonic() > self._since + 0.5):
                    return self._reaction
                self._changed.wait(0.1)
        raise CommandError(
            late or f"The robot did not finish its turn within {self._timeout_s:g} s; its log and /diagnostics say why."
        )

    def _call(self, client: Any, request: Any) -> None:
        future = client.call_async(request)
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if not done.wait(self._timeout_s):
            raise CommandError(f"The service {client.srv_name} did not answer within {self._timeout_s:.0f} s.")

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def _on_utterance(self, message: Any) -> None:
        with self._changed:
            if message.delivery_id != self.delivery.delivery_id:
                return
            if message.status in (Utterance.STATUS_END, Utterance.STATUS_CANCELLED):
                if message.status == Utterance.STATUS_END:
                    self._ended_turns.add(message.turn_id)
            elif not message.final and message.utterance_id not in self._said:
                self._said.add(message.utterance_id)
                self._reaction.captions.append(
                    Caption(
                        message.text, message.priority, time.monotonic() - self._since, tuple(message.fact_ids),
                        message.origin == Utterance.ORIGIN_MODEL, message.utterance_id,
                    )
                )  # fmt: skip
            self._changed.notify_all()

    def _on_speech(self, message: Any) -> None:
        with self._changed:
            self._heard_out.update(message.ended_ids)
            self._changed.notify_all()

    def _on_alerts(self, message: Any) -> None:
        with self._changed:
            self.alerts = {alert.alert_id: alert for alert in message.alerts}
            for alert in message.alerts:
                if alert.alert_id not in self._known_alerts:
                    self._known_alerts.add(alert.alert_id)
                    self._reaction.alerts.append(alert)
            self._changed.notify_all()

    def _on_hold(self, message: Any) -> None:
        with self._changed:
            self.held = message.state != Hold.STATE_RELEASED
            self._changed.notify_all()

    def _on_state(self, message: Any) -> None:
        with self._changed:
            self.phase = message.phase
            self._changed.notify_all()
