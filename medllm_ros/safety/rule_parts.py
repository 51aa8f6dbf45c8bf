"""Parts of a triage rule: which script each alternative needs, and two signs in either order."""

from __future__ import annotations

import re
from enum import Flag, auto

_LATIN = re.compile("[a-z]")
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")


class Script(Flag):
    """Which letters a text holds, or a pattern cannot match without."""

    NONE = 0
    LATIN = auto()
    CHINESE = auto()


def script_of(text: str) -> Script:
    """Return the scripts in folded ``text``."""
    latin = Script.LATIN if _LATIN.search(text) else Script.NONE
    return latin | (Script.CHINESE if _CHINESE.search(text) else Script.NONE)


def needed_script(part: str) -> Script:
    """Return the script of an alternative written in one script only, NONE where it mixes them."""
    words = re.sub(r"\[\^[^\]]*\]|\\.|\(\?(?:<?[=!])[^()]*\)", " ", part)  # forbidden letters need nothing
    script = script_of(words)
    return script if script in (Script.LATIN, Script.CHINESE) else Script.NONE


def either_order(one: str, other: str, within: int) -> str:
    """Return a pattern for two signs in one sentence with no denial between them, at most ``within`` apart."""
    gap = rf"(?:(?!\b(?:no|not|never|without)\b)[^。.!?;沒無未]){{0,{within}}}?"
    return f"(?:{one}){gap}(?:{other})|(?:{other}){gap}(?:{one})"


def alternatives(pattern: str) -> list[str]:
    """Return the top-level alternatives of a regular expression."""
    parts, depth, start, inside, index = [], 0, 0, False, 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[start:index])
            start = index + 1
        index += 1
    return [*parts, pattern[start:]]
