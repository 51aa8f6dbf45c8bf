"""What one turn says: sentences with the facts they rest on, and what else has to happen."""

from __future__ import annotations

from dataclasses import dataclass

from medllm_ros.bedside.effects import Behaviour, Level


@dataclass(frozen=True)
class Cited:
    """One spoken sentence. ``labels`` are those of the fact sheet ("F3"), empty for pure wording."""

    labels: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The approved reply to one utterance.

    ``ask_model`` is True where the model may put the same facts into its own words; the sentences are then
    what engine ``none`` speaks and what a late or wrong model falls back to. ``alert`` calls staff; with
    ``hold`` the compartment stays locked for that reason until they release it.
    """

    behaviour: Behaviour
    sentences: tuple[Cited, ...]
    rules: tuple[str, ...]
    ask_model: bool = False
    alert: tuple[Level, str] | None = None
    hold: str | None = None
