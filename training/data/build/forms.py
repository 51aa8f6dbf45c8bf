"""Forms: small changes of a fact's sentence that leave what it says as it is.

The plain ones put glue around the fact's own words and pass the guard by construction. Of what the bold ones propose
the builder keeps what the guard passes whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random

from medllm_ros.bedside.fact_words import with_subject, without_subject
from medllm_ros.delivery import Locale
from training.data.build.phrases import here, language, load

# (random, text, spoken name, locale) -> text, unchanged where the form does not fit
Form = Callable[[Random, str, str, Locale], str]

_IMPERATIVE_ZH = re.compile(r"(?:請|请|不要|不可|避免|放|少|先|不用|用|配|整|飯|饭|空腹|隨餐|随餐|如果|要|最好|每)")
_IMPERATIVE_EN = re.compile(
    r"(?:Tell|Do not|Keep|Take|Avoid|Get help|Swallow|Ask|Talk|Use|Drink|Rinse|Have|Wait|Leave|Skip|Call|Shake|"
    r"Change)\b"
)
_DOES_EN = re.compile(
    r"^It(?= (?:treats|lowers|relieves|controls|helps|protects|may|can|is|eases|prevents|stops|keeps|relaxes|works)\b)"
)


@lru_cache(maxsize=64)
def texts(part: str, kind: str, locale: Locale) -> tuple[str, ...]:
    """Return one list of ``phrases/answers.yaml`` in one language."""
    entry = load("answers")[part]
    found = (entry[kind] if kind else entry)[language(locale)]
    return tuple(here(text, locale) for text in found)


def _subject(random: Random, text: str, name: str, locale: Locale) -> str:
    told = with_subject(text, locale)
    lead = told.removesuffix(text)
    # Not "可以", a permission, before an effect, nor a clause of its own ("用了這個藥，") before a prohibition.
    return told if lead in ("這個藥", "这个药", "這個藥的", "这个药的") else text


def _particle(random: Random, text: str, name: str, locale: Locale) -> str:
    return text[:-1] + "喔。" if text.endswith("。") and _IMPERATIVE_ZH.match(text) else text


def _polite(random: Random, text: str, name: str, locale: Locale) -> str:
    if not re.match(r"不要|不可|避免|放在|配|少[吃喝]|先", text):
        return text
    return here(random.choice(("請", "請您")), locale) + text


def _reminder(random: Random, text: str, name: str, locale: Locale) -> str:
    if not _IMPERATIVE_ZH.match(text):
        return text
    return here(random.choice(("提醒您，", "請記得，", "請注意，")), locale) + text


def _please(random: Random, text: str, name: str, locale: Locale) -> str:
    return f"Please {text[0].lower()}{text[1:]}" if _IMPERATIVE_EN.match(text) else text


def _medicine(random: Random, text: str, name: str, locale: Locale) -> str:
    return _DOES_EN.sub("This medicine", text)


def _words(random: Random, text: str, name: str, locale: Locale) -> str:
    """Exchange one or two words for others that mean the same."""
    fitting = [(left, right) for left, right in _exchanges(language(locale)) if left.search(text)]
    for left, right in random.sample(fitting, min(len(fitting), random.choice((1, 1, 2)))):
        text = left.sub(random.choice(right), text, count=1)
    return here(text, locale) if fitting else text


def with_name(random: Random, text: str, name: str, locale: Locale) -> str:
    """Say the medicine's name for "it"."""
    if locale is Locale.EN_US:
        return re.sub(r"^(?:It|This medicine)(?= [a-z])", name[:1].upper() + name[1:], text)
    bare = without_subject(text, locale)
    if not re.match(r"用來|用来|用於|用于|可以|可能|會|会|能|放在|飯|饭|常見|常见|空腹", bare):
        return text
    links = ("", "這個藥", "這個藥是") if re.match(r"用[來来]", bare) else ("", "這個藥")
    return name + here(random.choice(links), locale) + bare


def _lead(random: Random, text: str, name: str, locale: Locale) -> str:
    return led(random, text, "leads", locale)


def led(random: Random, text: str, leads: str, locale: Locale) -> str:
    lead = random.choice(texts(leads, "", locale))
    return lead + (text[0].lower() + text[1:] if locale is Locale.EN_US else text)


def _tail(random: Random, text: str, name: str, locale: Locale) -> str:
    tail = random.choice(texts("tails", "", locale))
    return text[:-1] + tail if text.endswith(("。", ".")) else text


def _condition(random: Random, text: str, name: str, locale: Locale) -> str:
    """Put a condition another way: "如果胸痛，請…" as "胸痛的話，請…", "Tell … if X." as "If X, tell …."."""
    if locale is Locale.EN_US:
        match = re.fullmatch(r"((?:Please )?[TtGgCcA][a-z]+ [^,;]*?) (if [^;.]+)\.", text)
        return f"I{match[2][1:]}, {match[1][0].lower()}{match[1][1:]}." if match else text
    match = re.match(r"(?:如果|若)(您)?(.{2,24}?)，([請请].*)$", text)
    if match is None:
        return text
    head = (match[1] or "") + match[2]
    ways = [f"要是{head}，", f"{head}的話，", f"若是{head}，", f"{head}的時候，"]
    new = random.choice(ways if match[1] else [*ways, f"如果有{head}的情形，"])
    return here(new, locale) + match[3]


@lru_cache(maxsize=4)
def _exchanges(language: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    table = load("answers")["exchanges"][language]
    return tuple((re.compile(left), tuple(right)) for left, right in table.items())


PLAIN: dict[str, Sequence[Form]] = {"zh": (_subject, _polite, _reminder, _particle), "en": (_please, _medicine)}
# One form of each stage at most, in this order, with the stage's share.
BOLD: dict[str, Sequence[tuple[Sequence[Form], float]]] = {
    "zh": (
        ((_words, _words, _condition), 0.75), ((_subject, with_name, _polite), 0.5),
        ((_lead, _reminder, _tail, _particle, _particle), 0.5),
    ),
    "en": (((_words, _words, _condition), 0.75), ((with_name, _medicine, _please), 0.5), ((_lead, _lead, _tail), 0.35)),
}  # fmt: skip
