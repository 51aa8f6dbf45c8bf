"""One place that turns an engine's name into an engine."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from medllm_ros.bedside.prompt import LAYOUT
from medllm_ros.engine.chat import ChatEngine, EngineError
from medllm_ros.engine.local import LocalEngine
from medllm_ros.engine.none import ApprovedEngine
from medllm_ros.paths import bundled_model

ENGINES = ("none", "local")
SETTINGS = frozenset({"model_dir", "adapter_dir", "device", "quantisation", "max_context", "prompt_layout"})


def create_engine(name: str, **settings: Any) -> ChatEngine:
    """Return an engine that is not loaded yet; raise :class:`EngineError` where it could not be loaded.

    ``settings`` are those of :class:`LocalEngine` and are ignored by ``none``; an unknown one is refused by name.
    ``local`` without a ``model_dir`` is the bundled model with its own adapter. An adapter must have been trained for
    the prompt layout that this version writes.
    """
    unknown = sorted(settings.keys() - SETTINGS)
    if unknown:
        raise EngineError(f"There is no engine setting {unknown[0]!r}; there are {', '.join(sorted(SETTINGS))}.")
    if name == "none":
        return ApprovedEngine()
    if name == "local":
        settings.setdefault("prompt_layout", LAYOUT)
        model, adapter = settings.pop("model_dir", None) or "", settings.pop("adapter_dir", None)
        if not str(model):
            model, adapter = _bundled(adapter)
        engine = LocalEngine(model, adapter, **settings)
        engine.check()
        return engine
    raise EngineError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")


def default_engine() -> str:
    """Return ``local`` where the bundled model can run on this machine, else ``none``."""
    able = bundled_model() and all(map(find_spec, ("torch", "transformers", "peft")))
    return "local" if able else "none"


def _bundled(adapter: Any) -> tuple[Any, Any]:
    if adapter:
        raise EngineError(
            f"The adapter {adapter} needs its base model: set model_dir (parameter model, option --model) as well."
        )
    return bundled_model() or ("", None)
