"""Topics: what a patient names and what a fact speaks of are one thing, whatever the words."""

from __future__ import annotations

import pytest

from medllm_ros.bedside.phrases import comparable
from medllm_ros.bedside.topics import Topics, speaks_of
from medllm_ros.delivery import Locale
from medllm_ros.formulary.model import Fact, FactField, ReviewStatus
from medllm_ros.formulary.sheet import SheetLine

DROWSY = next(topic for topic in Topics.load().symptoms if topic.name == "drowsiness")
KNOWN = {Locale.ZH_TW: "可能會想睡。", Locale.ZH_CN: "可能会犯困。", Locale.EN_US: "It can make you sleepy."}
UNKNOWN = {Locale.ZH_TW: "可能會迷茫茫。", Locale.ZH_CN: "可能会迷茫茫。", Locale.EN_US: "It can make you woolly."}


def line(locale: Locale, **other_words: str) -> SheetLine:
    texts = {key: other_words.get(key.value, KNOWN[key]) for key in KNOWN}
    fact = Fact(id="d.side_effect.1", field=FactField.SIDE_EFFECT, text=texts, status=ReviewStatus.SOURCE_OPENED)
    return SheetLine("F3", "side_effect", texts[locale], fact, 0)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_fact_whose_words_no_list_knows_speaks_of_what_both_its_other_wordings_name(locale: Locale) -> None:
    assert speaks_of(line(locale), DROWSY)
    assert speaks_of(line(locale, **{locale.value: UNKNOWN[locale]}), DROWSY)


@pytest.mark.parametrize("locale", list(Locale))
def test_one_other_wording_alone_is_no_evidence(locale: Locale) -> None:
    unknown = {key.value: text for key, text in UNKNOWN.items()}
    for known in set(Locale) - {locale}:
        words = {name: text for name, text in unknown.items() if name != known.value}
        assert not speaks_of(line(locale, **words), DROWSY)


def test_a_matter_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(LookupError):
        Topics.load().matter("weather")


def test_an_order_has_one_wording() -> None:
    assert speaks_of(SheetLine("F2", "order", "想睡的時候吃", None, 0), DROWSY)
    assert not speaks_of(SheetLine("F2", "order", "飯後吃", None, 0), DROWSY)


@pytest.mark.parametrize(
    "text",
    ["it says here, hold on, fatal bleeding, palpitations", "單子上印什麼心悸,瘀青,看完都不敢吃捏"],
)
def test_what_is_read_out_from_paper_is_not_felt(text: str) -> None:
    assert not Topics.load().symptoms_felt(comparable(text))


@pytest.mark.parametrize(
    "text", ["it says here palpitations, and my heart is racing", "單子上印心悸,我現在心悸得很厲害"]
)
def test_what_the_speaker_has_beside_what_is_read_out_is_felt(text: str) -> None:
    assert [named.topic.name for named in Topics.load().symptoms_felt(comparable(text))] == ["palpitations"]
