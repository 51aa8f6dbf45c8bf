"""Invented medicines: names, values and pairings drawn by lot, so that a model learns to say the line it is given.

They are built in memory as the formulary's own :class:`Drug` and :class:`Fact`, and are stored inline in a row of the
data ("drug": ...), never in the formulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from medllm_ros.delivery import Locale
from medllm_ros.formulary.frozen import FrozenDict
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy, ReviewStatus
from medllm_ros.formulary.names import NameIndex, fold
from medllm_ros.formulary.store import Formulary
from training.data.build.phrases import load, to_mainland

Texts = Mapping[Locale, str]
_SLOT = re.compile(r"\{[abc]\}")
INVENTED_ILLNESS = 0.25  # share of illnesses that exist nowhere, where a fact names one


@dataclass(frozen=True)
class Invented:
    """An invented medicine, and which values its facts hold: what a patient may ask about."""

    drug: Drug
    values: Mapping[str, tuple[tuple[str, Texts], ...]]  # fact id -> (kind, the value in every language)


@dataclass(frozen=True)
class _Form:
    """One way to write a fact."""

    texts: Texts
    of: str
    numbers: tuple[int, int]


@dataclass(frozen=True)
class _Stock:
    """Everything of ``phrases/invented.yaml``, in three languages."""

    syllables: tuple[Texts, ...]
    endings: tuple[Texts, ...]
    illness: tuple[Texts, ...]
    values: Mapping[str, tuple[Texts, ...]]
    facts: Mapping[FactField, tuple[_Form, ...]]
    lines: Mapping[FactField, tuple[int, int]]
    routes: tuple[str, ...]


def invent(random: Random, *, avoid: Formulary | None = None) -> Invented:
    """Return a medicine that does not exist; its name is none that ``avoid`` knows."""
    names = name(random)
    while avoid is not None and any(avoid.find(text) or avoid.mentioned(text) for text in names.values()):
        names = name(random)
    id_ = names[Locale.EN_US].lower()
    stock = _stock()
    facts: list[Fact] = []
    used: dict[str, tuple[tuple[str, Texts], ...]] = {}
    for field in FactField:
        low, high = stock.lines.get(field, (0, 0))
        for form in random.sample(stock.facts.get(field, ()), random.randint(low, high)):
            fact_id = f"{id_}.{field}.{sum(fact.field is field for fact in facts) + 1}"
            texts, used[fact_id] = _fact(random, form)
            facts.append(Fact(id=fact_id, field=field, text=texts, status=ReviewStatus.SOURCE_OPENED))
    drug = Drug(
        id=id_,
        names=FrozenDict({locale: (text,) for locale, text in names.items()}),
        route=random.choice(stock.routes),
        missed_dose=MissedDosePolicy.ANSWER,
        facts=tuple(facts),
    )
    return Invented(drug, used)


def name(random: Random) -> Texts:
    """Return a medicine's name in every language, of two or three syllables and an ending."""
    stock = _stock()
    parts = [random.choice(stock.syllables) for _ in range(random.choice((1, 2, 2, 2, 3)))]
    parts.append(random.choice(stock.endings))
    return {
        locale: "".join(part[locale] for part in parts).capitalize()
        if locale is Locale.EN_US
        else "".join(part[locale] for part in parts)
        for locale in Locale
    }


def values(kind: str) -> tuple[Texts, ...]:
    """Return the values of one kind that facts are made of: "symptom", "food", "group" and so on."""
    return _stock().values[kind]


def to_record(drug: Drug, locale: Locale) -> dict[str, Any]:
    """Return ``drug`` as a line of the data carries it (``training/data/medllm_format.py``): one language alone."""
    return {
        "id": drug.id,
        "names": {str(key): list(names) for key, names in drug.names.items()},
        "route": drug.route,
        "facts": {fact.id.partition(".")[2]: fact.text[locale] for fact in drug.facts},
    }


def formulary_of(*drugs: Drug) -> Formulary:
    """Return a formulary of ``drugs`` alone, each found by every name it has."""
    names = {fold(text): drug.id for drug in drugs for text in (*_named(drug), *drug.brands, drug.id)}
    return Formulary(
        drugs=FrozenDict({drug.id: drug for drug in drugs}), minimum=ReviewStatus.SOURCE_OPENED, hash="",
        _index=NameIndex(names),
    )  # fmt: skip


def _named(drug: Drug) -> Iterator[str]:
    return (text for texts in drug.names.values() for text in texts)


def _fact(random: Random, form: _Form) -> tuple[Texts, tuple[tuple[str, Texts], ...]]:
    wanted = len(set(_SLOT.findall(form.texts[Locale.EN_US].lower())))
    chosen = _values(random, form.of, wanted) if wanted else ()
    low, high = form.numbers
    number = random.randint(low, high)
    less = max(1, number - random.randint(2, 4))
    unit = random.choice(_stock().values["unit_time"])
    texts = {}
    for locale in Locale:
        slots = dict(zip("abc", (value[locale] for value in chosen), strict=False))
        slots |= {key.upper(): text[:1].upper() + text[1:] for key, text in slots.items()}
        texts[locale] = form.texts[locale].format(**slots, n=number, m=less, unit=unit[locale])
    return FrozenDict(texts), tuple((form.of, value) for value in chosen)


def _values(random: Random, kind: str, count: int) -> Sequence[Texts]:
    stock = _stock()
    if kind == "other":
        return [name(random) for _ in range(count)]
    if kind == "illness" or (kind == "condition" and random.random() < INVENTED_ILLNESS):
        return [_illness(random) for _ in range(count)]
    return random.sample(stock.values[kind], count)


def _illness(random: Random) -> Texts:
    stock = _stock()
    root = [random.choice(stock.syllables) for _ in range(random.choice((2, 2, 3)))]
    form = random.choice(stock.illness)
    return {
        locale: form[locale].format(
            root="".join(part[locale] for part in root).capitalize()
            if locale is Locale.EN_US
            else "".join(part[locale] for part in root)
        )
        for locale in Locale
    }


@lru_cache(maxsize=1)
def _stock() -> _Stock:
    data = load("invented")
    return _Stock(
        syllables=tuple(map(_sounds, data["syllables"])),
        endings=tuple(map(_sounds, data["endings"])),
        illness=tuple(map(_texts, data["illness"])),
        values={kind: tuple(map(_texts, entries)) for kind, entries in data["values"].items()},
        facts={
            FactField(field): tuple(
                _Form(_texts(form["text"]), form.get("of", ""), tuple(form.get("numbers", (1, 1)))) for form in forms
            )
            for field, forms in data["facts"].items()
        },
        lines={FactField(field): (low, high) for field, (low, high) in data["lines"].items()},
        routes=tuple(data["routes"]),
    )


def _sounds(entry: str) -> Texts:
    latin, traditional, simplified = entry.split("|")
    return {Locale.ZH_TW: traditional, Locale.ZH_CN: simplified, Locale.EN_US: latin}


def _texts(entry: str) -> Texts:
    chinese, english = entry.split("|")
    return {Locale.ZH_TW: chinese, Locale.ZH_CN: to_mainland(chinese), Locale.EN_US: english}
