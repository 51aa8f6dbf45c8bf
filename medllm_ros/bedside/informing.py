"""Answers to questions about the medicine, from the order and the approved facts and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from medllm_ros.bedside.asking import (
    ABOUT_MEDICINE,
    ASKS,
    DAYTIMES,
    DENIED,
    EASES,
    EMPTY_STOMACH,
    HOW_LONG,
    HOW_OFTEN,
    IN_GENERAL,
    MEAL_ASKED,
    NOT_FELT,
    OFTEN,
    PLAIN_WATER,
    REASON,
    RELIEF,
    SECOND,
    SEEKS_YES,
    SIGNS,
    SWALLOWED_WITH,
    THIS_ONE,
    USED_FOR,
    USUALLY,
    WHY,
    to_the_point,
    without_own_kind,
)
from medllm_ros.bedside.cited import Answer, Cited, one_sentence_each
from medllm_ros.bedside.effects import Behaviour, Level
from medllm_ros.bedside.fact_words import about, with_subject, without_frequency, without_never_two, without_subject
from medllm_ros.bedside.intents import CAUTIOUS, Intent, questions
from medllm_ros.bedside.nearest import Ranked, chosen_from, nearest
from medllm_ros.bedside.phrases import comparable
from medllm_ros.bedside.question import Visit
from medllm_ros.bedside.topics import Sort, Topic, Topics, speaks_of
from medllm_ros.formulary.model import FactField
from medllm_ros.formulary.sheet import ORDER, SheetLine

PHARMACIST = (Level.ROUTINE, "pharmacist")
MOST_FURTHER = 2  # facts for further questions of one breath
MOST_MEDICINES = 3  # more than this are not explained in one breath

# Where a fact about food may stand; the formulary puts some under "how to take" and "interaction".
_FOOD_FIELDS = (FactField.FOOD_DRINK, FactField.FOOD_TIMING, FactField.HOW_TO_TAKE, FactField.INTERACTION,
                FactField.COUNSELLING, FactField.PRECAUTION)  # fmt: skip
_EFFECT_FIELDS = (FactField.SIDE_EFFECT, FactField.WHAT_TO_EXPECT, FactField.RED_FLAG, FactField.PRECAUTION,
                  FactField.COUNSELLING, FactField.HOW_TO_TAKE, FactField.ELDERLY_RENAL)  # fmt: skip
_INTERACTION_FIELDS = (FactField.INTERACTION, FactField.HOW_TO_TAKE, FactField.FOOD_DRINK, FactField.COUNSELLING,
                       FactField.PRECAUTION)  # fmt: skip

LISTED = (FactField.SIDE_EFFECT, FactField.WHAT_TO_EXPECT)  # where a medicine's usual effects stand
_ONSET_FIELDS = (FactField.HOW_TO_TAKE, FactField.WHAT_TO_EXPECT, FactField.COUNSELLING, FactField.PURPOSE)

_ONE_FORM = re.compile(r"^(?:如果|若)[^,]{0,3}是|^if (?:yours|it) is |^if you (?:take|use|have) the ")  # in folded text
_IF = re.compile(r"如果|要是|万一|假如|若|\b(?:if|in case|suppose)\b")  # in folded text
_SPAN = re.compile(
    r"(?:[0-9半]|[一二三四五六两])[^,]{0,3}(?:分钟|小时)|\b(?:[0-9]+|half an?|one|two|an) (?:minutes?|hours?)\b"
)
_DAYTIME_FIELDS = (FactField.FOOD_TIMING, FactField.HOW_TO_TAKE, FactField.WHAT_TO_EXPECT, FactField.COUNSELLING,
                   FactField.PRECAUTION, FactField.SIDE_EFFECT)  # fmt: skip

_TIMING_FIELDS = (FactField.FOOD_TIMING, FactField.HOW_TO_TAKE)
_STOMACH = frozenset({"diarrhoea", "stomach", "nausea"})
_RELIEF_FIELDS = (FactField.COUNSELLING, FactField.PURPOSE, FactField.HOW_TO_TAKE)
_HOW_FIELDS = (FactField.SIDE_EFFECT, FactField.PRECAUTION, FactField.COUNSELLING, FactField.FOOD_DRINK)

# "No chest pain now, is it swallowed or sucked"
_NO_TECHNIQUE = frozenset({Sort.WIDE, Sort.ALARM, Sort.MEDICINE, Sort.ILLNESS})
# What is named in a question about its effects without being asked about.
_ASIDE = frozenset({Sort.HANDLING, Sort.MEDICINE, Sort.ILLNESS})
_NAMED_WITH = {
    Intent.PURPOSE: frozenset({Sort.MEDICINE}), Intent.HOW_TO_TAKE: frozenset({Sort.MEDICINE, Sort.ILLNESS}),
    Intent.SIDE_EFFECTS: _ASIDE, Intent.WHEN: frozenset({Sort.ILLNESS}), Intent.FOOD: frozenset({Sort.ILLNESS}),
}  # fmt: skip

# Where the fact nearest in meaning is told first: how likely it answers, the same where nothing else would be told, or
# for a further question of one breath, how much likelier than what would be told, and from where a second one is told
# too. Set on medicines not fitted to.
NEAR, NEAR_ALONE, NEAR_PART, MUCH, STILL = 0.25, 0.5, 0.3, 1.5, 0.12
_NOT_CHOSEN = frozenset({Intent.MISSED_DOSE, Intent.DOSE_AMOUNT, Intent.DRUG_NAME, Intent.PREGNANCY})

# What these say is fixed by what was asked, whatever else was named.
_OWN_WORDS = (Intent.MISSED_DOSE, Intent.DOSE_AMOUNT, Intent.DRUG_NAME, Intent.PREGNANCY, Intent.STORAGE)


class Informing:
    """Composes the answer to one or two questions about the delivered medicines."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._topics = Topics.load()
        self._heard = to_the_point(without_own_kind(comparable(visit.text))) if visit.text else ""
        self._first: Intent | None = None
        self._handlers: dict[Intent, Callable[[int], Sequence[Cited]]] = {
            Intent.PURPOSE: self._purpose,
            Intent.DRUG_NAME: self._drug_name,
            Intent.SIDE_EFFECTS: self._side_effects,
            Intent.MISSED_DOSE: self._missed_dose,
            Intent.FOOD: self._food,
            Intent.HOW_TO_TAKE: self._how_to_take,
            Intent.WHEN: self._when,
            Intent.DOSE_AMOUNT: self._dose_amount,
            Intent.PREGNANCY: self._pregnancy,
            Intent.STORAGE: self._storage,
            Intent.INTERACTION: self._interaction,
        }

    def answer(self, intents: Sequence[Intent]) -> Answer:
        """Return what may be said to ``intents`` (all informational), or the referral to the pharmacist."""
        visit = self._visit
        rules = tuple(f"intent.{intent}" for intent in intents)
        delivered = set(visit.mentioned) - set(visit.others_named)
        about_other = bool(visit.others_named) and not delivered and Intent.INTERACTION not in intents
        if about_other and intents[0] is Intent.SIDE_EFFECTS and THIS_ONE.search(self._heard):
            about_other = False  # "that one knocked me out, does this do it too"
        if intents[0] is Intent.OTHER_DRUG or about_other:
            return self._defer("defer.other_drug", rules)
        targets = visit.targets
        if len(targets) > MOST_MEDICINES:
            return self._which(rules)
        parts: list[Cited] = []
        referred: Answer | None = None
        self._first = intents[0]
        for intent in intents[:2]:
            if intent not in self._handlers:
                continue
            found = [(i, self._to_the_point(i, list(self._handlers[intent](i)), intent)) for i in targets]
            if len(intents) == len(targets) == 1:
                found = [(i, self._near(i, sentences, intent)) for i, sentences in found]
                if found[0][1]:
                    found = [(i, [*sentences, *self._beside(i, sentences)]) for i, sentences in found]
            told = [(i, self._brief(sentences, len(targets) > 1)) for i, sentences in found if sentences]
            if not told:
                if intent in CAUTIOUS:
                    referred = referred or self._defer(self._missing(intent, targets), rules)
                continue
            for i, sentences in told:
                parts += self._introduced(i, sentences, intent, len(targets) > 1)
            parts = [*self._open(intent), *parts, *self._close(intent)]
        last = max((at for at, part in enumerate(parts, 1) if part.labels), default=0)
        if last and len(targets) == 1 and visit.most_facts > 1 and not self._fixed():
            parts = [*parts[:last], *self._asked_too(targets[0], parts), *parts[last:]]
        parts = _unique(parts)
        if referred:  # and what is known of the other question
            return replace(referred, sentences=(*referred.sentences, *one_sentence_each(parts)))
        if not any(part.labels for part in parts):
            if intents[0] in (Intent.FOOD, Intent.STORAGE) and not self._of_medicine():
                return Answer(
                    behaviour=Behaviour.ANSWER, sentences=(visit.say("off_topic"),), rules=(*rules, "intent.off_topic")
                )
            return self._defer(self._missing(intents[0], targets), rules)
        amount = intents[0] is Intent.DOSE_AMOUNT  # numbers of the order are repeated, never rephrased
        said = one_sentence_each(self._heard_alone(parts))
        return Answer(behaviour=Behaviour.ANSWER, sentences=said, rules=rules, ask_model=not amount)

    # -- one question, one medicine -------------------------------------------------------------------------------

    def _purpose(self, medication: int) -> Sequence[Cited]:
        if known := self._onset(medication):
            return _cite(known[: self._visit.most_facts])
        if self._asked(self._matter("onset")) and HOW_LONG.search(self._heard):
            return []  # how long it takes to work is not known: what it is for does not answer that
        if WHY.search(self._heard) and (why := self._daytime(medication)):
            return _cite(why[: self._visit.most_facts])
        purpose = self._visit.lines(medication, FactField.PURPOSE)
        felt = () if USED_FOR.search(self._heard) else self._asked(self._topics.symptoms)
        if felt and not _about(purpose, felt) and (effects := _about(self._visit.lines(medication, *LISTED), felt)):
            return _cite(effects[: self._visit.most_facts])  # "is this the sleepy kind"
        return _cite(purpose[: self._visit.most_facts])

    def _drug_name(self, medication: int) -> Sequence[Cited]:
        name = self._visit.name(medication)
        said = replace(self._visit.say("answer.name", medicine=name.text), labels=(name.label,))
        return [said, *_cite(self._visit.lines(medication, FactField.PURPOSE)[:1])]

    def _side_effects(self, medication: int) -> Sequence[Cited]:
        visit = self._visit
        symptoms, matters = self._topics.symptoms, self._topics.matters
        asked = self._asked((*symptoms, *(topic for topic in matters if topic.sort not in {Sort.WIDE, *_ASIDE})))
        asked = tuple(topic for topic in asked if topic.name != "unwell")  # a word for all of them
        asked = tuple(topic for topic in asked if not self._denied(topic)) or asked
        if USUALLY.search(self._heard):
            asked = ()
        if NOT_FELT.search(self._heard):
            asked = tuple(topic for topic in asked if topic.name != "breathing")
        if SIGNS.search(self._heard) and (signs := visit.lines(medication, FactField.RED_FLAG)):
            return _cite((_about(signs, asked) or signs)[: visit.most_facts])
        if EASES.search(self._heard) and any(topic.name in _STOMACH for topic in asked):
            timing = _about(visit.lines(medication, *_TIMING_FIELDS), self._matter("meal"))
            helps = (*timing[:1], *_about(visit.lines(medication, *_RELIEF_FIELDS), asked))
            if helps:
                return _cite(helps[: visit.most_facts])
        if RELIEF.search(self._heard) and (relief := _about(visit.lines(medication, *_RELIEF_FIELDS), asked)):
            flags = _about(visit.lines(medication, FactField.RED_FLAG), asked)
            return _cite((relief[0], *flags)[: visit.most_facts])
        lines = visit.lines(medication, *_EFFECT_FIELDS)
        if _IF.search(self._heard):  # "what if I get ...": what to call for comes first
            lines = (*visit.lines(medication, FactField.RED_FLAG), *lines)
        chosen = tuple(dict.fromkeys(_about(lines, asked)))[: visit.most_facts]
        if not chosen and any(topic.name == "driving" for topic in asked):
            chosen = _about(lines, [topic for topic in symptoms if topic.unfit_to_drive])[:1]
        if chosen:
            return _cite(chosen)
        told = visit.lines(medication, FactField.SIDE_EFFECT, FactField.WHAT_TO_EXPECT)
        flags = visit.lines(medication, FactField.RED_FLAG)[:1]
        if asked and told:
            return [visit.say("side_effect.not_listed"), *_cite((*told[:1], *flags))]
        return _cite((*told[: visit.most_facts], *flags))

    def _missed_dose(self, medication: int) -> Sequence[Cited]:
        told = _cite(self._visit.lines(medication, FactField.MISSED_DOSE)[: self._visit.most_facts])
        rest = [replace(part, text=without_never_two(part.text)) for part in told]
        return [part for part in rest if part.text] or told

    def _food(self, medication: int) -> Sequence[Cited]:
        visit = self._visit
        if WHY.search(self._heard) and (why := self._daytime(medication)):
            return _cite(why[: visit.most_facts])
        lines = self._spans_first(visit.lines(medication, *_FOOD_FIELDS))
        foods = self._asked(self._topics.foods)
        meal = self._asked(self._matter("meal"))
        if SWALLOWED_WITH.search(self._heard) and _ordinary(foods):
            water = [line for line in lines if PLAIN_WATER.search(comparable(line.text))]
            named = [line for line in _about(lines, foods) if line not in water]
            timing = _about(self._spans_first(visit.lines(medication, *_TIMING_FIELDS)), meal)
            if water:
                return _cite(dict.fromkeys((*named[:1], *timing[:1], *water)))[: visit.most_facts]
        if foods:
            each = (line for food in foods for line in _about(lines, [food])[:1])  # beer and spinach: one of each first
            chosen = tuple(dict.fromkeys((*each, *_about(lines, foods), *self._before_everything(lines, foods)[:1])))
            if not chosen and not (meal and (MEAL_ASKED.search(self._heard) or _ordinary(foods))):
                return []  # this very food is not known: nothing else answers the question
            chosen = chosen[: visit.most_facts]
        else:
            chosen = visit.lines(medication, FactField.FOOD_DRINK)[: 0 if meal else visit.most_facts]
        if meal or not chosen:
            order = _about(visit.lines(medication, ORDER), meal)
            when = visit.lines(medication, *_TIMING_FIELDS)
            timing = _about(self._spans_first(when), self._matter("meal"))
            timing = timing or visit.lines(medication, FactField.FOOD_TIMING)
            return [*self._ordered(order), *self._not_again(_cite((*chosen, *timing[:1])), medication, order)]
        return _cite(chosen)

    def _spans_first(self, lines: tuple[SheetLine, ...]) -> tuple[SheetLine, ...]:
        """Return ``lines``, those with minutes or hours first where that is asked: "how long until my tea"."""
        if not HOW_LONG.search(self._heard):
            return lines
        return tuple(sorted(lines, key=lambda line: not _SPAN.search(comparable(line.text))))

    def _before_everything(self, lines: Sequence[SheetLine], foods: Sequence[Topic]) -> tuple[SheetLine, ...]:
        """Return the fact that nothing is eaten or drunk with the medicine: it answers for coffee, not for alcohol."""
        if not _ordinary(foods):
            return ()
        return tuple(line for line in lines if EMPTY_STOMACH.search(comparable(line.text)))

    def _how_to_take(self, medication: int) -> Sequence[Cited]:
        visit = self._visit
        topics = (topic for topic in self._topics.matters + self._topics.foods if topic.sort not in _NO_TECHNIQUE)
        facts = visit.lines(medication, FactField.HOW_TO_TAKE)
        wanted = _about((*facts, *visit.lines(medication, *_HOW_FIELDS)), self._asked(topics))
        if MEAL_ASKED.search(self._heard):  # "is it swallowed before the meal or after"
            wanted = (*_about(visit.lines(medication, *_TIMING_FIELDS), self._matter("meal"))[:1], *wanted)
        technique = _about(facts, self._matter("technique"))  # whole, upright, rinse: what goes wrong most
        rest = (*technique, *facts, *visit.lines(medication, FactField.FOOD_TIMING))
        chosen = (*wanted, *sorted(rest, key=_of_one_form))
        most = visit.most_facts + (1 if len(technique) > 1 and visit.most_facts > 1 else 0)
        order = visit.lines(medication, ORDER) if not wanted else ()
        return [*self._ordered(order), *self._not_again(_cite(tuple(dict.fromkeys(chosen))[:most]), medication, order)]

    def _when(self, medication: int) -> Sequence[Cited]:
        visit = self._visit
        if WHY.search(self._heard) and (why := self._daytime(medication)):
            return _cite(why[: visit.most_facts])
        meal = self._asked(self._matter("meal")) and (MEAL_ASKED.search(self._heard) or not self._daytime(medication))
        if meal and not HOW_LONG.search(self._heard):
            return [*self._ordered(self._timed(medication)), *self._food(medication)]
        order = self._timed(medication)
        if known := self._onset(medication):
            return _cite(known[: visit.most_facts])
        if self._asked(self._matter("onset")) and HOW_LONG.search(self._heard):
            return []  # how long it takes to work is not known: the order does not answer that
        timing = (
            *self._daytime(medication),
            *visit.lines(medication, FactField.FOOD_TIMING),
            *_about(visit.lines(medication, FactField.HOW_TO_TAKE), self._matter("time")),
        )
        return [*self._ordered(order), *self._not_again(_cite(timing[:1]), medication, order)]

    def _dose_amount(self, medication: int) -> Sequence[Cited]:
        ordered = self._visit.delivery.medications[medication]
        if not (ordered.dose or ordered.strength):
            return []
        return self._ordered(self._visit.lines(medication, ORDER))

    def _pregnancy(self, medication: int) -> Sequence[Cited]:
        lines = self._visit.lines(medication, FactField.PREGNANCY)
        asked = self._asked(self._matter("breastfeeding"))
        return _cite((_about(lines, asked) or lines)[: self._visit.most_facts])

    def _storage(self, medication: int) -> Sequence[Cited]:
        lines = self._visit.lines(medication, FactField.STORAGE)
        asked = self._asked(topic for topic in self._topics.matters if topic.sort is Sort.HANDLING)
        last = sorted(asked, key=lambda topic: -max(found.start() for found in topic.pattern.finditer(self._heard)))
        # "the spare is in the fridge, and this one?": what was named last comes first
        chosen = tuple(dict.fromkeys(line for topic in last for line in _about(lines, [topic])))
        return _cite((chosen or lines)[: self._visit.most_facts])

    def _interaction(self, medication: int) -> Sequence[Cited]:
        visit = self._visit
        lines = visit.lines(medication, *_INTERACTION_FIELDS)
        wanted = set(visit.others_named)
        if wanted:
            named = [line for line in lines if wanted & {m.drug.id for m in visit.formulary.mentioned(line.text)}]
            return _cite(named[: visit.most_facts])
        asked = self._asked(topic for topic in self._topics.matters if topic.name not in ("meal", "time"))
        if asked:
            return _cite(_about(lines, asked)[: visit.most_facts])
        return _cite(visit.lines(medication, FactField.INTERACTION)[: visit.most_facts])

    def _to_the_point(self, medication: int, sentences: list[Cited], intent: Intent) -> list[Cited]:
        """Return facts about the very thing that was named, where the sentences of the intent do not speak of it."""
        if intent in _OWN_WORDS or intent is not self._first or self._fixed() or self._drunk_with(intent):
            return sentences
        if intent is Intent.WHEN and HOW_OFTEN.search(self._heard):
            return sentences
        visit = self._visit
        topics = () if intent is Intent.FOOD and sentences else self._topics.matters
        foods = intent in (Intent.FOOD, Intent.INTERACTION, Intent.SIDE_EFFECTS)
        topics += self._topics.foods if foods else ()
        aside = _NAMED_WITH.get(intent, frozenset())
        named = self._asked(topic for topic in topics if topic.sort not in {Sort.WIDE, Sort.ALARM, *aside})
        told = self._told(sentences)
        asked = self._asked(self._topics.symptoms) if intent is Intent.SIDE_EFFECTS else ()
        if any(speaks_of(line, symptom) for symptom in asked for line in told):
            return sentences
        missing = [topic for topic in named if not any(speaks_of(line, topic) for line in told)]
        if not missing or len(missing) < len(named):
            return sentences
        beside = _cite(self._of_any_kind(medication, missing)[: visit.most_facts])
        if beside and intent in (Intent.HOW_TO_TAKE, Intent.WHEN):
            return [*sentences[:1], beside[0]]  # both were asked
        return beside or sentences

    def _near(self, medication: int, sentences: list[Cited], intent: Intent) -> list[Cited]:
        """Put first the fact that comes much nearer to the question than what the intent would have told."""
        visit = self._visit
        if intent in _NOT_CHOSEN or visit.others_named or not visit.text:
            return sentences
        ranked = nearest().ranked(visit.text, intent, chosen_from(visit.sheet, medication))
        told = self._told(sentences)
        if not ranked.lines or (intent is Intent.SIDE_EFFECTS and self._felt_alone()):
            return sentences
        if self._fixed() or self._drunk_with(intent):
            return sentences
        if spoken_of := self._spoken_of(told, intent):
            return self._nearer(spoken_of, sentences, ranked)
        why = intent in (Intent.WHEN, Intent.FOOD) and WHY.search(self._heard)
        if told and (why or IN_GENERAL.search(self._heard)):
            return sentences
        foods = self._asked(self._topics.foods) if intent is Intent.FOOD else ()
        if foods and (told or not _ordinary(foods)):
            return sentences  # what was found answers for this food, or nothing is known of it
        best, share = ranked.lines[0]
        if share < (NEAR if told else NEAR_ALONE) or (best not in told and share < MUCH * ranked.share(told)):
            return sentences
        order = [one for one in sentences[:1] if any(line.fact is None for line in self._told([one]))]
        chosen = [line for line, also in ranked.lines[: visit.most_facts] if line is best or also >= STILL]
        return [*order, *_cite(chosen)]

    def _fixed(self) -> bool:
        """Return True where signs, usual effects, how often or what eases them is asked: what else was named is not."""
        return any(asked.search(self._heard) for asked in (SIGNS, USUALLY, OFTEN, EASES))

    def _drunk_with(self, intent: Intent) -> bool:
        return intent is Intent.FOOD and bool(SWALLOWED_WITH.search(self._heard))

    def _felt_alone(self) -> bool:
        """Return True where an effect is named that no fact of any of the medicines speaks of."""
        felt = self._asked(topic for topic in self._topics.symptoms if topic.name != "unwell")
        lines = [line for i in self._visit.targets for line in self._visit.lines(i, *_EFFECT_FIELDS)]
        return bool(felt) and not any(speaks_of(line, topic) for topic in felt for line in lines)

    def _spoken_of(self, told: Sequence[SheetLine], intent: Intent) -> list[Topic]:
        """Return the things named that the lines speak of: words that a list has choose better."""
        topics = (*self._topics.foods, *self._topics.matters, *self._topics.symptoms)
        named = [topic for topic in self._asked(topics) if topic.sort is not Sort.WIDE]
        named += self._asked(self._matter("meal")) if intent is Intent.FOOD else ()
        return [topic for topic in named if any(speaks_of(line, topic) for line in told if line.fact)]

    def _nearer(self, spoken_of: Sequence[Topic], sentences: list[Cited], ranked: Ranked) -> list[Cited]:
        """Return of many facts about the one thing that was named those nearest to the question."""
        if len(spoken_of) > 1 or len(sentences) > self._visit.most_facts or spoken_of[0] in self._topics.foods:
            return sentences
        if HOW_LONG.search(self._heard):
            return sentences  # those with minutes or hours stand first
        told = self._told(sentences)
        about_it = [line for line, _ in ranked.lines if speaks_of(line, spoken_of[0])]
        if any(line not in about_it for line in told) or len(about_it) <= len(told):
            return sentences
        return _cite(about_it[: len(told)])

    def _beside(self, medication: int, sentences: Sequence[Cited]) -> list[Cited]:
        """Return a fact of what else was named, where that is a question of its own: always, or as it is put."""
        told = self._told(sentences)
        topics = (*self._topics.foods, *self._topics.matters)

        def untold(named: Iterable[Topic]) -> list[Topic]:
            return [topic for topic in named if not any(speaks_of(line, topic) for line in told)]

        always = self._asked(topic for topic in topics if topic.beside)
        missing = untold(always) or untold(self._asked_again())
        if len(missing) > 1 and len(told) == 1:  # "is it true I burn, and may I lie down"
            each = [line for topic in missing[:2] for line in self._of_any_kind(medication, [topic])[:1]]
            return _cite(dict.fromkeys(line for line in each if line not in told))
        found = self._of_any_kind(medication, missing) or self._hour_asked_again(medication)
        return _cite([line for line in found if line not in told][:1])

    def _asked_too(self, medication: int, said: Sequence[Cited]) -> list[Cited]:
        """Return a fact for each further question of several: one that speaks of what is asked there, not yet told."""
        visit = self._visit
        told = self._told(said)
        further: list[SheetLine] = []
        for text, intent in questions(visit.text, formulary=visit.formulary):
            named_here = tuple(mention.drug.id for mention in visit.formulary.mentioned(text))
            part = Informing(replace(visit, text=text, mentioned=named_here))
            part._first = intent
            if intent in _NOT_CHOSEN or intent in CAUTIOUS or intent not in part._handlers or part._visit.others_named:
                continue
            named = [topic for topic in part._named(intent) if topic.sort is not Sort.ALARM]
            known = (*told, *further)
            if any(speaks_of(line, topic) for topic in named for line in known if line.fact):
                continue
            ranked = nearest().ranked(text, intent, chosen_from(visit.sheet, medication)).lines[:1]
            lines = [line for line, share in ranked if share >= NEAR_PART]
            lines = [line for line in lines if not named or any(speaks_of(line, topic) for topic in named)]
            if not lines:
                lines = part._told(part._to_the_point(medication, list(part._handlers[intent](medication)), intent))
                lines = [line for line in lines if line.fact and any(speaks_of(line, topic) for topic in named)]
            further += [line for line in lines[:1] if line not in known]
        return _cite(further[:MOST_FURTHER])

    def _named(self, intent: Intent) -> list[Topic]:
        """Return the things named; meals and hours only where they are what is asked."""
        topics = (*self._topics.foods, *self._topics.matters, *self._topics.symptoms)
        wide = {Intent.FOOD: ("meal",), Intent.WHEN: ("meal", "time")}.get(intent, ())
        return [topic for topic in self._asked(topics) if topic.sort is not Sort.WIDE or topic.name in wide]

    def _last(self) -> str:
        """Return the last of several clauses, "" where there is one."""
        *before, last = [part for part in SECOND.split(self._heard) if len(part) > 1] or [""]
        return last if before else ""

    def _hour_asked_again(self, medication: int) -> tuple[SheetLine, ...]:
        """Return the facts of a time of day that is named last: "this is once a day, at night right?"."""
        last = self._last()
        asked = SEEKS_YES.search(last) and any(time.search(last) for time in DAYTIMES)
        return self._daytime(medication) if asked else ()

    def _asked_again(self) -> tuple[Topic, ...]:
        """Return what the last of several clauses asks about: "chew it? and all this wind, is it normal?"."""
        last = self._last()
        if not ASKS.search(last):
            return ()
        topics = (*self._topics.foods, *self._topics.matters, *self._topics.symptoms)
        return tuple(
            topic for topic in topics
            if topic.sort not in {Sort.WIDE, Sort.ALARM, *_ASIDE} and not topic.severe and topic.within(last)
        )  # fmt: skip

    def _of_medicine(self) -> bool:
        """Return True where the medicine is asked about, or what matters with one: never "the lunch has no taste"."""
        named = self._asked((*self._topics.foods, *self._topics.matters))
        return bool(ABOUT_MEDICINE.search(self._heard)) or any(topic.beside for topic in named)

    def _denied(self, topic: Topic) -> bool:
        """Return True where ``topic`` is named only to say that it is not there: "no pain, is the colour normal"."""
        named = topic.pattern.finditer(self._heard)
        return all(DENIED.search(self._heard[max(0, found.start() - 12) : found.start()]) for found in named)

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _onset(self, medication: int) -> tuple[SheetLine, ...]:
        """Return the facts of how soon it works, where that is asked."""
        onset = self._asked(self._matter("onset"))
        return _about(self._visit.lines(medication, *_ONSET_FIELDS), onset) if onset else ()

    def _daytime(self, medication: int) -> tuple[SheetLine, ...]:
        """Return the facts that speak of the time of day that was asked about, and why it is that one first."""
        times = [pattern for pattern in DAYTIMES if pattern.search(self._heard)]
        lines = [(line, comparable(line.text)) for line in self._visit.lines(medication, *_DAYTIME_FIELDS)]
        why = [line for line, said in lines if REASON.search(said) and any(time.search(said) for time in DAYTIMES)]
        named = [line for line, said in lines if any(time.search(said) for time in times)]
        return tuple(dict.fromkeys((*why, *named))) if times else ()

    def _told(self, sentences: Sequence[Cited]) -> list[SheetLine]:
        """Return the lines that sentences cite."""
        found = (self._visit.sheet.find(label) for sentence in sentences for label in sentence.labels)
        return [line for line in found if line]

    def _of_any_kind(self, medication: int, topics: Sequence[Topic]) -> tuple[SheetLine, ...]:
        """Return the facts about ``topics``, of whatever field; a rule for a missed dose is never told by the way."""
        lines = self._visit.lines(medication, *FactField)
        return _about([line for line in lines if line.key != FactField.MISSED_DOSE], topics)

    def _timed(self, medication: int) -> tuple[SheetLine, ...]:
        """Return the order where it says when or how often."""
        ordered = self._visit.delivery.medications[medication]
        said = ordered.times or ordered.frequency or ordered.as_needed
        return tuple(self._visit.lines(medication, ORDER)) if said else ()

    def _asked(self, topics: Iterable[Topic]) -> tuple[Topic, ...]:
        return tuple(topic for topic in topics if self._heard and topic.within(self._heard))

    def _matter(self, name: str) -> tuple[Topic, ...]:
        return (self._topics.matter(name),)

    def _ordered(self, lines: Sequence[SheetLine]) -> list[Cited]:
        return [replace(self._visit.say("answer.order", order=line.text), labels=(line.label,)) for line in lines[:1]]

    def _not_again(self, sentences: list[Cited], medication: int, order: Sequence[SheetLine]) -> list[Cited]:
        """Leave out how often where the order has just said it."""
        if not order or not self._visit.delivery.medications[medication].frequency:
            return sentences
        rest = [replace(part, text=without_frequency(part.text)) for part in sentences]
        return [part for part in rest if part.text]

    def _heard_alone(self, parts: list[Cited]) -> list[Cited]:
        """Give the first fact its subject; those after it follow on."""
        first = next((i for i, part in enumerate(parts) if part.labels), None)
        if first is None:
            return parts
        sheet, locale = self._visit.sheet, self._visit.delivery.locale
        part = parts[first]
        line = sheet.find(part.labels[-1])
        if line is None or line.fact is None or not line.text.startswith(part.text[:4]):
            return parts  # the order, or already told with the medicine's name
        return [*parts[:first], replace(part, text=with_subject(part.text, locale)), *parts[first + 1 :]]

    def _brief(self, sentences: list[Cited], several: bool) -> list[Cited]:
        return sentences[:1] if several else sentences

    def _introduced(self, medication: int, sentences: list[Cited], intent: Intent, several: bool) -> list[Cited]:
        """Put the medicine's name before the first sentence where it would not be clear, or is the point."""
        if intent is Intent.DRUG_NAME or not (several or intent is Intent.PURPOSE):
            return sentences
        name = self._visit.name(medication)
        first, locale = sentences[0], self._visit.delivery.locale
        fact = without_subject(first.text, locale)
        text = about(name.text, fact, locale) or self._visit.say("answer.about", medicine=name.text, fact=fact).text
        return [Cited((name.label, *first.labels), text), *sentences[1:]]

    def _open(self, intent: Intent) -> list[Cited]:
        """Return what has to be heard before any fact."""
        return [self._visit.say("missed_dose.open")] if intent is Intent.MISSED_DOSE else []

    def _close(self, intent: Intent) -> list[Cited]:
        keys = {
            Intent.SIDE_EFFECTS: "side_effect.close",
            Intent.MISSED_DOSE: "missed_dose.close",
            Intent.DOSE_AMOUNT: "answer.amount_close",
            Intent.INTERACTION: "interaction.close",
            Intent.PREGNANCY: "answer.ask_staff",
        }
        return [self._visit.say(keys[intent])] if intent in keys else []

    def _missing(self, intent: Intent, targets: Sequence[int]) -> str:
        if intent in (Intent.MISSED_DOSE, Intent.INTERACTION, Intent.PREGNANCY):
            return f"defer.{intent}"
        onset = intent is Intent.WHEN and self._asked(self._matter("onset"))
        if intent in (Intent.DOSE_AMOUNT, Intent.WHEN) and not onset:
            return "defer.order"
        unknown = all(self._visit.sheet.drugs[i] is None for i in targets)
        return "defer.unknown_drug" if unknown else "defer.no_fact"

    def _defer(self, key: str, rules: tuple[str, ...]) -> Answer:
        return Answer(
            behaviour=Behaviour.DEFER, sentences=(self._visit.say(key),), rules=(*rules, key), alert=PHARMACIST
        )

    def _which(self, rules: tuple[str, ...]) -> Answer:
        visit = self._visit
        names = [visit.name(i) for i in visit.targets]
        listed = (", " if visit.delivery.locale == "en_US" else "、").join(line.text for line in names)
        said = replace(visit.say("clarify.which", medicines=listed), labels=tuple(line.label for line in names))
        return Answer(behaviour=Behaviour.CLARIFY, sentences=(said,), rules=(*rules, "clarify.which"))


def _of_one_form(line: SheetLine) -> bool:
    """Return True for a fact of the liquid or the spray where there are tablets too: told where it was asked about."""
    return bool(_ONE_FORM.search(comparable(line.text)))


def _ordinary(foods: Sequence[Topic]) -> bool:
    return all(food.ordinary for food in foods)


def _cite(lines: Iterable[SheetLine]) -> list[Cited]:
    return [Cited((line.label,), line.text) for line in lines]


def _about(lines: Sequence[SheetLine], topics: Sequence[Topic]) -> tuple[SheetLine, ...]:
    """Return the lines that speak of any of ``topics``, those that speak of more of them first."""
    scored = [(sum(speaks_of(line, topic) for topic in topics), line) for line in lines]
    return tuple(line for score, line in sorted(scored, key=lambda pair: -pair[0]) if score)


def _unique(parts: Iterable[Cited]) -> list[Cited]:
    return list({part.text: part for part in parts}.values())
