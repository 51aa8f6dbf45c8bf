"""The services of staff at the bedside. They only make events; what follows is on the topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

from medllm_ros.bedside.events import (
    AlertAccepted,
    Event,
    HandoverConfirmed,
    IdentityScanned,
    PrivacyRequested,
    StopRequested,
    StopScope,
)  # fmt: skip
from medllm_ros.nodes.base import MedllmNode
from medllm_ros.nodes.bedside_effects import EffectPublisher
from medllm_ros.nodes.convert import ConversionError, plain
from medllm_ros.nodes.incoming import STOP_SCOPES, unique
from medllm_ros.nodes.journal_alarm import journal_alert
from medllm_ros.nodes.safekeeping import Safekeeping
from medllm_ros.srv import AcknowledgeAlert, ConfirmHandover, RequestPrivacy, ScanIdentity, StopSpeech

NO_VISIT = "No visit of that delivery_id is under way; send a delivery/event first."


class BedsideServices:
    """Offers the services until the node is deactivated."""

    def __init__(
        self, node: MedllmNode, robot_id: str, keeping: Safekeeping, effects: EffectPublisher,
        deliver: Callable[[Event], None],
    ) -> None:  # fmt: skip
        self._robot_id = robot_id
        self._keeping = keeping
        self._effects = effects
        self._deliver = deliver
        self._clock = node.seconds
        node.serve(AcknowledgeAlert, "nurse/acknowledge", self._acknowledge)
        node.serve(ScanIdentity, "bedside/scan_identity", self._scan)
        node.serve(ConfirmHandover, "bedside/confirm_handover", self._handover)
        node.serve(RequestPrivacy, "bedside/request_privacy", self._privacy)
        node.serve(StopSpeech, "speech/stop", self._stop)
        node.serve(Trigger, "speech/silence", self._silence)

    def _acknowledge(self, request: Any, response: Any) -> Any:
        by = self._name(request.by, "by", response)
        if not by:
            return response
        if request.alert_id == journal_alert(self._robot_id):
            self._effects.clear_own_alert(request.alert_id)
            return _answer(response, True, "Noted. The item stays locked until the journal can be written again.")
        visit = self._keeping.visit_of_alert(request.alert_id)
        if not visit:
            return _answer(response, False, "No open alert has this alert_id; see nurse/alerts.")
        self._deliver(
            AlertAccepted(
                event_id=unique("acknowledge"), at=self._clock(), delivery_id=visit, alert_id=request.alert_id, by=by,
                release_hold=request.release_hold,
            )
        )  # fmt: skip
        return self._done(response, "The alert is closed.")

    def _scan(self, request: Any, response: Any) -> Any:
        visit = self._visit(request.delivery_id)
        if not visit:
            return _answer(response, False, self._why_not())
        staff = self._name(request.staff_id, "staff_id", response) if request.verified_by_staff else ""
        if request.verified_by_staff and not staff:
            return response
        try:
            chart_number = plain(request.chart_number, "chart_number")
        except ConversionError as error:
            return _answer(response, False, str(error))
        if not chart_number and not request.verified_by_staff:
            return _answer(response, False, "Give chart_number from the wristband, or verified_by_staff with staff_id.")
        self._deliver(
            IdentityScanned(
                event_id=unique("scan"), at=self._clock(), delivery_id=visit, chart_number=chart_number,
                verified_by_staff=request.verified_by_staff, staff_id=staff,
            )
        )  # fmt: skip
        return self._done(response, "Taken into the visit; bedside/state says whether it matched.")

    def _handover(self, request: Any, response: Any) -> Any:
        visit, by = self._visit(request.delivery_id), self._name(request.by, "by", response)
        if not visit or not by:
            return response if visit else _answer(response, False, self._why_not())
        self._deliver(HandoverConfirmed(event_id=unique("handover"), at=self._clock(), delivery_id=visit, by=by))
        return self._done(response, "Noted in the journal.")

    def _privacy(self, request: Any, response: Any) -> Any:
        visit = self._visit(request.delivery_id)
        if not visit:
            return _answer(response, False, self._why_not())
        self._deliver(
            PrivacyRequested(event_id=unique("privacy"), at=self._clock(), delivery_id=visit, active=request.active)
        )
        return self._done(response, "Taken into the visit.")

    def _stop(self, request: Any, response: Any) -> Any:
        scope = STOP_SCOPES.get(request.scope)
        if scope is None:
            message = f"scope is {request.scope}; use SCOPE_ORDINARY (1) or SCOPE_EVERYTHING (2)."
            return _answer(response, False, message)
        by = self._name(request.by, "by", response) if scope is StopScope.EVERYTHING else request.by[:64]
        if scope is StopScope.EVERYTHING and not by:
            return response
        return self._end_speech(scope, by, response, "accepted")

    def _silence(self, request: Any, response: Any) -> Any:
        return self._end_speech(StopScope.EVERYTHING, "staff", response, "success")

    def _end_speech(self, scope: StopScope, by: str, response: Any, flag: str) -> Any:
        visit = self._visit("")
        if not visit:
            why = self._why_not() if self._keeping.problem else "Nothing is being said: no visit is under way."
            return _answer(response, False, why, flag)
        self._deliver(StopRequested(event_id=unique("stop"), at=self._clock(), delivery_id=visit, scope=scope, by=by))
        return self._done(response, "Speech ends. Alerts and locks stay as they are.", flag)

    # -- helpers

    def _visit(self, delivery_id: str) -> str:
        wanted = delivery_id.strip() or self._effects.present
        return wanted if self._keeping.knows(wanted) else ""

    def _why_not(self) -> str:
        return f"The journal cannot be written: {self._keeping.problem}" if self._keeping.problem else NO_VISIT

    def _name(self, text: str, what: str, response: Any) -> str:
        try:
            name = plain(text, what, 64)
        except ConversionError as error:
            _answer(response, False, str(error))
            return ""
        if not name:
            _answer(response, False, f"Give {what}: the journal names who did it.")
        return name

    def _done(self, response: Any, message: str, flag: str = "accepted") -> Any:
        if self._keeping.problem:
            return _answer(response, False, f"It could not be noted: {self._keeping.problem}", flag)
        return _answer(response, True, message, flag)


def _answer(response: Any, accepted: bool, message: str, flag: str = "accepted") -> Any:
    setattr(response, flag, accepted)
    response.message = message
    return response
