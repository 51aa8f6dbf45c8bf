"""The real formulary, wording and prompts; no ROS, no clock."""

from __future__ import annotations

import pytest
from visits import Bedside

from medllm_ros.bedside.context import SessionContext


@pytest.fixture(scope="session")
def context() -> SessionContext:
    return SessionContext.load()


@pytest.fixture
def bedside(context: SessionContext) -> Bedside:
    return Bedside(context)
