"""Cleaning: one Unicode form, no control characters, no mark-up, tidy blanks. Never changes a word or a number."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import replace

from medllm_ros.bedside.chat import ChatMessage
from training.data.rows import PairRow, Row, TextRow

_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>")
# Elements of HTML, and nothing else between angle brackets: "<5 mg>" and "if a < b" are text.
_TAG = re.compile(
    r"(?i)</?(?:a|abbr|b|big|blockquote|body|br|center|cite|code|dd|div|dl|dt|em|font|h[1-6]|head|hr|html|i|img|input|"
    r"label|li|link|meta|ol|option|p|pre|q|s|section|select|small|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|"
    r"thead|title|tr|tt|u|ul|var)(?:\s[^<>]*)?/?>|<!--.*?-->|<!doctype[^<>]*>"
)
_WITH_CONTENT = re.compile(r"(?is)<(script|style)\b[^<>]*>.*?</\1\s*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BLANKS = re.compile(r"[ \t\u00a0\u2002-\u200a\u202f\u205f\u3000]+")
_LINES = re.compile(r"\n{3,}")


def tidy(text: str) -> str:
    """Return ``text`` in NFC without mark-up, control and invisible characters, blanks at most one in a row.

    Full-width punctuation stays as it is: it is how Chinese is written.
    """
    previous = None
    while text != previous:  # "&amp;lt;b&amp;gt;" hides a tag under two layers; each pass is shorter
        previous = text
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
        text = _TAG.sub("", _BREAK.sub("\n", _WITH_CONTENT.sub("", text)))
        text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
        text = unicodedata.normalize("NFC", text)
        lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
        text = _LINES.sub("\n\n", "\n".join(lines)).strip()
    return text


def clean(row: Row) -> Row:
    """Return the row with every text tidied."""
    if isinstance(row, TextRow):
        return replace(row, text=tidy(row.text))
    if isinstance(row, PairRow):
        return replace(row, prompt=_messages(row.prompt), chosen=tidy(row.chosen), rejected=tidy(row.rejected))
    return replace(row, messages=_messages(row.messages))


def _messages(messages: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...]:
    return tuple(ChatMessage(message.role, tidy(message.content)) for message in messages)
