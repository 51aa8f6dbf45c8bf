"""The prompt's layout: one versioned thing that training, serving and the guard share.

    system   role of the scenario / rules / profile notes / labelled facts / quoted note
    history  what was heard and what was spoken
    user     the labelled facts that this question needs / 「the patient's words」

The system part depends on the delivery alone, so an engine can pre-compute it while the robot drives.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.bedside.scenarios import Scenarios
from medllm_ros.delivery import Delivery, Profile
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import NAME, ORDER, FactSheet, SheetLine

LAYOUT = 2  # written into every adapter's card; an engine refuses an adapter of another layout
MAX_QUESTION_CHARS = 400
_LINE = re.compile(r"^(F\d+) \w+: (.*)$", re.MULTILINE)

# What the system part carries of each medicine; everything else stands beside the question that needs it. More of it
# would stand twice, make a small model cite the wrong line, and cost a robot without a big GPU its first second.
_CORE: dict[str, int] = {NAME: 1, ORDER: 1, FactField.PURPOSE: 1}


@dataclass(frozen=True)
class Prompt:
    """The messages and the SHA-256 of their content, for the journal."""

    messages: tuple[ChatMessage, ...]
    hash: str


def quote(text: str, limit: int = MAX_QUESTION_CHARS) -> str:
    """Return somebody's words as one quoted, bounded line; brackets and labels in them lose their meaning."""
    return "「" + harmless(text, limit) + "」"


def harmless(text: str, limit: int = MAX_QUESTION_CHARS) -> str:
    """Return somebody's words as one bounded line that can forge neither a line of the prompt nor a label."""
    flat = re.sub(r"\s+", " ", text).strip()[:limit]
    return flat.translate(str.maketrans("「」[]", "''()"))


def system_message(delivery: Delivery, sheet: FactSheet, scenarios: Scenarios) -> ChatMessage:
    """Return the part that is the same for the whole visit."""
    locale = delivery.locale
    parts = [scenarios.role(delivery.scenario, locale, ward=harmless(delivery.ward)), scenarios.rules[locale]]
    parts += [scenarios.profiles[profile][locale] for profile in Profile if profile in delivery.patient.profiles]
    parts.append(scenarios.headings["facts"][locale])
    parts += [_line(line) for line in core_lines(sheet)]
    notes = [note for note in (delivery.note, *(m.note for m in delivery.medications)) if note]
    if notes:
        parts.append(scenarios.headings["note"][locale] + quote(" ".join(notes)))
    return ChatMessage(Role.SYSTEM, "\n".join(parts))


def core_lines(sheet: FactSheet) -> tuple[SheetLine, ...]:
    """Return the lines that the system part carries."""
    used: dict[tuple[str, int], int] = {}
    chosen = []
    for line in sheet.lines:
        place = (line.key, line.medication)
        used[place] = used.get(place, 0) + 1
        if used[place] <= _CORE.get(line.key, 0):
            chosen.append(line)
    return tuple(chosen)


def build_prompt(
    system: ChatMessage,
    history: tuple[ChatMessage, ...],
    question: str,
    *,
    sheet: FactSheet,
    labels: tuple[str, ...],
    scenarios: Scenarios,
) -> Prompt:
    """Return the whole prompt of one turn. ``labels`` are the lines that the question needs."""
    # Repeated beside the question even where the system part has them: a small model says what stands near.
    wanted = [line for line in sheet.lines if line.label in labels]
    asked = quote(question)
    if wanted:
        asked = "\n".join([scenarios.headings["more"][sheet.locale], *map(_line, wanted), asked])
    messages = (system, *history, ChatMessage(Role.USER, asked))
    digest = hashlib.sha256(f"layout {LAYOUT}\n".encode())
    for message in messages:
        digest.update(f"{message.role}\0{message.content}\0".encode())
    return Prompt(messages, digest.hexdigest())


def shown_facts(message: ChatMessage) -> dict[str, str]:
    """Return the facts beside a question that :func:`build_prompt` wrote, label -> text."""
    return dict(_LINE.findall(message.content))


def _line(line: SheetLine) -> str:
    return f"{line.label} {line.key}: {line.text if line.fact else harmless(line.text)}"
