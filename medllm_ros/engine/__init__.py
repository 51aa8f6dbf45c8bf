"""Language models behind one door. Nothing here imports torch until a local model is loaded."""

from __future__ import annotations

from medllm_ros.engine.chat import ChatEngine, ChatRequest, EngineError, Health, HealthLevel, ReplyEnd, TextDelta
from medllm_ros.engine.factory import ENGINES, create_engine
from medllm_ros.engine.supervisor import EngineWorker, Limits

__all__ = [
    "ENGINES", "ChatEngine", "ChatRequest", "EngineError", "EngineWorker", "Health", "HealthLevel", "Limits",
    "ReplyEnd", "TextDelta", "create_engine",
]  # fmt: skip
