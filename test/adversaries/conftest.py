"""The real formulary, wording and prompts; no ROS, no clock."""

from __future__ import annotations

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.formulary import Formulary


@pytest.fixture(scope="session")
def context() -> SessionContext:
    return SessionContext.load()


@pytest.fixture(scope="session")
def formulary(context: SessionContext) -> Formulary:
    return context.formulary
