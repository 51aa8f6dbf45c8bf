"""Answers: from the model through the guard, or from the approved wording where the model is absent or late."""

from __future__ import annotations

from medllm_ros.bedside.answers import Answer
from medllm_ros.bedside.effects import AskModel, CancelModel
from medllm_ros.bedside.events import ReplyEnded, ReplyFailed, ReplySentence
from medllm_ros.bedside.outbox import Outbox
from medllm_ros.bedside.prompt import build_prompt
from medllm_ros.bedside.turn import Spoken, Turn, references
from medllm_ros.bedside.visit import Visit
from medllm_ros.safety.guard import GuardContext

TIMERS = ("filler", "first_token", "total")


def begin_answer(visit: Visit, answer: Answer, question: str, out: Outbox) -> None:
    """Ask the model where the answer may be told in its words; else say the approved sentences."""
    assert visit.sheet and visit.system
    visit.turn = Turn(visit.turn_id, visit.epoch, answer, guard_context(visit))
    labels = tuple(dict.fromkeys(label for sentence in answer.sentences for label in sentence.labels))
    if not (answer.ask_model and labels):
        _finish(visit, out)
        return
    for spoken in visit.turn.opening():
        _say(visit, spoken, out)
    prompt = build_prompt(
        visit.system, visit.memory.messages(), question,
        sheet=visit.sheet, labels=labels, scenarios=visit.context.scenarios,
    )  # fmt: skip
    out.add(
        AskModel(
            turn_id=visit.turn_id, epoch=visit.epoch, messages=prompt.messages, approved=visit.turn.approved,
            facts=references(visit.sheet, labels), prompt_hash=prompt.hash,
        )
    )  # fmt: skip
    config = visit.context.config
    visit.timers.start("filler", config.filler_s, out)
    visit.timers.start("first_token", config.first_token_s, out)
    visit.timers.start("total", config.total_s, out)


def guard_context(visit: Visit) -> GuardContext:
    """Return what the guard may hold a sentence against now."""
    assert visit.delivery and visit.sheet
    return GuardContext(
        sheet=visit.sheet,
        delivery=visit.delivery,
        locale=visit.locale,
        formulary=visit.context.formulary,
        named_by_patient=frozenset(visit.named),
        symptom_named=visit.symptom_named,
        alert_accepted=visit.alerts.any_accepted,
    )


def sentence_written(visit: Visit, event: ReplySentence, out: Outbox) -> None:
    """Judge one sentence of the reply and say what may be said of it."""
    turn = _current(visit, event.turn_id, event.epoch)
    if turn is None:
        return
    visit.timers.stop("filler", "first_token")
    spoken = turn.sentence(event.text, event.engine)
    if spoken:
        _say(visit, spoken, out)


def reply_ended(visit: Visit, event: ReplyEnded, out: Outbox) -> None:
    """Say what the reply still owes and end the turn."""
    if _current(visit, event.turn_id, event.epoch):
        _finish(visit, out)


def reply_failed(visit: Visit, event: ReplyFailed, out: Outbox) -> None:
    """Say the approved wording instead; why it failed stays in the log."""
    if _current(visit, event.turn_id, event.epoch):
        _finish(visit, out)


def timer_fired(visit: Visit, timer: str, out: Outbox) -> None:
    """Keep the patient company at first, then answer without the model."""
    if visit.turn is None:
        return
    if timer == "filler":
        visit.speak(visit.word("filler"), out, rules=("filler",))
        return
    out.add(CancelModel(epoch=visit.epoch + 1))
    _finish(visit, out, rule=f"late.{timer}")


def _current(visit: Visit, turn_id: int, epoch: int) -> Turn | None:
    turn = visit.turn
    return turn if turn and (turn.turn_id, turn.epoch) == (turn_id, epoch) else None


def _finish(visit: Visit, out: Outbox, rule: str = "") -> None:
    assert visit.turn
    for spoken in visit.turn.rest():
        _say(visit, spoken, out, rule)
    visit.end_turn(out)


def _say(visit: Visit, spoken: Spoken, out: Outbox, rule: str = "") -> None:
    assert visit.turn
    answer = visit.turn.answer
    rules = (*answer.rules, *spoken.rules, *((rule,) if rule else ()))
    visit.speak(
        spoken.text, out, behaviour=answer.behaviour, rules=rules, facts=spoken.facts,
        origin=spoken.origin, raw=spoken.raw,
    )  # fmt: skip
