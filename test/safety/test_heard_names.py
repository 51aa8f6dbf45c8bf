"""Drug names that a recogniser garbled: found by sound, asked about where two are near, and never out of thin air."""

from __future__ import annotations

import time

import pytest
from heard_cases import PARTS, Score, cases
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.delivery import Locale
from medllm_ros.formulary import Formulary
from medllm_ros.safety.heard_names import MAX_CHARS, heard_names, written_out

FORMULARY = Formulary.load()
NAMES = heard_names(FORMULARY)
DRUGS = sorted(FORMULARY.drugs)


def heard(text: str, *delivered: str) -> list[tuple[str, str, bool]]:
    """Return drug, words and certainty of each name found."""
    return [(one.drug.id, text[one.start : one.end], one.certain) for one in NAMES.find(text, delivered)]


@pytest.mark.parametrize(
    ("text", "drug", "words"),
    [
        ("安邁迪平是做什麼的", "amlodipine", "安邁迪平"),  # homophones
        ("請問安洛地平要吃多久", "amlodipine", "安洛地平"),  # an English name in Mandarin characters
        ("阿脫髮他聽要晚上吃嗎", "atorvastatin", "阿脫髮他聽"),  # near sounds
        ("华发林能不能跟菠菜一起吃", "warfarin", "华发林"),  # simplified
        ("安邁 迪平 飯後 吃嗎", "amlodipine", "安邁 迪平"),  # blanks between words
        ("心流是氣喘的藥嗎", "montelukast", "心流"),  # two syllables, tones kept
        ("what is met for men for", "metformin", "met for men"),
        ("can i take a pick saban with milk", "apixaban", "a pick saban"),
        ("how long do i take ella quiz", "apixaban", "ella quiz"),
        ("Do I take Za Rel Toe with food?", "rivaroxaban", "Za Rel Toe"),
        ("amlodapine是做什麼的", "amlodipine", "amlodapine"),
    ],
)
def test_a_garbled_name_of_the_delivered_drug_counts_as_it(text: str, drug: str, words: str) -> None:
    assert heard(text, drug) == [(drug, words, True)]


@pytest.mark.parametrize(
    ("text", "drug"),
    [("我有在吃華發林", "warfarin"), ("我還有吃可麥丁", "warfarin"), ("i also take war for in", "warfarin")],
)
def test_a_clearly_heard_drug_that_is_not_delivered_counts_too(text: str, drug: str) -> None:
    assert [(found, certain) for found, _, certain in heard(text, "amoxicillin")] == [(drug, True)]


@pytest.mark.parametrize(
    ("text", "drug"), [("我忘記吃怕率很怎麼辦", "baclofen"), ("why check my pulse with did jocks in", "digoxin")]
)
def test_a_distant_likeness_is_asked_about_where_delivered_and_else_passed_over(text: str, drug: str) -> None:
    assert [(found, certain) for found, _, certain in heard(text, drug)] == [(drug, False)]
    assert heard(text, "amoxicillin") == []


def test_a_short_name_with_another_tone_is_asked_about_and_only_in_a_sentence_about_medicine() -> None:
    assert heard("賣油可以跟葡萄柚一起吃嗎", "amlodipine") == [("amlodipine", "賣油", False)]
    assert heard("巷口有人在賣油條", "amlodipine") == []
    assert heard("賣油可以跟葡萄柚一起吃嗎", "metformin") == []


@pytest.mark.parametrize(
    ("text", "delivered"),
    [
        ("is pred ni sewn a steroid", "prednisolone"),  # prednisone, its look-alike partner, which no file describes
        ("can i take a see to lap ram", "escitalopram"),  # citalopram
        ("is flew oxa teen for mood", "duloxetine"),  # fluoxetine, a partner
        ("福伐他汀可以嗎", "simvastatin"),
        ("米格列汀什麼時候吃", "linagliptin"),  # one syllable decides among 利, 西 and 維格列汀
    ],
)
def test_where_another_medicine_is_as_near_nothing_is_certain(text: str, delivered: str) -> None:
    assert not any(certain for drug, _, certain in heard(text, delivered) if drug == delivered)


@pytest.mark.parametrize(
    ("text", "delivered"),
    [
        ("左西替利嗪會想睡嗎", "cetirizine"), ("is levocetirizine stronger", "cetirizine"),
        ("低分子肝素要打嗎", "heparin"), ("what about clozapine", "clonazepam"),
        ("胰島素要放冰箱嗎", "insulin_glargine"), ("甲基潑尼松龍要打幾天", "prednisolone"),
    ],
)  # fmt: skip
def test_another_medicine_that_is_named_as_it_is_written_is_no_garbled_name(text: str, delivered: str) -> None:
    assert heard(text, delivered) == []


@pytest.mark.parametrize(
    ("text", "delivered"),
    [
        ("那這顆助眠的我是現在先吃", "zolpidem"), ("這顆止痛的可以開車嗎 我後天出院", "tramadol"),
        ("he dropped in the cotton gin, what is this one for", "atorvastatin"),
        ("I took this on an empty belly and was in the john till noon", "metformin"),
        ("這個是止咳的沒錯吧", "dextromethorphan"),
        ("I'm not a morning person, can I take it on black coffee", "prednisone"),
        ("I heard it will turn my contact lens orange", "rifampicin"), ("伊嘛是食這款 我食這粒是顧啥物的", "valsartan"),
        ("可以一餐飯一起吃完它們嗎", "calcium_carbonate"), ("晚上部落豐年祭喝一點小米酒可以嗎", "colchicine"),
    ],
)  # fmt: skip
def test_words_that_every_sentence_has_are_no_garbled_name(text: str, delivered: str) -> None:
    assert heard(text, delivered) == []


def test_names_as_they_are_written_are_left_to_the_formulary() -> None:
    text = "脈優跟 Norvasc 還有安邁迪平"

    assert heard(text, "amlodipine") == [("amlodipine", "安邁迪平", True)]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "precision", "recall"), [("tuned", 0.965, 0.93), ("aside", 0.96, 0.9)])
def test_precision_and_recall_on_what_recognisers_write(part: str, precision: float, recall: float) -> None:
    score = Score.of(part, NAMES, FORMULARY)

    assert score.precision >= precision  # measured: 0.974 tuned, 0.974 aside
    assert score.recall >= recall  # measured: 0.942 tuned, 0.917 aside
    assert score.by_group["similar"]["wrong"] == 0


@pytest.mark.parametrize("part", PARTS)
def test_every_case_speaks_of_drugs_that_exist_and_is_not_found_as_written(part: str) -> None:
    for case in cases(part, FORMULARY):
        assert {case.drug, *case.delivered} <= {"", *DRUGS}, case
        assert case.drug not in {mention.drug.id for mention in FORMULARY.mentioned(case.text)}, case


PIECES = st.one_of(st.text(max_size=12), st.sampled_from(["吃", "安邁迪平", "met for men", "|", "İ", "１ "]))


@given(st.lists(PIECES).map("".join), st.lists(st.sampled_from(DRUGS), max_size=4))
def test_any_text_is_searched_and_what_is_found_lies_in_it_apart(text: str, delivered: list[str]) -> None:
    end = 0
    for one in NAMES.find(text, delivered):
        assert end <= one.start < one.end <= len(text)
        end = one.end


@given(st.sampled_from(["安邁迪平是什麼", "可以跟華發林一起吃嗎", "is war for in safe", "i take met for men"]))
def test_the_same_words_are_always_heard_alike(text: str) -> None:
    assert NAMES.find(text, ["amlodipine"]) == NAMES.find(text, ["amlodipine"])


def test_written_out_puts_the_name_in_the_script_of_the_sentence() -> None:
    def written(text: str, locale: Locale) -> str:
        return written_out(text, NAMES.find(text, ["amlodipine"]), locale)

    assert written("安邁迪平，飯前吃嗎", Locale.ZH_TW) == "安脈狄平，飯前吃嗎"
    assert written("安邁迪平，飯前吃嗎", Locale.EN_US) == "安脈狄平，飯前吃嗎"
    assert written("安迈迪平，饭前吃吗", Locale.ZH_CN) == "氨氯地平，饭前吃吗"
    assert written("is am load a pine safe", Locale.ZH_TW) == "is amlodipine safe"
    assert written("今天天氣很好", Locale.ZH_TW) == "今天天氣很好"


@pytest.mark.parametrize("text", ["安邁迪平" * 5000, "a " * 20000, "安" * 20000, "met for men " * 2000])
def test_a_huge_utterance_is_searched_in_its_first_part_and_at_once(text: str) -> None:
    started = time.process_time()
    found = NAMES.find(text, ["amlodipine"])

    assert all(one.end <= MAX_CHARS for one in found)
    assert time.process_time() - started < 1.0  # seconds; some hundredths


def test_an_utterance_of_forty_characters_takes_about_a_millisecond() -> None:
    text = "我早上吃了這個安邁迪平還有美福明之後覺得有一點頭暈請問可不可以跟牛奶一起吃還是要"
    NAMES.find(text, ["amlodipine", "metformin"])

    def seconds() -> float:
        started = time.process_time()
        NAMES.find(text, ["amlodipine", "metformin"])
        return time.process_time() - started

    assert min(seconds() for _ in range(10)) < 0.005  # seconds; measured 0.0015
