"""Notices a second robot on our topics: two robots that share names would obey each other's locks."""

from __future__ import annotations

from collections.abc import Callable, Container

from medllm_ros.nodes.diagnostics import Level, Report

FORGET_AFTER_S = 5.0  # bedside/hold is repeated twice a second; this much silence means it has gone


class OtherRobots:
    """Judges every message on topics that only this robot should publish. Times are seconds of one clock."""

    def __init__(self, robot_id: str, own_stamps: Container[tuple[int, int]], clock: Callable[[], float]) -> None:
        self._robot_id = robot_id
        self._own_stamps = own_stamps
        self._clock = clock
        self._seen: dict[str, float] = {}

    def heard(self, robot_id: str, stamp: tuple[int, int]) -> str:
        """Return a sentence the first time that another publisher is heard, else ""."""
        if robot_id == self._robot_id and stamp in self._own_stamps:
            return ""
        new = robot_id not in self._present()
        self._seen[robot_id] = self._clock()
        return self._sentence(robot_id) if new else ""

    def report(self) -> Report:
        """Return the state for diagnostics."""
        others = self._present()
        if others:
            return Report(Level.ERROR, self._sentence(others[0]), {"others": ", ".join(others)})
        return Report(Level.OK, "No other robot publishes on these topics.")

    def _present(self) -> list[str]:
        limit = self._clock() - FORGET_AFTER_S
        return sorted(robot_id for robot_id, at in self._seen.items() if at >= limit)

    def _sentence(self, robot_id: str) -> str:
        if robot_id == self._robot_id:
            return (
                f"Another node publishes on this robot's topics under the same robot_id {robot_id!r}. "
                "Stop one of them, or give each robot its own namespace and robot_id."
            )
        return (
            f"Robot {robot_id!r} publishes on the topics of robot {self._robot_id!r}. "
            "Give each robot its own namespace (launch argument namespace)."
        )
