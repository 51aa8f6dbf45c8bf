"""All four nodes in one process, for `medllm up` and the demo.

Each node has its own single-threaded executor on its own thread, so that they are as independent as in four processes:
a slow one does not delay the others. They share the process's context and still talk over DDS.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter as RosParameter

from medllm_ros.nodes.base import MedllmNode
from medllm_ros.nodes.bedside_node import BedsideNode
from medllm_ros.nodes.language_model_node import LanguageModelNode
from medllm_ros.nodes.listener_node import ListenerNode
from medllm_ros.nodes.parameters import NODES, check
from medllm_ros.nodes.speaker_node import SpeakerNode

log = logging.getLogger(__name__)

MAKERS: Mapping[str, Callable[..., MedllmNode]] = {
    "bedside_node": BedsideNode,
    "language_model_node": LanguageModelNode,
    "speaker_node": SpeakerNode,
    "listener_node": ListenerNode,
}
JOIN_S = 5.0


class Together:
    """The running nodes. ``parameters`` maps node names to parameter values; a common one goes to every node."""

    def __init__(
        self,
        parameters: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        names: Iterable[str] = tuple(MAKERS),
        namespace: str = "",
        context: rclpy.Context | None = None,
    ) -> None:
        self._context = context
        self._threads: list[threading.Thread] = []
        self._executors: list[SingleThreadedExecutor] = []
        self.nodes: dict[str, MedllmNode] = {}
        given = {name: dict(values) for name, values in (parameters or {}).items()}
        try:
            for name in names:
                self._add(name, given.get(name, {}), namespace)
        except BaseException:
            self.close()
            raise

    def wait_active(self, timeout_s: float = 10.0) -> bool:
        """Wait until every node is active; return False where ``timeout_s`` was not enough."""
        waiter = threading.Event()
        rounds = max(1, int(timeout_s / 0.02))
        return any(all(node.is_active for node in self.nodes.values()) or waiter.wait(0.02) for _ in range(rounds))

    def failed(self) -> tuple[str, ...]:
        """Return the names of the nodes whose executor has ended: nothing reaches them any more."""
        pairs = zip(self.nodes, self._threads, strict=False)  # a node that is being made has no thread yet
        return tuple(name for name, thread in pairs if not thread.is_alive())

    def close(self) -> None:
        """End all nodes, the bedside node last, so that it still hears how speech ended. May be called twice."""
        for executor in self._executors:
            executor.shutdown(timeout_sec=JOIN_S)
        for thread in self._threads:
            thread.join(JOIN_S)
        for node in reversed(list(self.nodes.values())):
            node.close()
        self._executors.clear()
        self._threads.clear()
        self.nodes.clear()

    def _add(self, name: str, values: Mapping[str, Any], namespace: str) -> None:
        overrides = [RosParameter(key, value=value) for key, value in values.items()]
        node = MAKERS[name](context=self._context, namespace=namespace or None, parameter_overrides=overrides)
        self.nodes[name] = node
        executor = SingleThreadedExecutor(context=self._context)
        executor.add_node(node)
        self._executors.append(executor)
        thread = threading.Thread(target=_spin, args=(executor,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


@contextlib.contextmanager
def together(parameters: Mapping[str, Mapping[str, Any]] | None = None, **options: Any) -> Iterator[Together]:
    """Run the nodes for the length of a ``with`` block. ROS must be initialised; see :class:`Together`."""
    running = Together(parameters, **options)
    try:
        yield running
    finally:
        running.close()


def problems(parameters: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return a sentence for everything in ``parameters`` that the nodes would refuse."""
    found = []
    for name, values in parameters.items():
        if name in NODES:
            found += check(name, values)
        else:
            found.append(f"There is no node {name}; there are {', '.join(NODES)}.")
    return found


def _spin(executor: SingleThreadedExecutor) -> None:
    try:
        executor.spin()
    except (ExternalShutdownException, KeyboardInterrupt):
        pass
    except Exception:
        log.exception("A node stopped working.")
