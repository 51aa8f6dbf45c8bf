"""The voice of a hospital medication-delivery robot.

The rooms and the arrows between them are described in ``docs/architecture.md``.
"""
