"""Offline training. May import medllm_ros; nothing imports it."""
