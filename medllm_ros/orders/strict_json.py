"""JSON as it may come from outside: strict UTF-8, no duplicate keys, no NaN, exact decimals, bounded size and depth."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from medllm_ros.orders.errors import OrderError, shown

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 60  # FHIR nests about 15 deep
MAX_DIGITS: Final = 40  # of one number


def decode(data: bytes | str) -> Any:
    """Return the JSON value in ``data``; numbers with a fraction are exact decimals. Raises :class:`OrderError`."""
    if isinstance(data, bytes):
        if len(data) > MAX_BYTES:
            raise OrderError(f"The order has {len(data)} bytes; at most {MAX_BYTES} are allowed.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise OrderError(f"The order is not valid UTF-8 at byte {error.start}; send it as UTF-8.") from error
    else:
        text = data.removeprefix("\ufeff")
        if len(text) > MAX_BYTES:  # no text has fewer bytes than characters
            raise OrderError(f"The order has {len(text)} characters; at most {MAX_BYTES} bytes are allowed.")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise OrderError(
            f"The order is not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    except RecursionError as error:
        raise OrderError(f"The order nests too deep; at most {MAX_DEPTH} levels are allowed.") from error
    check_shape(value)
    return value


def check_shape(value: Any) -> None:
    """Refuse what no JSON document holds or nests too deep; used for dicts that came in ready-made too."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_BYTES:
            raise OrderError(f"The order nests too deep or is too large; at most {MAX_DEPTH} levels are allowed.")
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise OrderError(f"The order has the key {shown(key)}; keys are text.")
            waiting.extend((part, depth + 1) for part in item.values())
        elif isinstance(item, list | tuple):
            waiting.extend((part, depth + 1) for part in item)
        elif (isinstance(item, float) and item != item) or item in (float("inf"), float("-inf")):
            raise OrderError("The order has a number that is not finite; leave the field out where it is unknown.")
        elif not (item is None or isinstance(item, str | int | float | Decimal)):
            raise OrderError(f"The order has a value of type {type(item).__name__}; only JSON values are allowed.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise OrderError(f"The order has the key {shown(twice)} twice in one object; keep one.")
    return result


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise OrderError(f"The number {shown(text)} cannot be read.") from error
    if len(text) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
        raise OrderError(f"The number {shown(text)} is out of range.")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise OrderError(f"The number {shown(text)} is out of range.")
    return int(text)


def _constant(text: str) -> Any:
    raise OrderError(
        f"The order has the value {text}, which JSON does not know; leave the field out where it is unknown."
    )
