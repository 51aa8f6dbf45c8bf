"""Runs one node as a process."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from medllm_ros.nodes.base import MedllmNode, NodeError

SHUTDOWN_S = 5.0
POLL_S = 0.1


def spin(make: Callable[[], MedllmNode], args: list[str] | None = None) -> None:
    """Run one node until it is told to stop: Ctrl-C and SIGTERM give exit code 0, a bad parameter a sentence and 1.

    The executor has a thread of its own, and the signals are ours: rclpy's handler would end the context before the
    node could say its last words (the lock closes).
    """
    told: list[int] = []  # no Event: its lock may be held by the very thread that the handler interrupts
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: told.append(signum))
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    node: MedllmNode | None = None
    crash: list[BaseException] = []
    try:
        node = make()
        executor = SingleThreadedExecutor()
        executor.add_node(node)

        def run() -> None:
            try:
                executor.spin()
            except ExternalShutdownException:
                pass
            except BaseException as error:  # ends the process, which respawn starts again
                crash.append(error)

        thread = threading.Thread(target=run, name="executor", daemon=True)
        thread.start()
        while thread.is_alive() and not told:
            thread.join(POLL_S)
        executor.shutdown(timeout_sec=SHUTDOWN_S)
        thread.join(SHUTDOWN_S)
    except NodeError as error:
        sys.exit(f"{error}")
    finally:
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    if crash:
        raise crash[0]
