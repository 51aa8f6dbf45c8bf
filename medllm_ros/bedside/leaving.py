"""How a visit ends: handed over, cancelled, or because nobody answers. At home it waits for the next dose."""

from __future__ import annotations

import datetime as dt

from medllm_ros.bedside.effects import Behaviour, Level, Priority
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.reminders import Due, next_doses
from medllm_ros.bedside.visit import Phase, Visit
from medllm_ros.delivery import Scenario

TOO_LATE_S = 3600.0  # our own choice, stricter than the two hours of NHS SPS: staff or family decide then


def hand_over(visit: Visit, out: Outbox) -> None:
    """Thank and leave; medicine that is held is not to be taken, and staff hear of it."""
    if visit.phase is not Phase.AT_BEDSIDE:
        return
    visit.new_turn(out)
    if visit.held:
        visit.call_nurse(Level.URGENT, "handover", "handover.while_held", out, hold="check")
        visit.speak(visit.word("hold.still"), out, behaviour=Behaviour.ESCALATE, rules=("handover.while_held",))
        visit.end_turn(out)
        return
    visit.speak(visit.word("handover.thanks"), out, priority=Priority.ALERT, rules=("handover",))
    visit.end_turn(out)
    _leave(visit, "handed_over", out)


def cancel(visit: Visit, out: Outbox) -> None:
    """Say that the delivery is off, without a word about what it was."""
    if visit.phase is Phase.AT_BEDSIDE:
        visit.new_turn(out)
        visit.speak(visit.word("cancelled"), out, priority=Priority.ALERT, rules=("cancelled",))
        visit.end_turn(out)
    visit.close("cancelled", out)


def silence(visit: Visit, out: Outbox) -> None:
    """Ask once more, offer the nurse, then leave and tell staff."""
    if visit.phase is not Phase.AT_BEDSIDE:
        return
    if visit.in_emergency:  # somebody who cannot speak is not left alone
        visit.timers.start("silence", visit.context.config.silence_s, out)
        return
    visit.silences += 1
    key = {1: "silence.reprompt", 2: "silence.offer_nurse"}.get(visit.silences, "silence.close")
    if visit.silences == 1 and not visit.gate.verified:
        key = "identity.required"
    behaviour = Behaviour.CLARIFY if visit.gate.verified else Behaviour.ASK_IDENTITY
    visit.speak(visit.word(key), out, behaviour=behaviour, rules=(key,))
    if visit.silences <= 2:
        visit.timers.start("silence", visit.context.config.silence_s, out)
        return
    visit.call_nurse(Level.ROUTINE, "no_response", "silence.close", out)
    _leave(visit, "no_response", out)


def set_reminder(visit: Visit, out: Outbox) -> bool:
    """At home, start the timer of the order's next doses. Return False where there are none.

    It goes on from the last moment that was reminded of, so a dose that fell due while another was talked about, or
    while the robot was down, is reminded of at once; one that is long past goes to staff instead.
    """
    assert visit.delivery
    if visit.delivery.scenario is not Scenario.HOME:
        return False
    now = out.event.at
    visit.reminded_until = visit.reminded_until or now
    due = _next(visit, visit.reminded_until)
    if due is not None and now - due.at > TOO_LATE_S:
        visit.call_nurse(Level.ROUTINE, "missed_reminder", "dose.not_reminded", out)
        visit.reminded_until = now
        due = _next(visit, now)
    if due is not None:
        names = ",".join(map(str, due.medications))
        visit.timers.start(f"dose:{names}:{due.at:.0f}", max(0.0, due.at - now), out)
    return due is not None


def _next(visit: Visit, after: float) -> Due | None:
    assert visit.delivery
    return next_doses(visit.delivery, dt.datetime.fromtimestamp(after, visit.zone))


def _leave(visit: Visit, outcome: str, out: Outbox) -> None:
    if not set_reminder(visit, out):
        visit.close(outcome, out)
        return
    visit.timers.stop("silence")
    visit.phase = Phase.WAITING
    visit.due = ()
    visit.wipe()
