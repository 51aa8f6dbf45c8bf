"""The quality of service of every topic, in one place."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

HOLD_DEADLINE_S = 1.0  # the compartment's lock treats a longer silence as locked


def _profile(durability: DurabilityPolicy, depth: int) -> QoSProfile:
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE, durability=durability, history=HistoryPolicy.KEEP_LAST, depth=depth
    )


# Acted upon when it comes: a restarted node must not act on an old order.
EVENT = _profile(DurabilityPolicy.VOLATILE, 10)
# Bursts of transcripts and sentences.
STREAM = _profile(DurabilityPolicy.VOLATILE, 100)
# The present state: a late joiner needs the newest message.
STATE = _profile(DurabilityPolicy.TRANSIENT_LOCAL, 1)
# A state whose every change matters to us: kept in the reader until we come to it.
STATE_READER = _profile(DurabilityPolicy.TRANSIENT_LOCAL, 32)


def hold() -> QoSProfile:
    """Return the profile of ``bedside/hold``: latched, with deadline and liveliness."""
    profile = _profile(DurabilityPolicy.TRANSIENT_LOCAL, 1)
    profile.deadline = Duration(seconds=HOLD_DEADLINE_S)
    profile.liveliness = LivelinessPolicy.AUTOMATIC
    profile.liveliness_lease_duration = Duration(seconds=HOLD_DEADLINE_S)
    return profile


HOLD = hold()
