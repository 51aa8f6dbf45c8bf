"""Does what the session asks for: publishes speech, alerts, lock and state, sets timers, asks the model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from builtin_interfaces.msg import Time
from rclpy.node import Node

from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    CancelModel,
    ClearAlert,
    CloseVisit,
    Effect,
    Hold,
    Level,
    PreparePrompt,
    PublishState,
    Release,
    SetTimer,
    Speak,
    StopSpeaking,
    TurnEnded,
)  # fmt: skip
from medllm_ros.bedside.events import AlertFailed, Event, TimerFired
from medllm_ros.delivery import Delivery
from medllm_ros.msg import BedsideState, NurseAlert, NurseAlertList, Utterance
from medllm_ros.msg import Hold as HoldMsg
from medllm_ros.nodes import outgoing, qos
from medllm_ros.nodes.guard import guarded
from medllm_ros.nodes.model_link import ModelLink
from medllm_ros.nodes.timers import OneShotTimers

REMEMBERED_UTTERANCES = 1000
STATION_GRACE_S = 0.5  # discovery needs a moment before "nobody listens" is true
AT_BEDSIDE, CLOSED = "at_bedside", "closed"


class EffectPublisher:
    """Effects as messages. Knows what is locked, which alerts are open and which visit is the present one."""

    def __init__(
        self, node: Node, robot_id: str, model: ModelLink, deliver: Callable[[Event], None],
        clock: Callable[[], float], delivery_of: Callable[[str], Delivery | None],
    ) -> None:  # fmt: skip
        self._node = node
        self._robot_id = robot_id
        self._model = model
        self._deliver = deliver
        self._clock = clock
        self._delivery_of = delivery_of
        self._timers = OneShotTimers(node)
        self._utterances = node.create_publisher(Utterance, "speech/utterance", qos.STREAM)
        self._alerts_out = node.create_publisher(NurseAlertList, "nurse/alerts", qos.STATE)
        self._state_out = node.create_publisher(BedsideState, "bedside/state", qos.STATE)
        self._hold_out = node.create_publisher(HoldMsg, "bedside/hold", qos.hold())
        self._held: dict[str, tuple[str, ...]] = {}  # visit -> reasons; empty: released
        self._states: dict[str, PublishState] = {}
        self._outcomes: dict[str, str] = {}
        self._alerts: OrderedDict[str, NurseAlert] = OrderedDict()
        self.utterance_visits: OrderedDict[str, str] = OrderedDict()
        self.present = ""  # the visit that the robot attends to now
        self.locked_because = ""  # a reason of the node's own, e.g. its journal
        self.own_stamps: OrderedDict[tuple[int, int], None] = OrderedDict()

    def perform(self, effects: Iterable[Effect]) -> list[str]:
        """Do all effects in order, locks and alerts first: nothing is said before they are out.

        Return the ids of those that left. One that fails is logged and keeps none of the others back.
        """
        left = []
        for effect in sorted(effects, key=_urgency):
            failed = object()
            if guarded(self._node, self._perform, f"effect {type(effect).__name__}", failed)(effect) is not failed:
                left.append(effect.effect_id)
        return left

    def publish_hold(self) -> None:
        """Say whether the compartment may be opened; without a visit, or when in doubt, it may not."""
        msg = HoldMsg(robot_id=self._robot_id, delivery_id=self.present, state=HoldMsg.STATE_HELD)
        reasons = self._held.get(self.present)
        if self.locked_because:
            msg.reasons = [self.locked_because]
        elif reasons is None:
            msg.reasons = ["no_visit"]
        elif reasons:
            msg.reasons = list(reasons)
        else:
            msg.state = HoldMsg.STATE_RELEASED
        msg.header.stamp = self._stamp()
        self._hold_out.publish(msg)

    def publish_state(self) -> None:
        """Publish the state of the present visit."""
        msg = outgoing.state_message(
            self._states.get(self.present), self._robot_id, len(self._alerts), self._outcomes.get(self.present, ""),
            self._stamp(),
        )  # fmt: skip
        if self.locked_because:
            msg.held, msg.hold_reasons = True, [self.locked_because]
        self._state_out.publish(msg)

    def publish_alerts(self) -> None:
        """Publish the list of open alerts."""
        msg = NurseAlertList(robot_id=self._robot_id, alerts=list(self._alerts.values()))
        msg.header.stamp = self._stamp()
        self._alerts_out.publish(msg)
        self.publish_state()

    def raise_own_alert(self, alert_id: str, category: str, reason: str) -> None:
        """Call staff for the node itself (no visit, no journal needed); calling again raises the attempt."""
        before = self._alerts.get(alert_id)
        effect = AlertNurse(
            alert_id=alert_id, level=Level.URGENT, category=category, reason=reason,
            attempt=before.attempt + 1 if before else 1,
        )  # fmt: skip
        self._alerts[alert_id] = self._alert_message(effect)
        self.publish_alerts()

    def clear_own_alert(self, alert_id: str) -> bool:
        """Take back an alert of the node itself; return False where it is not open."""
        found = self._alerts.pop(alert_id, None) is not None
        if found:
            self.publish_alerts()
        return found

    @property
    def stations(self) -> int:
        """Return how many subscribers listen to the alerts."""
        return int(self._alerts_out.get_subscription_count())

    @property
    def speakers(self) -> int:
        """Return how many subscribers listen to the utterances."""
        return int(self._utterances.get_subscription_count())

    @property
    def open_alerts(self) -> tuple[NurseAlert, ...]:
        """Return the alerts that nobody has acknowledged, oldest first."""
        return tuple(self._alerts.values())

    def stop(self) -> None:
        """Forget timers and visits; the journal has them. The lock closes."""
        self._timers.cancel_all()
        self._held.clear()
        self._states.clear()
        self._alerts.clear()
        self.present = self.locked_because = ""
        self.publish_hold()

    def close(self) -> None:
        """Free the publishers."""
        self._timers.cancel_all()
        for publisher in (self._utterances, self._alerts_out, self._state_out, self._hold_out):
            self._node.destroy_publisher(publisher)

    # -- one effect each

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Speak):
            self._say(effect)
        elif isinstance(effect, TurnEnded):
            self._utterances.publish(outgoing.utterance_of_end(effect, self._robot_id, self._stamp()))
        elif isinstance(effect, StopSpeaking):
            self._utterances.publish(outgoing.utterance_of_stop(effect, self._robot_id, self._stamp()))
        elif isinstance(effect, Hold):
            self._held[effect.delivery_id] = effect.reasons
            self.publish_hold()
        elif isinstance(effect, Release):
            self._held[effect.delivery_id] = ()
            self.publish_hold()
        elif isinstance(effect, AlertNurse):
            self._call(effect)
        elif isinstance(effect, ClearAlert):
            self._alerts.pop(effect.alert_id, None)
            self.publish_alerts()
        elif isinstance(effect, PublishState):
            self._state(effect)
        elif isinstance(effect, SetTimer):
            self._set(effect)
        elif isinstance(effect, AskModel):
            self._model.ask(effect)
        elif isinstance(effect, CancelModel):
            self._model.cancel(effect)
        elif isinstance(effect, PreparePrompt):
            self._model.prepare(effect)
        elif isinstance(effect, CloseVisit):
            self._outcomes[effect.delivery_id] = effect.outcome

    def _say(self, effect: Speak) -> None:
        self.utterance_visits[effect.utterance_id] = effect.delivery_id
        while len(self.utterance_visits) > REMEMBERED_UTTERANCES:
            self.utterance_visits.popitem(last=False)
        self._utterances.publish(outgoing.utterance_of_speak(effect, self._robot_id, self._stamp()))

    def _call(self, effect: AlertNurse) -> None:
        self._alerts[effect.alert_id] = self._alert_message(effect)
        self.publish_alerts()

        def check() -> None:
            if self.stations == 0 and effect.alert_id in self._alerts:
                self._deliver(
                    AlertFailed(
                        event_id=f"alert:{effect.effect_id}:failed", at=self._clock(), delivery_id=effect.delivery_id,
                        alert_id=effect.alert_id, why="Nothing subscribes to nurse/alerts.",
                    )
                )  # fmt: skip

        self._timers.start(f"station:{effect.alert_id}", STATION_GRACE_S, check)

    def _state(self, effect: PublishState) -> None:
        self._states[effect.delivery_id] = effect
        attended = self._states.get(self.present)
        if effect.phase == AT_BEDSIDE or attended is None or attended.phase == CLOSED:
            self.present = effect.delivery_id
        self.publish_hold()
        self.publish_state()

    def _set(self, effect: SetTimer) -> None:
        def fire() -> None:
            self._deliver(
                TimerFired(
                    event_id=f"timer:{effect.delivery_id}:{effect.timer}:{effect.generation}", at=self._clock(),
                    delivery_id=effect.delivery_id, timer=effect.timer, generation=effect.generation,
                )
            )  # fmt: skip

        self._timers.start(f"{effect.delivery_id}:{effect.timer}", effect.seconds, fire)

    def _alert_message(self, effect: AlertNurse) -> NurseAlert:
        delivery = self._delivery_of(effect.delivery_id)
        before = self._alerts.get(effect.alert_id)
        raised = before.header.stamp if before else self._stamp()
        return outgoing.alert_message(
            effect, self._robot_id, delivery.ward if delivery else "", delivery.bed if delivery else "", raised
        )

    def _stamp(self) -> Time:
        stamp = self._node.get_clock().now().to_msg()
        self.own_stamps[(stamp.sec, stamp.nanosec)] = None
        while len(self.own_stamps) > REMEMBERED_UTTERANCES:
            self.own_stamps.popitem(last=False)
        return stamp


def _urgency(effect: Effect) -> int:
    if isinstance(effect, Hold):
        return 0
    if isinstance(effect, StopSpeaking | CancelModel | AlertNurse):
        return 1
    return 3 if isinstance(effect, Release) else 2
