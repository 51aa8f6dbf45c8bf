"""The robot's own dialogues: what is trained on is what the bedside builds, to the letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.bedside.chat import Role
from medllm_ros.bedside.prompt import build_prompt, system_message
from medllm_ros.bedside.scenarios import Scenarios
from medllm_ros.delivery import Locale
from medllm_ros.formulary.sheet import FactSheet
from medllm_ros.formulary.store import Formulary
from medllm_ros.orders import delivery_from_json
from training.data import ChatRow, DataError, Learn, PairRow, read
from training.data.medllm_format import by_label, by_place
from training.data.rows import answers, asked_facts, question

ORDER = "Warfarin 3 mg PO QD 20:00"


def turn(user: str, assistant: str = "", *facts: str) -> dict[str, object]:
    return {"user": user, "facts": list(facts), **({"assistant": assistant} if assistant else {})}


def line(**changes: object) -> dict[str, object]:
    return {
        "id": "w-1", "origin": "written", "group": "warfarin.food", "locale": "zh_TW", "scenario": "ward",
        "order": ORDER, "patient": {"age": 80},
        "turns": [turn("可以喝蔓越莓汁嗎", "[F5] 不要常喝蔓越莓汁喔。", "warfarin.food_drink.2")],
        **changes,
    }  # fmt: skip


@pytest.fixture
def written(tmp_path: Path):
    def write(*dialogues: dict[str, object]) -> Path:
        path = tmp_path / "med.jsonl"
        text = "".join(json.dumps(dialogue, ensure_ascii=False) + "\n" for dialogue in dialogues)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def sheet() -> FactSheet:
    delivery = delivery_from_json({"delivery_id": "w-1", "order": {"text": ORDER}, "patient": {"age": 80}})
    return FactSheet.of_delivery(delivery, Formulary.load())


def test_the_prompt_is_the_one_that_the_robot_builds(written, sheet):
    (row,) = read(written(line()), "chat")
    delivery = delivery_from_json({"delivery_id": "w-1", "order": {"text": ORDER}, "patient": {"age": 80}})
    scenarios = Scenarios.load()
    label = next(fact.label for fact in sheet.lines if fact.ref == "warfarin.food_drink.2")
    prompt = build_prompt(
        system_message(delivery, sheet, scenarios),
        (),
        "可以喝蔓越莓汁嗎",
        sheet=sheet,
        labels=(label,),
        scenarios=scenarios,
    )
    assert row.messages[:-1] == prompt.messages
    assert row.messages[-1].content == "[F5] 不要常喝蔓越莓汁喔。"


def test_the_rows_question_is_the_patients_words_and_its_facts_are_those_beside_it(written):
    (row,) = read(written(line()))
    assert question(row) == "可以喝蔓越莓汁嗎"
    assert asked_facts(row) == {"不要常喝蔓越莓汁。"}
    assert (row.group, row.tags.origin, row.tags.locale) == ("warfarin.food", "written", Locale.ZH_TW)
    assert "華法林" in row.tags.names and "Warfarin" in row.tags.names


def test_an_answer_cites_its_facts_by_their_place(written, sheet):
    facts = ("warfarin.food_drink.2", "order.0.order")
    cited = turn("可以喝蔓越莓汁嗎", "[1] 不要常喝蔓越莓汁。[2] 晚上八點。[1, 2] 就這樣。", *facts)
    said, after = read(written(line(turns=[cited, turn("謝謝", "好。")])))
    label = {each.ref: each.label for each in sheet.lines}
    food, order = (label[fact] for fact in facts)
    assert said.messages[-1].content == f"[{food}] 不要常喝蔓越莓汁。[{order}] 晚上八點。[{food}, {order}] 就這樣。"
    assert after.messages[2].content == "不要常喝蔓越莓汁。晚上八點。就這樣。"


def test_an_answer_that_cites_a_place_without_a_fact_is_refused(written):
    turns = [turn("可以喝蔓越莓汁嗎", "[2] 不要常喝蔓越莓汁。", "warfarin.food_drink.2")]
    with pytest.raises(DataError, match="cites 2, and its question has 1"):
        read(written(line(turns=turns)))


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3)), st.permutations([f"F{n}" for n in range(1, 7)]))
def test_places_and_labels_say_the_same(cited, labels):
    text = " ".join(f"[{', '.join(f'F{number}' for number in numbers)}] 好。" for numbers in cited)
    assert by_label(by_place(text, labels), labels) == text


def test_each_turn_is_a_row_and_history_stands_as_it_was_spoken(written):
    turns = [
        turn("這是什麼藥", "[F1] 這是華法林。[F3] 預防血栓。", "order.0.name", "warfarin.purpose.1"),
        turn("什麼時候吃", "[F2] 晚上八點。", "order.0.order"),
    ]
    first, second = read(written(line(turns=turns)))
    assert isinstance(second, ChatRow) and first.where == second.where
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert second.messages[1].content == "這是什麼藥"  # as heard: without the facts that stood beside it
    assert second.messages[2].content == "這是華法林。預防血栓。"  # as spoken: without citations
    assert second.learn is Learn.LAST and answers(second) == ("[F2] 晚上八點。",)


def test_a_preference_compares_the_last_answer(written):
    turns = [turn("這是什麼藥", "[F1] 這是華法林。", "order.0.name"), turn("可以停藥嗎")]
    (row,) = read(written(line(turns=turns, chosen="請先問醫師。", rejected="可以停。", kind="unsafe")), "pair")
    assert isinstance(row, PairRow) and row.kind == "unsafe"
    assert row.prompt[-1].role is Role.USER and question(row) == "可以停藥嗎" and len(row.prompt) == 4


def invented(**changes: object) -> dict[str, object]:
    drug = {
        "id": "lemaining", "names": {"zh_TW": ["樂脈寧"], "en_US": ["Lemaining"]}, "route": "PO",
        "facts": {"purpose.1": "讓脈搏慢下來。", "missed_dose.1": "想到就吃。"},
        **changes,
    }  # fmt: skip
    turns = [turn("這治什麼", "[F3] 讓脈搏慢下來。", "lemaining.purpose.1")]
    return line(order="Lemaining 5 mg PO QD", drug=drug, turns=turns)


def test_an_invented_medicine_brings_its_own_facts(written):
    (row,) = read(written(invented()))
    assert "F1 name: 樂脈寧（Lemaining）" in row.messages[0].content
    assert asked_facts(row) == {"讓脈搏慢下來。"}
    assert "lemaining" not in Formulary.load().drugs


def test_invented_and_real_medicines_in_one_delivery(written):
    dialogue = {**invented(), "order": ["Lemaining 5 mg PO QD", {"name": "Warfarin", "strength": "3 mg"}]}
    (row,) = read(written(dialogue))
    assert "華法林（Warfarin）" in row.messages[0].content and "樂脈寧" in row.messages[0].content


def test_a_missed_dose_is_only_told_where_the_policy_says_so(written):
    asks = [turn("忘記吃怎麼辦", "[F4] 想到就吃。", "lemaining.missed_dose.1")]
    assert read(written({**invented(), "turns": asks}))
    with pytest.raises(DataError, match="not on this delivery's sheet"):
        read(written({**invented(missed_dose="defer"), "turns": asks}))


@pytest.mark.parametrize(
    ("dialogue", "why"),
    [
        (line(turns=[]), "turns"),
        (line(turns=[turn("x", "y", "warfarin.nothing.1")]), "warfarin.nothing.1 is not on this delivery's sheet"),
        (line(turns=[turn("x")]), "no `assistant`"),
        (line(chosen="a", rejected="b"), "take it out"),
        (line(order=""), "order"),
        (line(patient={"age": "old"}), "patient.age"),
        (line(surprise=1), "surprise"),
        (line(locale="fr"), "locale"),
        (invented(id="warfarin"), "taken"),
        (invented(names={"zh_TW": ["華法林"]}), "name of a real one"),
        (invented(names={"en_US": ["Lemaining"]}), "no name in zh_TW"),
        (invented(facts={"colour.1": "白"}), "facts"),
    ],
)
def test_a_line_that_cannot_be_trained_on_is_a_sentence(written, dialogue, why):
    path = written(dialogue)
    with pytest.raises(DataError, match=why) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:1: ")
