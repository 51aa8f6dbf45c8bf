"""How people write whole numbers in Chinese."""

from __future__ import annotations

from collections.abc import Callable

import pytest

DIGITS = "零一二三四五六七八九"


def chinese(number: int) -> str:
    """Write a whole number below 100 million as people say it."""
    if number >= 10_000:
        rest = number % 10_000
        zero = "零" if 0 < rest < 1000 else ""
        return chinese(number // 10_000) + "萬" + zero + (chinese(rest) if rest else "")
    text, zero = "", False
    for factor, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // factor % 10
        if digit:
            text += ("零" if zero else "") + DIGITS[digit] + name
            zero = False
        elif text:
            zero = True
    return (text[1:] if 10 <= number < 20 else text) or "零"


@pytest.fixture(scope="session")
def in_chinese() -> Callable[[int], str]:
    """Return the speller."""
    return chinese
