"""The world around the bedside node: a fleet, a patient, a voice, a nurses' station and a language model, all fakes."""

from __future__ import annotations

from typing import Any

from rclpy.action import ActionServer

from medllm_ros.action import Generate
from medllm_ros.msg import (
    BedsideState,
    DeliveryEvent,
    Hold,
    JournalRecord,
    Medication,
    NurseAlertList,
    PatientProfile,
    SpeechState,
    Transcript,
    Utterance,
)
from medllm_ros.nodes import qos

IDENTITY = "我叫王小明，一九五六年三月二日出生。"
EMERGENCY = "我胸口好痛，喘不過氣。"


class FakeWard:
    """Publishes what a ward publishes and keeps what the robot says."""

    def __init__(self, bench: Any, *, station: bool = True, voice: bool = True, name: str = "ward") -> None:
        self.bench = bench
        self.node = node = bench.plain(name)
        self.utterances: list[Utterance] = []
        self.alert_lists: list[NurseAlertList] = []
        self.holds: list[Hold] = []
        self.states: list[BedsideState] = []
        self.records: list[JournalRecord] = []
        self.event = node.create_publisher(DeliveryEvent, "delivery/event", qos.EVENT)
        self.transcript = node.create_publisher(Transcript, "speech/transcript", qos.STREAM)
        self.speech = node.create_publisher(SpeechState, "speech/state", qos.STATE)
        if voice:
            node.create_subscription(Utterance, "speech/utterance", self.utterances.append, qos.STREAM)
        if station:
            node.create_subscription(NurseAlertList, "nurse/alerts", self.alert_lists.append, qos.STATE_READER)
        node.create_subscription(Hold, "bedside/hold", self.holds.append, qos.hold())
        node.create_subscription(BedsideState, "bedside/state", self.states.append, qos.STATE_READER)
        node.create_subscription(JournalRecord, "bedside/journal", self.records.append, qos.STATE_READER)

    def ready(self, seconds: float = 20.0) -> FakeWard:
        """Wait until the robot listens and our readers are known to it."""
        self.bench.until(
            lambda: self.event.get_subscription_count() and self.transcript.get_subscription_count() and self.holds,
            "the bedside node listens", seconds,
        )  # fmt: skip
        return self

    # -- what happens

    def send(self, kind: int = DeliveryEvent.KIND_ARRIVED, event_id: str = "e1", **fields: Any) -> None:
        """Publish a delivery event, with medicine and patient where it brings them."""
        fields.setdefault("delivery_id", "d1")
        if kind in (DeliveryEvent.KIND_DISPATCHED, DeliveryEvent.KIND_ARRIVED):
            fields.setdefault("medications", [Medication(as_ordered="Amlodipine 5 mg PO QD 08:00")])
            fields.setdefault(
                "patient",
                PatientProfile(
                    name="王小明", date_of_birth="1956-03-02", age_years=70, chart_number="12345678",
                    sex=PatientProfile.SEX_MALE,
                ),
            )  # fmt: skip
            fields.setdefault("scenario", DeliveryEvent.SCENARIO_WARD)
            fields.setdefault("ward", "7A")
            fields.setdefault("bed", "12")
        self.event.publish(DeliveryEvent(kind=kind, event_id=event_id, **fields))

    def say(self, text: str, **fields: Any) -> None:
        """Publish what the patient says."""
        self.transcript.publish(Transcript(text=text, final=True, locale="zh_TW", source="text", **fields))

    def finish_speech(self) -> None:
        """Tell the robot that everything it said so far has been heard to the end."""
        ids = [msg.utterance_id for msg in self.spoken][-32:]
        state = SpeechState(state=SpeechState.STATE_SILENT, ended_ids=ids, ended_completed=[True] * len(ids))
        self.speech.publish(state)

    # -- what the robot did

    @property
    def spoken(self) -> list[Utterance]:
        """Return the sentences, without markers."""
        return [msg for msg in self.utterances if msg.status == Utterance.STATUS_SPEAK]

    @property
    def texts(self) -> list[str]:
        """Return what was said."""
        return [msg.text for msg in self.spoken]

    @property
    def markers(self) -> list[tuple[int, int]]:
        """Return (turn, status) of the end markers."""
        return [(msg.turn_id, msg.status) for msg in self.utterances if msg.final and msg.turn_id >= 0]

    @property
    def turn_over(self) -> bool:
        """Return whether the present turn has its end marker."""
        return bool(self.markers) and self.markers[-1] == (self.state.turn_id, Utterance.STATUS_END)

    @property
    def alerts(self) -> dict[str, Any]:
        """Return the open alerts by id."""
        return {alert.alert_id: alert for alert in self.alert_lists[-1].alerts} if self.alert_lists else {}

    @property
    def held(self) -> bool:
        """Return whether the lock is closed."""
        return not self.holds or self.holds[-1].state != Hold.STATE_RELEASED

    @property
    def state(self) -> BedsideState:
        """Return the last state."""
        return self.states[-1] if self.states else BedsideState()

    # -- whole passages

    def arrive(self) -> None:
        """Deliver and wait for the greeting."""
        self.send()
        self.bench.until(lambda: self.texts and self.markers, "the robot greets")

    def verify(self) -> None:
        """Arrive and let the patient say who they are."""
        self.arrive()
        self.finish_speech()
        self.say(IDENTITY)
        self.bench.until(
            lambda: self.state.identity == BedsideState.IDENTITY_VERIFIED and self.turn_over, "the patient is verified"
        )


class FakeModel:
    """A language model node that does what a test says."""

    def __init__(self, bench: Any) -> None:
        self.node = bench.plain("model")
        self.goals: list[Any] = []
        self.cancelled: list[str] = []
        self._server = ActionServer(
            self.node, Generate, "language_model/generate", execute_callback=lambda goal: Generate.Result(),
            handle_accepted_callback=self.goals.append, cancel_callback=self._cancel,
        )  # fmt: skip

    def write(self, text: str, engine: str = "local") -> None:
        """Stream a piece of the reply to the last goal."""
        self.goals[-1].publish_feedback(Generate.Feedback(text=text, tokens=1, engine=engine))

    def end(self, text: str, status: int = Generate.Result.STATUS_COMPLETE, message: str = "") -> None:
        """End the last goal with the whole ``text``."""
        result = Generate.Result(status=status, text=text, engine="local", message=message)

        def close(goal: Any) -> Any:
            good = status in (Generate.Result.STATUS_COMPLETE, Generate.Result.STATUS_LENGTH)
            goal.succeed() if good else goal.abort()
            return result

        self.goals[-1].execute(close)

    def close(self) -> None:
        """Leave."""
        self._server.destroy()

    def _cancel(self, goal: Any) -> Any:
        from rclpy.action import CancelResponse

        self.cancelled.append(goal.request.request_id)
        return CancelResponse.ACCEPT
