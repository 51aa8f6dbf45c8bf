"""A bad reaction to a medicine, told in any words, calls staff and locks the box."""

from __future__ import annotations

from pathlib import Path

import pytest
from visits import Bedside, delivery, of

from medllm_ros.bedside.effects import AlertNurse, Hold
from medllm_ros.bedside.intents import Intent, share
from medllm_ros.delivery import Locale
from medllm_ros.safety.reported_allergy import reported_allergy

SENTENCES = Path(__file__).with_name("reactions.tsv").read_text(encoding="utf-8").splitlines()[1:]
REPORTS, TWINS = (
    [text for label, _, text in (line.partition("\t") for line in SENTENCES) if (label == "allergy") is report]
    for report in (True, False)
)


def called(context, text: str, order: str = "Amlodipine 5 mg PO QD") -> bool:
    locale = Locale.EN_US if text.isascii() else Locale.ZH_TW
    bedside = Bedside(context, delivery(order, locale=locale))
    bedside.arrive()
    bedside.verify()
    effects = bedside.hear(text)
    return bool(of(effects, AlertNurse)) and bool(of(effects, Hold))


def test_nearly_every_report_of_an_author_unseen_calls_staff_and_locks(context) -> None:
    assert len(REPORTS) == 90
    assert sum(called(context, text) for text in REPORTS) >= 84


def test_most_of_what_only_sounds_like_one_does_not(context) -> None:
    assert len(TWINS) == 70
    assert sum(called(context, text) for text in TWINS) <= 24


@pytest.mark.parametrize(
    "text",
    [
        "听说吃这个不能多吃香蕉，也不能用那种低钠盐，是有这么个说法吧",
        "can't have grapefruit with it, right?",
        "一次一顆，不能吃兩顆喔，我知道",
        "吃類固醇臉會腫成月亮，是真的嗎",
    ],
)
def test_what_may_not_be_eaten_with_it_is_no_report(context, text: str) -> None:
    assert not called(context, text)


@pytest.mark.parametrize(
    "text",
    [
        "是飯前吃還是飯後吃啊 喔對我吃這個會起疹子 能喝茶嗎",
        "what time is lunch and can I have coffee with it, last time I had it my lips swelled up, is the TV working",
        "謝謝你喔，這顆是降血壓的對不對，我吃阿斯匹靈會喘，要配溫水嗎",
    ],
)
def test_a_report_in_the_middle_of_other_talk_is_heard(context, text: str) -> None:
    assert called(context, text)


def test_a_net_that_knows_nothing_doubts_no_report() -> None:
    assert share("", (Intent.ALLERGY,)) == 1


@pytest.mark.parametrize("believed", [False, True])
def test_a_report_counts_where_its_clause_or_all_that_was_said_is_believed(context, believed: bool) -> None:
    asked: list[str] = []

    def judge(words: str) -> bool:
        asked.append(words)
        return believed

    ordered = delivery("Ibuprofen 400 mg PO TID", locale=Locale.EN_US)
    found = reported_allergy("hello, i am allergic to penicillin", ordered, context.formulary, believed=judge)
    assert bool(found) is believed
    assert asked[0].strip() == "i am allergic to penicillin"
