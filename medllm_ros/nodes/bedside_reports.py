"""What the bedside node says of itself on /diagnostics."""

from __future__ import annotations

from collections import Counter

from medllm_ros.nodes.bedside_effects import EffectPublisher
from medllm_ros.nodes.diagnostics import Level, Report, Task
from medllm_ros.nodes.model_link import ModelLink
from medllm_ros.nodes.safekeeping import Safekeeping

SLOW_EVENT_S = 0.2  # one event should take milliseconds; above this the disk or the machine is overloaded
CALLED_OFTEN = 3  # an alert called this often and not acknowledged is an ERROR


class BedsideReports:
    """One report per concern."""

    NAMES = ("journal", "nurse station", "language model link", "voice link", "events", "formulary")

    def __init__(
        self, keeping: Safekeeping, effects: EffectPublisher, model: ModelLink, broken_formulary: str = ""
    ) -> None:
        self._keeping = keeping
        self._effects = effects
        self._model = model
        self._broken_formulary = broken_formulary
        self._ignored: Counter[str] = Counter()
        self._slowest_s = 0.0

    def tasks(self) -> dict[str, Task]:
        """Return the reports by name."""
        tasks = (self._journal, self._station, self._language_model, self._voice, self._events, self._formulary)
        return dict(zip(self.NAMES, tasks, strict=True))

    def handled(self, seconds: float) -> None:
        """Note how long one event took."""
        self._slowest_s = max(self._slowest_s, seconds)

    def ignored(self, what: str) -> None:
        """Note a message that was not acted on."""
        self._ignored[what] += 1

    def _journal(self) -> Report:
        if self._keeping.problem:
            return Report(Level.ERROR, self._keeping.problem, {"path": self._keeping.path})
        if self._keeping.damage:
            return Report(Level.ERROR, self._keeping.damage, {"path": self._keeping.path})
        if self._keeping.warning:
            return Report(Level.WARN, self._keeping.warning, {"path": self._keeping.path})
        sequence, head = self._keeping.head
        return Report(Level.OK, "Written and verified.", {"path": self._keeping.path, "rows": sequence, "head": head})

    def _station(self) -> Report:
        waiting = self._effects.open_alerts
        values = {"open_alerts": len(waiting), "subscribers": self._effects.stations}
        if waiting and not self._effects.stations:
            return Report(Level.ERROR, "Alerts are open and no station listens to nurse/alerts; start one.", values)
        if any(alert.attempt >= CALLED_OFTEN for alert in waiting):
            return Report(Level.ERROR, f"An alert was called {CALLED_OFTEN} times and nobody acknowledged it.", values)
        if not self._effects.stations:
            return Report(Level.WARN, "No station listens to nurse/alerts; start one.", values)
        return Report(Level.OK, f"{len(waiting)} open alerts.", values)

    def _language_model(self) -> Report:
        if not self._model.ready:
            return Report(Level.WARN, "Approved wording is spoken: no language model. Start language_model_node.")
        return Report(Level.OK, "The language model node is there.", {"last_failure": self._model.last_failure})

    def _voice(self) -> Report:
        if not self._effects.speakers:
            return Report(Level.ERROR, "The robot is mute: nothing subscribes to speech/utterance. Start speaker_node.")
        return Report(Level.OK, "A voice listens.", {"subscribers": self._effects.speakers})

    def _events(self) -> Report:
        slowest, self._slowest_s = self._slowest_s, 0.0
        values = {"slowest_s": f"{slowest:.4f}", **{f"ignored {what}": n for what, n in self._ignored.items()}}
        if slowest > SLOW_EVENT_S:
            return Report(Level.WARN, f"One event took {slowest:.2f} s; the disk or the machine is overloaded.", values)
        return Report(Level.OK, "Events are handled in time.", values)

    def _formulary(self) -> Report:
        if self._broken_formulary:
            return Report(Level.ERROR, self._broken_formulary)
        return Report(Level.OK, "Loaded as it stands.")
