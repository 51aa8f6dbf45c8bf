"""Characters of a name that somebody describes: "弓長張", "世界的世", "單名一個偉" are 張, 世, 偉. Folded text."""

from __future__ import annotations

import re
from functools import lru_cache

from medllm_ros.safety.folding import load_data, simplified, sounds

# Only after a pause or after another description: else it is unknown where the describing word begins.
_OF_A_WORD = re.compile(r"(?:(?<![\u3400-\u9fff])|(?<=的[\u3400-\u9fff]))([\u3400-\u9fff]{2,5})的([\u3400-\u9fff])")
_ONE_CHARACTER = re.compile(r"单名(?:就)?(?:一个|是|叫)?(?:字)?\s*")


def plain_name(text: str) -> str:
    """Return ``text`` (characters folded) with each description replaced by the character that it describes."""
    text = _ONE_CHARACTER.sub("名", text)
    for described, surname in _surnames().items():
        text = re.sub(rf"(?:{surname}[\s,]*)?{described}", surname, text)
    return _OF_A_WORD.sub(_character, text)


def describes(text: str) -> bool:
    """Return True where ``text`` takes a surname apart: "金重鍾" is no name."""
    return text in _surnames()


def _character(match: re.Match[str]) -> str:
    """Return the character alone where the word holds it, by its sound too: a recogniser writes homophones."""
    word, char = match.groups()
    spoken = sounds(char)
    return char if any(other == char or sounds(other) & spoken for other in word) else match.group()


@lru_cache(maxsize=1)
def _surnames() -> dict[str, str]:
    """Return description -> surname, longest first."""
    table = load_data("identity.yaml")["described_surnames"]
    pairs = [(words.translate(simplified()), char.translate(simplified())) for char, words in table.items()]
    found = {word: char for words, char in pairs for word in words.split()}
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))
