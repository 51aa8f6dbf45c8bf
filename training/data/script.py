"""Which Chinese script a text is written in, by OpenCC's character tables (Apache-2.0)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from medllm_ros.delivery import Locale
from medllm_ros.safety.folding import is_cjk

# OpenCC prefers 牀, 祕, 羣, but Taiwan writes what TWVariants.txt lists; there only 么 betrays Simplified ("什么").
# 發霉, 虱目魚, 个 and 庄跤 of written Taiwanese Hokkien are Taiwan's too; 噁 stays in Mainland names (磺胺甲噁唑).
_TAIWAN_TOO, _MAINLAND_TOO = "霉虱个庄", "噁"
_NOT_TAIWAN = "么"
ENGLISH_MOST_CJK = 0.1  # share of the letters of an English text that may be Chinese: a brand in brackets


@lru_cache(maxsize=1)
def simplified_only() -> frozenset[str]:
    """Return the characters that Traditional Chinese does not use."""
    taiwan = {char for _, variants in _table("TWVariants.txt") for char in variants}
    return _changed("STCharacters.txt") - (taiwan - set(_NOT_TAIWAN)) - set(_TAIWAN_TOO)


@lru_cache(maxsize=1)
def traditional_only() -> frozenset[str]:
    """Return the characters that Simplified Chinese does not use."""
    return _changed("TSCharacters.txt") - set(_MAINLAND_TOO)


def _changed(name: str) -> frozenset[str]:
    return frozenset(char for char, others in _table(name) if char not in others)  # "后" stays in both


def _table(name: str) -> Iterator[tuple[str, list[str]]]:
    for line in resources.files("opencc").joinpath("dictionary", name).read_text("utf-8").splitlines():
        left, _, right = line.partition("\t")
        if right:
            yield left, right.split()


def foreign(text: str, locale: Locale) -> str:
    """Return the characters of ``text`` that its locale does not write, each once; "" where there are none."""
    if locale is Locale.EN_US:
        letters = [char for char in text if char.isalpha()]
        chinese = [char for char in letters if is_cjk(char)]
        return "".join(dict.fromkeys(chinese)) if len(chinese) > ENGLISH_MOST_CJK * len(letters) else ""
    other = simplified_only() if locale is Locale.ZH_TW else traditional_only()
    return "".join(dict.fromkeys(char for char in text if char in other))


def locale_of(text: str) -> Locale:
    """Return the locale that ``text`` is written in; Traditional where its Chinese characters do not tell."""
    if not any(map(is_cjk, text)):
        return Locale.EN_US
    simplified, traditional = simplified_only(), traditional_only()
    balance = sum((char in simplified) - (char in traditional) for char in text)
    return Locale.ZH_CN if balance > 0 else Locale.ZH_TW
