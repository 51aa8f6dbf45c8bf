"""An exhaustive walk of the session's abstract states: every order of events, up to a depth."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from visits import delivery, of

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    CloseVisit,
    Effect,
    Hold,
    Level,
    Priority,
    Release,
    SetTimer,
    Speak,
)
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
    StopRequested,
    TimerFired,
    TranscriptHeard,
)
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.delivery import Delivery, Scenario

DEPTH = 5
EMERGENCY = "我胸口好痛"

# Every kind of thing that can happen, as an event type and its fields. A callable is given what was last asked for.
ACTIONS: dict[str, tuple[type[Event], dict[str, Any]]] = {
    "dispatch": (DeliveryDispatched, {}),
    "arrive": (DeliveryArrived, {}),
    "due": (DoseDue, {"medication": 0}),
    "both identifiers": (TranscriptHeard, {"text": "我叫王春嬌，民國四十五年三月二號生"}),
    "one identifier": (TranscriptHeard, {"text": "我叫王春嬌"}),
    "wrong name": (TranscriptHeard, {"text": "我叫李大明"}),
    "question": (TranscriptHeard, {"text": "這個藥是治療什麼的？"}),
    "emergency": (TranscriptHeard, {"text": EMERGENCY}),
    "allergy": (TranscriptHeard, {"text": "我對這個藥過敏"}),
    "stop": (TranscriptHeard, {"text": "停"}),
    "staff vouch": (IdentityScanned, {"verified_by_staff": True, "staff_id": "n1"}),
    "wrong band": (IdentityScanned, {"chart_number": "B7654321"}),
    "right band": (IdentityScanned, {"chart_number": "A1234567"}),
    "transfer": (PatientTransferred, {"ward": "8B"}),
    "private": (PrivacyRequested, {"active": True}),
    "model writes": (ReplySentence, {"text": "[F3] 一次吃 20 毫克 amlodipine。", "engine": "local", "seq": 0}),
    "model ends": (ReplyEnded, {}),
    "model fails": (ReplyFailed, {}),
    "spoken": (SpeechEnded, {}),
    "timers": (TimerFired, {}),
    "accepted": (AlertAccepted, {"by": "n1"}),
    "accepted, freed": (AlertAccepted, {"by": "n1", "release_hold": True}),
    "unreachable": (AlertFailed, {}),
    "staff stop": (StopRequested, {}),
    "hand-over": (HandoverConfirmed, {"by": "n1"}),
    "cancel": (DeliveryCancelled, {}),
    "restart": (Restarted, {}),
    "restart, other build": (Restarted, {"same_build": False}),
}


class State:
    """A session and what it last asked for, so that answers to it can be formed."""

    def __init__(self, context: SessionContext, ordered: Delivery) -> None:
        self.session = BedsideSession(context)
        self.shared = {id(context): context, id(ordered): ordered}
        self.ordered = ordered
        self.count = 0
        self.timers: dict[str, int] = {}
        self.sounding: list[str] = []
        self.alerts: list[str] = []
        self.asked: tuple[int, int] = (0, 0)

    def fork(self) -> State:
        shared = dict(self.shared)
        visit = self.session._visit
        writing = (visit.turn.guard, visit.turn.answer) if visit.turn else ()
        for part in (visit.delivery, visit.sheet, visit.system, *writing):
            if part is not None:
                shared[id(part)] = part
        shared[id(self.shared)] = self.shared
        return copy.deepcopy(self, shared)

    def events(self, action: str) -> list[Event]:
        """Return the events of one action in this state; none where it could not happen."""
        kind, fields = ACTIONS[action]
        self.count += 1
        head = {"at": 1_700_000_000.0 + self.count, "delivery_id": self.ordered.delivery_id}
        variants: list[dict[str, Any]] = [{}]
        if kind is DeliveryDispatched:
            variants = [{"delivery": self.ordered}]
        elif kind in (ReplySentence, ReplyEnded, ReplyFailed):
            variants = [{"turn_id": self.asked[0], "epoch": self.asked[1]}] if self.asked[0] else []
        elif kind is SpeechEnded:
            variants = [{"utterance_id": name} for name in self.sounding]
        elif kind is TimerFired:
            variants = [{"timer": name, "generation": number} for name, number in self.timers.items()]
        elif kind in (AlertAccepted, AlertFailed):
            variants = [{"alert_id": name} for name in self.alerts]
        return [
            kind(**{**head, **fields, **variant, "event_id": f"e{self.count}.{number}"})
            for number, variant in enumerate(variants)
        ]

    def note(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SetTimer():
                    self.timers[effect.timer] = effect.generation
                case Speak():
                    self.sounding.append(effect.utterance_id)
                case AlertNurse():
                    self.alerts = sorted({*self.alerts, effect.alert_id})
                case AskModel():
                    self.asked = (effect.turn_id, effect.epoch)
        self.sounding = self.sounding[-1:]

    def abstract(self) -> tuple[object, ...]:
        """Return what decides the future, without counters and clock."""
        visit = self.session._visit
        alerts = tuple((a.category, min(a.attempt, 3), a.accepted, a.level) for a in visit.alerts._alerts.values())
        return (
            visit.phase, visit.delivery is None, visit.arrived_early, visit.gate.verified, min(visit.gate.failures, 2),
            tuple(sorted(visit.gate.matched)), tuple(sorted(r.split(":")[0] for r in visit.holds)), visit.privacy,
            visit.turn is not None, bool(visit.turn and visit.turn.said), frozenset(alerts), min(visit.silences, 3),
            frozenset(name.split(":")[0] for name in visit.timers._running), visit.due, bool(visit.sounding),
        )  # fmt: skip


def check(state: State, before: State, action: str, effects: list[Effect], context: SessionContext) -> None:
    """Assert the promises that hold after every single event."""
    session = state.session
    secrets = [line.text for line in session._visit.sheet.lines] if session._visit.sheet else []
    if not before.session.verified and not session.verified:
        for speak in of(effects, Speak):
            assert not speak.facts, f"facts before a match after {action}"
            assert not context.formulary.mentioned(speak.text), f"a drug before a match after {action}: {speak.text}"
            assert not any(secret in speak.text for secret in secrets)
    for speak in of(effects, Speak):
        assert "20" not in speak.text, "a dose that the model made up"
    if of(effects, Release):
        assert session.verified and not session.hold_reasons
    if not session.held:
        assert session.verified and session.phase.value == "at_bedside"
    if session.held and not before.session.held and session._visit.delivery:
        assert of(effects, Hold), f"locked silently after {action}"
    running = session._visit.timers._running
    for alert in session.open_alerts:
        assert f"alert:{alert.alert_id}" in running, f"a call that is not repeated after {action}"
    if action == "emergency":
        assert any(alert.level is Level.URGENT for alert in of(effects, AlertNurse))
        assert any(speak.priority is Priority.EMERGENCY for speak in of(effects, Speak))
        assert any(reason.startswith("emergency") for reason in session.hold_reasons)
    for close in of(effects, CloseVisit):
        left_alone = close.outcome == "no_response" and before.session._visit.in_emergency
        assert not left_alone, "left a patient in an emergency"
    emergency = [r for r in before.session.hold_reasons if r.startswith("emergency")]
    if action != "accepted, freed":
        assert all(reason in session.hold_reasons for reason in emergency), f"{action} freed an emergency's lock"


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("scenario", [Scenario.WARD, Scenario.HOME])
def test_every_order_of_events_keeps_the_promises(context, scenario, record_property):
    start = State(context, delivery(scenario=scenario))
    seen = {start.abstract()}
    frontier = [start]
    transitions = 0
    for _ in range(DEPTH):
        following = []
        for state in frontier:
            for action in ACTIONS:
                for number in range(len(state.fork().events(action))):
                    fork = state.fork()
                    event = fork.events(action)[number]
                    effects = fork.session.apply(event)
                    transitions += 1
                    check(fork, state, action, effects, context)
                    fork.note(effects)
                    key = fork.abstract()
                    if key not in seen:
                        seen.add(key)
                        following.append(fork)
        frontier = following
    record_property("states", len(seen))
    record_property("transitions", transitions)
    print(f"{scenario}: {len(seen)} abstract states, {transitions} transitions, depth {DEPTH}")
    assert len(seen) > 500
