"""What every test shares. `make test` runs them on the installed package, `make test-fast` on the source tree."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys
from pathlib import Path

if importlib.util.find_spec("medllm_ros") is None:  # plain `pytest` in an unsourced shell
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import medllm_ros

# The package `training` is not installed with the robot. At the end of the path: an installed medllm_ros stays first.
sys.path.append(str(Path(__file__).resolve().parent.parent))

# A folder's helpers (fakes, builders) are imported by their plain names; test files of two folders may share a name.
sys.path[:0] = [str(path) for path in sorted(Path(__file__).parent.iterdir()) if path.is_dir()]

# Nodes of other people and machines must not be heard, and shared memory would leave segments in /dev/shm.
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")

# In a sourced shell `python -m pytest` still finds the source tree first; the messages lie in the built package.
medllm_ros.__path__ = pkgutil.extend_path(medllm_ros.__path__, "medllm_ros")

# rclpy without our generated messages is of no use: then the tests that need ROS are skipped, as if it were not there.
if importlib.util.find_spec("medllm_ros.msg") is None:
    sys.modules["rclpy"] = None  # type: ignore[assignment]
