"""How breathless or stuttered speech is read: as it was heard, and with its pauses closed."""

from __future__ import annotations

import re

from medllm_ros.safety.folding import fold

# "my throat's closing": folding drops apostrophes, and "throats" would read as many throats.
_CONTRACTED = re.compile(
    r"\b(throat|tongue|face|chest|heart|breathing|breath|sugar|glucose|arm|leg|side|nose|mouth|speech|vision|head|skin"
    r"|everything|room|body|inhaler|puffer|nebuli[sz]er|oxygen|jaw|weight|pressure|elephant)['’‘`´ʼ＇]s\b",
    re.IGNORECASE,
)

# Speech that breaks off: "can't... can't catch my... breath". It is read as it is and joined.
_BROKEN = re.compile(r"\s*(?:\.{2,}|…+|-{2,}|[—–]+)\s*")
_REPEATED = re.compile(r"\b(\w+)(?: \1\b)+")


def readings(text: str) -> tuple[str, ...]:
    """Return the folded forms of a transcript that triage looks at, each once."""
    folded = fold(_CONTRACTED.sub(r"\1 is", text))
    return tuple(dict.fromkeys((folded, unbroken(folded))))


def unbroken(text: str) -> str:
    """Return folded ``text`` with the pauses of broken speech closed and a stuttered word said once."""
    if not _BROKEN.search(text):
        return text
    return _REPEATED.sub(r"\1", fold(_BROKEN.sub(" ", text)).strip())
