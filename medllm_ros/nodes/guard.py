"""One failing callback must not end the executor, and with it the node."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from rclpy.node import Node


def guarded(node: Node, callback: Callable[..., Any], name: str, otherwise: Any = None) -> Callable[..., Any]:
    """Return ``callback`` so that an error in it is logged under ``name`` and ``otherwise`` is returned."""

    def run(*given: Any) -> Any:
        try:
            return callback(*given)
        except Exception as error:  # whatever it is: logged, and the node goes on
            node.get_logger().error(
                f"Handling {name} failed: {type(error).__name__}: {error}\n{traceback.format_exc()}"
            )
            return otherwise

    return run
