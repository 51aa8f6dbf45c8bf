"""Text that was broken on its way: wrong decoding, replacement characters, noise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from medllm_ros.delivery import Locale
from medllm_ros.orders.text import CONTROL_TOKEN
from training.data.script import foreign

MIN_CHINESE = 4  # characters outside ASCII in a row that are tried as wrongly decoded; "联通" alone would pass as UTF-8
MIN_LATIN = 2  # the same for Latin tables: "Ã©"
MAX_LATIN = 6  # accented letters in a row; more are Chinese bytes shown as Latin-1
MAX_REPEAT = 30  # of one character in a row
MIN_LETTERS = 0.25  # share of letters and digits among the characters that are not blank, in texts of MIN_JUDGED
MIN_JUDGED = 40
_RUN = re.compile(r"[^\x00-\x7f]+")
_REPEAT = re.compile(r"(\S)\1{%d,}" % MAX_REPEAT)  # noqa: UP031 - braces of the pattern
_QUESTION_MARKS = re.compile(r"\?{4,}")  # what a lossy encoder leaves of Chinese
_REPLACED = re.compile("\ufffd|锟斤拷|烫烫烫|屯屯屯")  # U+FFFD, and what it and uninitialised memory become in GBK
_NO_TEXT = ("Cc", "Cs", "Co", "Cn")  # control, half, private, unassigned
_WRONG = {
    "cp1252": MIN_LATIN, "latin-1": MIN_LATIN, "cp437": MIN_CHINESE, "cp850": MIN_CHINESE, "gb18030": MIN_CHINESE,
    "big5": MIN_CHINESE,
}  # fmt: skip


def faults(text: str, locale: Locale | None = None) -> Iterator[str]:
    """Yield a sentence for each reason why ``text`` should not be learned; nothing for a good one."""
    if not text.strip():
        yield "it is empty"
        return
    if _REPLACED.search(text):
        yield "it holds replacement characters, so a part was lost in decoding"
    broken = mojibake(text)
    if broken:
        yield f"{broken!r} was decoded with a wrong table; read the source with its own"
    odd = next((char for char in text if unicodedata.category(char) in _NO_TEXT and char not in "\n\t\r"), "")
    if odd:
        yield f"it holds the control or unassigned character U+{ord(odd):04X}"
    token = CONTROL_TOKEN.search(text)
    if token:
        yield f"it holds {token.group()!r}, a control token of a language model"
    if _REPEAT.search(text) or _QUESTION_MARKS.search(text):
        yield "it holds one character over and over"
    dense = [char for char in text if not char.isspace()]
    if len(dense) >= MIN_JUDGED and sum(map(str.isalnum, dense)) < MIN_LETTERS * len(dense):
        yield "hardly any of it is letters"
    if locale is not None:
        other = foreign(text, locale)
        if other:
            yield f"it is marked {locale} but holds {other[:10]}"


def mojibake(text: str) -> str:
    """Return a run of characters that was decoded with a wrong table, "" where there is none.

    A run of real text, encoded with a legacy table, is practically never valid UTF-8 of fewer characters.
    """
    for run in _RUN.findall(text):
        if len(run) >= MAX_LATIN and all("\x80" <= char <= "\xff" for char in run):
            return str(run[:20])
        if any(_restored(run, table) for table, least in _WRONG.items() if len(run) >= least):
            return str(run[:20])
    return ""


def _restored(run: str, table: str) -> bool:
    try:
        return len(run.encode(table).decode("utf-8")) < len(run)
    except UnicodeError:
        return False
