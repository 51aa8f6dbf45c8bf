"""After a match: whether the words show that the one who speaks is not the one whom the record names.

Staff have matched a patient; then somebody says "Marcus? He is by the window now, I am Terrence". Asked before the
match, names are compared in ``identity.py``; here they come unasked, in the middle of anything.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from medllm_ros.safety.folding import fold, load_data, simplified
from medllm_ros.safety.latin_name import latin_words, near, plain_letters, recorded_forms, short_for
from medllm_ros.safety.person_name import chinese_part, within

MAX_CHARS = 300  # of what is said in one breath about who one is


def other_name(text: str, recorded: str) -> bool:
    """Return True where the speaker goes by another name than ``recorded``, or tells of that one as of somebody else.

    A nickname proves nothing ("friends call me Terry"), nor does a name that the record may hold in part.
    """
    if not recorded:
        return False
    text = text[:MAX_CHARS]
    heard = fold(text)
    return any(third.search(heard) for third in _told_of(recorded)) or _introduced(text, heard, recorded)


def _introduced(text: str, heard: str, recorded: str) -> bool:
    words = _words()
    if chinese := _chinese(recorded):
        # Who says the recorded name as well tells theirs from it, however near the two sound: "程丽娟？我姓陈".
        beside = chinese in heard

        def another(said: str, whole: str) -> bool:
            return not (said in whole if beside else within(said, whole))

        named = any(another(found[1], chinese) for found in words.own_name.finditer(heard))
        return named or any(another(found[1], chinese[0]) for found in words.own_surname.finditer(heard))
    known = recorded_forms(recorded)[3]
    plain = plain_letters(words.nickname.sub(" ", text)).replace("'", "")
    return any(
        not any(near(name, part) or short_for(name, part) for part in known)
        for found in words.introduced.finditer(plain)
        for name in latin_words(found[1])
    )


def _chinese(recorded: str) -> str:
    name = chinese_part(fold(recorded))
    return name if len(name) >= 2 else ""


@lru_cache(maxsize=64)
def _told_of(recorded: str) -> tuple[re.Pattern[str], ...]:
    """Return what tells of somebody of this name: patterns for folded text."""
    words = _words()
    if chinese := _chinese(recorded):
        given = chinese[2:] if len(chinese) > 3 else chinese[1:]
        forms = [chinese, *([given] if len(given) > 1 else []), f"{given}{words.kin}", f"{chinese[0]}{words.titles}"]
        if len(given) > 1:
            forms.append(f"{given[-1]}{words.kin}")
        name, surname = f"(?:{'|'.join(forms)})", chinese[0]
        return tuple(re.compile(p.replace("<name>", name).replace("<surname>", surname)) for p in words.chinese)
    firsts, lasts, _, parts = recorded_forms(recorded)
    forms = [re.escape(form) for form in dict.fromkeys((*firsts, *lasts, *parts)) if len(form) > 2]
    if not forms:
        return ()
    name = f"(?:mrs? |ms |miss )?(?:{'|'.join(forms)})"
    return tuple(re.compile(pattern.replace("<name>", name), re.ASCII) for pattern in words.english)


class _Words:
    def __init__(self) -> None:
        identity: dict[str, Any] = load_data("identity.yaml")
        data = identity["other_name"]

        def chinese(pattern: str) -> str:
            return pattern.translate(simplified())

        self.kin, self.titles = f"(?:{chinese(data['kin'])})", f"(?:{chinese(data['titles'])})"
        self.chinese = tuple(map(chinese, data["zh"]))
        self.english = tuple(data["en"])
        self.nickname = re.compile(chinese(data["nickname"]), re.IGNORECASE)
        surnames = chinese(identity["surnames"]).replace(" ", "")
        self.own_name, self.own_surname = (
            re.compile(chinese(data[name]).replace("<surnames>", surnames)) for name in ("own_name", "own_surname")
        )
        names = "|".join(data["names"].split())
        self.introduced = re.compile(data["introduced"].replace("<names>", names), re.ASCII)


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
