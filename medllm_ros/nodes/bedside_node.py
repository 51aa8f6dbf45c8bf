"""The bedside node: messages and services in, events to the recorded visits, effects out. No medical logic.

    delivery/event, speech/transcript, speech/state, services, timers, language model
        -> event -> journal -> session -> journal -> effects
        -> speech/utterance, nurse/alerts, bedside/hold, bedside/state, bedside/journal
"""

from __future__ import annotations

import zoneinfo
from collections import deque
from pathlib import Path
from typing import Any

from medllm_ros.bedside.context import SessionConfig, SessionContext
from medllm_ros.bedside.events import DeliveryArrived, DeliveryCancelled, DeliveryDispatched, Event
from medllm_ros.bedside.hearing import prepare
from medllm_ros.bedside.scenarios import ScenarioError, Scenarios
from medllm_ros.delivery import Locale
from medllm_ros.formulary.last_good import load_or_last_good
from medllm_ros.formulary.model import ReviewStatus
from medllm_ros.msg import BedsideState, DeliveryEvent, JournalRecord, SpeechState, Transcript
from medllm_ros.msg import Hold as HoldMsg
from medllm_ros.nodes import qos
from medllm_ros.nodes.base import MedllmNode, NodeError
from medllm_ros.nodes.bedside_effects import EffectPublisher
from medllm_ros.nodes.bedside_reports import BedsideReports
from medllm_ros.nodes.bedside_services import BedsideServices
from medllm_ros.nodes.convert import ConversionError
from medllm_ros.nodes.incoming import event_of_transcript, events_of_delivery, events_of_speech
from medllm_ros.nodes.journal_alarm import JournalAlarm
from medllm_ros.nodes.model_link import ModelLink
from medllm_ros.nodes.other_robots import OtherRobots
from medllm_ros.nodes.run import spin
from medllm_ros.nodes.safekeeping import Safekeeping
from medllm_ros.paths import default_journal
from medllm_ros.safety.wording import Wording

OVERHEARD = "overheard"  # the visit of an emergency that was heard while no visit was under way
JOURNAL_RETRY_S = 5.0
PURGE_PERIOD_S = 600.0


class BedsideNode(MedllmNode):
    """Adapter around :class:`~medllm_ros.bedside.recorder.RecordedVisits`."""

    def __init__(self, **node_options: Any) -> None:
        self._keeping: Safekeeping | None = None
        self._effects: EffectPublisher | None = None
        self._model: ModelLink | None = None
        self._queue: deque[Event] = deque()
        self._busy = False
        self._broken_formulary = ""
        super().__init__("bedside_node", **node_options)

    # -- lifecycle

    def configure(self) -> None:
        """Load knowledge, wording and prompts; the journal is opened in ``activate``."""
        self._robot_id = self.text("robot_id")
        self._keeping = Safekeeping(journal_path(self.text("journal")), self._knowledge())
        self._model = ModelLink(self, self._deliver, self.seconds, self._limits)
        self._effects = EffectPublisher(
            self, self._robot_id, self._model, self._deliver, self.seconds, self._keeping.delivery
        )
        self._alarm = JournalAlarm(self._effects, self._robot_id, self.seconds)
        self._records = self.create_publisher(JournalRecord, "bedside/journal", qos.STATE)
        self._others = OtherRobots(self._robot_id, self._effects.own_stamps, self.seconds)
        self._reports = BedsideReports(self._keeping, self._effects, self._model, self._broken_formulary)
        for name, task in self._reports.tasks().items():
            self.diagnostics.add(name, task)
        self.diagnostics.add("other robots", self._others.report)

    def activate(self) -> None:
        """Resume the visits of the journal, then listen."""
        assert self._keeping and self._effects
        self._effects.publish_hold()  # locked until the journal has said otherwise
        self._effects.publish_alerts()
        self._open_journal()
        self.listen(DeliveryEvent, "delivery/event", self._on_delivery, qos.EVENT)
        self.listen(Transcript, "speech/transcript", self._on_transcript, qos.STREAM)
        self.listen(SpeechState, "speech/state", self._on_speech, qos.STATE_READER)
        self.listen(BedsideState, "bedside/state", self._on_other, qos.STATE_READER)
        self.listen(HoldMsg, "bedside/hold", self._on_other, qos.STATE_READER)
        BedsideServices(self, self._robot_id, self._keeping, self._effects, self._deliver)
        self.every(self.number("hold_period_s"), self._effects.publish_hold)
        self.every(JOURNAL_RETRY_S, self._retry_journal)
        self.every(PURGE_PERIOD_S, self._purge)

    def deactivate(self) -> None:
        """Lock, stop the model, close the journal; the visits go on where they were after the next activate."""
        if self._model:
            self._model.cancel_all()
        if self._effects:
            self._alarm.clear()
            self._effects.stop()
        if self._keeping:
            self._keeping.close()

    def cleanup(self) -> None:
        """Free publishers and clients."""
        for name in (*BedsideReports.NAMES, "other robots"):
            self.diagnostics.remove(name)
        if self._effects:
            self._effects.close()
            self.destroy_publisher(self._records)
        if self._model:
            self._model.close()
        self._effects = self._model = self._keeping = None

    # -- the loop: every event, one after the other

    def _deliver(self, event: Event) -> None:
        """Take one event. Events that come up while another is handled wait their turn."""
        self._queue.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                self._handle(self._queue.popleft())
        finally:
            self._busy = False

    def _handle(self, event: Event) -> None:
        if self._keeping is None or self._effects is None:
            return
        began = self.get_clock().now()
        effects = self._keeping.handle(event)
        self._after_journal()
        self._send(effects, event)
        self._reports.handled((self.get_clock().now() - began).nanoseconds / 1e9)

    def _send(self, effects: list[Any], event: Event | None) -> None:
        assert self._keeping and self._effects
        left = self._effects.perform(effects)
        if left:
            self._keeping.sent(left)
        if event is not None or effects:
            self._publish_record(type(event).__name__ if event else "Restarted", event.delivery_id if event else "")

    def _publish_record(self, kind: str, delivery_id: str) -> None:
        assert self._keeping
        sequence, head = self._keeping.head
        if not head:
            return
        msg = JournalRecord(
            robot_id=self._robot_id, delivery_id=delivery_id, sequence=sequence, kind=kind, head_hash=head
        )
        msg.header.stamp = self.get_clock().now().to_msg()
        self._records.publish(msg)

    # -- journal

    def _open_journal(self) -> None:
        assert self._keeping and self._effects
        effects = self._keeping.open(self.seconds())
        self._after_journal()
        if not self._keeping.problem:
            self._send(effects, None)
        if self._keeping.damage and not self._keeping.problem:
            self.get_logger().error(self._keeping.damage)
            self._alarm.call("journal.broken: rows are missing or were changed")
        self._effects.publish_hold()

    def _after_journal(self) -> None:
        """Lock and call staff while the journal fails; take both back when it works again."""
        assert self._keeping and self._effects
        if self._keeping.problem and not self._effects.locked_because:
            self._queue.clear()
            self._model.cancel_all() if self._model else None
            self._effects.locked_because = "journal"
            self._effects.publish_hold()
            self._alarm.call("journal.unwritable: the journal cannot be written")
        elif not self._keeping.problem and self._effects.locked_because:
            self._effects.locked_because = ""
            self._alarm.clear()

    def _retry_journal(self) -> None:
        if self._keeping and self._keeping.problem:
            self._open_journal()
        self._alarm.repeat()

    def _purge(self) -> None:
        assert self._keeping
        purged = self._keeping.purge(self.count("retention_hours") * 3600.0)
        if purged:
            self.get_logger().info(f"Patient text of {len(purged)} visits was deleted after its retention time.")

    # -- topics

    def _on_delivery(self, msg: DeliveryEvent) -> None:
        assert self._keeping
        reason = self._not_for_us(msg)
        if not reason and self._keeping.has_ended(msg.delivery_id.strip()):
            reason = "that delivery has ended; a new one needs a new delivery_id"
        if not reason and self._keeping.problem:
            reason = f"the journal cannot be written. {self._keeping.problem}"
        if reason:
            self._ignore(msg, reason)
            return
        known = self._keeping.knows(msg.delivery_id.strip())
        try:
            events = events_of_delivery(msg, self.seconds(), self.text("locale"), known)
        except ConversionError as error:
            self._ignore(msg, str(error))
            return
        first = events[0]
        early = isinstance(first, DeliveryCancelled) and self._keeping.has_session(first.delivery_id)
        if not known and not early and not isinstance(first, DeliveryDispatched | DeliveryArrived):
            self._ignore(msg, "that delivery was never dispatched; send KIND_DISPATCHED or KIND_ARRIVED first")
            return
        for event in events:
            self._deliver(event)

    def _not_for_us(self, msg: DeliveryEvent) -> str:
        if msg.robot_id and msg.robot_id != self._robot_id:
            return f"it is for robot {msg.robot_id[:64]!r} and this is {self._robot_id!r}"
        wards = self.texts("wards")
        moved = msg.kind == DeliveryEvent.KIND_TRANSFERRED  # names the new ward, which may be anywhere
        if wards and not moved and msg.ward and msg.ward not in wards:
            return f"it is for ward {msg.ward[:64]!r} and this robot serves {', '.join(wards)}"
        return ""

    def _ignore(self, msg: DeliveryEvent, reason: str) -> None:
        self._reports.ignored("delivery events")
        name = msg.event_id[:64] or "without event_id"
        self.get_logger().warning(f"Delivery event {name!r} is ignored: {reason.rstrip('.')}.")

    def _on_transcript(self, msg: Transcript) -> None:
        assert self._keeping and self._effects
        delivery_id = msg.delivery_id[:64] or self._effects.present
        if not delivery_id or not (self._keeping.knows(delivery_id)):
            name = delivery_id or OVERHEARD
            event = event_of_transcript(msg, self.seconds(), name, self.count("transcript_max_chars"))
            effects = self._keeping.overhear(event)
            self._after_journal()
            self._send(effects, event if effects else None)
            if msg.final and not effects:
                self._reports.ignored("transcripts")
                why = "the journal cannot be written" if self._keeping.problem else "no visit is under way"
                self.get_logger().info(f"A transcript is ignored: {why}, and it is no emergency.")
            return
        self._deliver(event_of_transcript(msg, self.seconds(), delivery_id, self.count("transcript_max_chars")))

    def _on_speech(self, msg: SpeechState) -> None:
        assert self._effects
        for event in events_of_speech(msg, self.seconds(), self._effects.utterance_visits):
            self._deliver(event)

    def _on_other(self, msg: Any) -> None:
        sentence = self._others.heard(msg.robot_id, (msg.header.stamp.sec, msg.header.stamp.nanosec))
        if sentence:
            self.get_logger().error(sentence)

    # -- helpers

    def _limits(self) -> tuple[int, float, float]:
        return self.count("max_new_tokens"), self.number("first_token_limit_s"), self.number("total_limit_s")

    def _knowledge(self) -> SessionContext:
        try:
            prepare()
            zoneinfo.ZoneInfo(self.text("timezone"))
            formulary, broken = load_or_last_good(
                self.texts("formulary_overlays"),
                journal_path(self.text("journal")).with_name("formulary-last-good"),
                minimum=ReviewStatus(self.text("formulary_min_status")),
            )
            self._broken_formulary = f"{broken} The last good formulary is in use." if broken else ""
            if broken:
                self.get_logger().error(self._broken_formulary)
            return SessionContext(
                formulary=formulary,
                wording=Wording.load(),
                scenarios=Scenarios.load(),
                config=SessionConfig(
                    filler_s=self.number("filler_s"), first_token_s=self.number("first_token_limit_s"),
                    total_s=self.number("total_limit_s"), silence_s=self.number("silence_s"),
                    identity_failures=self.count("identity_failures"), memory_tokens=self.count("memory_tokens"),
                    asr_confidence_min=self.number("asr_confidence_min"),
                    max_transcript_chars=self.count("transcript_max_chars"), timezone=self.text("timezone"),
                    locale=Locale(self.text("locale")),
                ),
            )  # fmt: skip
        except (ScenarioError, OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
            raise NodeError(str(error)) from error


def journal_path(given: str) -> Path:
    """Return where the journal is: as given, or in ROS's own folder of this user."""
    if given:
        return Path(given).expanduser()
    return default_journal()


def main(args: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    spin(BedsideNode, args)


if __name__ == "__main__":
    main()
