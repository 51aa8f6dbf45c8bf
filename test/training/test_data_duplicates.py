"""Repetitions and leaks are found, whatever hides them; rows that say something else are not taken for them."""

from __future__ import annotations

from dataclasses import replace

from data_rows import LONG, chat, facts, pair, text
from hypothesis import given
from hypothesis import strategies as st

from training.data.duplicates import duplicates, unique
from training.data.leaks import leaks


def test_the_same_words_in_another_case_width_or_punctuation_are_the_same():
    rows = [chat("請問可以吃嗎？", "OK！"), chat("請問 可以吃嗎", "ｏｋ"), chat("請問可以喝嗎？", "OK！")]
    assert [(item.row, item.first, item.similarity) for item in duplicates(rows)] == [(1, 0, 1.0)]


def test_a_small_change_in_a_long_row_is_a_near_repetition():
    found = duplicates([chat(LONG, "飯後吃比較好。"), chat(LONG + "喔", "飯後吃比較好。")])
    assert [(item.row, item.first) for item in found] == [(1, 0)] and 0.9 <= found[0].similarity < 1


def test_rows_that_differ_in_a_number_are_no_repetition():
    assert not duplicates([chat(LONG, "每天吃 5 毫克。"), chat(LONG, "每天吃 10 毫克。")])
    assert not duplicates([chat(LONG, "每天吃一次。"), chat(LONG, "每天吃兩次。")])


def test_the_same_question_with_another_answer_is_no_repetition():
    assert not duplicates([chat("可以吃嗎", "可以，飯後吃。"), chat("可以吃嗎", "先問藥師比較好。")])


def test_the_same_words_about_other_facts_are_no_repetition():
    one, other = (
        "相關資料：\nF3 food: 飯後吃。\n「要飯後吃嗎」",
        "相關資料：\nF3 food: 飯前吃最有效，不要配牛奶。\n「要飯後吃嗎」",
    )
    assert not duplicates([chat(one, "[F3] 照資料吃。"), chat(other, "[F3] 照資料吃。")])


def test_the_other_chinese_script_is_no_repetition_but_a_leak():
    one = chat(LONG, "飯後吃。")
    other = chat("请问这个治疗高血压的药要在饭前吃还是饭后吃比较好，我每天早上七点吃早餐", "饭后吃。")
    assert not duplicates([text("請問可以吃嗎"), text("请问可以吃吗")])
    assert leaks([one], [other]).leaks


def test_turns_of_one_dialogue_are_no_repetition_of_each_other():
    assert not duplicates([chat(LONG, "好的。", where="a:1"), chat(LONG, "好的", where="a:1")])


def test_exact_only_leaves_near_repetitions_in():
    rows = [chat(LONG, "飯後。"), chat(LONG + "喔", "飯後。"), chat(LONG, "飯後")]
    assert [item.row for item in duplicates(rows, None)] == [2]


@given(st.lists(st.sampled_from("甲乙丙丁戊"), max_size=12))
def test_unique_keeps_the_first_of_each_and_leaves_nothing_to_find(words):
    rows = [text(word * 3, where=f"f:{number}") for number, word in enumerate(words)]
    kept, dropped = unique(rows)
    assert len(kept) + len(dropped) == len(rows) and not duplicates(kept)
    assert [row.text for row in kept] == list(dict.fromkeys(word * 3 for word in words))


def test_rows_of_one_template_with_other_numbers_are_no_repetitions():
    rows = [chat(f"第{number}號病人{LONG}", f"照{number}號的單子吃。") for number in range(300)]
    assert not duplicates(rows)


DEMO = [
    "一位中年男性患者，最近經常感到胸悶和呼吸困難，可能是什麼病？",
    "肝炎的病人飲食上有什麼要注意的地方嗎？",
    "小孩發燒到三十九度，一直咳嗽，應該看哪一科？",
    "What should a patient with gout avoid eating in the evening?",
    "長期使用抗凝血劑的病人，刷牙出血該怎麼處理？",
]


def test_a_demo_whose_questions_stand_in_the_training_file_is_reported_whole():
    train = [chat(asked, f"回答 {number}") for number, asked in enumerate(DEMO)]
    train += [chat("完全不同的另一個問題，和上面的都沒有關係", "好")]
    report = leaks(train, [chat(asked, "別的回答") for asked in DEMO])
    assert len(report.leaks) == report.tested == report.same_question == 5 and report.mean_share == 1


def test_a_question_with_a_few_words_changed_still_leaks():
    changed = DEMO[0].replace("中年", "老年")
    (leak,) = leaks([chat(DEMO[0], "a")], [chat(changed, "b")]).leaks
    assert 0.6 <= leak.share < 1 and (leak.test, leak.train) == (0, 0)


def test_other_questions_do_not_leak():
    report = leaks([chat(asked, "a") for asked in DEMO[:3]], [chat(asked, "b") for asked in DEMO[3:]])
    assert not report.leaks and report.same_question == 0


def test_the_same_question_about_other_facts_is_counted_and_no_leak():
    asked = "請問這個藥要飯前吃還是飯後吃"
    one = chat(asked, "[F3] 飯後吃。", facts=facts(("F3", "food_timing", "飯後吃。")))
    other = chat(asked, "[F3] 飯前吃。", facts=facts(("F3", "food_timing", "飯前吃。")))
    report = leaks([one], [other])
    assert not report.leaks and report.same_question == 1
    assert leaks([one], [replace(other, facts=one.facts)]).leaks


def test_short_small_talk_proves_nothing():
    report = leaks([chat("謝謝您", "不客氣")], [chat("謝謝您", "不會")])
    assert not report.leaks and report.same_question == 1


def test_texts_and_pairs_leak_too():
    assert leaks([text(LONG)], [text(LONG)]).leaks
    assert leaks([pair(LONG, "a", "b")], [pair(LONG, "c", "d")]).leaks
