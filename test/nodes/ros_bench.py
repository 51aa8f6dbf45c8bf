"""ROS 2 for tests: a domain of its own, a context of its own, and an executor that is turned by hand."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def own_domain() -> Iterator[int]:
    """Hold one of the domains 1 to 101 against every other test on the machine; put it into the environment."""
    for number in range(1, 102):
        path = Path(tempfile.gettempdir()) / f"medllm-test-domain-{number}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        os.environ["ROS_DOMAIN_ID"] = str(number)
        try:
            yield number
        finally:
            os.close(fd)
        return
    pytest.fail("All ROS domains 1 to 101 are in use by other tests; wait for them to end.")


class Bench:
    """One ROS context with an executor that a test turns by hand: no thread, no sleep."""

    def __init__(self, domain_id: int) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain_id)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.nodes: list[Any] = []

    def add(self, node: Any) -> Any:
        """Let the executor serve ``node`` until the end of the test."""
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def make(self, kind: Any, **parameters: Any) -> Any:
        """Make one of our nodes in this context with these parameters."""
        from rclpy.parameter import Parameter

        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self.add(kind(context=self.context, parameter_overrides=overrides))

    def plain(self, name: str = "tester") -> Any:
        """Make a plain node, the other side of a test."""
        from rclpy.node import Node

        return self.add(Node(name, context=self.context))

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
        """Turn the executor until ``condition`` holds and return its value; fail with ``what`` after ``seconds``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)
            found = condition()
            if found:
                return found
        pytest.fail(f"Not within {seconds} s: {what}")

    def turn(self, seconds: float) -> None:
        """Turn the executor for a while, where a test shows that something does not happen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.02)

    def call(self, node: Any, kind: Any, name: str, *, seconds: float = 10.0, **fields: Any) -> Any:
        """Call a service, waiting up to ``seconds`` for it to appear, and return the response."""
        client = node.create_client(kind, name)
        self.until(client.service_is_ready, f"service {name} is there", seconds)
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, f"service {name} answers")
        node.destroy_client(client)
        return future.result()

    def end(self, node: Any) -> None:
        """End one node before the end of the test and let its last messages arrive."""
        self.executor.remove_node(node)
        self.nodes.remove(node)
        node.close()
        self.turn(0.2)

    def close(self) -> None:
        """Destroy everything."""
        for node in self.nodes:
            self.executor.remove_node(node)
            (node.close if hasattr(node, "close") else node.destroy_node)()
        self.executor.shutdown()
        self.context.try_shutdown()
