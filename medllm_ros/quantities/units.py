"""Units of medicine: UCUM codes, how they convert, and how people write and say them.

Codes follow UCUM (https://ucum.org/ucum): ``ug`` for microgram, ``[iU]`` for international units, annotations in
braces (``{tbl}``) for things that are counted. Counted things never convert into each other: one tablet is not one
capsule. ``mo`` and ``a`` do not convert into days, since a month has no fixed length.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

# Every way we read a unit, lower case and NFKC-folded (so "µg" is written with U+03BC and "℃" as "°c").
_WRITTEN: Final[dict[str, str]] = {
    "ng": "ng|nanogram|nanograms|奈克|纳克|納克",
    "ug": "ug|μg|mcg|mcgs|microgram|micrograms|微克",
    "mg": "mg|mgs|mgm|milligram|milligrams|毫克|公絲",
    "g": "g|gm|gms|gram|grams|gramme|grammes|克|公克",
    "kg": "kg|kgs|kilogram|kilograms|kilo|kilos|公斤|千克",
    "[lb_av]": "lb|lbs|pound|pounds|磅",
    "[oz_av]": "oz|ounce|ounces|盎司",
    "uL": "ul|μl|microliter|microliters|微升",
    "mL": "ml|mls|cc|c.c.|c.c|milliliter|milliliters|millilitre|millilitres|毫升|公撮|西西",
    "dL": "dl|deciliter|deciliters|分升",
    "L": "l|liter|liters|litre|litres|升|公升",
    "[iU]": "u|iu|i.u.|iu's|unit|units|international unit|international units|單位|单位|國際單位|国际单位",
    "m[iU]": "mu|miu|milliunit|milliunits|毫單位|毫单位",
    "meq": "meq|meqs|milliequivalent|milliequivalents|毫當量|毫当量",
    "umol": "umol|μmol|micromole|micromoles|微莫耳|微摩尔",
    "mmol": "mmol|mmols|millimole|millimoles|毫莫耳|毫摩爾|毫摩尔",
    "%": "%|percent|per cent|pct|趴",
    "{tbl}": (
        "tablet|tablets|tab|tabs|pill|pills|caplet|caplets|lozenge|lozenges|#|顆|颗|錠|锭|片|粒|丸|顆藥|"
        "颗药|顆錠劑|片錠劑|錠劑"
    ),
    "{cap}": "capsule|capsules|cap|caps|膠囊|胶囊|顆膠囊|颗胶囊|粒膠囊|粒胶囊|枚膠囊|枚胶囊|顆軟膠囊",
    "{drop}": "drop|drops|gtt|gtts|滴",
    "{puff}": "puff|puffs|inhalation|inhalations|spray|sprays|actuation|actuations|噴|喷|吸|揿",
    "{patch}": "patch|patches|貼|贴|貼片|贴片|片貼片|片贴片|片貼布|片贴布|塊貼片|貼布|张贴片|張貼片",
    "{suppository}": (
        "suppository|suppositories|supp|supps|顆栓劑|颗栓剂|粒栓劑|粒栓剂|枚栓劑|枚栓剂|顆塞劑|粒塞劑|"
        "栓劑|栓剂|塞劑|塞剂"
    ),
    "{vial}": "vial|vials|bottle|bottles|瓶|小瓶|罐",
    "{ampule}": (
        "ampule|ampules|ampoule|ampoules|amp|amps|pen|pens|syringe|syringes|injection|injections|shot|"
        "shots|支|枝|針|针|安瓿"
    ),
    "{sachet}": "sachet|sachets|packet|packets|pack|packs|包",
    "{bag}": "bag|bags|袋",
    "{tube}": "tube|tubes|管|條藥膏",
    "{dose}": "dose|doses|劑|剂|份",
    "{time}": "time|times|次|回|遍|趟",
    "{meal}": "meal|meals|餐|頓|顿|頓飯|顿饭",
    "{cup}": "cup|cups|glass|glasses|杯",
    "[tsp_us]": "tsp|teaspoon|teaspoons|teaspoonful|teaspoonfuls|茶匙|小匙|小湯匙",
    "[tbs_us]": "tbsp|tablespoon|tablespoons|tablespoonful|湯匙|汤匙|大匙",
    "s": "s|sec|secs|second|seconds|秒|秒鐘|秒钟",
    "min": "min|mins|minute|minutes|分鐘|分钟",
    "h": "h|hr|hrs|hour|hours|hourly|小時|小时|鐘頭|钟头",
    "d": "d|day|days|天|日",
    "wk": "wk|wks|week|weeks|週|周|星期|禮拜|礼拜",
    "mo": "mo|mos|month|months|個月|个月",
    "a": "y|yr|yrs|year|years|years old|year old|year-old|years of age|y/o|yo|年|歲|岁|足歲",
    "Cel": (
        "°c|°|度c|度|攝氏度|摄氏度|degree|degrees|degree celsius|degrees celsius|degrees c|"
        "degree centigrade|degrees centigrade"
    ),
    "[degF]": "°f|度f|華氏度|华氏度|degrees fahrenheit|degrees f",
    "mm[Hg]": "mmhg|mm hg|毫米汞柱",
    "mm": "mm|millimeter|millimeters|毫米|公厘",
    "cm": "cm|centimeter|centimeters|公分|厘米",
    "m2": "m2|m^2|square meter|square meters|平方公尺|平方米",
    "kcal": "kcal|kcals|大卡|千卡",
    "cal": "卡|卡路里",
    "[ppm]": "ppm",
}
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {code: tuple(words.split("|")) for code, words in _WRITTEN.items()}

# UCUM code -> (base unit, factor); a unit that is not here is its own base.
_SCALE: Final[dict[str, tuple[str, Fraction]]] = {
    "ng": ("g", Fraction(1, 10**9)),
    "ug": ("g", Fraction(1, 10**6)),
    "mg": ("g", Fraction(1, 1000)),
    "kg": ("g", Fraction(1000)),
    "uL": ("L", Fraction(1, 10**6)),
    "mL": ("L", Fraction(1, 1000)),
    "dL": ("L", Fraction(1, 10)),
    "m[iU]": ("[iU]", Fraction(1, 1000)),
    "meq": ("eq", Fraction(1, 1000)),
    "umol": ("mol", Fraction(1, 10**6)),
    "mmol": ("mol", Fraction(1, 1000)),
    "min": ("s", Fraction(60)),
    "h": ("s", Fraction(3600)),
    "d": ("s", Fraction(86400)),
    "wk": ("s", Fraction(604800)),
    "kcal": ("cal", Fraction(1000)),
    "mm": ("m", Fraction(1, 1000)),
    "cm": ("m", Fraction(1, 100)),
}

# Denominators that may be spoken as "per X" or "每X". A day is not one of them: "5 mg per day" is 5 mg, and how
# often is a claim of its own.
_SPOKEN_DENOMINATORS: Final = ("kg", "g", "mL", "dL", "L", "m2", "h", "min")
# Denominators that are read after a stroke only ("mg/day"), beside every unit of SYNONYMS.
_BSA: Final = re.compile(r"\s*/\s*1\.73\s*(?:m2|m\^2|平方公尺|平方米)")
_CODES: Final = {  # how machines write units: UCUM case variants, HL7 v3 forms
    "[iu]": "[iU]",
    "[iU]": "[iU]",
    "meq": "meq",
    "[degf]": "[degF]",
    "cel": "Cel",
    "mm[hg]": "mm[Hg]",
    "{tbl}": "{tbl}",
    "{tablet}": "{tbl}",
    "{tablets}": "{tbl}",
    "{tab}": "{tbl}",
    "{capsule}": "{cap}",
    "{drops}": "{drop}",
    "[drp]": "{drop}",
    "{puffs}": "{puff}",
    "{spray}": "{puff}",
    "{application}": "{application}",
    "1": "",
    "{unit}": "[iU]",
    "{units}": "[iU]",
    "m[iu]": "m[iU]",
}


def _pattern(words: list[str]) -> str:
    """Return an alternation, longest first; Latin words end at a word boundary."""
    parts = []
    for word in sorted(words, key=len, reverse=True):
        text = re.escape(word).replace(r"\ ", r"\s+")
        if word[-1].isascii() and word[-1].isalnum():
            text += r"(?![a-z0-9])" if len(word) == 1 else r"(?![a-z])"
        parts.append(text)
    return "|".join(parts)


_BY_WORD: Final[dict[str, str]] = {word: code for code, words in SYNONYMS.items() for word in words}
_UNIT: Final = re.compile(f"(?:{_pattern(list(_BY_WORD))})")
_SPOKEN: Final = re.compile(
    r"\s*(?:per\s+|每)(" + _pattern([w for c in _SPOKEN_DENOMINATORS for w in SYNONYMS[c]]) + ")"
)
_STROKE: Final = re.compile(rf"\s*/\s*({_pattern(list(_BY_WORD))})")
# What may stand between a number and its unit: blanks, a hyphen (5-mg), the classifier 個, markdown, "quarter of a".
GAP: Final = re.compile(
    r"[\s*_`]{0,8}(?:-\s?)?(?:[個个多餘余來来幾几大小滿满整]\s?){0,2}(?:of\s+(?:an?\s+|the\s+)?)?(?:more\s+|extra\s+|small\s+)?[*_`]{0,3}"
)


def _code(written: str) -> str:
    return _BY_WORD[" ".join(written.split())]


def match_unit(folded: str, position: int) -> tuple[str, int] | None:
    """Return (UCUM code, end) of the unit written at ``position`` of a folded text, or None."""
    found = _UNIT.match(folded, position)
    if found is None:
        return None
    code, end = _code(found.group()), found.end()
    for _ in range(2):
        more = _STROKE.match(folded, end) or _SPOKEN.match(folded, end)
        if more is None:
            break
        code, end = f"{code}/{_code(more.group(1))}", more.end()
    area = _BSA.match(folded, end)
    return (f"{code}/{{1.73_m2}}", area.end()) if area else (code, end)


def unit_after(folded: str, position: int) -> tuple[str, int] | None:
    """Return (UCUM code, end) of the unit that belongs to a number ending at ``position``, or None."""
    direct = match_unit(folded, position)  # before the gap: 個月 starts with a classifier, c.c. with a letter
    if direct is not None:
        return direct
    gap = GAP.match(folded, position)
    for end in range(position + 1, (gap.end() if gap else position) + 1):
        found = match_unit(folded, end)
        if found is not None:
            return found
    return None


def canonical_unit(text: str) -> str | None:
    """Return the UCUM code of a unit as a person or a machine writes it; None where it is unknown."""
    stripped = text.strip()
    if stripped in SYNONYMS or stripped == "":
        return stripped
    if stripped.lower() in _CODES:
        return _CODES[stripped.lower()]
    parts = stripped.split("/")
    if len(parts) > 1 and all(part in SYNONYMS or part in _CODES for part in parts):
        return "/".join(_CODES.get(part, part) for part in parts)
    found = match_unit(stripped.lower().replace("µ", "μ"), 0)
    return found[0] if found and found[1] == len(stripped) else None


@lru_cache(maxsize=512)
def _base(unit: str) -> tuple[str, Fraction]:
    first, *rest = unit.split("/")
    base, factor = _SCALE.get(first, (first, Fraction(1)))
    for part in rest:
        below, divisor = _SCALE.get(part, (part, Fraction(1)))
        base, factor = f"{base}/{below}", factor / divisor
    return base, factor


def convert_to_base(value: Decimal, unit: str) -> tuple[Fraction, str]:
    """Return the amount in its base unit, exactly, so that equal amounts compare equal."""
    base, factor = _base(unit)
    return Fraction(value) * factor, base
