"""One-shot timers by name: setting a name again replaces the older timer."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.timer import Timer

from medllm_ros.nodes.guard import guarded


class OneShotTimers:
    """Calls back once per :meth:`start`, on the node's executor."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._timers: dict[str, Timer] = {}

    def start(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` in ``seconds``, unless ``name`` is started again or cancelled before."""
        self.cancel(name)

        def fire() -> None:
            self.cancel(name)
            guarded(self._node, callback, f"timer {name.rpartition(':')[2]}")()

        self._timers[name] = self._node.create_timer(max(seconds, 0.0), fire)

    def cancel(self, name: str) -> None:
        """Forget one timer; an unknown name changes nothing."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
            self._node.destroy_timer(timer)

    def cancel_all(self) -> None:
        """Forget all timers."""
        for name in list(self._timers):
            self.cancel(name)

    def __len__(self) -> int:
        return len(self._timers)
