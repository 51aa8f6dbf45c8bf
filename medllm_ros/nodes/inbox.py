"""Hands work from other threads to the executor's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from rclpy.node import Node

DRAIN_LIMIT = 200  # then other callbacks get their turn


class Inbox:
    """Runs posted functions in order on the node's executor. ``post`` may come from any thread and never blocks."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._items: deque[Callable[[], None]] = deque()
        self._closed = False
        self._mutex = threading.Lock()
        self._guard = node.create_guard_condition(self._drain)

    def post(self, item: Callable[[], None]) -> None:
        """Run ``item`` soon on the executor's thread; after :meth:`close` it is dropped."""
        with self._mutex:
            if self._closed:
                return
            self._items.append(item)
            self._guard.trigger()

    def close(self) -> None:
        """Drop what is waiting and take nothing more. May be called twice."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            self._items.clear()
        self._node.destroy_guard_condition(self._guard)

    def _drain(self) -> None:
        for _ in range(DRAIN_LIMIT):
            if not self._items:
                return
            item = self._items.popleft()
            try:
                item()
            except Exception as error:  # a callback's error must not end the executor
                self._node.get_logger().error(f"Work handed over by a thread failed: {type(error).__name__}: {error}")
        with self._mutex:
            if self._items and not self._closed:
                self._guard.trigger()
