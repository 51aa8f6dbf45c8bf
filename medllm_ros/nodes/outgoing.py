"""Effect -> message. What a receiver needs to de-duplicate goes along: ids, turn, sequence and epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from builtin_interfaces.msg import Time

from medllm_ros.action import Generate
from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    Level,
    Origin,
    Priority,
    PublishState,
    Speak,
    StopSpeaking,
    TurnEnded,
    TurnStatus,
)  # fmt: skip
from medllm_ros.msg import BedsideState, NurseAlert, Utterance
from medllm_ros.msg import ChatMessage as ChatMessageMsg

PRIORITIES: Mapping[Priority, int] = {
    Priority.ORDINARY: Utterance.PRIORITY_ORDINARY,
    Priority.ALERT: Utterance.PRIORITY_ALERT,
    Priority.EMERGENCY: Utterance.PRIORITY_EMERGENCY,
}
ORIGINS: Mapping[Origin, int] = {Origin.APPROVED: Utterance.ORIGIN_APPROVED, Origin.MODEL: Utterance.ORIGIN_MODEL}
LEVELS: Mapping[Level, int] = {Level.ROUTINE: NurseAlert.LEVEL_ROUTINE, Level.URGENT: NurseAlert.LEVEL_URGENT}
ROLES: Mapping[Role, int] = {
    Role.SYSTEM: ChatMessageMsg.ROLE_SYSTEM,
    Role.USER: ChatMessageMsg.ROLE_USER,
    Role.ASSISTANT: ChatMessageMsg.ROLE_ASSISTANT,
}
PHASES: Mapping[str, int] = {
    "new": BedsideState.PHASE_IDLE,
    "dispatched": BedsideState.PHASE_DISPATCHED,
    "at_bedside": BedsideState.PHASE_AT_BEDSIDE,
    "waiting": BedsideState.PHASE_WAITING,
    "closed": BedsideState.PHASE_CLOSED,
}
IDENTITIES: Mapping[str, int] = {
    "unverified": BedsideState.IDENTITY_UNVERIFIED,
    "verified": BedsideState.IDENTITY_VERIFIED,
    "failed": BedsideState.IDENTITY_FAILED,
}


def utterance_of_speak(effect: Speak, robot_id: str, stamp: Time) -> Utterance:
    """Return one sentence to be spoken."""
    msg = Utterance(
        robot_id=robot_id, delivery_id=effect.delivery_id, utterance_id=effect.utterance_id, turn_id=effect.turn_id,
        seq=effect.seq, epoch=effect.epoch, text=effect.text, locale=effect.locale,
        priority=PRIORITIES[effect.priority], origin=ORIGINS[effect.origin], behaviour=effect.behaviour.value,
        fact_ids=list(effect.facts), rules=list(effect.rules), status=Utterance.STATUS_SPEAK,
    )  # fmt: skip
    msg.header.stamp = stamp
    return msg


def utterance_of_end(effect: TurnEnded, robot_id: str, stamp: Time) -> Utterance:
    """Return the end marker of a turn."""
    cancelled = effect.status is TurnStatus.CANCELLED
    msg = Utterance(
        robot_id=robot_id, delivery_id=effect.delivery_id, utterance_id=f"{effect.effect_id}:end",
        turn_id=effect.turn_id, epoch=effect.epoch, final=True,
        status=Utterance.STATUS_CANCELLED if cancelled else Utterance.STATUS_END,
    )  # fmt: skip
    msg.header.stamp = stamp
    return msg


def utterance_of_stop(effect: StopSpeaking, robot_id: str, stamp: Time) -> Utterance:
    """Return the marker that silences every older epoch."""
    msg = Utterance(
        robot_id=robot_id, delivery_id=effect.delivery_id, utterance_id=f"{effect.effect_id}:stop",
        turn_id=-1, epoch=effect.epoch, final=True,
        status=Utterance.STATUS_SILENCED if effect.everything else Utterance.STATUS_STOPPED,
    )  # fmt: skip
    msg.header.stamp = stamp
    return msg


def alert_message(effect: AlertNurse, robot_id: str, ward: str, bed: str, raised: Time) -> NurseAlert:
    """Return one open alert; ``raised`` is when it was raised first."""
    msg = NurseAlert(
        alert_id=effect.alert_id, delivery_id=effect.delivery_id, robot_id=robot_id, ward=ward, bed=bed,
        level=LEVELS[effect.level], category=effect.category, reason=effect.reason, attempt=effect.attempt,
    )  # fmt: skip
    msg.header.stamp = raised
    return msg


def state_message(
    effect: PublishState | None, robot_id: str, open_alerts: int, outcome: str, stamp: Time
) -> BedsideState:
    """Return the present state; None where no visit is under way."""
    msg = BedsideState(robot_id=robot_id, open_alerts=open_alerts, outcome=outcome)
    msg.header.stamp = stamp
    if effect is None:
        msg.phase, msg.identity, msg.held = BedsideState.PHASE_IDLE, BedsideState.IDENTITY_UNVERIFIED, True
        return msg
    msg.delivery_id = effect.delivery_id
    msg.phase = PHASES.get(effect.phase, BedsideState.UNKNOWN)
    msg.identity = IDENTITIES.get(effect.identity, BedsideState.UNKNOWN)
    msg.held, msg.hold_reasons, msg.privacy = effect.held, list(effect.hold_reasons), effect.privacy
    msg.turn_id, msg.epoch = effect.turn_id, effect.epoch
    return msg


def goal_of_question(effect: AskModel, max_new_tokens: int, first_token_s: float, total_s: float) -> Generate.Goal:
    """Return the goal for one reply; limits are tokens and seconds."""
    return Generate.Goal(
        delivery_id=effect.delivery_id, turn_id=effect.turn_id, epoch=effect.epoch, request_id=effect.effect_id,
        messages=chat_messages(effect.messages), approved=list(effect.approved), fact_ids=list(effect.facts),
        max_new_tokens=max_new_tokens, first_token_limit_s=first_token_s, total_limit_s=total_s,
    )  # fmt: skip


def chat_messages(messages: Iterable[ChatMessage]) -> list[ChatMessageMsg]:
    """Return the conversation as messages."""
    return [ChatMessageMsg(role=ROLES[message.role], content=message.content) for message in messages]


def chat_from_messages(messages: Iterable[ChatMessageMsg]) -> tuple[ChatMessage, ...]:
    """Return the conversation; raises ValueError with a sentence where a role is unknown."""
    roles = {number: role for role, number in ROLES.items()}
    found = []
    for message in messages:
        if message.role not in roles:
            raise ValueError(
                f"A chat message has role {message.role}; use ROLE_SYSTEM (1), ROLE_USER (2) or ROLE_ASSISTANT (3)."
            )
        found.append(ChatMessage(roles[message.role], message.content))
    return tuple(found)
