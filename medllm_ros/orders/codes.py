"""Closed lists of routes and frequencies: what each code means and how orders write it, in Latin and in Chinese.

A code that is not listed is unknown and never spoken. Several frequencies may apply ("TID PC"). The codes are those
of Taiwanese hospital orders; error-prone ones are read and warned about (see :mod:`medllm_ros.orders.notation`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Code:
    """One code. ``written`` are regular expressions over folded (lower-case, half-width) text."""

    code: str
    meaning: str
    written: tuple[str, ...]


ROUTES: Final[tuple[Code, ...]] = (
    Code("PO", "by mouth", ("p\\.?o\\.?", "per os", "by mouth", "orally", "oral(?= use)", "口服", "內服", "内服")),
    Code("SL", "under the tongue", ("s\\.?l\\.?", "sublingual(?:ly)?", "under the tongue", "舌下(?:含服)?", "含在舌下")),
    Code("BUC", "between cheek and gum", ("buccal(?:ly)?", "buc", "口頰", "口颊")),
    Code("IV", "into a vein", ("i\\.?v\\.?", "ivd", "ivf", "ivp", "ivpb", "iv drip", "iv push", "intravenous(?:ly)?", "靜脈(?:注射|滴注|輸注)?", "静脉(?:注射|滴注)?", "靜注", "静注")),
    Code("IM", "into a muscle", ("i\\.?m\\.?", "intramuscular(?:ly)?", "肌肉注射", "肌注")),
    Code("SC", "under the skin", ("s\\.?c\\.?", "sq", "subq", "sub ?cut(?:aneous(?:ly)?)?", "subcutaneous(?:ly)?", "皮下注射", "皮下")),
    Code("ID", "into the skin", ("intradermal(?:ly)?", "皮內注射", "皮内注射")),
    Code("IT", "into the spinal canal", ("intrathecal(?:ly)?", "脊髓腔內", "鞘內注射", "鞘内注射")),
    Code("INH", "breathed in", ("inh", "inhaled?", "by inhalation", "inhalation(?!s)", "neb", "nebuli[sz]ed", "吸入", "噴霧吸入", "雾化吸入", "霧化吸入")),
    Code("NAS", "into the nose", ("nas", "nasal(?:ly)?", "intranasal(?:ly)?", "in(?:to)? each nostril", "鼻噴", "噴鼻", "喷鼻", "鼻用")),
    Code("PR", "into the rectum", ("p\\.?r\\.?", "rectal(?:ly)?", "per rectum", "rect", "supp?", "肛門塞劑", "塞肛門", "塞肛", "直腸", "直肠", "肛塞")),
    Code("VAG", "into the vagina", ("vag", "p\\.?v\\.?", "vaginal(?:ly)?", "陰道", "阴道")),
    Code("TOP", "on the skin", ("top", "topical(?:ly)?", "ext", "externally", "apply to the skin", "外用", "塗抹", "涂抹", "擦")),
    Code("TD", "through the skin, as a patch", ("t\\.?d\\.?", "transdermal(?:ly)?", "經皮", "经皮", "貼皮膚", "贴皮肤")),
    Code("OPH", "into the eye", ("oph", "opht", "ophthalmic", "in(?:to)? (?:the |each |both )?eyes?", "o\\.?u\\.?", "點眼(?:睛)?", "点眼(?:睛)?", "滴眼", "眼用")),
    Code("OTIC", "into the ear", ("otic", "in(?:to)? (?:the |each |both )?ears?", "點耳", "点耳", "滴耳", "耳用")),
    Code("NG", "through a nasogastric tube", ("n\\.?g\\.?", "per ng", "via ng(?: tube)?", "鼻胃管", "管灌")),
    Code("GAR", "as a mouthwash", ("gar", "gargle", "漱口")),
)

_TIMES = {
    "1": ("一", "1", "once", "one time"),
    "2": ("兩|二|两", "2", "twice", "two times"),
    "3": ("三", "3", "thrice", "three times"),
    "4": ("四", "4", "four times", "four times"),
}


def _daily(count: str) -> tuple[str, ...]:
    chinese, digit, word, words = _TIMES[count]
    day = r"(?:每天|每日|一天|一日|天天|日)"
    return (
        rf"{day}\s?(?:{chinese}|{digit})\s?[次回]",
        rf"(?:{word}|{words}|{digit} ?(?:x|times?))(?: ?-? ?(?:daily|a day|per day|each day|every day|/ ?d(?:ay)?))",
    )


FREQUENCIES: Final[tuple[Code, ...]] = (
    Code("QD", "once a day", (r"q\.?d\.?", "qday", "o\\.?d\\.?(?= |$)", "daily", "every ?day", "once a day", *_daily("1"), "每[日天](?![兩两二三四0-9一])")),
    Code("BID", "twice a day", (r"b\.?i\.?d\.?", *_daily("2"), "早晚(?:各(?:一次)?)?")),
    Code("TID", "three times a day", (r"t\.?i\.?d\.?", *_daily("3"), "三餐(?:各(?:一次)?)?")),
    Code("QID", "four times a day", (r"q\.?i\.?d\.?", *_daily("4"), "三餐及睡前")),
    Code("QOD", "every other day", (r"q\.?o\.?d\.?", "every other day", "every (?:2|two) days", "隔日(?:一次)?", "隔天(?:一次)?", "每[兩二两2]天(?:一次)?")),
    Code("QAM", "every morning", (r"q\.?a\.?m\.?", r"q\.?m\.?", "every morning", "each morning", "in the morning", "每天早上", "每日早上", "每日早晨", "早上(?:一次)?")),
    Code("QPM", "every evening", (r"q\.?p\.?m\.?", "every evening", "in the evening", "每天傍晚", "每晚", "每天晚上")),
    Code("QW", "once a week", (r"q\.?w\.?", "qwk", "q1w", "weekly", "once (?:a|per|every|each)? ?week(?:ly)?", "every week", "每[週周]一次", "一[週周]一次", "每星期一次", "每個?[禮礼]拜一次")),
    Code("BIW", "twice a week", ("biw", "twice (?:a|per|every) week", "twice weekly", "每[週周][兩二两2]次")),
    Code("TIW", "three times a week", ("tiw", "three times (?:a|per) week", "每[週周][三3]次")),
    Code("Q2W", "every two weeks", ("q2w", "every (?:2|two) weeks", "每[兩二两2][週周](?:一次)?")),
    Code("QMO", "once a month", ("qmo", "q1mo", "monthly", "once (?:a|per) month", "每個?月一次", "每个月一次")),
    Code("STAT", "at once", ("stat", "immediately", "立即", "立刻", "馬上")),
    Code("ONCE", "one single time", ("once only", "one time only", "single dose", "x ?1 dose", "單次", "单次", "一次性")),
    Code("HS", "at bedtime", (r"q?\.?h\.?s\.?", "qhs", "at bedtime", "bedtime", "before bed", "每?[天日晚]?睡前")),
    Code("AC", "before meals", (r"a\.?c\.?", "before (?:meals?|food|eating)", "(?:三餐)?[飯饭餐]前")),
    Code("PC", "after meals", (r"p\.?c\.?", "after (?:meals?|food|eating)", "(?:三餐)?[飯饭餐]後", "[飯饭餐]后")),
    Code("CC", "with meals", ("c\\.?c\\.?(?= |$)", "wm", "with (?:meals?|food)", "[隨随][餐飯饭]", "與食物併服", "和食物一起")),
    Code("PRN", "only when needed", (r"p\.?r\.?n\.?", "as needed", "when needed", "if needed", "as required", "需要時(?:使用|服用)?", "必要時", "需要时", "必要时")),
)
_HOURLY: Final = re.compile(
    r"(?<![a-z0-9])q\.?\s?(?P<a>\d{1,3})\.?\s?(?:h|hr|hrs|hours?)\.?(?![a-z0-9])|every\s(?P<b>\d{1,3})\s?h(?:ou)?rs?(?![a-z])"
    r"|每\s?(?P<c>\d{1,3}|[一二三四六八兩两]|十二|二十四)\s?個?小[時时](?:[一1]次)?"
    r"|every\s(?P<d>two|three|four|six|eight|twelve|twenty-four)\shours"
)
_WORDS: Final = {
    "一": 1, "二": 2, "兩": 2, "两": 2, "三": 3, "四": 4, "六": 6, "八": 8, "十二": 12, "二十四": 24,
    "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "twelve": 12, "twenty-four": 24,
}
HOURS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 72)  # intervals in use; anything else is taken for a slip
_TIMING: Final = re.compile(r"(?<![a-z])(?P<rate>qd|bid|tid|qid|qod)(?P<meal>ac|pc|cc)(?![a-z])")  # TIDPC, BIDAC
_ORDER: Final = {code.code: place for place, code in enumerate(FREQUENCIES)}


def _compile(codes: tuple[Code, ...]) -> list[tuple[str, re.Pattern[str]]]:
    compiled = []
    for code in codes:
        parts = [f"(?<![a-z0-9]){text}(?![a-z0-9])" if re.match(r"[a-z(]|\\?[a-z]", text) else text for text in code.written]
        compiled.append((code.code, re.compile("|".join(f"(?:{part})" for part in parts))))
    return compiled


_ROUTES: Final = _compile(ROUTES)
_FREQUENCIES: Final = _compile(FREQUENCIES)


@dataclass(frozen=True)
class Coded:
    """A code found at ``text[start:end]`` of a folded text; ``hours`` is set for Q<n>H."""

    code: str
    start: int
    end: int
    hours: int | None = None


def _longest(found: list[Coded]) -> list[Coded]:
    """Keep the longest of overlapping finds, in order."""
    kept: list[Coded] = []
    for item in sorted(found, key=lambda item: (item.start - item.end, item.start)):
        if all(item.end <= other.start or item.start >= other.end for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)


def find_routes(folded: str) -> list[Coded]:
    """Return the routes named in a folded text, in order."""
    return _longest([Coded(code, *hit.span()) for code, pattern in _ROUTES for hit in pattern.finditer(folded)])


def find_frequencies(folded: str, taken: Sequence[tuple[int, int]] = ()) -> list[Coded]:
    """Return the frequencies named outside ``taken``, in order; Q<n>H comes with its hours, possible or not."""
    found = [Coded(code, *hit.span()) for code, pattern in _FREQUENCIES for hit in pattern.finditer(folded)]
    for hit in _HOURLY.finditer(folded):
        number = hit["a"] or hit["b"] or hit["c"] or hit["d"]
        hours = int(number) if number.isascii() and number.isdigit() else _WORDS[number]
        found.append(Coded(f"Q{hours}H", *hit.span(), hours=hours))
    kept = _longest([item for item in found if all(item.end <= left or right <= item.start for left, right in taken)])
    for hit in _TIMING.finditer(folded):
        middle = hit.end("rate")
        kept += [Coded(hit["rate"].upper(), hit.start(), middle), Coded(hit["meal"].upper(), middle, hit.end())]
    return sorted(kept, key=lambda item: item.start)


def join_frequencies(codes: list[str]) -> str:
    """Return codes as one text in a fixed order: how often, then meals and bedtime, then PRN."""
    unique = list(dict.fromkeys(codes))
    return " ".join(sorted(unique, key=lambda code: _ORDER.get(code, 8)))
