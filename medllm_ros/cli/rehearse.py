"""``medllm rehearse``: plays cases through the whole session without audio, one result line a case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import Behaviour, Origin
from medllm_ros.cli.cases import BadCase, Case
from medllm_ros.cli.driver import Heard, VisitDriver
from medllm_ros.delivery import DeliveryError
from medllm_ros.engine.chat import ChatEngine
from medllm_ros.orders import OrderError

RANK = {behaviour: rank for rank, behaviour in enumerate(Behaviour)}


def rehearse(
    cases: Iterator[Case | BadCase], context: SessionContext, engine: ChatEngine, clock: Callable[[], float]
) -> Iterator[tuple[Case | BadCase, dict[str, Any]]]:
    """Yield each case with its result. A case that cannot be played has ``error`` and no turns; it never raises."""
    for case in cases:
        if isinstance(case, BadCase):
            yield case, {"id": case.id, "opening": "", "turns": [], "error": case.why}
            continue
        try:
            delivery = case.delivery()
        except (OrderError, DeliveryError) as error:
            yield case, {"id": case.id, "opening": "", "turns": [], "error": str(error)}
            continue
        yield case, play(case, VisitDriver(delivery, context, engine, clock=clock))


def play(case: Case, driver: VisitDriver) -> dict[str, Any]:
    """Return the result of one case: exactly one turn an utterance, in order."""
    opening = driver.open(verified=case.identity_verified)
    turns = []
    before = opening.alerts  # calls of the opening belong to the first turn: they have no other place
    for utterance in case.utterances:
        heard = driver.say(utterance)
        turns.append(_turn(utterance, heard, before, driver.session.held, bool(driver.session.verified)))
        before = []
    return {"id": case.id, "opening": _text(opening, case.locale), "turns": turns}


def _turn(utterance: str, heard: Heard, before: list[Any], held: bool, verified: bool) -> dict[str, Any]:
    behaviours = [speak.behaviour for speak in heard.said]
    if not behaviours:
        behaviours = [Behaviour.ANSWER if verified else Behaviour.ASK_IDENTITY]
    model = any(speak.origin is Origin.MODEL for speak in heard.said)
    return {
        "heard": utterance,
        "behaviour": min(behaviours, key=RANK.__getitem__).value,
        "spoken": _join([speak.text for speak in heard.said], heard.said[0].locale if heard.said else ""),
        "alerts": [
            {"level": alert.level.value, "category": alert.category, "reason": alert.reason}
            for alert in [*before, *heard.alerts]
        ],
        "held": held,
        "rules": list(dict.fromkeys(rule for speak in heard.said for rule in speak.rules)),
        "facts": list(dict.fromkeys(fact for speak in heard.said for fact in speak.facts)),
        "source": "model" if model else "approved",
        "latency_ms": round(heard.first_said_s * 1000, 3),
    }


def _text(heard: Heard, locale: str) -> str:
    return _join([speak.text for speak in heard.said], locale)


def _join(texts: list[str], locale: str) -> str:
    return (" " if locale == "en_US" else "").join(texts)
