"""Closed lists of routes and frequencies: what each code means and how orders write it, in Latin and in Chinese.

A code that is not listed is unknown and never spoken. The codes are those of Taiwanese hospital orders; error-prone
ones are read and warned about (see :mod:`medllm_ros.orders.notation`).
"""

from __future__ import annotations

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
    Code(
        "SL", "under the tongue", ("s\\.?l\\.?", "sublingual(?:ly)?", "under the tongue", "舌下(?:含服)?", "含在舌下")
    ),
    Code("BUC", "between cheek and gum", ("buccal(?:ly)?", "buc", "口頰", "口颊")),
    Code(
        "IV",
        "into a vein",
        (
            "i\\.?v\\.?",
            "ivd",
            "ivf",
            "ivp",
            "ivpb",
            "iv drip",
            "iv push",
            "intravenous(?:ly)?",
            "靜脈(?:注射|滴注|輸注)?",
            "静脉(?:注射|滴注)?",
            "靜注",
            "静注",
        ),
    ),
    Code("IM", "into a muscle", ("i\\.?m\\.?", "intramuscular(?:ly)?", "肌肉注射", "肌注")),
    Code(
        "SC",
        "under the skin",
        ("s\\.?c\\.?", "sq", "subq", "sub ?cut(?:aneous(?:ly)?)?", "subcutaneous(?:ly)?", "皮下注射", "皮下"),
    ),
    Code("ID", "into the skin", ("intradermal(?:ly)?", "皮內注射", "皮内注射")),
    Code("IT", "into the spinal canal", ("intrathecal(?:ly)?", "脊髓腔內", "鞘內注射", "鞘内注射")),
    Code(
        "INH",
        "breathed in",
        (
            "inh",
            "inhaled?",
            "by inhalation",
            "inhalation(?!s)",
            "neb",
            "nebuli[sz]ed",
            "吸入",
            "噴霧吸入",
            "雾化吸入",
            "霧化吸入",
        ),
    ),
    Code(
        "NAS",
        "into the nose",
        ("nas", "nasal(?:ly)?", "intranasal(?:ly)?", "in(?:to)? each nostril", "鼻噴", "噴鼻", "喷鼻", "鼻用"),
    ),
    Code(
        "PR",
        "into the rectum",
        (
            "p\\.?r\\.?",
            "rectal(?:ly)?",
            "per rectum",
            "rect",
            "supp?",
            "肛門塞劑",
            "塞肛門",
            "塞肛",
            "直腸",
            "直肠",
            "肛塞",
        ),
    ),
    Code("VAG", "into the vagina", ("vag", "p\\.?v\\.?", "vaginal(?:ly)?", "陰道", "阴道")),
    Code(
        "TOP",
        "on the skin",
        ("top", "topical(?:ly)?", "ext", "externally", "apply to the skin", "外用", "塗抹", "涂抹", "擦"),
    ),
    Code(
        "TD", "through the skin, as a patch", ("t\\.?d\\.?", "transdermal(?:ly)?", "經皮", "经皮", "貼皮膚", "贴皮肤")
    ),
    Code(
        "OPH",
        "into the eye",
        (
            "oph",
            "eye ?-?drops?",
            "eye ?-?ointment",
            "眼藥水",
            "眼药水",
            "opht",
            "ophthalmic",
            "in(?:to)? (?:the |each |both )?eyes?",
            "o\\.?u\\.?",
            "點眼(?:睛)?",
            "点眼(?:睛)?",
            "滴眼",
            "眼用",
        ),
    ),
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
    Code(
        "QD",
        "once a day",
        (
            r"q\.?d\.?",
            "qday",
            "o\\.?d\\.?(?= |$)",
            "daily",
            "every ?day",
            "once a day",
            *_daily("1"),
            "每[日天](?![兩两二三四0-9一])",
        ),
    ),
    Code("BID", "twice a day", (r"b\.?i\.?d\.?", *_daily("2"), "早晚(?:各(?:一次)?)?")),
    Code("TID", "three times a day", (r"t\.?i\.?d\.?", *_daily("3"), "三餐(?:各(?:一次)?)?")),
    Code("QID", "four times a day", (r"q\.?i\.?d\.?", *_daily("4"), "三餐及睡前")),
    Code(
        "QOD",
        "every other day",
        (
            r"q\.?o\.?d\.?",
            "every other day",
            "every (?:2|two) days",
            "隔日(?:一次)?",
            "隔天(?:一次)?",
            "每[兩二两2]天(?:一次)?",
        ),
    ),
    Code(
        "QAM",
        "every morning",
        (
            r"q\.?a\.?m\.?",
            r"q\.?m\.?",
            "every morning",
            "each morning",
            "in the morning",
            "每天早上",
            "每日早上",
            "每日早晨",
            "早上(?:一次)?",
        ),
    ),
    Code(
        "QPM",
        "every evening",
        (r"q\.?p\.?m\.?", r"q\.?n\.?", "every (?:evening|night)", "in the evening", "每天傍晚", "每晚", "每天晚上"),
    ),
    Code(
        "QW",
        "once a week",
        (
            r"q\.?w\.?",
            "qwk",
            "q1w",
            "weekly",
            "once (?:a|per|every|each)? ?week(?:ly)?",
            "every week",
            "每[週周]一次",
            "一[週周]一次",
            "每星期一次",
            "每個?[禮礼]拜一次",
        ),
    ),
    Code("BIW", "twice a week", ("biw", "twice (?:a|per|every) week", "twice weekly", "每[週周][兩二两2]次")),
    Code("TIW", "three times a week", ("tiw", "three times (?:a|per) week", "每[週周][三3]次")),
    Code("Q2W", "every two weeks", ("q2w", "every (?:2|two) weeks", "每[兩二两2][週周](?:一次)?")),
    Code("QMO", "once a month", ("qmo", "q1mo", "monthly", "once (?:a|per) month", "每個?月一次", "每个月一次")),
    Code("STAT", "at once", ("stat", "immediately", "立即", "立刻", "馬上")),
    Code(
        "ONCE", "one single time", ("once only", "one time only", "single dose", "x ?1 dose", "單次", "单次", "一次性")
    ),
    Code("HS", "at bedtime", (r"q?\.?h\.?s\.?", "qhs", "at bedtime", "bedtime", "before bed", "每?[天日晚]?睡前")),
    Code("AC", "before meals", (r"a\.?c\.?", "before (?:meals?|food|eating)", "(?:三餐)?[飯饭餐]前")),
    Code("PC", "after meals", (r"p\.?c\.?", "after (?:meals?|food|eating)", "(?:三餐)?[飯饭餐]後", "[飯饭餐]后")),
    Code(
        "CC",
        "with meals",
        ("c\\.?c\\.?(?= |$)", "wm", "with (?:meals?|food)", "[隨随][餐飯饭]", "與食物併服", "和食物一起"),
    ),
    Code(
        "PRN",
        "only when needed",
        (
            r"p\.?r\.?n\.?",
            "as needed",
            "when needed",
            "if needed",
            "as required",
            "需要時(?:使用|服用)?",
            "必要時",
            "需要时",
            "必要时",
        ),
    ),
)
HOURS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 72)  # intervals in use; anything else is taken for a slip
