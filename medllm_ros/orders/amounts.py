"""Which amount of an order text is the strength and which the dose.

A lone mass ("5 mg") is the strength for what is swallowed or applied and the dose for what is injected; what is
counted or measured out (tablets, puffs, units, mL) is the dose. A range, a combination (5/160 mg), a duration and a
diluent are neither: they are left to the note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from medllm_ros.orders.codes import Coded
from medllm_ros.orders.errors import OrderError, shown
from medllm_ros.quantities import Quantity, parse_quantity
from medllm_ros.quantities.find import find_folded
from medllm_ros.quantities.fold import Folded, fold

_PARENTERAL: Final = frozenset({"IV", "IM", "SC", "ID", "IT"})
_MASS: Final = frozenset({"ng", "ug", "mg", "g", "meq", "mmol", "umol", "%"})
_MEASURED_UNITS: Final = (
    "[iU] m[iU] mL L uL {tbl} {cap} {drop} {puff} {patch} {suppository} {vial} {ampule} {sachet} {bag} {tube} {dose} "
    "[tsp_us] [tbs_us] {cup} cm"
)
_MEASURED: Final = frozenset(_MEASURED_UNITS.split())
# How an amount is written so that it may be read out: no U, no IU, no µg, no # (Joint Commission, ISMP).
_PLAIN_UNIT: Final = {
    "[iU]": ("units", "unit"),
    "ug": ("mcg", "mcg"),
    "{tbl}": ("tablets", "tablet"),
    "{cap}": ("capsules", "capsule"),
}
_HASTY: Final = re.compile(r"(?:\d|\s)(?:iu|i\.u\.|u|μg|ug|#|cc|c\.c\.|t|c)$")
_CAPSULE: Final = re.compile(r"(?<![a-z])(?:cap|caps|capsule|capsules)(?![a-z])|膠囊|胶囊")
FORM: Final = re.compile(
    r"(?<![a-z])(?:(?:film[- ]coated |enteric[- ]coated |chewable |oral )?(?:tabs?|tablets?|caps?|capsules?)"
    r"|inj|injection|syrup|susp|suspension|solution|soln|cream|ointment|oint|gel|inhaler|supp|suppository|vial|amp|ampoule"
    r"|patch|powder|pen|(?:ophthalmic |eye )?drops)\.?(?![a-z])"
    r"|(?<=[\s\d克升%])(?:錠劑?|膠囊劑?|糖漿|針劑|注射液|軟膏|藥膏|貼片|胶囊|片剂)"
)
_COUNT: Final = re.compile(
    r"(?<![\w.])(?P<number>\d{1,2}(?:\.\d{1,2})?|½|1/2)\s?(?P<form>[tc#])(?![a-z0-9])"
)  # 1T, 1C, 1#
_EACH: Final = re.compile(r"(?:每次|一次|each time|per dose)\s*$")
_DILUENT: Final = re.compile(r"(?:(?<![a-z])(?:in|with)|加入|加|稀釋於|溶於|/|max\.?|maximum|up to|最多|=|\()\s*$")
_WORD: Final = re.compile(r"[\s-]*(?P<word>[^\W\d_]{1,12})")
_NUMBERED: Final = frozenset(
    ("mix", "novomix", "humulin", "mixtard", "ryzodeg", "peg", "macrogol", "glycol", "interferon", "factor", "omega")
)  # names that go on with a number
@dataclass
class Reading:
    """What has been read so far; spans are of the folded text."""

    folded: Folded
    claimed: list[tuple[int, int]] = field(default_factory=list)
    routes: list[Coded] = field(default_factory=list)
    frequencies: list[Coded] = field(default_factory=list)
    unread: list[tuple[int, int]] = field(default_factory=list)  # amounts that go to the note

    def free(self, start: int, end: int) -> bool:
        return all(end <= left or right <= start for left, right in self.claimed)


def plain_amount(quantity: Quantity, capsule: bool = False) -> Quantity:
    """Return the amount with a text that may be read out: "12 U" becomes "12 units", "5.0 mg" becomes "5 mg"."""
    unit = "{cap}" if capsule and quantity.unit == "{tbl}" and quantity.text.rstrip()[-1:] in "#" else quantity.unit
    folded = fold(quantity.text).text
    digits = re.match(r"[\d.,]+", folded)
    odd = (
        bool(digits and (digits.group().startswith(".") or re.search(r"\.\d*0$", digits.group())))
        or "MG" in quantity.text
    )
    if not odd and unit == quantity.unit and not _HASTY.search(folded):
        return quantity
    number = f"{quantity.value.normalize():f}"
    plural, single = _PLAIN_UNIT.get(unit, (unit, unit))
    return Quantity(quantity.value, unit, f"{number} {single if quantity.value == 1 else plural}")


def read_amounts(reading: Reading) -> tuple[Quantity | None, Quantity | None]:
    """Return strength and dose; what else is written as an amount stays unread."""
    text, folded = reading.folded.text, reading.folded
    capsule = bool(_CAPSULE.search(text))
    counts: list[Quantity] = []
    for match in _COUNT.finditer(text):
        if reading.free(*match.span()):
            unit = "{cap}" if match["form"] == "c" or (match["form"] == "#" and capsule) else "{tbl}"
            value = parse_quantity(f"{match['number']} tab").value
            counts.append(plain_amount(Quantity(value, unit, f"{match['number']} #"), capsule))
            reading.claimed.append(match.span())
    masses: list[tuple[Quantity, int, int]] = []
    strengths: list[Quantity] = []
    found = [item for item in find_folded(folded) if reading.free(item[1], item[2])]
    for place, (quantity, start, end) in enumerate(found):
        ranged = _ranged(text, found, place)
        more = any(item[0].unit for item in found[place + 1 :])
        if quantity.unit == "" and _bare(reading, quantity, start, end, more):
            continue
        if quantity.value <= 0 and quantity.unit not in ("Cel", "[degF]"):
            raise OrderError(f"{shown(quantity.text)} is not more than zero; an amount must be.")
        amount = plain_amount(parse_quantity(quantity.text), capsule) if quantity.value > 0 and not ranged else quantity
        known = quantity.unit in _MASS | _MEASURED
        if ranged or _DILUENT.search(text[:start]) or not (known or "/" in quantity.unit):
            reading.unread.append((start, end))
            continue
        reading.claimed.append((start, end))
        if "/" in quantity.unit:
            strengths.append(amount)
        elif quantity.unit in _MEASURED or _EACH.search(text[:start]):
            counts.append(amount)
        else:
            masses.append((amount, start, end))
    return _roles(reading, counts, masses, strengths)


def _ranged(text: str, found: list[tuple[Quantity, int, int]], place: int) -> bool:
    """Return True where an amount is one end of a range or one part of 5/160 mg: no single amount."""
    for left, right in ((place - 1, place), (place, place + 1)):
        if left >= 0 and right < len(found) and found[left][0].unit == found[right][0].unit != "":
            between = text[found[left][2] : found[right][1]]
            if re.fullmatch(r"\s*(?:-|~|to|or|至|到|或|/|、|\+)\s*|", between):
                return True
    return False


def _roles(
    reading: Reading, counts: list[Quantity], masses: list[tuple[Quantity, int, int]], strengths: list[Quantity]
) -> tuple[Quantity | None, Quantity | None]:
    if len(strengths) > 1 or len(counts) > 1:
        several = counts if len(counts) > 1 else strengths
        if any(not item.same(several[0]) for item in several):
            raise OrderError(
                f"The order has more than one amount ({_listed(several)}); write the one to give."
            )
    strength = strengths[0] if strengths else None
    dose = counts[0] if counts else None
    left = [item for item, _, _ in masses]
    if not left:
        return strength, dose
    if len(left) > 2 or (len(left) == 2 and (dose is not None or strength is not None)):
        raise OrderError(
            f"The order has more than one amount ({_listed(left)}); write strength and dose once."
        )
    if len(left) == 2:
        between = reading.folded.text[masses[0][2] : masses[1][1]]
        if not FORM.search(between) and not _EACH.search(between):
            raise OrderError(
                f"The order has two amounts ({_listed(left)}); write which is the strength and which the dose."
            )
        return left[0], left[1]
    parenteral = bool(reading.routes) and reading.routes[0].code in _PARENTERAL
    if dose is not None and strength is None:
        return left[0], dose
    if strength is not None or parenteral:
        return strength, dose or left[0]
    return left[0], dose


def _bare(reading: Reading, quantity: Quantity, start: int, end: int, more: bool) -> bool:
    """Return True where a number without a unit belongs to a name (B12, 5-FU, NovoMix 30); raise where it cannot be."""
    text = reading.folded.text
    before, after = text[:start], text[end:]
    first = not reading.claimed or start < min(left for left, _ in reading.claimed)
    if not any(char.isdigit() for char in quantity.text):  # 一 in a Chinese name or remark
        return True
    if re.search(r"[a-z]-?$", before) or (re.match(r"-[a-z]", after) and start == 0):
        return True
    if re.search(r"[#\[(]\s?$", before):
        return True
    word = _WORD.match(after)
    last = re.findall(r"[a-z]+", before)[-1:]
    if first and last and (last[0] in _NUMBERED or last[0].endswith("mix")):
        return True
    following = word["word"] if word else ""
    claimed_next = word is not None and not reading.free(end + word.start("word"), end + word.end("word"))
    if (
        following
        and not claimed_next
        and not FORM.match(text, end + (word.start("word") if word else 0))
        and (len(following) <= 4 or not more)
    ):
        raise OrderError(
            f"{shown(f'{quantity.text} {following}')} has the unknown unit {shown(following)}; "
            "use one such as mg, mcg, g, mL, units, mEq, tablet, drop, puff."
        )
    if first and more:
        return True
    raise OrderError(f"{shown(quantity.text)} has no unit; write one such as mg, mcg, g, mL, units, mEq, tablet.")


def _listed(amounts: list[Quantity]) -> str:
    return ", ".join(item.text for item in amounts)
