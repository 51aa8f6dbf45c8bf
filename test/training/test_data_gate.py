"""The gate names file, line and reason for everything that must not be learned, and lets the rest through."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from data_rows import LONG, chat, facts, pair, taiwanese, text

from training.data import DataError, read
from training.data.gate import Check, Limits, check, different_files, inspect

FOOD = facts(
    ("F1", "name", "華法林"), ("F2", "order", "3 mg，每天一次，20:00"), ("F3", "food_drink", "不要常喝蔓越莓汁。")
)
GOOD = chat(
    "可以喝蔓越莓汁嗎", "[F3] 不要常喝蔓越莓汁喔。", "warfarin.food", "med:1", facts=FOOD, tags=taiwanese("華法林")
)


def found(*rows, held_out=(), limits=None) -> list[tuple[Check, str]]:
    report = inspect(rows, held_out=held_out, limits=limits)
    return [(finding.check, finding.problem.where) for finding in report.findings]


def test_good_rows_pass():
    report = check([GOOD, pair("可以停藥嗎", "請先問醫師。", "可以停。", where="dpo:1")])
    assert report.passed and report.rows == 2 and set(report.counts.values()) == {0}


def test_the_refusal_names_file_line_and_reason():
    with pytest.raises(DataError, match=r"\[text\] a:7: the assistant's message: it is empty\."):
        check([chat("請問", " ", where="a:7")])


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (chat("請問", "", where="a:1"), Check.TEXT),
        (chat("請問\ufffd", "好", where="a:1"), Check.TEXT),
        (chat("请问饭后", "好", where="a:1", tags=taiwanese()), Check.TEXT),
        (text("您好".encode().decode("latin-1"), "a:1"), Check.TEXT),
        (pair("可以嗎", "先問藥師。", " 先問藥師。 ", where="a:1"), Check.PAIR),
        (pair("可以嗎", "您可以自己停藥。", "先問。", where="a:1"), Check.ADVICE),
        (pair("可以嗎", "一次吃兩倍就好。", "先問。", where="a:1"), Check.ADVICE),
        (pair("可以嗎", "絕對安全，沒有副作用。", "先問。", where="a:1"), Check.ADVICE),
        (pair("Is it ok?", "You can stop taking it.", "Ask first.", where="a:1"), Check.ADVICE),
    ],
)
def test_one_fault_is_found_as_what_it_is(row, wanted):
    assert set(found(row)) == {(wanted, "a:1")}


def answered(answer: str):
    return chat("可以喝蔓越莓汁嗎", answer, where="a:1", facts=FOOD)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("[F3] 不要常喝蔓越莓汁喔。", []),
        ("[F2] 每天一次，晚上八點吃。", []),
        ("[F3] 不要常喝蔓越莓汁，每天不超過 200 毫升。", [Check.NUMBER]),
        ("[F2] 每天一次，早上八點吃。", [Check.NUMBER]),
        ("每次 3 mg。", [Check.NUMBER]),  # cites nothing
        ("[F9] 不要常喝蔓越莓汁。", [Check.CITATION]),
        ("[F3] 您可以自己停藥。", [Check.ADVICE]),
    ],
)
def test_an_answer_may_say_what_its_facts_say(answer, wanted):
    assert [finding.check for finding in inspect([answered(answer)]).findings] == wanted


def test_a_cited_line_that_does_not_stand_beside_the_question_is_refused():
    hidden = (*FOOD[:2], replace(FOOD[2], asked=False))
    report = inspect([chat("可以嗎", "[F3] 不要喝。", where="a:1", facts=hidden)])
    assert [finding.check for finding in report.findings] == [Check.CITATION]


def test_a_fact_may_be_quoted_though_it_speaks_of_stopping():
    stopping = facts(("F3", "counselling", "沒有問過醫師，不要突然停藥。"))
    assert not found(chat("可以停嗎", "[F3] 沒有問過醫師，不要突然停藥。", where="a:1", facts=stopping))


def test_the_rejected_answer_may_be_as_bad_as_it_likes():
    assert not found(pair("可以停藥嗎", "請先問醫師。", "當然可以停藥，一次吃兩倍，99 顆。[F9]", where="a:1"))


def test_repetitions_are_found_on_each_side():
    again = chat("可以喝蔓越莓汁嗎？", "[F3] 不要常喝蔓越莓汁喔", "warfarin.food", "med:9", facts=FOOD)
    assert found(GOOD, again) == [(Check.DUPLICATE, "med:9")]


def test_near_repetitions_can_be_allowed():
    rows = [chat(LONG, "飯後吃。", where="a:1"), chat(LONG + "喔", "飯後吃。", where="a:2")]
    assert found(*rows) == [(Check.DUPLICATE, "a:2")]
    assert not found(*rows, limits=Limits(near=None))


def test_a_group_on_two_sides_and_a_question_that_was_trained_on_are_refused():
    asked = "請問長期吃這個藥，可以和布洛芬一起吃嗎"
    train, held = chat(asked, "a", "one", "t:1"), chat(asked, "b", "two", "v:1")
    assert found(train, held_out=[held]) == [(Check.LEAK, "v:1")]
    other = chat("完全不同的問題，問的是別的事情", "b", "one", "v:2")
    assert found(train, held_out=[other]) == [(Check.SPLIT, "v:2")]


def test_rows_without_facts_are_not_judged_and_the_report_says_so():
    report = inspect([chat("可以停藥嗎", "您可以停藥，吃 500 毫克。", where="a:3")])
    assert report.passed
    assert "1 rows bring no facts" in report.notes[0] and "a:3" in report.notes[1]


def test_training_and_validation_from_one_file_is_refused_under_any_name(tmp_path):
    train, copy, other = tmp_path / "train.jsonl", tmp_path / "valid.jsonl", tmp_path / "other.jsonl"
    for path, answer in ((train, "a"), (copy, "a"), (other, "b")):
        path.write_text(json.dumps({"instruction": "x", "output": answer}) + "\n", encoding="utf-8")
    different_files([train], [other])
    for held in (train, copy, tmp_path):
        with pytest.raises(DataError, match="held out and trained on"):
            different_files([train], [held])


def test_a_dialogue_of_our_own_is_judged_by_its_own_facts(tmp_path):
    path = tmp_path / "med.jsonl"
    dialogue = {
        "id": "w-1", "group": "g", "order": "Warfarin 3 mg PO QD 20:00",
        "turns": [{"user": "什麼時候吃", "facts": ["order.0.order"], "assistant": "[F2] 每天一次，20:00，每次 5 mg。"}],
    }  # fmt: skip
    path.write_text(json.dumps(dialogue, ensure_ascii=False) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="says a number that its facts do not hold"):
        check(read(path))
