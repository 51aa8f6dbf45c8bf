"""Reports on /diagnostics: one line per concern, with the worst of WARN and ERROR limits that hold.

Our own few lines on ``diagnostic_msgs``, since ``diagnostic_updater`` is not everywhere where ``rclpy`` is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

TOPIC = "/diagnostics"


class Level(IntEnum):
    """Levels of ``diagnostic_msgs/DiagnosticStatus``, worse is greater."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Report:
    """State of one concern. ``message`` is a sentence, ``values`` are figures with their unit in the name."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


Task = Callable[[], Report]


class Diagnostics:
    """Publishes the report of every task each ``period_s`` seconds, and at once when a level changes."""

    def __init__(self, node: Node, hardware_id: str, period_s: float) -> None:
        self._node = node
        self._hardware_id = hardware_id
        self._tasks: dict[str, Task] = {}
        self._levels: dict[str, Level] = {}
        self._publisher = node.create_publisher(DiagnosticArray, TOPIC, 10)
        self._timer = node.create_timer(period_s, self.publish)

    def add(self, name: str, task: Task) -> None:
        """Report ``task`` under ``<node>: <name>``; the same name replaces."""
        self._tasks[name] = task

    def remove(self, name: str) -> None:
        """Report ``name`` no more."""
        self._tasks.pop(name, None)
        self._levels.pop(name, None)

    def reports(self) -> dict[str, Report]:
        """Return the present report of every task; a task that raises is an ERROR of its own."""
        found = {}
        for name, task in self._tasks.items():
            try:
                found[name] = task()
            except Exception as error:  # a broken check is a finding, not the end of all others
                found[name] = Report(Level.ERROR, f"The check itself failed: {type(error).__name__}: {error}")
        return found

    def publish(self) -> None:
        """Publish all reports now and log every change to WARN or ERROR, once."""
        array = DiagnosticArray()
        array.header.stamp = self._node.get_clock().now().to_msg()
        for name, report in self.reports().items():
            array.status.append(
                DiagnosticStatus(
                    level=bytes([report.level]),
                    name=f"{self._node.get_fully_qualified_name().lstrip('/')}: {name}",
                    message=report.message,
                    hardware_id=self._hardware_id,
                    values=[KeyValue(key=key, value=str(value)) for key, value in report.values.items()],
                )
            )
            self._log_change(name, report)
        self._publisher.publish(array)

    def close(self) -> None:
        """Stop reporting."""
        self._node.destroy_timer(self._timer)

    def _log_change(self, name: str, report: Report) -> None:
        before, self._levels[name] = self._levels.get(name, Level.OK), report.level
        if report.level == before:
            return
        logger = self._node.get_logger()
        if report.level >= Level.ERROR:
            logger.error(f"{name}: {report.message}")
        elif report.level == Level.WARN:
            logger.warning(f"{name}: {report.message}")
        else:
            logger.info(f"{name} is OK again: {report.message}")
