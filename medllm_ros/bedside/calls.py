"""What staff answer, and what the robot says while nobody does."""

from __future__ import annotations

from medllm_ros.bedside.effects import Behaviour, Priority
from medllm_ros.bedside.events import AlertAccepted, AlertFailed
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.visit import Phase, Visit


def alert_accepted(visit: Visit, event: AlertAccepted, out: Outbox) -> None:
    """Close the call; on the word of staff lift what it locked. Only now the robot says that they know."""
    alert = visit.alerts.get(event.alert_id)
    if alert is None:
        return
    emergency = f"emergency:{event.alert_id}" in visit.holds
    held = visit.held
    first = visit.alerts.accept(event.alert_id, event.by, out) is not None
    if event.release_hold:
        visit.release_holds_of(event.alert_id)
        if alert.category == "identity":
            visit.gate.failures = 0  # staff are there: the patient may try again
        if alert.category == "order" and visit.changed_order is not None:
            visit.wipe()  # the new order is taken in, and whoever is there is asked again
            visit.begin(visit.changed_order)
            visit.changed_order = None
    if first and (emergency or visit.phase is Phase.AT_BEDSIDE):
        _say(visit, "emergency.accepted" if emergency else "nurse.accepted", "alert.accepted", out)
    if held and not visit.held:
        _say(visit, "hold.released", "hold.released", out)


def alert_failed(visit: Visit, event: AlertFailed, out: Outbox) -> None:
    """Send the patient to the call bell at once."""
    alert = visit.alerts.get(event.alert_id)
    if alert and alert.attempt == 1:  # later attempts are announced by their own timer
        _unanswered(visit, event.alert_id, out)


def alert_timer(visit: Visit, alert_id: str, out: Outbox) -> None:
    """Call again, and say that nobody has answered."""
    alert = visit.alerts.get(alert_id)
    if alert and not alert.accepted:
        visit.alerts.repeat(alert, out)
        _unanswered(visit, alert_id, out)


def _unanswered(visit: Visit, alert_id: str, out: Outbox) -> None:
    alert = visit.alerts.get(alert_id)
    if alert is None or alert.accepted:
        return
    if visit.phase is Phase.AT_BEDSIDE or f"emergency:{alert_id}" in visit.holds:
        _say(visit, "alert.unanswered", "alert.unanswered", out, Behaviour.ESCALATE)


def _say(visit: Visit, key: str, rule: str, out: Outbox, behaviour: Behaviour = Behaviour.ANSWER) -> None:
    visit.speak(visit.word(key), out, behaviour=behaviour, priority=Priority.ALERT, rules=(rule,))
