"""One place that turns an engine's name into an engine."""

from __future__ import annotations

from typing import Any

from medllm_ros.bedside.prompt import LAYOUT
from medllm_ros.engine.chat import ChatEngine, EngineError
from medllm_ros.engine.local import LocalEngine
from medllm_ros.engine.none import ApprovedEngine

ENGINES = ("none", "local")
SETTINGS = frozenset({"model_dir", "adapter_dir", "device", "quantisation", "max_context", "prompt_layout"})


def create_engine(name: str, **settings: Any) -> ChatEngine:
    """Return an engine that is not loaded yet; raise :class:`EngineError` where it could not be loaded.

    ``settings`` are those of :class:`LocalEngine` and are ignored by ``none``; an unknown one is refused by name.
    An adapter must have been trained for the prompt layout that this version writes.
    """
    unknown = sorted(settings.keys() - SETTINGS)
    if unknown:
        raise EngineError(f"There is no engine setting {unknown[0]!r}; there are {', '.join(sorted(SETTINGS))}.")
    if name == "none":
        return ApprovedEngine()
    if name == "local":
        settings.setdefault("prompt_layout", LAYOUT)
        engine = LocalEngine(settings.pop("model_dir", None) or "", settings.pop("adapter_dir", None), **settings)
        engine.check()
        return engine
    raise EngineError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
