"""From token ids to text while they arrive, never a broken character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

BROKEN = "\N{REPLACEMENT CHARACTER}"  # what a decoder writes for bytes that are not (yet) UTF-8
WINDOW = 8  # tokens decoded again for context; longer runs of broken bytes than this are no character any more


class Detokeniser:
    """Turn ids into text piece by piece. A character of several tokens appears when its last token is there.

    ``decode`` maps ids to text without special tokens. Bytes that never become a character are dropped.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._shown: list[int] = []  # ids whose text is out; kept as context for spaces between words
        self._held: list[int] = []  # ids whose text is not complete

    def push(self, token: int) -> str:
        """Take one id; return the text that is complete now, perhaps none."""
        self._held.append(token)
        text = self._new_text()
        if text.endswith(BROKEN) and len(self._held) < WINDOW:
            return ""
        return self._release(text)

    def flush(self) -> str:
        """Return what is left when the reply ends."""
        return self._release(self._new_text()) if self._held else ""

    def _new_text(self) -> str:
        before = self._decode(self._shown)
        return self._decode(self._shown + self._held)[len(before) :]

    def _release(self, text: str) -> str:
        self._shown, self._held = self._held, []
        return text.replace(BROKEN, "")
