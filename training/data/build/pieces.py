"""Every piece of a tokenizer, drawn alike: what a small model must be able to copy, however seldom it is said.

A piece that never stands in an answer is pushed away by all that do, and cannot be said when it stands in the facts. Words
of the facts are therefore exchanged for pieces drawn without regard to how often they occur. What comes of it is nonsense
and never leaves a curriculum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from medllm_ros.delivery import Locale
from medllm_ros.formulary.frozen import FrozenDict
from medllm_ros.formulary.model import Drug

_WORD = {"en": re.compile(r"(?<![\w{])[A-Za-z]+(?![\w}])"), "zh": re.compile(r"[\u3400-\u9fff]|[A-Za-z]+")}
_HAN = (0x4E00, 0x9FA5)
UNKNOWN = 0.08  # share of Chinese characters that no piece stands for
LONGER = 0.4  # share of words of two pieces, of what is left of three
NAMES = 0.7  # share of medicines that get another name


@dataclass(frozen=True)
class Pieces:
    """The pieces that stand for a character, begin a word, and go on with one."""

    han: tuple[str, ...]
    begin: tuple[str, ...]
    more: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Pieces:
        """Read the tokenizer of a folder."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        texts = sorted({tokenizer.decode([number]) for number in tokenizer.get_vocab().values()})
        return cls(
            tuple(text for text in texts if re.fullmatch(r"[\u3400-\u9fff]", text)),
            tuple(text.strip() for text in texts if re.fullmatch(r" ?[A-Z][a-z]+| [a-z]+", text)),
            tuple(text for text in texts if re.fullmatch(r"[a-z]+", text)),
        )

    def sprinkled(self, random: Random, text: str, locale: Locale) -> str:
        """Return the text with some words exchanged: none of them, up to half."""
        share = random.uniform(0, 0.5)

        def other(match: re.Match[str]) -> str:
            if random.random() >= share:
                return match[0]
            return self._word(random) if match[0].isascii() else self._character(random)

        return _WORD["en" if locale is Locale.EN_US else "zh"].sub(other, text)

    def renamed(self, random: Random, drug: Drug) -> Drug:
        """Return the medicine, mostly under another name in every language."""
        if random.random() >= NAMES:
            return drug
        latin = self._word(random)
        latin = latin.capitalize() if random.random() < 0.5 else latin.lower()
        chinese = "".join(self._character(random) for _ in range(random.randint(2, 5)))
        names = {Locale.ZH_TW: (chinese,), Locale.ZH_CN: (chinese,), Locale.EN_US: (latin,)}
        return replace(drug, names=FrozenDict(names), brands=(), colloquial=())

    def _word(self, random: Random) -> str:
        word = random.choice(self.begin)
        while random.random() < LONGER:
            word += random.choice(self.more)
        return word

    def _character(self, random: Random) -> str:
        return chr(random.randint(*_HAN)) if random.random() < UNKNOWN else random.choice(self.han)
