"""Plain order text, as a ward types it, in: "Amlodipine 5 mg PO QD 08:00" -> Medication.

Only the name is compulsory; a part that is absent stays ``None`` or empty, one that is present but impossible raises
:class:`OrderError`. What is neither is kept in ``note``, word for word, and never spoken.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from medllm_ros.delivery import MAX_NOTE_CHARS, DeliveryError, Medication, clean
from medllm_ros.orders.amounts import FORM, Reading, plain_amount, read_amounts
from medllm_ros.orders.codes import HOURS, find_frequencies, find_routes, join_frequencies
from medllm_ros.orders.errors import OrderError, shown
from medllm_ros.quantities import Quantity, QuantityError
from medllm_ros.quantities.fold import fold
from medllm_ros.quantities.times import find_times_folded

__all__ = ["CONTROL_TOKEN", "name_and_strength", "parse_order_text", "plain_amount"]

_CLOCK: Final = re.compile(r"(?<![\d:])\d{1,2}:\d{1,2}(?![\d:])")
_EDGE: Final = " ,;:.-–、，。；：/@"
_FILLER_WORDS: Final = "x × ( ) for at take give use apply the and of drops 一次 每次 服用 使用 各 於"
_FILLER: Final = frozenset(_FILLER_WORDS.split())
# Control tokens of chat templates; a name never has them.
CONTROL_TOKEN: Final = re.compile(
    r"<\|[^|<>]{0,64}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>", re.IGNORECASE
)


def parse_order_text(text: str) -> Medication:
    """Return the medicine that ``text`` orders; raise :class:`OrderError` where a part is impossible."""
    try:
        text = clean(text, "The order text", MAX_NOTE_CHARS)
        if not text:
            raise OrderError("The order text is empty; it needs at least the name of a medicine.")
        token = CONTROL_TOKEN.search(text)
        if token:
            raise OrderError(
                f"The order text has {shown(token.group())}, a control token of a language model; remove it."
            )
        return _read(text)
    except (DeliveryError, QuantityError) as error:
        raise OrderError(f"The order text {shown(text)}: {error}") from error


def _read(text: str) -> Medication:
    reading = Reading(fold(" ".join(text.split())))
    times = _times(reading)
    _codes(reading)
    strength, dose = read_amounts(reading)
    name, note = _name(reading)
    codes = [item.code for item in reading.frequencies]
    return Medication(
        name=name,
        as_ordered=text,
        strength=strength,
        dose=dose,
        route=reading.routes[0].code if reading.routes else "",
        frequency=join_frequencies(codes),
        times=tuple(times),
        as_needed="PRN" in codes,
        note=note,
    )


def _times(reading: Reading) -> list[dt.time]:
    folded = reading.folded
    found = find_times_folded(folded)
    for match in _CLOCK.finditer(folded.text):
        if not any(start <= match.start() < end for _, start, end in found):
            raise OrderError(f"The time {shown(match.group())} does not exist; write 00:00 to 23:59.")
    reading.claimed += [(start, end) for _, start, end in found]
    return list(dict.fromkeys(sorted(time for time, _, _ in found)))


def _codes(reading: Reading) -> None:
    text = reading.folded.text
    routes = find_routes(text)
    for item in find_frequencies(text, reading.claimed):
        if item.hours is not None and item.hours not in HOURS:
            raise OrderError(
                f"'every {item.hours} hours' is no interval in use; write one of Q4H, Q6H, Q8H, Q12H, Q24H."
            )
        measured = item.code == "CC" and text[: item.start].rstrip()[-1:].isdigit()  # 15 cc
        # a name may start like a Latin code; a Chinese order may start with how often
        leading = item.start == 0 and text[0].isascii()
        # "OD" is the right eye as well: of eye drops it says nothing (ISMP List of Error-Prone Abbreviations)
        eye = text[item.start : item.end] == "od" and any(route.code == "OPH" for route in routes)
        if not leading and not measured and not eye and reading.free(item.start, item.end):
            reading.frequencies.append(item)
            reading.claimed.append((item.start, item.end))
    for item in routes:
        if item.start and reading.free(item.start, item.end):
            reading.routes.append(item)
            reading.claimed.append((item.start, item.end))
    different = list(dict.fromkeys(item.code for item in reading.routes))
    if len(different) > 1:
        raise OrderError(f"The order names {len(different)} routes ({', '.join(different)}); write one order for each.")


def _name(reading: Reading) -> tuple[str, str]:
    """Return the name (what stands before the first part that was read) and the note (all that was not read)."""
    folded, text = reading.folded, reading.folded.text
    for match in FORM.finditer(text):
        if (
            match.start()
            and reading.free(*match.span())
            and all(match.end() <= a or b <= match.start() for a, b in reading.unread)
        ):
            reading.claimed.append(match.span())
    stops = [start for start, _ in [*reading.claimed, *reading.unread]]
    pieces: list[tuple[int, str]] = []
    position = 0
    for start, end in [*sorted(reading.claimed), (len(text), len(text))]:
        cut = min([stop for stop in stops if position < stop <= start], default=start) if not pieces else start
        for left, right in ((position, cut), (cut, start)):
            piece = folded.slice(left, right).strip(_EDGE) if right > left else ""
            if piece:
                pieces.append((left, piece))
        position = max(position, end)
    place = next((place for place, (_, piece) in enumerate(pieces) if any(char.isalpha() for char in piece)), -1)
    if place < 0:
        raise OrderError(f"The order text {shown(folded.original)} has no name of a medicine.")
    name = pieces[place][1]
    if name.count("(") > name.count(")"):
        name = name.rstrip("( ")
    rest = [piece for index, (_, piece) in enumerate(pieces) if index != place and piece.lower() not in _FILLER]
    return name, " ".join(rest)


def name_and_strength(display: str) -> tuple[str, Quantity | None]:
    """Return name and strength of a product's display: "Amlodipine 5 MG Oral Tablet" -> ("Amlodipine", 5 mg).

    A display that is not plain (two ingredients, a range) comes back whole, without a strength.
    """
    try:
        medication = parse_order_text(display)
    except OrderError:
        return " ".join(display.split()), None
    if medication.note.startswith(("/", "+")) or re.search(r"\s[/+]\s", display):
        return " ".join(display.split()), None
    if medication.dose is not None and medication.strength is None and medication.dose.unit not in ("mg", "ug", "g"):
        return medication.name, None
    return medication.name, medication.strength or medication.dose
