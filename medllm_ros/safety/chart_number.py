"""Chart numbers as they are spoken: digit by digit, in Chinese or English, spelled letters and all."""

from __future__ import annotations

import re

from medllm_ros.safety.folding import fold

MIN_DIGITS = 4  # a shorter run may be an age or a bed
_DIGIT = {
    "零": "0", "〇": "0", "○": "0", "洞": "0", "空": "0",
    "一": "1", "幺": "1", "么": "1", "二": "2", "两": "2", "三": "3",
    "四": "4", "五": "5", "六": "6", "七": "7", "拐": "7", "八": "8", "九": "9", "勾": "9",
}  # fmt: skip
_WORD = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
_REPEAT = {"double": 2, "triple": 3}
_TOKEN = re.compile(r"[a-z]+|[0-9]|[^\x00-\x7f]|\S", re.ASCII)
_SEPARATOR = frozenset([*"-_./ 的嗯啊呃欸喔哦那个是,、:", "uh", "um", "er", "and", "then", "dash"])
_NUMBER = (
    r"(?:[0-9零〇一二三四五六七八九幺]|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)\b)"
)
_OTHER_NUMBER = re.compile(
    r"(?:电话|手机|行动|联络|分机|身分证|身份证|床号?|病房|房号|房间|phone|cell|mobile|telephone|room|bed)"
    rf"(?:号码|号|number|is|its|是|我|的|:|\s)*{_NUMBER}(?:{_NUMBER}|[\s-])*"
    rf"|{_NUMBER}(?:{_NUMBER}|[\s-])*(?:号)?[床房楼岁]"
)
_AS_IN = re.compile(r"(?<![a-z])([a-z])\s+(?:as in|like in|like|for)\s+[a-z]+\s*")
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


def compare_chart_number(text: str, recorded: str, named: re.Pattern[str]) -> bool | None:
    """Return True where the recorded number was said as a whole, False where another was, None where none was.

    ``named`` finds the words "chart number" in folded text: a run of digits after them is meant as one. Phone,
    bed and room numbers never count. The digits without their letter are neither the number nor another one.
    """
    wanted = "".join(char for char in fold(recorded) if char.isalnum())
    if len(wanted) < 3:  # too short to prove anything
        return None
    folded = _OTHER_NUMBER.sub("|", _AS_IN.sub(r"\1 ", fold(text)))
    runs = spoken_runs(folded)
    if any(_same(run, wanted) for run in runs):
        return True
    digits = "".join(char for char in wanted if char.isdigit())
    if digits in runs:
        return None
    said = list(named.finditer(folded))
    after = spoken_runs(folded[said[-1].end() :][:60])[:1] if said else []
    if any(sum(char.isdigit() for char in run) >= MIN_DIGITS for run in after):
        return False
    same_shape = any(len(run) == len(wanted) and sum(c.isdigit() for c in run) == len(digits) for run in runs)
    return False if same_shape and len(digits) >= MIN_DIGITS else None


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
