"""Orders in: FHIR R4 bundles, our own simple JSON form, and plain order text -> Delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from medllm_ros.delivery import Delivery
from medllm_ros.orders.errors import OrderError
from medllm_ros.orders.fhir import delivery_from_bundle
from medllm_ros.orders.notation import notation_warnings
from medllm_ros.orders.simple import delivery_from_json
from medllm_ros.orders.strict_json import decode
from medllm_ros.orders.text import parse_order_text

__all__ = [
    "OrderError",
    "delivery_from_bundle",
    "delivery_from_json",
    "notation_warnings",
    "parse_order_text",
    "read_order",
]


def read_order(data: bytes | str | Mapping[str, Any], *, now: dt.date | None = None) -> Delivery:
    """Return the delivery that ``data`` orders: a FHIR R4 Bundle where it has a resourceType, else the simple form.

    ``now`` is today where it is not given. Raises :class:`OrderError` and nothing else.
    """
    value = decode(data) if isinstance(data, bytes | str) else data
    if not isinstance(value, Mapping):
        raise OrderError("The order must be a JSON object: a FHIR R4 Bundle or the simple form.")
    today = now or dt.date.today()
    if "resourceType" in value:
        return delivery_from_bundle(value, now=today)
    return delivery_from_json(value, now=today)
