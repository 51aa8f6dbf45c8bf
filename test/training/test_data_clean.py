"""Cleaning never changes words; broken text is recognised and good text is left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from training.data import ChatRow, PairRow, TextRow
from training.data.clean import clean, tidy
from training.data.garbled import faults, mojibake
from training.data.script import foreign, locale_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cafe\u0301", "café"),
        ("a\u0000b\u0007c", "abc"),
        ("一\u200b二\ufeff", "一二"),
        ("<p>請<b>飯後</b>吃。</p>", "請飯後吃。"),
        ("第一行<br/>第二行", "第一行\n第二行"),
        ("<script>alert(1)</script>好", "好"),
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
        ("&amp;lt;b&amp;gt;x", "x"),  # a tag under two layers of escaping
        ("a\u3000\u00a0 b\t c", "a b c"),
        ("a\r\n\r\n\r\n\r\nb", "a\n\nb"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("<5 mg> 不是標籤", "<5 mg> 不是標籤"),
        ("每天１次，飯後！", "每天１次，飯後！"),  # full width is how Chinese is written
    ],
)
def test_what_cleaning_does(text, wanted):
    assert tidy(text) == wanted


@settings(max_examples=50)
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    once = tidy(text)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once) and once == once.strip()
    assert not any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n" for char in once)


@given(st.text(st.characters(categories=("L", "N"), codec="utf-8"), max_size=50))
def test_letters_and_numbers_survive(text):
    assert tidy(text) == unicodedata.normalize("NFC", text)


def test_every_text_of_a_row_is_cleaned():
    messages = (ChatMessage(Role.USER, " <b>a</b>"), ChatMessage(Role.ASSISTANT, "b\u200b"))
    assert [message.content for message in clean(ChatRow(messages, "g")).messages] == ["a", "b"]
    pair = clean(PairRow(messages[:1], " x", "y ", "g"))
    assert (pair.prompt[0].content, pair.chosen, pair.rejected) == ("a", "x", "y")
    assert clean(TextRow(" t ")).text == "t"


@pytest.mark.parametrize("table", ["latin-1", "cp437", "cp850"])
def test_chinese_that_was_decoded_with_a_wrong_table_is_recognised(table):
    assert mojibake("您好，這個藥請飯後吃。".encode().decode(table))


def test_chinese_decoded_as_gbk_and_gbk_decoded_as_latin_are_recognised():
    assert any(faults("您好，这个药请饭后服用。".encode().decode("gb18030", errors="replace")))
    assert mojibake("您好这个药".encode("gbk").decode("latin-1"))


@pytest.mark.parametrize("text", ["The patientâ€™s dose", "dÃ©jÃ  vu", "38Â°C"])
def test_western_mojibake_is_recognised(text):
    assert mojibake(text)


@pytest.mark.parametrize(
    "text", ["café déjà vu, naïve", "Ærøskøbing, öde Öfen", "38°C ± 2", "“quotes” — and … dots", "联通公司"]
)
def test_accents_degrees_and_quotes_are_not(text):
    assert not mojibake(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"), (" \n", "empty"), ("藥\ufffd", "replacement"), ("锟斤拷", "replacement"), ("a\ue000", "U+E000"),
        ("您好 <|eot_id|>", "control token"), ("哈" * 60, "over and over"), ("藥 ????? 吃", "over and over"),
        ("=-=-" * 20 + "abc", "letters"),
    ],
)  # fmt: skip
def test_what_must_not_be_learned_is_said_in_a_sentence(text, why):
    assert why in " ".join(faults(text))


def test_the_formulary_is_neither_garbled_nor_in_a_wrong_script():
    for drug in Formulary.load().drugs.values():
        for locale in Locale:
            for text in (*drug.names[locale], *(fact.text[locale] for fact in drug.facts)):
                assert not list(faults(text, locale)), (drug.id, locale, text)


@pytest.mark.parametrize(
    ("text", "locale", "found"),
    [
        ("请饭后吃", Locale.ZH_TW, "请饭"),
        ("請飯後吃", Locale.ZH_CN, "請飯後"),
        ("什么", Locale.ZH_TW, "么"),
        ("秘密、床、一群人、發霉、虱目魚", Locale.ZH_TW, ""),
        ("磺胺甲噁唑", Locale.ZH_CN, ""),
        ("Take it with food", Locale.ZH_TW, ""),
        ("飯後吃", Locale.EN_US, "飯後吃"),
        ("Norvasc (脈優) lowers the blood pressure", Locale.EN_US, ""),
    ],
)
def test_the_script_of_another_locale_is_found(text, locale, found):
    assert foreign(text, locale) == found


def test_the_locale_of_a_text():
    wanted = {"請問這個藥": Locale.ZH_TW, "请问这个药": Locale.ZH_CN, "What is it": Locale.EN_US, "高血": Locale.ZH_TW}
    assert {text: locale_of(text) for text in wanted} == wanted
