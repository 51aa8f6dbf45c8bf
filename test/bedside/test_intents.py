"""What patients say is understood, and always in the same way."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.bedside.intents import CHANGES, INFORMATIONAL, Intent, classify, questions
from medllm_ros.bedside.phrases import load_phrases
from medllm_ros.formulary.store import Formulary

TABLE = yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text(encoding="utf-8"))
PHRASES = [(Intent[name], phrase) for name, phrases in TABLE.items() for phrase in phrases]

# Intents that a patient has every day, and those on which safety rests.
MAIN = (
    "PURPOSE", "SIDE_EFFECTS", "MISSED_DOSE", "FOOD", "HOW_TO_TAKE", "WHEN", "DOSE_AMOUNT", "INTERACTION",
    "CHANGE_DOSE", "REFUSAL", "CALL_NURSE", "ALREADY_TOOK", "WRONG_LOOK", "INJECTION", "SECRET", "DIAGNOSE", "SYMPTOM",
)  # fmt: skip


@pytest.mark.parametrize(("intent", "phrase"), PHRASES)
def test_a_phrase_is_understood_as_what_it_means_first_of_all(intent: Intent, phrase: str) -> None:
    assert classify(phrase)[0] is intent


@pytest.mark.parametrize("name", MAIN)
def test_the_table_holds_at_least_25_ways_to_say_a_main_intent(name: str) -> None:
    assert len(set(TABLE[name])) >= 25


def test_no_phrase_stands_in_the_table_twice() -> None:
    assert [phrase for phrase, count in Counter(phrase for _, phrase in PHRASES).items() if count > 1] == []


def test_every_pattern_belongs_to_an_intent_and_every_intent_has_a_pattern_or_is_derived() -> None:
    derived = {Intent.SYMPTOM, Intent.SEVERE_SYMPTOM, Intent.UNCLEAR}
    assert {Intent[name] for name in load_phrases("intents.yaml").patterns} == set(Intent) - derived


def test_words_that_were_never_used_to_write_the_patterns_are_mostly_understood() -> None:
    # 62 of 89 when they were first tried; what is missed is asked back about.
    lines = (Path(__file__).parent / "set_aside.txt").read_text(encoding="utf-8").splitlines()[1:]
    aside = [line.split("\t") for line in lines]
    right = [text for wanted, text in aside if classify(text)[0].name in wanted.split("|")]
    assert len(right) >= 0.69 * len(aside)


@pytest.mark.parametrize(
    "text",
    [
        "我叫王秀蘭，三十八年生，旁邊有我朋友，藥名不要念出來",
        "这药治什么的 我闺女在旁边呢 小点声",
        "我不想讓我女兒知道我吃什麼藥",
        "不要告訴我太太我吃這個",
        "等我兒子出去你再講",
        "My name is Ruth Miller, please don't say the medicine out loud",
        "what is it for, and not in front of my daughter please",
        "wait until they've left",
    ],
)
def test_a_wish_for_privacy_is_found_inside_another_sentence(text: str) -> None:
    found = classify(text)
    assert Intent.PRIVACY in found
    assert Intent.PRIVACY_OFF not in found


@pytest.mark.parametrize(
    "text",
    ["我女兒也在吃這個藥", "我和我先生一起住", "幫我把電視轉小聲", "get someone in here", "my wife takes it too"],
)
def test_naming_people_alone_is_no_wish_for_privacy(text: str) -> None:
    assert Intent.PRIVACY not in classify(text)


@pytest.mark.parametrize("text", ["", " ", "，。？！", "...", "♪♪", "\u200b", "嗶", "x"])
def test_noise_is_unclear(text: str) -> None:
    assert classify(text) == (Intent.UNCLEAR,)


def test_traditional_simplified_and_full_width_are_understood_alike() -> None:
    assert classify("這個藥有什麼副作用？") == classify("这个药有什么副作用?") == classify("這 個 藥 有 什麼 副作用")
    assert classify("ＷＨＡＴ ＡＲＥ ＴＨＥ ＳＩＤＥ ＥＦＦＥＣＴＳ？") == classify("what are the side effects")


def test_what_concerns_safety_comes_before_the_question() -> None:
    assert classify("這是什麼藥？我起疹子了")[0] is Intent.SEVERE_SYMPTOM
    assert classify("飯後吃對吧，那我可以一次吃兩顆嗎")[0] is Intent.CHANGE_DOSE
    assert classify("What is it for? I already took it this morning")[0] is Intent.ALREADY_TOOK
    assert classify("謝謝，那會不會頭暈")[0] is Intent.SIDE_EFFECTS


def test_a_wish_to_change_the_dose_says_which_change_right_after_where_it_is_known() -> None:
    phrases = [phrase for intent, phrase in PHRASES if intent is Intent.CHANGE_DOSE]
    known = [phrase for phrase in phrases if set(classify(phrase)) & set(CHANGES)]
    assert all(classify(phrase)[1] in CHANGES for phrase in known)
    assert len(known) > 0.9 * len(phrases)


def test_two_questions_are_both_heard() -> None:
    found = classify("這個藥是做什麼的？有什麼副作用？")
    assert {Intent.PURPOSE, Intent.SIDE_EFFECTS} <= set(found)


@pytest.mark.parametrize(
    "text",
    ["我沒有頭暈", "不會噁心", "這是治頭痛的藥嗎", "會不會頭暈", "如果頭暈怎麼辦", "I have no headache",
     "is this for headaches", "will it make me dizzy", "I don't feel dizzy"],
)  # fmt: skip
def test_a_symptom_denied_asked_about_or_treated_is_not_a_symptom_felt(text: str) -> None:
    assert not {Intent.SYMPTOM, Intent.SEVERE_SYMPTOM} & set(classify(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("這個血壓藥吃了會怎樣 我厝邊講吃這個腳會腫", Intent.SIDE_EFFECTS),
        ("這支噴的吸了手會抖是不是啊", Intent.SIDE_EFFECTS),
        ("我常常搞不清楚 這是飯前吃還是飯後吃啊", Intent.FOOD),
    ],
)
def test_where_the_net_is_sure_of_a_question_a_pattern_takes_nothing_for_felt(text: str, wanted: Intent) -> None:
    found = classify(text)
    assert wanted in found
    assert not {Intent.SYMPTOM, Intent.SEVERE_SYMPTOM} & set(found)


@pytest.mark.parametrize(
    ("text", "wanted", "not_wanted"),
    [
        ("can my husband have his glass of wine with this one", Intent.FOOD, Intent.SHARE),
        ("我太太懷孕七個月 這個她可以吃嗎", Intent.PREGNANCY, Intent.SHARE),
        ("吃這個可以開車嗎 我怕開到一半睡著", Intent.SIDE_EFFECTS, Intent.TAKE_LESS),
        ("我喝完豆漿才吃這個可以嗎", Intent.FOOD, Intent.ALREADY_TOOK),
    ],
)
def test_where_the_net_is_sure_of_a_question_a_pattern_takes_it_for_no_other_wish(
    text: str, wanted: Intent, not_wanted: Intent
) -> None:
    found = classify(text)
    assert wanted in found
    assert not_wanted not in found


@pytest.mark.parametrize(
    "text", ["這是什麼藥？我起疹子了", "這要怎麼吃 我現在頭很暈", "what is it for, my hands are shaking badly"]
)
def test_a_feeling_told_beside_the_question_is_heard(text: str) -> None:
    assert {Intent.SYMPTOM, Intent.SEVERE_SYMPTOM} & set(classify(text))


@pytest.mark.parametrize(
    "text",
    ["我吃飯了", "早餐吃過了", "我吃飽了", "我還沒吃藥", "我以前吃過這個藥", "I already ate breakfast", "I have eaten"],
)  # fmt: skip
def test_a_meal_or_an_old_dose_is_not_a_dose_taken_today(text: str) -> None:
    assert Intent.ALREADY_TOOK not in classify(text)


@pytest.mark.parametrize(
    "text",
    [
        "my daughter just gave me this cold",
        "they already gave me my gown and slippers",
        "I had mine taken out in 2010, the gallbladder",
        "they already gave me the leaflet, what is it for though",
        "我自己打了電話給女兒 那還要吃嗎",
    ],
)
def test_something_else_that_was_given_is_no_dose(text: str) -> None:
    assert Intent.ALREADY_TOOK not in classify(text)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("可以用小杯子喝嗎", Intent.CHANGE_DOSE),
        ("一天要吃幾次", Intent.CHANGE_DOSE),
        ("要多喝水嗎", Intent.CHANGE_DOSE),
        ("How many times a day do I take it", Intent.CHANGE_DOSE),
        ("Tell me more about it", Intent.CHANGE_DOSE),
        ("不要擔心我", Intent.REFUSAL),
        ("我不會用這個吸入器", Intent.REFUSAL),
        ("我忘記你剛剛說什麼了", Intent.MISSED_DOSE),
        ("I forgot my glasses", Intent.MISSED_DOSE),
        ("醫生什麼時候來", Intent.WHEN),
        ("護理師說要飯後吃對嗎", Intent.CHANGE_DOSE),
    ],
)
def test_look_alikes_are_told_apart(text: str, never: Intent) -> None:
    assert never not in classify(text)


def test_a_drug_name_in_the_question_does_not_hide_what_is_asked() -> None:
    formulary = Formulary.load()
    drug = formulary.drugs["amlodipine"]
    for name in (*drug.names["zh_TW"], *drug.names["en_US"], *drug.brands):
        assert classify(f"{name}是做什麼的", formulary=formulary)[0] is Intent.PURPOSE
        assert classify(f"What is {name} for?", formulary=formulary)[0] is Intent.PURPOSE


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_the_same_ordered_intents_twice(text: str) -> None:
    found = classify(text)
    assert found == classify(text)
    assert found
    assert list(found) == sorted(set(found), key=list(Intent).index)


def test_classifying_a_phrase_takes_less_than_five_milliseconds() -> None:
    for _, phrase in PHRASES[::20]:
        assert _best_seconds(phrase) < 0.005, phrase


def test_endless_talk_is_cut_before_it_costs_time() -> None:
    talk = "然後那個護士小姐跟我說這個藥要飯後吃可是我早上忘記了所以我想問你可不可以"
    for text in (talk * 10_000, "a " * 500_000, "吃" * 1_000_000):
        assert _best_seconds(text) < 0.04, text[:40]


def test_informational_intents_are_those_that_the_formulary_may_answer() -> None:
    assert Intent.CHANGE_DOSE not in INFORMATIONAL
    assert not set(CHANGES) & set(INFORMATIONAL)


def _best_seconds(text: str) -> float:
    classify(text)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        classify(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("吃完這兩天手指頭有點麻麻的 打字還可以", Intent.SYMPTOM),  # a word of the severe ones, said of little
        ("我只記得他說要少吃鹹 這個藥一天是幾點要吃", Intent.WHEN),  # salt was mentioned, the time is asked
        ("行李箱翻來翻去 昨天早上的藥就忘記吃了 那忘記吃的話要補嗎", Intent.MISSED_DOSE),  # nothing is to be recorded
        ("我爸吞不下去 我想說把它打開裡面一粒一粒的磨成粉 可以吧", Intent.CHANGE_DOSE),  # grains, no rash
        ("the gentleman in bed number six what medicines is he taking", Intent.OTHER_PATIENT),  # no numbness
        ("颱風停電冰箱不冰了 裡面那支還可以打嗎", Intent.STORAGE),
    ],
)
def test_what_is_surely_meant_outweighs_a_word_that_a_pattern_knows(text: str, first: Intent) -> None:
    assert classify(text)[0] is first


def test_pain_is_heard_beside_the_wish_for_more_however_sure_the_wish() -> None:
    assert {Intent.TAKE_MORE, Intent.SEVERE_SYMPTOM} <= set(classify("我疼甲擋袂牢，彼粒閣加予我一粒好無"))


def test_a_clash_with_another_medicine_that_is_asked_for_stands_beside_what_the_net_hears() -> None:
    text = "got a bit of a head cold coming on would a NyQuil tonight go alright with these or do they clash"
    assert classify(text)[0] is Intent.INTERACTION


def test_a_wish_for_more_stands_beside_what_the_net_hears() -> None:
    assert Intent.TAKE_MORE in classify("i'm fixing to take two at a time from here on that'll be alright won't it")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("這個會不會吃成習慣？還有吃完我可以騎車嗎？", [Intent.SIDE_EFFECTS, Intent.SIDE_EFFECTS]),
        ("What time do I take this, and does it make you burn in the sun?", [Intent.WHEN, Intent.SIDE_EFFECTS]),
        ("吃了會頭暈嗎", []),  # one question
        ("今天好熱，護理師很忙吧", []),
    ],
)  # fmt: skip
def test_the_parts_that_ask_are_told_with_what_they_ask(text: str, asked: list[Intent]) -> None:
    assert [intent for _, intent in questions(text)] == asked


@pytest.mark.parametrize("text", ["what time is lunch", "晚餐什麼時候送來", "午飯幾點開"])
def test_when_a_meal_comes_is_no_question_about_the_medicine(text: str) -> None:
    assert classify(text) == (Intent.OFF_TOPIC,)


def test_a_box_with_compartments_is_asked_about_as_storage_not_as_sharing() -> None:
    assert classify("我女兒買七格那種藥盒給我,這小罐的也倒進去分裝可以吧")[0] is Intent.STORAGE


def test_is_that_true_asks_about_the_part_before_it() -> None:
    (told, _), *_ = questions("人家說吃這種降血脂的會全身筋骨痠，真的假的？柚子可以吃嗎？")
    assert "筋骨痠" in told
