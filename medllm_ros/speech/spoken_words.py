"""The tables of ``data/spoken.yaml``: units, prescription codes, abbreviations and signs as words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from medllm_ros.speech.numerals import chinese_integer
from medllm_ros.speech.tables import read_table

_LATIN_UNITS = {  # written without a number ("以 mg 計"): only spellings that are no word and no other unit
    "mcg": "ug", "µg": "ug", "μg": "ug", "ug": "ug", "mg": "mg", "kg": "kg", "mL": "mL", "ml": "mL", "dL": "dL",
    "mEq": "meq", "mmol": "mmol", "mmHg": "mm[Hg]", "IU": "[iU]", "℃": "Cel", "°C": "Cel",
}  # fmt: skip


@dataclass(frozen=True)
class SpokenWords:
    """The words of one locale."""

    locale: str
    units: Mapping[str, tuple[str, str]]  # UCUM code -> word for one, word for more
    codes: tuple[tuple[re.Pattern[str], str], ...]
    code_run: re.Pattern[str]
    abbreviations: Mapping[str, str]
    symbols: Mapping[str, str]

    @property
    def chinese(self) -> bool:
        """Return whether the locale is a Chinese one."""
        return self.locale.startswith("zh")

    def unit(self, code: str, value: Decimal = Decimal(2)) -> str | None:
        """Return the word for a UCUM unit ("mg/kg": 毫克每公斤, "milligrams per kilogram"), if there is one."""
        first, *rest = code.split("/")
        if first not in self.units or any(part not in self.units for part in rest):
            return None
        one = value == 1 or (value == Decimal("0.5") and first.startswith("{"))
        word = self.units[first][0 if one else 1]
        for part in rest:
            word += f"每{self.units[part][0]}" if self.chinese else f" per {self.units[part][0]}"
        return word

    def expand_codes(self, text: str) -> str:
        """Return ``text`` with prescription codes as words; neighbouring codes are parted by a comma."""
        return self.code_run.sub(self._expand, text)

    def plain(self, text: str) -> str:
        """Return ``text``, which has no number in it, with abbreviations, lone units and signs as words."""
        for written, word in self.abbreviations.items():
            text = re.sub(rf"(?<![A-Za-z]){re.escape(written)}(?=\W|\Z)", word, text, flags=re.I)
        for written, code in _LATIN_UNITS.items():
            edge = r"(?<![A-Za-z/\d])" if written[0].isalpha() else ""
            text = re.sub(rf"{edge}{re.escape(written)}(?![A-Za-z/\d])", self.units[code][1], text)
        for sign, word in self.symbols.items():
            if sign == "+":  # "K+" is a name, "5 + 5" is not
                text = re.sub(r"(?<![A-Za-z])\+(?=\s*\w|\s*\Z)", word, text)
            text = text if sign == "+" else text.replace(sign, word)
        if self.chinese:
            text = re.sub(r"第\s?(\d{1,4})(?!\d)", self._ordinal, text)
        return text

    def _ordinal(self, found: re.Match[str]) -> str:
        return "第" + chinese_integer(int(found[1]), self.locale)

    def _expand(self, found: re.Match[str]) -> str:
        written = found.group()
        spoken: list[str] = []
        position, dotted_end = 0, written.endswith(".")
        while position < len(written):
            hits = [(hit.end(), hit, word) for pattern, word in self.codes if (hit := pattern.match(written, position))]
            if not hits:
                position += 1  # what parts two codes
                continue
            position, hit, word = max(hits, key=lambda one: one[0])
            spoken.append(word.replace("{n}", hit.groupdict().get("n") or ""))
        ends = dotted_end and found.end() == len(found.string)
        stop = ("。" if self.chinese else ".") if ends else ""
        if re.match(r"\s*\d{1,2}:\d\d", found.string[found.end() :]):  # "QD 08:00"
            stop = "，" if self.chinese else ","
        return ("，" if self.chinese else ", ").join(spoken) + stop


@cache
def spoken_words(locale: str) -> SpokenWords:
    """Return the words of ``locale`` from the packaged table."""
    data = read_table("spoken.yaml")
    units = {
        code: (word, word) if isinstance(word, str) else (word[0], word[1])
        for code, word in data["units"][locale].items()
    }
    flags = re.IGNORECASE if locale.startswith("zh") else re.NOFLAG  # "po" is no word in Chinese
    codes = tuple((re.compile(_code_pattern(code), flags), word) for code, word in data["codes"][locale].items())
    longest_first = sorted(data["codes"][locale], key=len, reverse=True)
    one = "|".join(f"(?:{_code_pattern(code, named=False)})" for code in longest_first)
    return SpokenWords(
        locale=locale,
        units=units,
        codes=codes,
        code_run=re.compile(rf"(?<![A-Za-z0-9.第])(?:{one})(?:[\s,，、]+(?:{one}))*(?![A-Za-z0-9])", flags),
        abbreviations=data["abbreviations"][locale],
        symbols=data["symbols"][locale],
    )


def _code_pattern(code: str, *, named: bool = True) -> str:
    """Return a pattern for ``code`` in capitals, or or in any case with dots; longer ones in any case without dots too.

    PO, AC, BID and their like are words or names in small letters ("bid", "im"), so these need capitals or dots.
    """
    number = r"(?P<n>\d{1,2})" if named else r"\d{1,2}"
    parts = [number if part == "{n}" else part for part in re.findall(r"\{n\}|[A-Z]", code)]
    if "{n}" in code:  # q6h, q.6h., Q 6 H
        return r"(?i:" + r"\.?\s?".join(parts) + r"\.?)"
    bare = "".join(parts)
    dotted = r"\.\s?".join(parts[:2]) + "".join(rf"\.?\s?{part}" for part in parts[2:]) + r"\.?"
    words_too = len(parts) == 2 or code in {"BID", "STAT", "IVD", "TIW", "BIW"}
    return rf"(?:{bare}|(?i:{dotted}))" if words_too else rf"(?i:{bare}|{dotted})"
