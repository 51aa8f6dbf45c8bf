"""Text for continued pretraining: the formulary's facts as prose, in three languages, a paragraph a row.

Leaflets with headings, running prose, questions with answers, and overviews of several medicines. Every clinical
sentence is a fact of the formulary that may be spoken; around them stand headings and links without content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from medllm_ros.bedside.fact_words import with_subject
from medllm_ros.bedside.intents import Intent
from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy
from medllm_ros.formulary.store import Formulary
from training.data.build.phrases import here, language, load
from training.data.build.questions import Bank, Question, ask

PROSE = 0.1  # medicines that are told in running prose too
ANSWERS, OVERVIEWS = 1, 2  # of each medicine; of each field
FEW = 8  # medicines that an overview is drawn from, at least
_ANSWERED: tuple[tuple[Intent, FactField], ...] = (
    (Intent.PURPOSE, FactField.PURPOSE), (Intent.HOW_TO_TAKE, FactField.HOW_TO_TAKE),
    (Intent.FOOD, FactField.FOOD_DRINK), (Intent.MISSED_DOSE, FactField.MISSED_DOSE),
    (Intent.SIDE_EFFECTS, FactField.SIDE_EFFECT), (Intent.INTERACTION, FactField.INTERACTION),
    (Intent.PREGNANCY, FactField.PREGNANCY), (Intent.STORAGE, FactField.STORAGE),
)  # fmt: skip


def paragraphs(formulary: Formulary, bank: Bank, locale: Locale, seed: int) -> Iterator[str]:
    """Yield the paragraphs of one language in a drawn order; the same seed gives the same text."""
    random = Random(f"corpus:{seed}:{locale}")
    known = [(drug, spoken(drug, formulary)) for _, drug in sorted(formulary.drugs.items())]
    # Frames alone: the utterances stay unseen by a model that is judged on them.
    asked = {intent: [item for item in bank.of(intent, locale) if _general(item)] for intent, _ in _ANSWERED}
    found: list[str] = []
    for drug, facts in known:
        found.append(_leaflet(random, drug, facts, locale))
        if random.random() < PROSE:
            found.append(_prose(random, drug, facts, locale))
        found += _answers(random, drug, facts, asked, locale)
    for field in FactField:
        about = [(drug, fact) for drug, facts in known for fact in facts if fact.field is field]
        if len({drug.id for drug, _ in about}) >= FEW:
            found += [_overview(random, about, field, locale) for _ in range(OVERVIEWS)]
    found = list(dict.fromkeys(paragraph for paragraph in found if paragraph))
    random.shuffle(found)
    yield from found


def _general(question: Question) -> bool:
    return question.family.startswith("frame.") and question.slots <= {"drug"} and question.kind != "meal"


def spoken(drug: Drug, formulary: Formulary) -> tuple[Fact, ...]:
    """Return the facts that the robot may say of a medicine."""
    found: list[Fact] = []
    for field in FactField:
        if field is not FactField.MISSED_DOSE or drug.missed_dose is MissedDosePolicy.ANSWER:
            found += drug.about(field, formulary.minimum)
    return tuple(found)


def _leaflet(random: Random, drug: Drug, facts: Sequence[Fact], locale: Locale) -> str:
    lines = [_draw(random, "titles", locale).format(name=_name(random, drug, locale))]
    colon = ": " if locale is Locale.EN_US else "："
    for field in FactField:
        said = _run(random, [fact for fact in facts if fact.field is field], locale)
        if said:
            lines.append(_draw(random, "headings", locale, field) + colon + said)
    return "\n".join(lines) if len(lines) > 1 else ""


def _prose(random: Random, drug: Drug, facts: Sequence[Fact], locale: Locale) -> str:
    fields = list(dict.fromkeys(fact.field for fact in facts))
    if not fields:
        return ""
    chosen = sorted(random.sample(fields, min(len(fields), random.randint(3, 5))), key=fields.index)
    parts = [_draw(random, "openings", locale).format(name=_name(random, drug, locale))]
    links = load("corpus")["links"]
    for field in chosen:
        link = _draw(random, "links", locale, field if field in links else "other")
        own = [fact for fact in facts if fact.field is field]
        parts += [link, _run(random, random.sample(own, min(len(own), 2)), locale, alone=True)]
    return (" " if locale is Locale.EN_US else "").join(part for part in parts if part)


def _answers(
    random: Random, drug: Drug, facts: Sequence[Fact], asked: Mapping[Intent, Sequence[Question]], locale: Locale
) -> Iterator[str]:
    known = [(intent, field) for intent, field in _ANSWERED if any(fact.field is field for fact in facts)]
    for intent, field in random.sample(known, min(len(known), ANSWERS)):
        own = [fact for fact in facts if fact.field is field]
        name = _name(random, drug, locale)
        text = ask(random, random.choice(asked[intent]), locale, {"drug": name}, dress=0.3)
        answer = _run(random, own[:1] if random.random() < 0.5 else own[:2], locale, alone=True)
        yield _draw(random, "dialogues", locale).format(name=name, question=text, answer=answer)


def _overview(random: Random, known: Sequence[tuple[Drug, Fact]], field: FactField, locale: Locale) -> str:
    colon = ": " if locale is Locale.EN_US else "："
    heading = _draw(random, "headings", locale, field)
    chosen = random.sample(known, random.randint(3, 6))
    lines = [_name(random, drug, locale) + colon + fact.text[locale] for drug, fact in chosen]
    return "\n".join([_draw(random, "overviews", locale).format(heading=heading), *lines])


def _run(random: Random, facts: Sequence[Fact], locale: Locale, *, alone: bool = False) -> str:
    """Return facts one after the other; ``alone``: each with a subject."""
    texts = [with_subject(fact.text[locale], locale) if alone else fact.text[locale] for fact in facts]
    return (" " if locale is Locale.EN_US else "").join(texts)


def _name(random: Random, drug: Drug, locale: Locale) -> str:
    name, english = drug.name(locale), drug.names[Locale.EN_US][0]
    if locale is Locale.EN_US or name == english or random.random() < 0.5:
        return name
    return f"{name}（{english}）"


def _draw(random: Random, part: str, locale: Locale, key: str = "") -> str:
    entry = load("corpus")[part]
    text = random.choice((entry[str(key)] if key else entry)[language(locale)])
    return here(str(text), locale)
