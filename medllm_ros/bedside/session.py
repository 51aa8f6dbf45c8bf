"""One bedside visit as a pure state machine: ``apply(event) -> effects``.

    NEW -> DISPATCHED -> AT_BEDSIDE -> CLOSED          at home also AT_BEDSIDE <-> WAITING

No clock, no I/O, no threads, no randomness: the same events give the same effects with the same ids, so a
journal of events is enough to come back after a crash, to audit, and to replay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from medllm_ros.bedside import calls, hearing, leaving, replies
from medllm_ros.bedside.alerts import OpenAlert
from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Behaviour, Effect, Level, PreparePrompt
from medllm_ros.bedside.events import (
    AlertAccepted,
    AlertFailed,
    DeliveryArrived,
    DeliveryCancelled,
    DeliveryDispatched,
    DoseDue,
    Event,
    HandoverConfirmed,
    IdentityScanned,
    PatientTransferred,
    PrivacyRequested,
    ReplyEnded,
    ReplyFailed,
    ReplySentence,
    Restarted,
    SpeechEnded,
    SpeechStarted,
    StopRequested,
    StopScope,
    TimerFired,
    TranscriptHeard,
)
from medllm_ros.bedside.identity_gate import Outcome
from medllm_ros.bedside.nearest import read_ahead
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.verification import verified
from medllm_ros.bedside.visit import Phase, Visit
from medllm_ros.safety.guard import prepare

MAX_REMEMBERED_EVENTS = 10_000
MAX_SPEECH_S = 60.0


class BedsideSession:
    """One visit. Feed it every event of its delivery; do what the effects say."""

    def __init__(self, context: SessionContext, *, id_prefix: str = "") -> None:
        """``id_prefix`` keeps the ids of utterances and calls apart from those of a recorded visit."""
        self._visit = Visit(context, id_prefix)
        self._seen: dict[str, None] = {}
        self._handlers: dict[type[Event], Callable[[Any, Outbox], None]] = {
            DeliveryDispatched: self._dispatched,
            DeliveryArrived: self._arrived,
            DoseDue: self._dose_due,
            TranscriptHeard: self._transcript,
            IdentityScanned: self._scanned,
            PrivacyRequested: self._privacy,
            PatientTransferred: self._transferred,
            ReplySentence: self._sentence_written,
            ReplyEnded: self._reply_ended,
            ReplyFailed: self._reply_failed,
            SpeechStarted: self._speech_started,
            SpeechEnded: self._speech_ended,
            TimerFired: self._timer,
            AlertAccepted: self._alert_accepted,
            AlertFailed: self._alert_failed,
            StopRequested: self._stop,
            HandoverConfirmed: self._handover,
            DeliveryCancelled: self._cancelled,
            Restarted: self._restarted,
        }

    # What is left to do after the visit is closed: calls to the nurse outlive it, emergencies are still heard.
    _AFTER_CLOSE = (TranscriptHeard, TimerFired, AlertAccepted, AlertFailed, SpeechEnded, Restarted, StopRequested)

    def apply(self, event: Event) -> list[Effect]:
        """Return what must be done after ``event``. A repeated ``event_id`` changes nothing."""
        visit = self._visit
        if event.event_id in self._seen:
            return []
        self._seen[event.event_id] = None
        if len(self._seen) > MAX_REMEMBERED_EVENTS:
            del self._seen[next(iter(self._seen))]
        if visit.phase is Phase.CLOSED and not isinstance(event, self._AFTER_CLOSE):
            return []
        out = Outbox(event)
        self._handlers[type(event)](event, out)
        visit.settle(out)
        return out.effects

    @property
    def phase(self) -> Phase:
        """Return where the visit stands."""
        return self._visit.phase

    @property
    def held(self) -> bool:
        """Return True while the compartment must stay locked."""
        return self._visit.held

    @property
    def hold_reasons(self) -> tuple[str, ...]:
        """Return why the compartment is locked."""
        return self._visit.reasons

    @property
    def verified(self) -> bool:
        """Return True while the patient's match stands."""
        return self._visit.gate.verified

    @property
    def open_alerts(self) -> tuple[OpenAlert, ...]:
        """Return the calls that nobody has acknowledged."""
        return self._visit.alerts.open

    def has_seen(self, event_id: str) -> bool:
        """Return True where this event was applied before."""
        return event_id in self._seen

    def knows_alert(self, alert_id: str) -> bool:
        """Return True for every call of this visit, answered or not."""
        return self._visit.alerts.get(alert_id) is not None

    @property
    def active(self) -> bool:
        """Return True while the visit goes on or a call is open."""
        visit = self._visit
        going_on = visit.phase not in (Phase.NEW, Phase.CLOSED) or visit.arrived_early
        return going_on or bool(visit.alerts.open)

    def snapshot(self) -> dict[str, object]:
        """Return the whole state as plain data; equal snapshots behave alike."""
        return {**self._visit.snapshot(), "seen": tuple(self._seen)}

    def _dispatched(self, event: DeliveryDispatched, out: Outbox) -> None:
        visit = self._visit
        if visit.delivery is not None and visit.delivery != event.delivery and visit.phase is Phase.AT_BEDSIDE:
            # The order changed under our hands: staff look before another word about it.
            visit.new_turn(out)
            visit.changed_order = event.delivery
            visit.call_nurse(Level.ROUTINE, "order", "order.changed", out, hold="order")
            visit.speak(visit.word("hold.reason.order"), out, behaviour=Behaviour.ESCALATE, rules=("order.changed",))
            visit.end_turn(out)
            return
        if visit.phase is Phase.AT_BEDSIDE:
            return
        if visit.delivery not in (None, event.delivery):
            visit.wipe()  # another order or patient: whoever was matched before is not matched for this one
        visit.begin(event.delivery)
        visit.phase = Phase.DISPATCHED
        assert visit.system and visit.sheet
        out.add(PreparePrompt(messages=(visit.system,)))
        prepare(replies.guard_context(visit))
        read_ahead(visit.sheet)
        leaving.set_reminder(visit, out)
        if visit.arrived_early:
            self._greet(out)

    def _arrived(self, event: DeliveryArrived, out: Outbox) -> None:
        if self._visit.delivery is None:
            self._visit.arrived_early = True  # the order is still on its way
        elif self._visit.phase in (Phase.DISPATCHED, Phase.WAITING):
            self._greet(out)

    def _greet(self, out: Outbox) -> None:
        visit = self._visit
        visit.phase = Phase.AT_BEDSIDE
        visit.new_turn(out)
        if visit.gate.verified:  # staff vouched before the robot stood at the bed
            visit.speak(visit.word("robot"), out, rules=("greeting",))
            verified(visit, out)
        else:
            visit.speak(visit.word("greeting"), out, behaviour=Behaviour.ASK_IDENTITY, rules=("greeting",))
        visit.end_turn(out)

    def _dose_due(self, event: DoseDue, out: Outbox) -> None:
        visit = self._visit
        if visit.delivery is not None and 0 <= event.medication < len(visit.delivery.medications):
            self._remind((event.medication,), out)

    def _remind(self, medications: tuple[int, ...], out: Outbox) -> None:
        visit = self._visit
        visit.new_turn(out)
        visit.wipe()
        visit.due = medications
        visit.phase = Phase.AT_BEDSIDE
        visit.speak(visit.word("delivery.due_private"), out, behaviour=Behaviour.ASK_IDENTITY, rules=("dose.due",))
        visit.speak(visit.word("identity.required"), out, behaviour=Behaviour.ASK_IDENTITY, rules=("dose.due",))
        visit.end_turn(out)

    def _transcript(self, event: TranscriptHeard, out: Outbox) -> None:
        if event.text.strip():
            hearing.heard(self._visit, event, out)

    def _sentence_written(self, event: ReplySentence, out: Outbox) -> None:
        replies.sentence_written(self._visit, event, out)

    def _reply_ended(self, event: ReplyEnded, out: Outbox) -> None:
        replies.reply_ended(self._visit, event, out)

    def _reply_failed(self, event: ReplyFailed, out: Outbox) -> None:
        replies.reply_failed(self._visit, event, out)

    def _scanned(self, event: IdentityScanned, out: Outbox) -> None:
        visit = self._visit
        if visit.delivery is None or visit.gate.verified:
            return
        outcome = visit.gate.scanned(event.chart_number, event.verified_by_staff, visit.delivery.patient)
        if visit.phase is not Phase.AT_BEDSIDE:
            return
        visit.new_turn(out)
        if outcome is Outcome.MATCH:
            verified(visit, out)
        elif outcome is Outcome.PARTIAL:
            visit.speak(visit.word("identity.ask_second"), out, behaviour=Behaviour.ASK_IDENTITY, rules=("scan",))
        else:  # a wristband cannot be misheard: one mismatch is enough for the nurse
            visit.call_nurse(Level.ROUTINE, "identity", "identity.scan_mismatch", out, hold="identity")
            visit.speak(
                visit.word("identity.failed"), out, behaviour=Behaviour.ESCALATE, rules=("identity.scan_mismatch",)
            )
        visit.end_turn(out)

    def _privacy(self, event: PrivacyRequested, out: Outbox) -> None:
        visit = self._visit
        if visit.privacy == event.active:
            return
        visit.privacy = event.active
        if visit.phase is Phase.AT_BEDSIDE:
            visit.new_turn(out)
            visit.speak(visit.word("privacy.on" if event.active else "privacy.off"), out, rules=("privacy",))
            visit.end_turn(out)

    def _transferred(self, event: PatientTransferred, out: Outbox) -> None:
        visit = self._visit
        visit.gate.void()
        visit.memory.wipe()
        if visit.phase is Phase.AT_BEDSIDE:
            visit.new_turn(out)
            visit.speak(
                visit.word("transfer.void"), out, behaviour=Behaviour.ASK_IDENTITY, rules=("identity.transfer",)
            )
            visit.end_turn(out)

    def _speech_started(self, event: SpeechStarted, out: Outbox) -> None:
        visit = self._visit
        visit.timers.stop("filler")
        if visit.phase is Phase.AT_BEDSIDE:  # longer than any speech, in case its end is never reported
            visit.timers.start("silence", visit.context.config.silence_s + MAX_SPEECH_S, out)

    def _speech_ended(self, event: SpeechEnded, out: Outbox) -> None:
        visit = self._visit
        sounding = visit.sounding.pop(event.utterance_id, None)
        if sounding and event.completed:
            visit.memory.spoken(sounding.turn_id, sounding.text)
        if visit.phase is Phase.AT_BEDSIDE and not visit.sounding and visit.turn is None:
            visit.timers.start("silence", visit.context.config.silence_s, out)

    def _timer(self, event: TimerFired, out: Outbox) -> None:
        visit = self._visit
        if not visit.timers.fired(event.timer, event.generation):
            return
        kind, _, name = event.timer.partition(":")
        if kind == "alert":
            calls.alert_timer(visit, name, out)
        elif kind == "silence":
            leaving.silence(visit, out)
        elif kind == "dose":
            medications, _, moment = name.partition(":")
            visit.reminded_until = float(moment)
            self._remind(tuple(int(number) for number in medications.split(",")), out)
        else:
            replies.timer_fired(visit, event.timer, out)

    def _alert_accepted(self, event: AlertAccepted, out: Outbox) -> None:
        calls.alert_accepted(self._visit, event, out)

    def _alert_failed(self, event: AlertFailed, out: Outbox) -> None:
        calls.alert_failed(self._visit, event, out)

    def _handover(self, event: HandoverConfirmed, out: Outbox) -> None:
        leaving.hand_over(self._visit, out)

    def _cancelled(self, event: DeliveryCancelled, out: Outbox) -> None:
        leaving.cancel(self._visit, out)

    def _stop(self, event: StopRequested, out: Outbox) -> None:
        everything = event.scope is StopScope.EVERYTHING
        self._visit.supersede(out, everything=everything)

    def _restarted(self, event: Restarted, out: Outbox) -> None:
        visit = self._visit
        visit.tell_again()
        visit.sounding.clear()
        visit.supersede(out)
        visit.alerts.resend(out)
        if visit.phase is Phase.CLOSED or visit.delivery is None:
            return
        if not (event.same_build and event.journal_ok):
            reason = "restart.other_build" if event.journal_ok else "journal.broken"
            visit.gate.void()
            visit.call_nurse(Level.URGENT, reason.split(".")[0], reason, out, hold=reason.split(".")[0])
            if visit.phase is Phase.AT_BEDSIDE:
                visit.new_turn(out)
                visit.speak(visit.word("restart.hold"), out, behaviour=Behaviour.ESCALATE, rules=(reason,))
                visit.end_turn(out)
        elif visit.phase is Phase.AT_BEDSIDE:
            visit.timers.start("silence", visit.context.config.silence_s, out)
        leaving.set_reminder(visit, out)
