"""Folding: one spelling for everything a recogniser or a keyboard may write, so that word lists stay short.

Full width, Traditional and Simplified, case, apostrophes and the blanks that recognisers put between
Chinese characters all disappear. Folded text is for comparing only and is never spoken.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pypinyin import Style, pinyin

DATA = Path(__file__).parent / "data"

# Same word, other character: Hokkien and colloquial spellings that OpenCC's table does not join.
_VARIANTS = {
    "著": "着", "妳": "你", "您": "你", "牠": "他", "她": "他", "它": "他", "𣍐": "袂", "𠢕": "会",
    "冇": "没", "唔": "不", "咁": "那", "佢": "他", "啲": "点", "疼": "痛", "裡": "里", "裏": "里",
}  # fmt: skip
_CJK = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_INNER_BLANK = re.compile(rf"(?<=[{_CJK}0-9])[ \t\u3000]+(?=[{_CJK}])|(?<=[{_CJK}])[ \t\u3000]+(?=[0-9])")
_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´ʼ＇](?=\w)")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")


@lru_cache(maxsize=1)
def simplified() -> dict[int, str]:
    """Return the table Traditional -> Simplified, from OpenCC's character dictionary (Apache-2.0)."""
    table: dict[int, str] = {}
    lines = resources.files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text("utf-8").splitlines()
    for line in lines:
        left, _, right = line.partition("\t")
        if right:
            table[ord(left)] = right.split()[0]
    for left, right in _VARIANTS.items():
        table[ord(left)] = right
    return table


def fold_characters(text: str) -> str:
    """Return ``text`` in NFKC, lower case, simplified characters; blanks and punctuation stay."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower().translate(simplified())


def fold(text: str) -> str:
    """Return the comparing form of ``text``: as :func:`fold_characters`, without apostrophes and inner blanks."""
    text = fold_characters(text)
    text = _APOSTROPHE.sub("", text)
    return _INNER_BLANK.sub("", text)


PAUSED = 3.5  # characters of a piece between blanks from which on, in the mean, blanks are pauses
_CHINESE = re.compile("[\u4e00-\u9fff]+")
# "我膝蓋好痛 可以吃布洛芬嗎" is one thought.
_PAUSE = re.compile("(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])(?!(?:可以|能|能不能|可不可以)吃)")


def with_pauses(text: str) -> str:
    """Return ``text`` with a comma for each blank between Chinese characters, unless blanks part words or characters.

    Some recognisers write a blank for a pause, others between all words: then the pieces are short.
    """
    pieces = _CHINESE.findall(text)
    if len(pieces) < 2 or sum(map(len, pieces)) < PAUSED * len(pieces):
        return text
    return _PAUSE.sub("，", text)


def is_cjk(char: str) -> bool:
    """Return True for a Chinese character."""
    return "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\U00020000" <= char <= "\U0002ffff"


# Pairs that Taiwanese speakers and recognisers confuse: retroflex/dental initials, -ng/-n after i and e.
_LOOSE = (
    (re.compile("^zh"), "z"),
    (re.compile("^ch"), "c"),
    (re.compile("^sh"), "s"),
    (re.compile("([ie])ng$"), r"\1n"),
)


@lru_cache(maxsize=8192)
def sounds(char: str) -> frozenset[str]:
    """Return every toneless reading of one Chinese character, loosened; empty for anything else."""
    if not is_cjk(char):
        return frozenset()
    readings = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    return frozenset(loosen(reading) for reading in (readings[0] if readings else ()))


def loosen(syllable: str) -> str:
    """Return a toneless syllable with commonly confused initials and finals joined."""
    for pattern, replacement in _LOOSE:
        syllable = pattern.sub(replacement, syllable)
    return syllable


@lru_cache(maxsize=8192)
def toned(char: str) -> str:
    """Return the commonest reading of one Chinese character with its tone number; "" for anything else."""
    if not is_cjk(char):
        return ""
    readings = pinyin(char, style=Style.TONE3, errors="ignore", neutral_tone_with_five=True)
    return readings[0][0] if readings else ""


def load_data(name: str, folder: Path | None = None) -> Any:
    """Return one YAML file of the safety data; a broken file is a sentence with its name."""
    path = (folder or DATA) / name
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(
            f"The safety data file {path} cannot be read: {error}. Restore it from the package."
        ) from error
