"""The state of one visit and the few ways to change it; every room of the session works through these."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from medllm_ros.bedside.alerts import Alerts, OpenAlert
from medllm_ros.bedside.chat import ChatMessage
from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import (
    Behaviour,
    CancelModel,
    CloseVisit,
    Hold,
    Level,
    Origin,
    Priority,
    PublishState,
    Release,
    Speak,
    StopSpeaking,
    TurnEnded,
    TurnStatus,
)
from medllm_ros.bedside.identity_gate import IdentityGate
from medllm_ros.bedside.memory import Memory
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.prompt import system_message
from medllm_ros.bedside.timers import Timers
from medllm_ros.bedside.turn import Turn
from medllm_ros.delivery import Delivery, Locale
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.safety.sentence_vector import forget

UNVERIFIED = "unverified"
AWAY = "away"  # not standing at the bed: driving, waiting, or done
# While one of these stands, staff look first and the robot says nothing more about the medicine.
BLOCKING = (
    "emergency", "check", "allergy", "identity", "order", "journal", "restart", "taken", "symptom", "appearance",
    "pregnancy",
)  # fmt: skip


class Phase(StrEnum):
    """Where the visit stands."""

    NEW = "new"
    DISPATCHED = "dispatched"
    AT_BEDSIDE = "at_bedside"
    WAITING = "waiting"  # at home, between two doses
    CLOSED = "closed"


@dataclass(frozen=True)
class Sounding:
    """An utterance that was sent and has not ended."""

    turn_id: int
    text: str
    priority: Priority


@dataclass(frozen=True)
class PartialCall:
    """A call that was made on a partial transcript: its words need not call again when they are final."""

    category: str
    alert_id: str
    at: float


@dataclass(frozen=True)
class Said:
    """A sentence of a turn, for "please say that again"."""

    text: str
    facts: tuple[str, ...]


class Visit:
    """State of one visit. Not thread-safe; no clock, no I/O."""

    def __init__(self, context: SessionContext, id_prefix: str = "") -> None:
        config = context.config
        self.id_prefix = id_prefix
        self.context = context
        self.zone = ZoneInfo(config.timezone)
        self.phase = Phase.NEW
        self.outcome = ""
        self.arrived_early = False
        self.delivery: Delivery | None = None
        self.sheet: FactSheet | None = None
        self.system: ChatMessage | None = None
        self.gate = IdentityGate(config.identity_failures)
        self.timers = Timers()
        self.alerts = Alerts(config.alert_repeat_s, self.timers, id_prefix)
        self.memory = Memory(config.memory_tokens)
        self.holds: set[str] = set()  # "<kind>:<alert id>", lifted by staff alone
        self.privacy = False
        self.turn_id = 0
        self.epoch = 0
        self.turn: Turn | None = None
        self.sounding: OrderedDict[str, Sounding] = OrderedDict()
        self.utterances = 0
        self.last_said: tuple[Said, ...] = ()
        self.repeatable: tuple[Said, ...] = ()  # the turn before this one
        self.symptom_named = False
        self.named: set[str] = set()  # drugs that the patient named
        self.confirming = ""  # transcript that the robot asked back about
        self.partial_call: PartialCall | None = None  # an emergency called for while it was still being said
        self.stable_partial = ""
        self.changed_order: Delivery | None = None  # came at the bed; staff look first
        self.reminded_until = 0.0  # seconds since the epoch: doses up to then were reminded of
        self.silences = 0
        self.due: tuple[int, ...] = ()  # indices of the medicines whose dose is due at home
        self._told: PublishState | None = None
        self._told_hold: tuple[str, ...] | None = None

    @property
    def locale(self) -> Locale:
        """Return the language of the visit."""
        return self.delivery.locale if self.delivery else self.context.config.locale

    @property
    def held(self) -> bool:
        """Return True while the compartment stays locked."""
        return bool(self.reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the compartment is locked; empty where it may be opened."""
        found = set(self.holds)
        if not self.gate.verified:
            found.add(UNVERIFIED)
        if self.phase is not Phase.AT_BEDSIDE:
            found.add(AWAY)
        return tuple(sorted(found))

    @property
    def in_emergency(self) -> bool:
        """Return True while an emergency's lock stands or an urgent call is unanswered."""
        urgent = any(alert.level is Level.URGENT for alert in self.alerts.open)
        return urgent or any(reason.startswith("emergency:") for reason in self.holds)

    @property
    def blocked(self) -> bool:
        """Return True while staff must look before anything more is said of the medicine."""
        return any(reason.split(":")[0] in BLOCKING for reason in self.holds)

    def begin(self, delivery: Delivery) -> None:
        """Take the delivery in."""
        self.delivery = delivery
        self.sheet = FactSheet.of_delivery(delivery, self.context.formulary)
        self.system = system_message(delivery, self.sheet, self.context.scenarios)

    def word(self, key: str, **values: str) -> str:
        """Return approved wording for this visit's scenario, profile and locale."""
        scenario = self.delivery.scenario if self.delivery else None
        profiles = self.delivery.patient.profiles if self.delivery else frozenset()
        wording = self.context.wording
        return wording.say(key, self.locale, scenario=scenario, profiles=profiles, **values)

    def new_turn(self, out: Outbox) -> None:
        """Begin a turn: whatever was being said or written before is superseded."""
        self.supersede(out)
        self.turn_id += 1
        self.repeatable = self.last_said or self.repeatable
        self.last_said = ()

    def supersede(self, out: Outbox, *, everything: bool = False) -> None:
        """End ordinary speech and the model's writing."""
        self.epoch += 1
        ordinary = any(s.priority is Priority.ORDINARY for s in self.sounding.values())
        if ordinary or everything:
            out.add(StopSpeaking(epoch=self.epoch, everything=everything))
        if self.turn is not None:
            out.add(CancelModel(epoch=self.epoch))
            self.end_turn(out, TurnStatus.CANCELLED)

    def end_turn(self, out: Outbox, status: TurnStatus = TurnStatus.COMPLETE) -> None:
        """Send the end marker of the present turn."""
        epoch = self.turn.epoch if self.turn else self.epoch
        turn_id = self.turn.turn_id if self.turn else self.turn_id
        self.turn = None
        self.timers.stop("filler", "first_token", "total")
        out.add(TurnEnded(turn_id=turn_id, epoch=epoch, status=status))
        if self.phase is Phase.AT_BEDSIDE:
            self.timers.start("silence", self.context.config.silence_s, out)

    def speak(
        self,
        text: str,
        out: Outbox,
        *,
        behaviour: Behaviour = Behaviour.ANSWER,
        priority: Priority = Priority.ORDINARY,
        rules: tuple[str, ...] = (),
        facts: tuple[str, ...] = (),
        origin: Origin = Origin.APPROVED,
        raw: str = "",
    ) -> None:
        """Say one sentence in the present turn."""
        self.utterances += 1
        utterance_id = f"{self.id_prefix}{out.event.delivery_id}-u{self.utterances}"
        self.sounding[utterance_id] = Sounding(self.turn_id, text, priority)
        self.last_said = (*self.last_said, Said(text, facts))
        out.add(
            Speak(
                utterance_id=utterance_id, turn_id=self.turn_id, seq=self.utterances, epoch=self.epoch, text=text,
                raw=raw, locale=self.locale.value, priority=priority, behaviour=behaviour, rules=rules, facts=facts,
                origin=origin,
            )
        )  # fmt: skip

    def call_nurse(self, level: Level, category: str, rule: str, out: Outbox, *, hold: str = "") -> OpenAlert:
        """Call staff; with ``hold`` the compartment stays locked until they release that call."""
        alert = self.alerts.call(level, category, rule, out)
        if hold:
            self.holds.add(f"{hold}:{alert.alert_id}")
        return alert

    def release_holds_of(self, alert_id: str) -> None:
        """Lift what one call has locked, on the word of staff."""
        self.holds = {reason for reason in self.holds if not reason.endswith(f":{alert_id}")}

    def close(self, outcome: str, out: Outbox) -> None:
        """End the visit: locked again, memory wiped. Open calls stay open."""
        self.supersede(out)
        self.timers.stop("silence")
        self.phase = Phase.CLOSED
        self.outcome = outcome
        self.wipe()
        out.add(CloseVisit(outcome=outcome))

    def wipe(self) -> None:
        """Forget what was said and who was matched."""
        self.memory.wipe()
        forget()
        self.gate = IdentityGate(self.context.config.identity_failures)
        self.named.clear()
        self.last_said = self.repeatable = ()
        self.confirming = ""
        self.symptom_named = False

    def settle(self, out: Outbox) -> None:
        """Tell the world what has changed: the lock first, then the state."""
        if self.delivery is None:
            return
        reasons = self.reasons
        if reasons != self._told_hold:
            self._told_hold = reasons
            out.add(Hold(reasons=reasons) if reasons else Release())
        identity = "verified" if self.gate.verified else "failed" if self.gate.failed else "unverified"
        state = PublishState(
            phase=self.phase.value, identity=identity, held=self.held, hold_reasons=reasons,
            privacy=self.privacy, turn_id=self.turn_id, epoch=self.epoch,
        )  # fmt: skip
        if state != self._told:
            self._told = state
            out.add(state)

    def tell_again(self) -> None:
        """Make :meth:`settle` repeat lock and state (after a restart)."""
        self._told = None
        self._told_hold = None

    def snapshot(self) -> dict[str, object]:
        """Return the whole state as plain data; equal snapshots behave alike."""
        return {
            "phase": self.phase, "outcome": self.outcome, "arrived_early": self.arrived_early,
            "delivery": self.delivery, "gate": self.gate.snapshot(), "timers": self.timers.snapshot(),
            "alerts": self.alerts.snapshot(), "memory": self.memory.messages(), "holds": sorted(self.holds),
            "privacy": self.privacy, "turn_id": self.turn_id, "epoch": self.epoch,
            "turn": self.turn.snapshot() if self.turn else None, "sounding": dict(self.sounding),
            "utterances": self.utterances, "last_said": (self.last_said, self.repeatable),
            "symptom_named": self.symptom_named,
            "named": sorted(self.named), "confirming": self.confirming, "silences": self.silences, "due": self.due,
            "partial": (self.partial_call, self.stable_partial), "changed_order": self.changed_order,
            "reminded_until": self.reminded_until, "told": self._told,
        }  # fmt: skip
