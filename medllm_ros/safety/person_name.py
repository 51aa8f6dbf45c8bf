"""Names as they are heard: Chinese by sound, in Chinese characters or in pinyin; Latin names in latin_name.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medllm_ros.safety.described_name import describes, plain_name
from medllm_ros.safety.folding import fold_characters, is_cjk, load_data, simplified, sounds
from medllm_ros.safety.latin_name import compare_latin, joined, latin_words
from medllm_ros.safety.latin_name import named_by_relative as latin_by_relative
from medllm_ros.safety.self_correction import pieces

_IN_TWO_STEPS = re.compile(r"姓([\u3400-\u9fff]{1,2}?)[\s,]*(?:名(?:字)?(?:[\s,]*(?:叫做|叫|是))?|叫做?)\s*")
_CUT = re.compile(r"[,。.!?;:、·\n()]+")


def compare_name(text: str, recorded: str, *, by_other: bool = False) -> bool | None:
    """Return True where the recorded name was said, False where another clearly was, None otherwise.

    "Clearly": introduced as one's own ("我叫…", "my name is…"), in the script of the record. After a
    self-correction the last name counts. ``by_other``: a relative speaks; "我叫…" is then the relative's name.
    """
    parts = pieces(text)
    for part in reversed(parts if len(parts) > 1 else []):
        verdict = _compare(part, recorded, by_other)
        if verdict is not None:
            return verdict
    verdict = _compare(text, recorded, by_other)
    if verdict is None and chinese_part(recorded):
        return _compare(plain_name(fold_characters(text)), recorded, by_other)
    return verdict


def named_by_relative(text: str, recorded: str) -> bool:
    """Return True where the recorded name is said of a third person: "弟弟叫…", "我孫子…", "my daughter's …"."""
    cjk = chinese_part(recorded)
    if len(cjk) < 2:
        return latin_by_relative(text, recorded)
    return any(_words().relative.search(before) for before in _places(text, fold_characters(cjk)))


def _compare(text: str, recorded: str, by_other: bool) -> bool | None:
    cjk = chinese_part(recorded)
    verdicts: list[bool | None] = []
    if len(cjk) >= 2:
        verdicts.append(_compare_chinese(text, fold_characters(cjk), by_other))
        verdicts.append(_compare_romanised(text, fold_characters(cjk)))
    if re.search("[a-z]", fold_characters(recorded)):
        verdicts.append(compare_latin(text, recorded, by_other=by_other))
    if True in verdicts:
        return True
    return False if False in verdicts else None


def chinese_part(recorded: str) -> str:
    """Return the Chinese characters of a recorded name."""
    return "".join(char for char in recorded if is_cjk(char))


@dataclass(frozen=True)
class _Segment:
    """Text between punctuation without its blanks; ``starts`` and ``ends`` are the pauses that blanks showed."""

    text: str
    starts: frozenset[int]
    ends: frozenset[int]
    words: tuple[str, ...]


def _segments(text: str) -> Iterator[_Segment]:
    for piece in _CUT.split(fold_characters(text)):
        words = piece.split()
        if not words:
            continue
        joined_text, starts, ends = "", set(), set()
        one_by_one = sum(len(word) == 1 for word in words) > len(words) / 2
        for place, word in enumerate(words):
            if not one_by_one and (not place or len(words[place - 1]) > 1):
                starts.add(len(joined_text))
            joined_text += word
            if not one_by_one and (place + 1 == len(words) or len(words[place + 1]) > 1):
                ends.add(len(joined_text))
        yield _Segment(joined_text, frozenset(starts), frozenset(ends), tuple(words))


def _places(text: str, wanted: str) -> Iterator[str]:
    """Yield the words before each place where ``wanted`` is said as a whole name."""
    words = _words()
    follow = words.follow if len(wanted) > 2 else words.follow_strict
    described = re.compile(f"..{re.escape(wanted[0])}|.{{1,3}}的[{re.escape(wanted)}]")
    for segment in _segments(text):
        whole = segment.text
        for start in range(len(whole) - len(wanted) + 1):
            end = start + len(wanted)
            if not _sounds_like(whole[start:end], wanted):
                continue
            before, after = whole[:start], whole[end:]
            begins = not before or start in segment.starts or words.lead.search(before) or words.relative.search(before)
            begins = begins or re.search(f"姓{re.escape(whole[start])}[\u3400-\u9fff]?$", before)
            finished = not after or end in segment.ends or follow.match(after) or described.match(after)
            if begins and finished and not words.denied.search(before):
                yield before


def _compare_chinese(text: str, wanted: str, by_other: bool) -> bool | None:
    # "我姓陳，名字叫秀英" is "陳秀英" in two steps
    steps = _IN_TWO_STEPS.sub(r"姓\1", fold_characters(text))
    for _ in _places(steps, wanted):
        return True
    return False if _other_chinese(steps, wanted, by_other) else None


def _other_chinese(text: str, wanted: str, by_other: bool) -> bool:
    """Return True where somebody introduces the patient (mostly themselves) by another name."""
    words = _words()
    dated = words.dated.search(fold_characters(text).replace(" ", ""))
    for segment in _segments(text):
        found = (words.theirs if by_other else words.introduced).search(segment.text)
        if (
            found
            and not words.denied.search(segment.text[: found.end()])
            and not words.denied.search(segment.text[: found.start() + len(found.group()) - 1])
        ):
            given = words.follow_cut.split(_until_pause(segment, found.end()), maxsplit=1)[0]
            explicit = not found.group().endswith("是") or "名" in found.group()
            if 2 <= len(given) <= 4 and all(is_cjk(char) for char in given) and _is_name(given, explicit):
                return not _part_of(given, wanted)
        if by_other:
            continue
        surname = words.surname_only.search(segment.text)
        if surname and not words.denied.search(segment.text[: surname.end()]):
            rest = segment.text[surname.end() :]
            if rest and rest[0] in words.surnames and not sounds(rest[0]) & sounds(wanted[0]):
                return True
        if not found and not surname:
            bare = [segment.text, *(segment.words if dated else ())]
            if any(_bare_name(word, wanted) for word in bare):
                return True
    return False


def _until_pause(segment: _Segment, start: int) -> str:
    """Return what follows ``start`` up to the next pause, at least two characters long."""
    ends = sorted(end for end in segment.ends if end >= start + 2)
    return segment.text[start : ends[0]] if ends else segment.text[start:]


def within(given: str, wanted: str) -> bool:
    """Return True where ``given`` sounds like ``wanted`` or a part of it, such as the given name alone ("美玉")."""
    size = len(given)
    return any(_sounds_like(given, wanted[at : at + size]) for at in range(len(wanted) - size + 1))


def _part_of(given: str, wanted: str) -> bool:
    """Return True for a part of the name: neither the name nor another one."""
    return len(given) < len(wanted) and within(given, wanted)


def _bare_name(segment: str, wanted: str) -> bool:
    """Return True for an answer that is nothing but a name: a surname and two more characters."""
    words = _words()
    given = words.follow_cut.split(segment, maxsplit=1)[0]
    if len(given) != 3 or not all(is_cjk(char) for char in given):
        return False
    stutter = given[0] == given[1]
    return not stutter and _is_name(given, False) and given[0] in words.surnames and not _sounds_like(given, wanted)


def _is_name(given: str, explicit: bool) -> bool:
    words = _words()
    if describes(given) or words.not_names.match(given) or words.function.search(given) or words.titled.search(given):
        return False
    return explicit or given[0] in words.surnames or given[:2] in words.compound


def _sounds_like(heard: str, wanted: str) -> bool:
    return len(heard) == len(wanted) and all(
        a == b or sounds(a) & sounds(b) for a, b in zip(heard, wanted, strict=True)
    )


def _compare_romanised(text: str, wanted: str) -> bool | None:
    """Return True where a Chinese name was said in Hanyu Pinyin ("Wang Chunjiao", "Chun-Jiao Wang")."""
    heard = latin_words(text)[:80]
    if not heard:
        return None
    runs = {word for _, _, word in joined(heard, 4)}
    for surname in sounds_written(wanted[0]):
        for given in _join([sounds_written(char) for char in wanted[1:]]):
            if surname + given in runs or given + surname in runs:
                return True
    return None


@lru_cache(maxsize=512)
def sounds_written(char: str) -> tuple[str, ...]:
    """Return the pinyin spellings of one character, not loosened."""
    from pypinyin import Style, pinyin

    readings = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(reading.replace("ü", "v") for reading in (readings[0] if readings else ()))


def _join(parts: list[tuple[str, ...]]) -> list[str]:
    whole = [""]
    for part in parts:
        whole = [left + right for left in whole for right in part][:64]
    return whole


class _Words:
    def __init__(self) -> None:
        data = load_data("identity.yaml")

        def one(name: str) -> str:
            pattern = str(data[name]).replace("<relations>", data["relations"])
            return pattern.translate(simplified()).replace("\n", "").replace(" ", "")

        self.surnames = frozenset(one("surnames"))
        self.compound = frozenset(name.translate(simplified()) for name in data["compound_surnames"])
        self.not_names = re.compile(one("not_names"))
        self.titled = re.compile(one("titled"))
        # words that no name contains: an answer that is a sentence
        self.function = re.compile("[是的了吗呢吧在有没不吃药这那什么你他我们会要就很都也和跟还]")
        self.introduced = re.compile(one("introduce"))
        self.theirs = re.compile(one("theirs"))
        self.surname_only = re.compile(one("surname_only"))
        after = f"{one('follow_number')}|[0-9a-z]"
        self.follow = re.compile(f"(?:{one('follow')}|{one('follow_strict')}|{after})")
        self.follow_strict = re.compile(f"(?:{one('follow_strict')}|{after})")
        self.follow_cut = self.follow
        self.lead = re.compile(f"(?:{one('lead')})$")
        self.relative = re.compile(one("relative"))
        self.denied = re.compile(one("denied"))
        self.dated = re.compile(one("follow_number") + "|生日|出生")


@lru_cache(maxsize=1)
def _words() -> _Words:
    return _Words()
