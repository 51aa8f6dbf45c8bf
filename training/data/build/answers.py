"""A fact put into a spoken sentence: small changes that leave what it says as it is.

Each change is a *form*. The plain forms pass the guard by construction; the bold ones are proposals, of which the
builder keeps those that the guard passes whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from random import Random

from medllm_ros.bedside.fact_words import with_subject, without_subject
from medllm_ros.delivery import Locale
from medllm_ros.formulary.sheet import NAME, ORDER, FactSheet, SheetLine
from medllm_ros.safety.clauses import guard_words
from medllm_ros.safety.guard import citations
from training.data.build.phrases import load, to_mainland

# (random, text, spoken name, locale) -> text, unchanged where the form does not fit
Form = Callable[[Random, str, str, Locale], str]

_STOP_ZH = re.compile(r"[。！](?=.)")
_STOP_EN = re.compile(r"[.!] ([A-Z])")
_LATIN = re.compile(r"[A-Za-z]")
_IMPERATIVE_ZH = re.compile(r"(?:請|请|不要|不可|避免|放|少|先|不用|用|配|整|飯|饭|空腹|隨餐|随餐|如果|要|最好|每)")
_IMPERATIVE_EN = re.compile(
    r"(?:Tell|Do not|Keep|Take|Avoid|Get help|Swallow|Ask|Talk|Use|Drink|Rinse|Have|Wait|Leave|Skip|Call|Shake|"
    r"Change)\b"
)
_DOES_EN = re.compile(
    r"^It(?= (?:treats|lowers|relieves|controls|helps|protects|may|can|is|eases|prevents|stops|keeps|relaxes|works)\b)"
)


def say(random: Random, line: SheetLine, sheet: FactSheet, *, bold: bool = False, later: bool = False) -> str:
    """Return the line as one sentence with its citation; with ``bold`` in words that the guard must still judge.

    ``later`` sentences follow another one ("also, ...").
    """
    locale = sheet.locale
    language = _language(locale)
    text = plain(line, locale)
    if line.key in (NAME, ORDER):
        if bold:
            text = random.choice(texts("names" if line.key == NAME else "orders", "", locale)).format(text=line.text)
    elif bold:
        name = spoken_name(sheet, line)
        further = later and random.random() < 0.35
        for stage, share in BOLD[language][: -1 if further else None]:
            if random.random() < share:
                text = random.choice(stage)(random, text, name, locale)
        if further:
            text = _led(random, text, "further", locale)
    elif ";" not in text and not (language == "zh" and _LATIN.search(text)) and random.random() < 0.7:
        text = random.choice(PLAIN[language])(random, text, "", locale)
    return f"[{line.label}] {text}"


def named(random: Random, line: SheetLine, sheet: FactSheet, approved: str) -> str:
    """Return the line as a sentence that says which medicine it is about, with both citations.

    ``approved`` is the session's own sentence of that kind; the guard must judge what comes of it.
    """
    locale = sheet.locale
    name = sheet.of(NAME, line.medication)[0]
    text = joined(citations(approved)[1], locale)
    if random.random() < 0.6:
        text = _named(random, plain(line, locale), spoken_name(sheet, line), locale)
        if spoken_name(sheet, line).casefold() not in text.casefold():
            text = joined(citations(approved)[1], locale)
    return f"[{name.label}][{line.label}] {text}"


def spoken_name(sheet: FactSheet, line: SheetLine) -> str:
    """Return the short name of the medicine that a line is about: without the ordered name in brackets."""
    return sheet.of(NAME, line.medication)[0].text.split("（")[0].split(" (")[0]


def plain(line: SheetLine, locale: Locale) -> str:
    """Return the line as one sentence, word for word; a name or an order in the guard's own quotation."""
    template = guard_words()["quote"].get(line.key, {}).get(locale.value)
    return joined(str(template).format(text=line.text) if template else line.text, locale)


def joined(text: str, locale: Locale) -> str:
    """Return a fact of several sentences as one: each sentence of a reply is judged against the whole fact."""
    if locale is Locale.EN_US:
        return _STOP_EN.sub(lambda match: f"; {match[1].lower()}", text)
    return _STOP_ZH.sub("；", text)


def opening(random: Random, locale: Locale, kind: str = "any") -> str:
    """Return warm words before the first fact: "any", "worry" or "missed"."""
    return random.choice(texts("openings", kind, locale))


def closing(random: Random, locale: Locale) -> str:
    """Return kind words after the last fact."""
    return random.choice(texts("closings", "", locale))


def elsewhere(random: Random, locale: Locale, kind: str) -> str:
    """Return who answers what is not answered here."""
    return random.choice(texts("elsewhere", kind, locale))


def worried(question: str, locale: Locale) -> bool:
    """Return True where the patient's words show worry."""
    return re.search(load("answers")["worried"][_language(locale)], question) is not None


def join(sentences: Iterable[str], locale: Locale) -> str:
    """Return sentences as one reply."""
    return (" " if locale is Locale.EN_US else "").join(sentences)


@lru_cache(maxsize=64)
def texts(part: str, kind: str, locale: Locale) -> tuple[str, ...]:
    """Return one list of ``phrases/answers.yaml`` in one language."""
    entry = load("answers")[part]
    found = (entry[kind] if kind else entry)[_language(locale)]
    return tuple(to_mainland(text) if locale is Locale.ZH_CN else text for text in found)


def _language(locale: Locale) -> str:
    return "en" if locale is Locale.EN_US else "zh"


def _here(text: str, locale: Locale) -> str:
    return to_mainland(text) if locale is Locale.ZH_CN else text


# -- plain forms: the fact's own words with glue around them --------------------------------------------------------


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
    return _here(random.choice(("請", "請您")), locale) + text


def _reminder(random: Random, text: str, name: str, locale: Locale) -> str:
    if not _IMPERATIVE_ZH.match(text):
        return text
    return _here(random.choice(("提醒您，", "請記得，", "請注意，")), locale) + text


def _please(random: Random, text: str, name: str, locale: Locale) -> str:
    return f"Please {text[0].lower()}{text[1:]}" if _IMPERATIVE_EN.match(text) else text


def _medicine(random: Random, text: str, name: str, locale: Locale) -> str:
    return _DOES_EN.sub("This medicine", text)


# -- bold forms: the guard judges what comes of them ------------------------------------------------------------------


def _words(random: Random, text: str, name: str, locale: Locale) -> str:
    """Exchange one or two words for others that mean the same."""
    fitting = [(left, right) for left, right in _exchanges(_language(locale)) if left.search(text)]
    for left, right in random.sample(fitting, min(len(fitting), random.choice((1, 1, 2)))):
        text = left.sub(random.choice(right), text, count=1)
    return _here(text, locale) if fitting else text


def _named(random: Random, text: str, name: str, locale: Locale) -> str:
    """Say the medicine's name for "it"."""
    if locale is Locale.EN_US:
        return re.sub(r"^(?:It|This medicine)(?= [a-z])", name[:1].upper() + name[1:], text)
    bare = without_subject(text, locale)
    if not re.match(r"用來|用来|用於|用于|可以|可能|會|会|能|放在|飯|饭|常見|常见|空腹", bare):
        return text
    links = ("", "這個藥", "這個藥是") if re.match(r"用[來来]", bare) else ("", "這個藥")
    return name + _here(random.choice(links), locale) + bare


def _lead(random: Random, text: str, name: str, locale: Locale) -> str:
    return _led(random, text, "leads", locale)


def _led(random: Random, text: str, leads: str, locale: Locale) -> str:
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
    return _here(new, locale) + match[3]


@lru_cache(maxsize=4)
def _exchanges(language: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    table = load("answers")["exchanges"][language]
    return tuple((re.compile(left), tuple(right)) for left, right in table.items())


PLAIN: dict[str, Sequence[Form]] = {"zh": (_subject, _polite, _reminder, _particle), "en": (_please, _medicine)}
# One form of each stage at most, in this order, with the stage's share.
BOLD: dict[str, Sequence[tuple[Sequence[Form], float]]] = {
    "zh": (
        ((_words, _words, _condition), 0.75), ((_subject, _named, _polite), 0.5),
        ((_lead, _reminder, _tail, _particle, _particle), 0.5),
    ),
    "en": (((_words, _words, _condition), 0.75), ((_named, _medicine, _please), 0.5), ((_lead, _lead, _tail), 0.35)),
}  # fmt: skip
