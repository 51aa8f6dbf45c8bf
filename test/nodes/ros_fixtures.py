"""A ROS 2 of its own for every test: own domain, own context. The folders that need one import these fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ros_bench import Bench, own_domain


@pytest.fixture(scope="session")
def domain_id() -> Iterator[int]:
    """Return the ROS domain of this test process."""
    with own_domain() as number:
        yield number


@pytest.fixture
def bench(domain_id: int) -> Iterator[Bench]:
    """Return a fresh ROS context with its executor."""
    pytest.importorskip("rclpy")
    pytest.importorskip("medllm_ros.msg")
    found = Bench(domain_id)
    yield found
    found.close()
