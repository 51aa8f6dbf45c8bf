"""One visit played through the real session, for the data: what it asks of a model, and what it says of a reply."""

from __future__ import annotations

from dataclasses import dataclass

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import AskModel, Effect, Origin, Speak
from medllm_ros.bedside.events import (
    DeliveryArrived,
    DeliveryDispatched,
    Event,
    IdentityScanned,
    ReplyEnded,
    ReplySentence,
    SpeechEnded,
    TranscriptHeard,
)
from medllm_ros.bedside.session import BedsideSession
from medllm_ros.delivery import Delivery
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.guard import GuardContext, check, citations
from training.data.medllm_format import spoken_sentences
from training.data.wording import plain

START = 1_700_000_000.0  # seconds since the epoch; the session never sees a clock of its own


@dataclass(frozen=True)
class Reply:
    """What the robot said to one utterance."""

    asked: AskModel | None  # None where the robot answered without the model
    spoken: tuple[Speak, ...]

    @property
    def rules(self) -> frozenset[str]:
        """Return the rules of everything said."""
        return frozenset(rule for speak in self.spoken for rule in speak.rules)


class Visit:
    """A patient whom staff have matched, in front of the robot."""

    def __init__(self, delivery: Delivery, context: SessionContext) -> None:
        self.delivery = delivery
        self.sheet = FactSheet.of_delivery(delivery, context.formulary)
        self._context = context
        self._session = BedsideSession(context)
        self._events = 0
        self._named: set[str] = set()
        self._do(DeliveryDispatched, delivery=delivery)
        self._do(IdentityScanned, verified_by_staff=True, staff_id="data")
        self._heard(self._do(DeliveryArrived))

    @property
    def formulary(self) -> Formulary:
        """Return what is known of medicines in this visit."""
        return self._context.formulary

    @property
    def open(self) -> bool:
        """Return True while nothing speaks against the medicine."""
        return not self._session.held

    def hear(self, text: str) -> Reply:
        """Return what the robot does with the patient's words."""
        self._named |= {mention.drug.id for mention in self._context.formulary.mentioned(text)}
        effects = self._do(TranscriptHeard, text=text)
        asked = next((effect for effect in effects if isinstance(effect, AskModel)), None)
        return Reply(asked, self._heard(effects))

    def answer(self, asked: AskModel, text: str) -> tuple[Speak, ...] | None:
        """Give the model's reply; return everything said, None where a sentence of it was replaced or dropped."""
        said: list[Speak] = []
        whole = True
        for number, sentence in enumerate(spoken_sentences(text)):
            spoken = self._heard(
                self._do(
                    ReplySentence, turn_id=asked.turn_id, epoch=asked.epoch, seq=number, text=sentence, engine="local"
                )
            )
            whole &= len(spoken) == 1 and same(spoken[0].text, sentence) and spoken[0].origin is Origin.MODEL
            said += spoken
        said += self._heard(self._do(ReplyEnded, turn_id=asked.turn_id, epoch=asked.epoch))
        return tuple(said) if whole else None

    def guard(self) -> GuardContext:
        """Return what a sentence is judged against, before it is given to the session."""
        return GuardContext(
            sheet=self.sheet, delivery=self.delivery, locale=self.delivery.locale, formulary=self._context.formulary,
            named_by_patient=frozenset(self._named),
        )  # fmt: skip

    def passes(self, sentence: str) -> bool:
        """Return True where the guard lets a sentence through whole."""
        return passes(sentence, self.guard())

    def _do(self, kind: type[Event], **values: object) -> list[Effect]:
        self._events += 1
        head = {
            "event_id": f"e{self._events}", "at": START + self._events, "delivery_id": self.delivery.delivery_id
        }  # fmt: skip
        return self._session.apply(kind(**head, **values))  # type: ignore[arg-type]

    def _heard(self, effects: list[Effect]) -> tuple[Speak, ...]:
        """Let every sentence be spoken to its end."""
        spoken = tuple(effect for effect in effects if isinstance(effect, Speak))
        for effect in spoken:
            self._do(SpeechEnded, utterance_id=effect.utterance_id)
        return spoken


def passes(sentence: str, context: GuardContext) -> bool:
    """Return True where the guard lets a sentence through whole."""
    verdict = check(sentence, context)
    return verdict.passed and same(verdict.text, sentence)


def same(spoken: str, sentence: str) -> bool:
    """Return True where a sentence is spoken in its own words; marks may be those of the fact that it quotes."""
    return plain(spoken) == plain(citations(sentence)[1])
