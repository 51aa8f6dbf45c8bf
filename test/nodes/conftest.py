"""A ROS 2 of its own for every test."""

from __future__ import annotations

from ros_fixtures import bench, domain_id

__all__ = ["bench", "domain_id"]
