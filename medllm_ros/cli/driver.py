"""A visit without ROS: the real session and a real engine in one process, with a simulated nurse station.

``medllm rehearse`` and ``medllm chat`` use it. Speech is taken as played the moment it is said.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    CancelModel,
    Effect,
    PreparePrompt,
    SetTimer,
    Speak,
)
from medllm_ros.bedside.events import (
    AlertAccepted,
    DeliveryArrived,
    DeliveryDispatched,
    Event,
    IdentityScanned,
    ReplyEnded,
    ReplyFailed,
    ReplySentence,
    SpeechEnded,
    SpeechStarted,
    TimerFired,
    TranscriptHeard,
)
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.bedside.warm_up import warm_up
from medllm_ros.delivery import Delivery
from medllm_ros.engine.chat import ChatEngine, ChatRequest, EngineError, TextDelta
from medllm_ros.speech.splitter import SentenceSplitter

Handle = Callable[[Event], list[Effect]]


@dataclass
class Heard:
    """What came of one event: the sentences, the calls, and how long the first sentence took."""

    said: list[Speak] = field(default_factory=list)
    alerts: list[AlertNurse] = field(default_factory=list)
    first_said_s: float = 0.0


class VisitDriver:
    """Drives one visit. ``handle`` lets a recorder stand between (journal); by default the session alone is used."""

    def __init__(
        self,
        delivery: Delivery,
        context: SessionContext,
        engine: ChatEngine,
        *,
        handle: Handle | None = None,
        clock: Callable[[], float] = time.time,
        accept_alerts: bool = True,
    ) -> None:
        self.delivery = delivery
        self.session = BedsideSession(context)
        self._handle = handle or self.session.apply
        self._engine = engine
        self._limits = context.config
        self._clock = clock
        self._accept_alerts = accept_alerts
        self._events = 0
        self._timers: dict[str, int] = {}
        self._cancelled_below = 0
        self._to_accept: list[str] = []
        warm_up(context)

    def open(self, *, verified: bool) -> Heard:
        """Dispatch and arrive; with ``verified`` staff have checked the patient themselves."""
        heard = self.feed(self._event(DeliveryDispatched, delivery=self.delivery))
        if verified:
            self._add(heard, self._event(IdentityScanned, verified_by_staff=True, staff_id="station"))
        self._add(heard, self._event(DeliveryArrived))
        return heard

    def say(self, text: str, *, confidence: float = -1.0) -> Heard:
        """Let the patient say ``text``; empty text is silence."""
        self._accept()
        if not text.strip():
            return self.feed(
                self._event(TimerFired, timer="silence", generation=self._timers.get("silence", 0))
            )
        tokens = self._engine.count_tokens(text)
        return self.feed(
            self._event(
                TranscriptHeard, text=text, tokens=tokens, confidence_mean=confidence, confidence_min=confidence
            )
        )

    def feed(self, event: Event) -> Heard:
        """Apply ``event`` and everything that follows from it."""
        heard = Heard()
        self._add(heard, event)
        return heard

    def _add(self, heard: Heard, event: Event) -> None:
        started = time.perf_counter()
        waiting = [event]
        while waiting:
            for effect in self._handle(waiting.pop(0)):
                match effect:
                    case Speak():
                        if not heard.said:
                            heard.first_said_s = time.perf_counter() - started
                        heard.said.append(effect)
                        waiting.append(self._event(SpeechStarted, utterance_id=effect.utterance_id))
                        waiting.append(self._event(SpeechEnded, utterance_id=effect.utterance_id))
                    case AlertNurse():
                        heard.alerts.append(effect)
                        self._to_accept.append(effect.alert_id)
                    case CancelModel():
                        self._cancelled_below = effect.epoch
                    case PreparePrompt():
                        self._prepare(effect)
                    case AskModel():
                        self._reply(heard, effect, started)
                    case SetTimer():
                        self._timers[effect.timer] = effect.generation

    def _accept(self) -> None:
        """Let the simulated station acknowledge every open call; what the robot says to that is not a turn."""
        for alert_id in dict.fromkeys(self._to_accept if self._accept_alerts else ()):
            self.feed(self._event(AlertAccepted, alert_id=alert_id, by="simulated station"))
        self._to_accept.clear()

    def _prepare(self, effect: PreparePrompt) -> None:
        with contextlib.suppress(EngineError):  # the reply itself will fail, and the approved wording is spoken
            self._engine.prepare(effect.messages)

    def _reply(self, heard: Heard, effect: AskModel, started: float) -> None:
        deadline = started + self._limits.total_s
        request = ChatRequest(
            request_id=f"{self.delivery.delivery_id}-{effect.turn_id}",
            messages=effect.messages,
            approved=effect.approved,
        )
        splitter = SentenceSplitter()
        count = 0

        def cancelled() -> bool:
            return effect.epoch < self._cancelled_below or time.perf_counter() > deadline

        def sentence(text: str) -> None:
            nonlocal count
            inner = self.feed(
                self._event(
                    ReplySentence, turn_id=effect.turn_id, epoch=effect.epoch, seq=count, text=text,
                    engine=self._engine.name,
                )
            )  # fmt: skip
            count += 1
            if inner.said and not heard.said:
                heard.first_said_s = time.perf_counter() - started
            heard.said += inner.said
            heard.alerts += inner.alerts

        last: Event = self._event(ReplyEnded, turn_id=effect.turn_id, epoch=effect.epoch)
        try:
            for item in self._engine.stream(request, cancelled):
                if isinstance(item, TextDelta):
                    for text in splitter.feed(item.text):
                        sentence(text)
            for text in splitter.flush():
                sentence(text)
        except EngineError as error:
            last = self._event(ReplyFailed, turn_id=effect.turn_id, epoch=effect.epoch, why=str(error))
        inner = self.feed(replace(last, at=self._clock()))
        if inner.said and not heard.said:
            heard.first_said_s = time.perf_counter() - started
        heard.said += inner.said
        heard.alerts += inner.alerts

    def _event(self, kind: type[Event], **values: object) -> Event:
        self._events += 1
        return kind(
            event_id=f"{self.delivery.delivery_id}-e{self._events}",
            at=self._clock(),
            delivery_id=self.delivery.delivery_id,
            **values,
        )
