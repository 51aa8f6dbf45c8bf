"""What a bedside visit asks the world to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from medllm_ros.bedside.chat import ChatMessage
from medllm_ros.bedside.events import private


class Behaviour(StrEnum):
    """What one turn amounted to, most urgent first (the order is the ranking)."""

    ESCALATE = "escalate_nurse_now"
    ASK_IDENTITY = "ask_identity"
    REFUSE = "refuse"
    CLARIFY = "clarify"
    DEFER = "defer_pharmacist"
    ANSWER = "answer"


class Priority(StrEnum):
    """Speech queue order; only staff can stop EMERGENCY and ALERT."""

    ORDINARY = "ordinary"
    ALERT = "alert"
    EMERGENCY = "emergency"


class Level(StrEnum):
    """Urgency of a nurse alert."""

    ROUTINE = "routine"
    URGENT = "urgent"


class Origin(StrEnum):
    """Who wrote a spoken sentence."""

    APPROVED = "approved"
    MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The common head. ``effect_id`` is the same on every re-send, so receivers can de-duplicate."""

    effect_id: str = ""  # "<event_id>/<n>", set by the session
    delivery_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Speak(Effect):
    """Say one sentence."""

    utterance_id: str
    turn_id: int
    seq: int
    epoch: int
    text: str = private()
    raw: str = private()  # what the model wrote, citation included; "" for approved wording
    locale: str = "zh_TW"
    priority: Priority = Priority.ORDINARY
    behaviour: Behaviour = Behaviour.ANSWER
    rules: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    origin: Origin = Origin.APPROVED


@dataclass(frozen=True, kw_only=True)
class StopSpeaking(Effect):
    """Silence every utterance of an older epoch than ``epoch``; ``everything`` also ends alerts and emergencies."""

    epoch: int
    everything: bool = False


@dataclass(frozen=True, kw_only=True)
class PreparePrompt(Effect):
    """Let the model read the prompt of this visit before it is needed."""

    messages: tuple[ChatMessage, ...] = field(default=(), metadata={"private": True})


@dataclass(frozen=True, kw_only=True)
class AskModel(Effect):
    """Ask for a reply."""

    turn_id: int
    epoch: int
    messages: tuple[ChatMessage, ...] = field(default=(), metadata={"private": True})
    approved: tuple[str, ...] = field(default=(), metadata={"private": True})
    facts: tuple[str, ...] = ()
    prompt_hash: str = ""


@dataclass(frozen=True, kw_only=True)
class CancelModel(Effect):
    """Stop writing replies of an older epoch than ``epoch``."""

    epoch: int


@dataclass(frozen=True, kw_only=True)
class AlertNurse(Effect):
    """Call staff; repeated with a higher ``attempt`` until it is acknowledged."""

    alert_id: str
    level: Level
    category: str
    reason: str  # rule id and a fixed English phrase, never patient text
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class Hold(Effect):
    """Keep the compartment locked."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Release(Effect):
    """The compartment may be opened."""


@dataclass(frozen=True, kw_only=True)
class SetTimer(Effect):
    """Send :class:`TimerFired` with the same name and generation after ``seconds``; a newer generation replaces it."""

    timer: str
    generation: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class PublishState(Effect):
    """Tell the world the present state of the visit."""

    phase: str
    identity: str
    held: bool
    hold_reasons: tuple[str, ...]
    privacy: bool
    turn_id: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class CloseVisit(Effect):
    """The visit is over; memory is wiped."""

    outcome: str


class TurnStatus(StrEnum):
    """How a turn ended."""

    COMPLETE = "complete"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class TurnEnded(Effect):
    """Nothing more will be said in this turn; the end marker of streaming speech, sent after a cancel too."""

    turn_id: int
    epoch: int
    status: TurnStatus = TurnStatus.COMPLETE


@dataclass(frozen=True, kw_only=True)
class ClearAlert(Effect):
    """Staff acknowledged this alert; it leaves the list of open alerts."""

    alert_id: str
    by: str


ANY_EFFECT: tuple[type[Effect], ...] = (
    Speak, StopSpeaking, PreparePrompt, AskModel, CancelModel, AlertNurse, ClearAlert, Hold, Release, SetTimer,
    PublishState, TurnEnded, CloseVisit,
)  # fmt: skip
