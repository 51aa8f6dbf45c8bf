"""Small rows for the tests of the data part."""

from __future__ import annotations

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale
from training.data import ChatRow, PairRow, Tags, TextRow
from training.data.rows import FactLine

LONG = "請問這個治療高血壓的藥要在飯前吃還是飯後吃比較好，我每天早上七點吃早餐，晚上十點睡覺，中間會吃兩次點心"


def chat(asked: str, answer: str, group: str = "g", where: str = "", **more: object) -> ChatRow:
    """Return a conversation of one question and one answer."""
    return ChatRow((ChatMessage(Role.USER, asked), ChatMessage(Role.ASSISTANT, answer)), group, where, **more)


def pair(asked: str, chosen: str, rejected: str, group: str = "g", where: str = "", **more: object) -> PairRow:
    """Return a preference."""
    return PairRow((ChatMessage(Role.USER, asked),), chosen, rejected, group, where=where, **more)


def text(content: str, where: str = "", group: str = "") -> TextRow:
    """Return a text."""
    return TextRow(content, where, group)


def facts(*lines: tuple[str, str, str]) -> tuple[FactLine, ...]:
    """Return labelled lines of (label, key, text)."""
    return tuple(FactLine(*line) for line in lines)


def taiwanese(*names: str) -> Tags:
    """Return tags of a Traditional Chinese row about medicines of these names."""
    return Tags("written", Locale.ZH_TW, None, names)
