"""Every format of the field becomes canonical rows; what cannot be read is a sentence with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from medllm_ros.bedside.chat import Role
from medllm_ros.delivery import Locale
from training.data import ChatRow, DataError, PairRow, Problem, RowKind, read, scan
from training.data.formats import Format, detect
from training.data.templates import Template


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def contents(row: ChatRow | PairRow) -> list[tuple[str, str]]:
    messages = row.prompt if isinstance(row, PairRow) else row.messages
    return [(str(message.role), message.content) for message in messages]


def test_alpaca_joins_instruction_and_input_and_keeps_the_system(tmp_path):
    path = lines(
        tmp_path / "a.jsonl",
        {"instruction": "解釋這個藥", "input": "Amlodipine", "output": "降血壓。", "system": "你是藥師"},
        {"instruction": "第二題", "input": "", "output": "好。", "history": [["早", "您好"]]},
    )
    first, second = read(path, RowKind.CHAT)
    assert contents(first) == [
        ("system", "你是藥師"), ("user", "解釋這個藥\nAmlodipine"), ("assistant", "降血壓。")
    ]  # fmt: skip
    assert contents(second) == [
        ("user", "早"), ("assistant", "您好"), ("user", "第二題"), ("assistant", "好。")
    ]  # fmt: skip
    assert first.where == f"{path}:1" and second.where == f"{path}:2"


def test_an_instruction_template_asks_in_its_words(tmp_path):
    path = lines(tmp_path / "a.jsonl", {"instruction": "什麼是{input}", "input": "{x}", "output": "好。"})
    (row,) = read(path, template=Template.load("question_answer_zh_TW"))
    asked = row.messages[0].content
    assert "### 問題\n什麼是{input}\n" in asked and "### 情況\n{x}\n" in asked  # filled in once, never again
    assert Template.load("question_answer_zh_TW").answer(asked + "就是這樣") == "就是這樣"


def test_a_template_file_of_the_alpaca_kind_is_read(tmp_path):
    path = tmp_path / "med.json"
    content = {
        "description": "x", "prompt_input": "问题：{instruction} {input}\n回答：",
        "prompt_no_input": "问题：{instruction}\n回答：", "response_split": "回答：",
    }  # fmt: skip
    path.write_text(json.dumps(content), encoding="utf-8")
    assert Template.load(path).fill("感冒", "") == "问题：感冒\n回答："


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"prompt_input": "{instruction}"}, "prompt_input"),
        ({"prompt_no_input": "{question}"}, "prompt_no_input"),
        ({"response_split": ""}, "response_split"),
        ({"extra": "x"}, "extra"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(tmp_path, changes, why):
    path = tmp_path / "t.yaml"
    good = {"prompt_input": "{instruction}{input}", "prompt_no_input": "{instruction}", "response_split": "A:"}
    path.write_text(json.dumps(good | changes), encoding="utf-8")
    with pytest.raises(DataError, match=why):
        Template.load(path)


def test_chatdoctor_is_recognised_and_its_instruction_becomes_the_system_message(tmp_path):
    path = tmp_path / "chatdoctor.json"
    record = {
        "instruction": "If you are a doctor, please answer the medical questions based on the patient's description.",
        "input": "My head hurts.", "output": "For how long?",
    }  # fmt: skip
    path.write_text(json.dumps([record]), encoding="utf-8")
    (row,) = read(path)
    assert [role for role, _ in contents(row)] == ["system", "user", "assistant"]
    assert contents(row)[1] == ("user", "My head hurts.")


def test_sharegpt_conversations_and_preferences(tmp_path):
    turns = [{"from": "human", "value": "早"}, {"from": "gpt", "value": "您好"}]
    (chat,) = read(lines(tmp_path / "a.jsonl", {"conversations": turns}))
    assert contents(chat) == [("user", "早"), ("assistant", "您好")]
    record = {
        "conversations": turns[:1], "chosen": {"from": "gpt", "value": "您好"},
        "rejected": {"from": "gpt", "value": "走開"},
    }  # fmt: skip
    (pair,) = read(lines(tmp_path / "b.jsonl", record), "pair")
    assert (contents(pair), pair.chosen, pair.rejected) == ([("user", "早")], "您好", "走開")


def test_messages(tmp_path):
    record = {
        "messages": [
            {"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}
        ],
        "group": "g", "locale": "zh_TW", "scenario": "home", "origin": "written", "learn": "last",
        "facts": [{"label": "F1", "key": "name", "text": "x"}],
    }  # fmt: skip
    (row,) = read(lines(tmp_path / "a.jsonl", record))
    assert (row.group, row.tags.locale, row.tags.scenario, row.tags.origin) == ("g", "zh_TW", "home", "written")
    assert row.learn == "last" and row.facts[0].asked


def test_prompt_chosen_rejected_as_text_as_messages_and_with_the_prompt_repeated(tmp_path):
    user, good, bad = ({"role": r, "content": c} for r, c in (("user", "u"), ("assistant", "g"), ("assistant", "b")))
    path = lines(
        tmp_path / "a.jsonl",
        {"prompt": "u", "chosen": "g", "rejected": "b", "kind": "unsafe"},
        {"prompt": [user], "chosen": [good], "rejected": [bad]},
        {"chosen": [user, good], "rejected": [user, bad]},
    )
    rows = read(path, "pair")
    assert {(row.prompt, row.chosen, row.rejected) for row in rows} == {(rows[0].prompt, "g", "b")}
    assert rows[0].kind == "unsafe"


def test_response_chosen_and_rejected_with_history(tmp_path):
    record = {
        "system": "", "history": [["早", "您好"]], "question": "可以吃嗎", "response_chosen": "先問藥師",
        "response_rejected": "可以",
    }  # fmt: skip
    (row,) = read(lines(tmp_path / "a.jsonl", record))
    assert [role for role, _ in contents(row)] == ["user", "assistant", "user"]
    assert (row.chosen, row.rejected) == ("先問藥師", "可以")


@pytest.mark.parametrize("answer", [{"answer": "B"}, {"answer": "Zinc"}, {"answer": "Zinc", "answer_idx": "B"}])
def test_medqa(tmp_path, answer):
    record = {"question": "Which metal?", "options": {"A": "Iron", "B": "Zinc"}, **answer}
    (row,) = read(lines(tmp_path / "a.jsonl", record))
    assert contents(row) == [("user", "Which metal?\nA. Iron\nB. Zinc"), ("assistant", "B. Zinc")]


def test_medqa_with_an_answer_that_is_no_option_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match="none of the options"):
        read(lines(tmp_path / "a.jsonl", {"question": "q", "options": ["Iron"], "answer": "Gold"}))


def test_mimic_notes_lose_their_marks_and_keep_their_patient(tmp_path):
    path = tmp_path / "NOTEEVENTS.csv"
    header = "ROW_ID,SUBJECT_ID,HADM_ID,CHARTDATE,CHARTTIME,STORETIME,CATEGORY,DESCRIPTION,CGID,ISERROR,TEXT"
    note = '"Admission Date:  [**2151-7-16**]\nDr. [**Known lastname **] saw\nBP 120/80 [**Hospital 18**], stable."'
    rows = [f"1,7,9,2151-07-16,,,Discharge summary,Report,,,{note}", f"2,8,9,2151-07-16,,,Nursing,Report,,1,{note}"]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (row,) = read(path, RowKind.TEXT)  # the second note is marked as an error
    assert row.text == "Admission Date:\nDr. saw\nBP 120/80, stable."
    assert row.group == "subject.7" and row.where == f"{path}:2"


def test_plain_text_is_read_by_paragraph(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("\ufeff第一段\n還是第一段\n\n \n第二段\n", encoding="utf-8")
    rows = read(path)
    assert [(row.text, row.where) for row in rows] == [
        ("第一段\n還是第一段", f"{path}:1"), ("第二段", f"{path}:5")
    ]  # fmt: skip


def test_packed_text_is_read_as_the_same_text_is_unpacked(tmp_path):
    text = "第一段\n還是第一段\n\n第二段\n".encode()
    (tmp_path / "c.txt").write_bytes(text)
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(text))
    plain, packed = read(tmp_path / "c.txt"), read(tmp_path / "c.txt.gz")
    assert [row.text for row in packed] == [row.text for row in plain] == ["第一段\n還是第一段", "第二段"]
    assert packed[1].where == f"{tmp_path / 'c.txt.gz'}:4"


def test_packed_text_that_is_broken_is_a_sentence(tmp_path):
    path = tmp_path / "c.txt.gz"
    path.write_bytes(gzip.compress("一段\n".encode())[:-9])
    with pytest.raises(DataError, match=r"c\.txt\.gz: the file cannot be unpacked"):
        read(path)


def test_triples_become_one_question_for_each_subject_and_relation(tmp_path):
    path = tmp_path / "graph.tsv"
    path.write_text(
        "高血壓\t症狀\t頭暈\n高血壓\t症狀\t頭痛\naspirin\tinteraction\twarfarin\n阿莫西林\t适应症\t肺炎\n",
        encoding="utf-8",
    )
    rows = read(path)
    assert [row.tags.locale for row in rows] == [Locale.ZH_TW, Locale.EN_US, Locale.ZH_CN]
    assert "頭暈和頭痛" in rows[0].messages[-1].content and "高血壓" in rows[0].messages[0].content
    assert rows[0].group == "triple.高血壓" and rows == read(path)


def test_triples_with_a_header_in_csv_and_as_json(tmp_path):
    table = tmp_path / "graph.csv"
    table.write_text("head,relation,tail\n高血壓,症狀,頭暈\n", encoding="utf-8")
    graph = lines(tmp_path / "graph.jsonl", {"subject": "高血壓", "predicate": "症狀", "object": "頭暈"})
    assert read(table)[0].messages == read(graph)[0].messages


def test_a_dose_triple_is_left_out_and_an_unknown_relation_says_where_to_add_it(tmp_path):
    path = tmp_path / "graph.tsv"
    path.write_text("aspirin\t用法用量\t每日一次\naspirin\tcolour\twhite\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read(path)
    assert "doses are never taught" in str(error.value) and "relations.yaml" in str(error.value)
    assert f"{path}:1" in str(error.value) and f"{path}:2" in str(error.value)


def test_a_folder_is_read_file_by_file_and_each_in_its_own_format(tmp_path):
    lines(tmp_path / "a.jsonl", {"instruction": "a", "output": "b"})
    lines(tmp_path / "b.jsonl", {"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]})
    assert [row.messages[0].content for row in read(tmp_path, "chat")] == ["a", "c"]


def test_json_lines_in_a_json_file_and_an_array_both_know_their_lines(tmp_path):
    record = {"instruction": "a", "output": "b"}
    for text in (
        f"[\n{json.dumps(record)},\n\n{json.dumps(record)}]",
        f"\n{json.dumps(record)}\n\n{json.dumps(record)}",
    ):
        path = tmp_path / "a.json"
        path.write_text(text, encoding="utf-8")
        assert [row.where for row in read(path)] == [f"{path}:2", f"{path}:4"]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"instruction": "a"}, "no format has the keys instruction"),
        ({"instruction": "a", "output": 5}, "`output` must be text, not int"),
        ({"instruction": "a", "output": None}, "`output` is missing"),
        ({"messages": []}, "at least one"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "tool"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "user's turn"),
        ({"messages": [{"role": "user", "content": "x"}]}, "must end with the assistant"),
        ({"prompt": "u", "chosen": "g", "rejected": [{"role": "user", "content": "b"}]}, "assistant's words"),
        ({"instruction": "a", "output": "b", "locale": "fr"}, "locale"),
        ({"instruction": "a", "output": "b", "facts": [{"text": "x"}]}, "label"),
        ([1], "list"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_with_file_and_line(tmp_path, record, why):
    path = lines(tmp_path / "a.jsonl", record)
    with pytest.raises(DataError, match=why) as error:
        read(path)
    assert f"{path}:1" in str(error.value)


def test_half_a_character_and_broken_json_and_foreign_bytes_are_sentences(tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"instruction": "a", "output": "b"}).encode()
    half = b'{"instruction": "\\ud800", "output": "b"}'
    deep = b"[" * 100_000
    number = b'{"instruction": ' + b"1" * 5000 + b"}"
    path.write_bytes(b"\n".join([good, half, b"{", "您好".encode("big5"), deep, number]))
    problems = [item for item in scan(path) if isinstance(item, Problem)]
    assert [problem.where for problem in problems] == [f"{path}:{line}" for line in (2, 3, 4, 5, 6)]


def test_rows_of_another_kind_are_refused(tmp_path):
    path = lines(tmp_path / "a.jsonl", {"prompt": "u", "chosen": "g", "rejected": "b"})
    with pytest.raises(DataError, match="this is a pair row, but chat rows are wanted"):
        read(path, "chat")


def test_a_missing_file_and_an_unknown_format_are_sentences(tmp_path):
    with pytest.raises(DataError, match="There is no data file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="no data format yaml"):
        read(tmp_path, format="yaml")
    with pytest.raises(DataError, match="holds no file"):
        read(tmp_path)


def test_questions_that_differ_in_numbers_case_or_script_are_one_family(tmp_path):
    asked = ["藥要吃 5 天嗎？", "药要吃 10 天吗", "Is it 5 days?", "is it 7 days"]
    rows = read(lines(tmp_path / "a.jsonl", *({"instruction": text, "output": "好"} for text in asked)))
    assert rows[0].group == rows[1].group != rows[2].group == rows[3].group


def test_every_format_is_detected_or_named():
    shown = {
        Format.MEDLLM: {"order": "x", "turns": []}, Format.MESSAGES: {"messages": []},
        Format.SHAREGPT: {"conversations": []}, Format.ALPACA: {"instruction": "x", "output": "y"},
        Format.PAIRS: {"prompt": "x", "chosen": "y", "rejected": "z"},
        Format.CHATDOCTOR: {"instruction": "If you are a doctor, ...", "input": "x", "output": "y"},
        Format.RANKED: {"question": "x", "response_chosen": "y", "response_rejected": "z"},
        Format.MEDQA: {"question": "x", "options": {}, "answer": "A"}, Format.MIMIC: {"SUBJECT_ID": "1", "TEXT": "x"},
        Format.TRIPLES: {"subject": "x", "relation": "y", "object": "z"}, Format.TEXT: {"text": "x"},
    }  # fmt: skip
    assert {wanted: detect(value) for wanted, value in shown.items()} == {wanted: wanted for wanted in Format}


def test_the_last_word_is_always_the_assistants(tmp_path):
    (row,) = read(lines(tmp_path / "a.jsonl", {"instruction": "a", "output": "b"}))
    assert row.messages[-1].role is Role.ASSISTANT


def test_packed_lines_are_read_as_the_same_lines_are_unpacked(tmp_path):
    lines = '{"text": "第一行"}\n\n{"text": "third"}\n'.encode()
    (tmp_path / "c.jsonl").write_bytes(lines)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines))
    plain, packed = read(tmp_path / "c.jsonl"), read(tmp_path / "c.jsonl.gz")
    assert [row.text for row in packed] == [row.text for row in plain]
    assert packed[1].where == f"{tmp_path / 'c.jsonl.gz'}:3"


def test_lines_that_cannot_be_unpacked_are_refused_with_the_last_line_that_can(tmp_path):
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a"}\n' * 100000)[:-40])
    with pytest.raises(DataError, match=r"c\.jsonl\.gz.*: the file cannot be read on from here"):
        read(path)
