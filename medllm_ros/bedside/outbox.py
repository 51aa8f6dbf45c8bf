"""Collects the effects of one event under ids that a replay gives again."""

from __future__ import annotations

from dataclasses import replace

from medllm_ros.bedside.effects import Effect
from medllm_ros.bedside.events import Event


class Outbox:
    """The effects of one event, in order."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.effects: list[Effect] = []

    def add(self, effect: Effect) -> None:
        """Append ``effect``, stamped with its id and the delivery's."""
        effect_id = f"{self.event.event_id}/{len(self.effects)}"
        self.effects.append(replace(effect, effect_id=effect_id, delivery_id=self.event.delivery_id))
