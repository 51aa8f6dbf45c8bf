"""Chart numbers as they are spoken: digit by digit, in Chinese or English, spelled letters and all."""

from __future__ import annotations

import re

from medllm_ros.safety.folding import fold

MIN_DIGITS = 4  # a shorter run may be an age or a bed
_DIGIT = {
    "零": "0", "〇": "0", "○": "0", "洞": "0", "一": "1", "幺": "1", "么": "1", "二": "2", "两": "2", "三": "3",
    "四": "4", "五": "5", "六": "6", "七": "7", "拐": "7", "八": "8", "九": "9", "勾": "9",
}  # fmt: skip
_WORD = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
_REPEAT = {"double": 2, "triple": 3}
_TOKEN = re.compile(r"[a-z]+|[0-9]|[^\x00-\x7f]|\S", re.ASCII)
_SEPARATOR = frozenset("-_./ 的")
_LETTER_WORDS = {
    "bee": "b",
    "see": "c",
    "dee": "d",
    "gee": "g",
    "jay": "j",
    "kay": "k",
    "pea": "p",
    "tea": "t",
    "you": "u",
    "why": "y",
}


def compare_chart_number(text: str, recorded: str, asked_by_name: bool) -> bool | None:
    """Return True where the recorded number was said as a whole, False where another was, None where none was.

    ``asked_by_name``: the words "chart number" are in the text, so any run of digits is meant as one.
    """
    wanted = "".join(char for char in fold(recorded) if char.isalnum())
    if len(wanted) < 3:  # too short to prove anything
        return None
    runs = spoken_runs(text)
    if any(_same(run, wanted) for run in runs):
        return True
    digits = sum(char.isdigit() for char in wanted)
    for run in runs:
        count = sum(char.isdigit() for char in run)
        if count >= MIN_DIGITS and (asked_by_name or (count == digits and len(run) == len(wanted))):
            return False
    return None


def _same(run: str, wanted: str) -> bool:
    if run == wanted:
        return True
    return run.isdigit() and wanted.isdigit() and len(run) >= MIN_DIGITS and run.lstrip("0") == wanted.lstrip("0")


def spoken_runs(text: str) -> list[str]:
    """Return the runs of digits and single letters of a text, blanks and hyphens removed."""
    runs: list[str] = []
    current, repeat = "", 1
    tokens = _TOKEN.findall(fold(text).replace("'", ""))
    for index, token in enumerate(tokens):
        if token in _REPEAT:
            repeat = _REPEAT[token]
            continue
        piece = _piece(token, tokens[index + 1] if index + 1 < len(tokens) else "")
        if piece:
            current += piece * repeat
            repeat = 1
        elif token not in _SEPARATOR and current:
            runs.append(current)
            current, repeat = "", 1
    return [*runs, current] if current else runs


def _piece(token: str, following: str) -> str:
    if token.isascii() and token.isdigit():
        return token
    if token in _DIGIT:
        return _DIGIT[token]
    if token in _WORD:
        return _WORD[token]
    if len(token) == 1 and "a" <= token <= "z":
        return token
    starts_number = bool(following) and (following.isdigit() or following in _DIGIT or following in _WORD)
    return _LETTER_WORDS.get(token, "") if starts_number else ""
