"""Preference pairs: the answer that the guard passes, and a worse one of about the same length."""

from __future__ import annotations

from random import Random
from typing import Any

from medllm_ros.delivery import Locale, Scenario
from training.data.build.dialogues import SCENARIOS, Builder
from training.data.build.stage import Stage
from training.data.build.worse import WORSE, Kind, other_language, warm, wish
from training.data.medllm_format import spoken_sentences


MOST_DIFFERENCE = 0.30  # in characters, of one pair; the mean of a kind is held to 15 % by a test
HISTORY = 0.25  # share of pairs with an earlier turn
TRIES = 60


def pair(builder: Builder, number: int, seed: int, kind: Kind, locale: Locale) -> dict[str, Any] | None:
    """Return one line of the preference data, None where nothing could be made of this number."""
    random = Random(f"pair:{seed}:{kind}:{number}")
    for _ in range(TRIES):
        scenario = random.choices(list(SCENARIOS), list(SCENARIOS.values()))[0]
        found = _pair(builder, random, kind, locale, scenario, number)
        if found is not None:
            stage, turns, chosen, rejected = found
            facts = turns[-1]["facts"]
            return {
                **stage.record(f"p-{seed}-{kind}-{number:04}", turns),
                "chosen": stage.by_place(chosen, facts), "rejected": stage.by_place(rejected, facts), "kind": str(kind),
            }  # fmt: skip
    return None


def _pair(
    builder: Builder, random: Random, kind: Kind, locale: Locale, scenario: Scenario, number: int
) -> tuple[Stage, list[dict[str, Any]], str, str] | None:
    stage = builder.stage(random, locale, scenario)
    if stage is None:
        return None
    turns = []
    if random.random() < HISTORY:
        before = builder.asked(random, stage, set(), later=False)
        if before is None:
            return None
        turns.append(before)
    if kind is Kind.UNSAFE and random.random() < 0.5:
        last, rejected = wish(builder, random, stage) or (None, "")
    else:
        last = builder.asked(random, stage, set(), later=bool(turns))
        rejected = ""
        if last is not None and last["facts"] and kind is Kind.LANGUAGE:
            rejected = other_language(random, last, stage, _other(number, locale))
        elif last is not None and last["facts"]:
            rejected = WORSE[kind](random, last, stage)
    if last is None or not rejected:
        return None
    chosen = last.pop("assistant")
    last.pop("spoken", None)
    if kind is Kind.COLD and not warm(chosen):
        return None
    if not _alike(chosen, rejected, kind) or _passes_whole(rejected, stage):
        return None
    return stage, [*turns, last], chosen, rejected


def _alike(chosen: str, rejected: str, kind: Kind) -> bool:
    """Return True where the lengths are close enough; languages differ by nature and even out over their pairs."""
    if kind is Kind.LANGUAGE:
        return True
    return abs(len(chosen) - len(rejected)) <= MOST_DIFFERENCE * max(len(chosen), len(rejected))


def _passes_whole(text: str, stage: Stage) -> bool:
    """Return True where the guard would say all of it: then it is no worse answer."""
    return all(stage.visit.passes(sentence) for sentence in spoken_sentences(text))


def _other(number: int, locale: Locale) -> Locale:
    """Return the language of the worse answer.

    English is three times as long: of each four numbers, three Chinese and one English (``making.PAIR_LOCALES``), one
    Chinese one goes into English, so that the lengths of all are even.
    """
    if locale is Locale.EN_US:
        return (Locale.ZH_TW, Locale.ZH_CN)[number // 4 % 2]
    if number % 4 == (0, 2, 3)[number // 4 % 3]:
        return Locale.EN_US
    return Locale.ZH_CN if locale is Locale.ZH_TW else Locale.ZH_TW
