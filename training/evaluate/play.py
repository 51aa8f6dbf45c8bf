"""One dialogue played with an engine in front of the real session: what it said to each question, and what counts.

The session asks as it asks on the robot: its own prompt, its own memory, its own choice of facts. A reply is *right*
where every sentence passes the guard whole and every line that is owed is stated; a deferral to staff states nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from medllm_ros.bedside.context import SessionContext
from medllm_ros.bedside.effects import AskModel
from medllm_ros.delivery import Locale
from medllm_ros.engine.chat import ChatEngine, ChatRequest, ReplyEnd
from medllm_ros.safety.guard import citations
from medllm_ros.speech.splitter import SentenceSplitter
from training.data.build.replies import owed_lines
from training.data.build.visit import Visit
from training.data.medllm_format import Dialogue, delivery_of, formulary_of, spoken_sentences
from training.data.script import foreign

MAX_NEW_TOKENS = 160


@dataclass(frozen=True)
class Answer:
    """One reply, judged."""

    dialogue: str
    turn: int
    locale: Locale
    invented: bool  # about a medicine that does not exist: its facts stand in the prompt alone
    question: str
    owed: tuple[str, ...]  # labels
    reference: str
    text: str
    refused: tuple[str, ...]  # sentences that the guard or the session did not let through
    missing: tuple[str, ...]  # labels owed and not stated
    foreign: str  # characters of another language
    first_sentence_s: float
    total_s: float
    tokens: int

    @property
    def right(self) -> bool:
        """Return True where everything owed was said and nothing had to be replaced."""
        return not self.refused and not self.missing


def play(line: Dialogue, context: SessionContext, engine: ChatEngine) -> Iterator[Answer]:
    """Yield the engine's answer to each question of a dialogue that the session asks it."""
    delivery = delivery_of(line)
    visit = Visit(delivery, replace(context, formulary=formulary_of(line, delivery)))
    for number, turn in enumerate(line.turns):
        asked = visit.hear(turn.user).asked
        if asked is None:
            continue
        text, first_s, end = _reply(engine, asked, f"{line.id}.{number}")
        sentences = spoken_sentences(text)
        approved = engine.name == "none"  # the session does not judge its own wording
        refused = () if approved else tuple(sentence for sentence in sentences if not visit.passes(sentence))
        stated = {label for s in sentences if s not in refused for label in citations(s)[0]}
        owed = tuple(item.label for item in owed_lines(visit, asked))
        yield Answer(
            dialogue=line.id, turn=number, locale=delivery.locale, invented=bool(line.drug), question=turn.user,
            owed=owed, reference=turn.assistant, text=text, refused=refused,
            missing=tuple(label for label in owed if label not in stated), foreign=foreign(text, delivery.locale),
            first_sentence_s=first_s, total_s=end.total_s, tokens=end.completion_tokens,
        )  # fmt: skip
        visit.answer(asked, text)  # what was spoken, with everything refused replaced, is what comes next in memory


def _reply(engine: ChatEngine, asked: AskModel, request_id: str) -> tuple[str, float, ReplyEnd]:
    """Return the reply, the seconds until its first whole sentence, and its end. The system part is read before."""
    engine.prepare(asked.messages[:1])
    request = ChatRequest(
        request_id=request_id, messages=asked.messages, approved=asked.approved, max_new_tokens=MAX_NEW_TOKENS
    )
    splitter, start = SentenceSplitter(), time.perf_counter()
    parts: list[str] = []
    first_s = 0.0
    end: ReplyEnd | None = None
    for item in engine.stream(request, lambda: False):
        if isinstance(item, ReplyEnd):
            end = item
            continue
        parts.append(item.text)
        if not first_s and splitter.feed(item.text):
            first_s = time.perf_counter() - start
    assert end is not None
    return "".join(parts), first_s or time.perf_counter() - start, end
