"""Mandarin reaches the voice as pinyin with the right tones, foreign words as English runs."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.speech.pronounce import SpeechRun, speech_runs, to_pinyin
from medllm_ros.speech.spoken_form import spoken_form
from medllm_ros.speech.tables import read_table

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (apt install espeak-ng)"
)


@pytest.mark.parametrize(
    ("han", "pinyin"),
    [
        ("銀行", "yin2 hang2"), ("行動", "xing2 dong4"), ("您得吃藥", "nin2 dei3 chi1 yao4"), ("覺得", "jue2 de5"),
        ("得到", "de2 dao4"), ("長期", "chang2 qi2"), ("長大", "zhang3 da4"), ("護理長", "hu4 li3 zhang3"),
        ("重複", "chong2 fu4"), ("體重", "ti3 zhong4"), ("很重要", "hen3 zhong4 yao4"), ("脈優", "mai4 you1"),
        ("冠脂妥", "guan1 zhi1 tuo3"), ("降血壓藥", "jiang4 xie3 ya1 yao4"), ("口乾", "kou3 gan1"),
        ("掉髮", "diao4 fa3"), ("嘔吐", "ou3 tu4"), ("靜脈注射", "jing4 mai4 zhu4 she4"),
        ("零點一二五毫克", "ling2 dian3 yi1 er4 wu3 hao2 ke4"), ("兩顆", "liang3 ke1"), ("一次", "yi2 ci4"),
        ("一天", "yi4 tian1"), ("一百一十", "yi4 bai3 yi1 shi2"), ("第一次", "di4 yi1 ci4"),
        ("十一點", "shi2 yi1 dian3"), ("一個", "yi2 ge4"), ("不要", "bu2 yao4"), ("不吃", "bu4 chi1"),
        ("女兒", "nü3 er2"), ("睡著", "shui4 zhao2"), ("躺著", "tang3 zhe5"),
    ],
)  # fmt: skip
def test_readings_as_in_taiwan(han: str, pinyin: str) -> None:
    assert " ".join(to_pinyin(han, "zh_TW")) == pinyin


@pytest.mark.parametrize(
    ("han", "pinyin"),
    [
        ("长期", "chang2 qi1"),
        ("银行", "yin2 hang2"),
        ("您得吃药", "nin2 dei3 chi1 yao4"),
        ("血压", "xue4 ya1"),
        ("液体", "ye4 ti3"),
    ],
)
def test_readings_as_on_the_mainland(han: str, pinyin: str) -> None:
    assert " ".join(to_pinyin(han, "zh_CN")) == pinyin


def test_foreign_words_become_runs_of_their_own() -> None:
    assert speech_runs("這是 Amlodipine 五毫克，請服用。", "zh_TW") == [
        SpeechRun("zh", "zhe4 shi4"),
        SpeechRun("en", "Amlodipine"),
        SpeechRun("zh", "wu3 hao2 ke4, qing3 fu2 yong4.", 0.35),
    ]


def test_a_name_of_several_foreign_words_stays_one_run() -> None:
    assert [run.text for run in speech_runs("請吃 Amlodipine besylate 和維生素 B12。")] == [
        "qing3 chi1", "Amlodipine besylate", "he2 wei2 sheng1 su4", "B12."
    ]  # fmt: skip


def test_chinese_in_an_english_sentence_is_read_in_mandarin() -> None:
    assert [run.language for run in speech_runs("Hello 王小明, how are you?", "en_US")] == ["en", "zh", "en"]


def test_digits_that_are_left_are_read_one_by_one_in_chinese_and_kept_in_english() -> None:
    assert speech_runs("病歷 105", "zh_TW")[0].text == "bing4 li4 yi1 ling2 wu3"
    assert speech_runs("take 105 now", "en_US") == [SpeechRun("en", "take 105 now")]


@pytest.mark.parametrize("text", ["", "  ", "……", "。，", "😀"])
def test_nothing_to_say_is_no_run(text: str) -> None:
    assert speech_runs(text) == []


@given(
    st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=12),
    st.sampled_from(["zh_TW", "zh_CN"]),
)
def test_no_chinese_character_reaches_a_voice(text: str, locale: str) -> None:
    for syllable in to_pinyin(text, locale):
        assert re.fullmatch(r"[a-zêüńňǹḿ]+[1-5]?", syllable), syllable


@given(st.text(max_size=40), st.sampled_from(["zh_TW", "zh_CN", "en_US"]))
def test_any_text_gives_runs_that_a_voice_can_read(text: str, locale: str) -> None:
    for run in speech_runs(spoken_form(text, locale), locale):
        assert run.language in ("zh", "en")
        assert not re.search("[\u4e00-\u9fff]", run.text)


def test_every_reading_of_our_own_has_one_syllable_per_character() -> None:
    data = read_table("readings.yaml")
    for part in data.values():
        for word, reading in part.items():
            assert len(reading.split()) == len(word), word
            assert all(re.fullmatch(r"[a-zü]+[1-5]", syllable) for syllable in reading.split()), word


def phonemes(run: SpeechRun) -> str:
    """Return espeak-ng's phonemes of a run, in the voice that speaks it."""
    voice = "cmn-latn-pinyin" if run.language == "zh" else "en-us"
    return subprocess.run(
        ["espeak-ng", "-q", "-x", "-v", voice, run.text], capture_output=True, text=True, check=True, timeout=20
    ).stdout


@needs_espeak
def test_espeak_says_syllables_and_not_chinese_letter() -> None:
    sentence = "王奶奶您好，這是您的降血壓藥脈優 Amlodipine 5 mg，每天早上 08:00 吃 2 顆，不要跟葡萄柚汁一起服用。"
    runs = speech_runs(spoken_form(sentence, "zh_TW"), "zh_TW")
    assert [run.language for run in runs] == ["zh", "en", "zh"]
    for run in runs:
        spoken = phonemes(run)
        assert "(en)" not in spoken and "tSaIn'i:z" not in spoken  # no switch to English, no "Chinese letter"
        if run.language == "zh":
            assert len(re.findall(r"_\|", spoken)) == len(re.findall(r"[1-5]", run.text))  # one syllable each
    assert "aml@d,IpaIn" in phonemes(runs[1])


@needs_espeak
def test_espeak_knows_every_syllable_we_give_it() -> None:
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    readings = {one for code, all_ in PINYIN_DICT.items() if 0x4E00 <= code <= 0x9FFF for one in all_.split(",")}
    syllables = sorted({to_tone3(reading, v_to_u=True, neutral_tone_with_five=True) for reading in readings})
    spoken = phonemes(SpeechRun("zh", "\n".join(f"{syllable}." for syllable in syllables)))
    lines = spoken.splitlines()
    assert len(syllables) == len(lines) > 1200
    assert [syllable for syllable, line in zip(syllables, lines, strict=True) if "(en)" in line] == []
