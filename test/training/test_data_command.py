"""``medllm-train data ...`` as a person calls it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import yaml

from training.data import command, read
from training.data.report import ABOUT


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True))
    return command.run(parser.parse_args(["data", *map(str, words)]))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    animals, foods = ("貓咪", "小狗", "兔子", "鴨子", "老虎", "大象"), ("蘋果", "麵條", "白飯", "牛奶", "青菜")
    lines = [
        {"instruction": f"請問{animal}可以吃{food}這種東西嗎", "output": f"{animal}和{food}的事要問獸醫。"}
        for animal in animals
        for food in foods
    ]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def test_check_passes_clean_rows(rows, capsys):
    assert run("check", rows) == 0
    assert "The data gate is passed: 30 rows" in capsys.readouterr().out


def test_check_names_what_is_wrong_and_fails(rows, capsys):
    rows.write_text(rows.read_text(encoding="utf-8") + '{"instruction": "x", "output": ""}\n', encoding="utf-8")
    assert run("check", rows) == 1
    assert f"[text] {rows}:31" in capsys.readouterr().err


def test_check_prints_json(rows, capsys):
    assert run("check", rows, "--json") == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True


def test_check_refuses_the_same_file_held_out(rows, capsys):
    assert run("check", rows, "--held-out", rows) == 1
    assert "held out and trained on" in capsys.readouterr().err


def test_a_missing_file_is_one_sentence(tmp_path, capsys):
    assert run("check", tmp_path / "none.jsonl") == 1
    assert capsys.readouterr().err.startswith("There is no data file")


@pytest.mark.parametrize("wanted", ["messages", "alpaca", "sharegpt"])
def test_convert_keeps_every_word(rows, tmp_path, wanted):
    out = tmp_path / "out.jsonl"
    assert run("convert", rows, "--out", out, "--to", wanted) == 0
    assert [row.messages for row in read(out)] == [row.messages for row in read(rows)]


def test_convert_can_clean_take_repetitions_out_and_pass_over_bad_lines(tmp_path, capsys):
    path, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    lines = [
        {"instruction": "<b>x</b>", "output": "y"},
        {"instruction": "x", "output": "y"},
        {"instruction": "no output"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert run("convert", path, "--out", out) == 1 and not out.exists()
    assert run("convert", path, "--out", out, "--clean", "--unique", "--skip-bad") == 0
    assert [row.messages[0].content for row in read(out)] == ["x"]
    told = capsys.readouterr()
    assert f"left out: {path}:3" in told.err and "1 rows repeat" in told.out


def test_split_copies_the_very_lines_and_loses_none(rows, tmp_path, capsys):
    assert run("split", rows, "--out", tmp_path / "s", "--validation", 0.2, "--test", 0.2) == 0
    sides = [tmp_path / "s" / f"{name}.jsonl" for name in ("train", "validation", "test")]
    lines = [side.read_bytes().splitlines() for side in sides]
    assert sorted(line for side in lines for line in side) == sorted(rows.read_bytes().splitlines())
    assert all(lines) and "Leaks: 0 of" in capsys.readouterr().out
    assert run("check", sides[0], "--held-out", sides[1], sides[2]) == 0


def test_split_writes_rows_where_a_file_has_no_lines_to_copy(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("\n\n".join(f"{'甲乙丙丁戊己庚辛'[at % 8] * 3}第 {at} 段" for at in range(40)), encoding="utf-8")
    assert run("split", path, "--out", tmp_path / "s", "--validation", 0.2, "--test", 0) == 0
    assert len(read(tmp_path / "s" / "train.jsonl")) == 32 and not (tmp_path / "s" / "test.jsonl").exists()


def test_a_dialogue_of_several_turns_is_copied_once(tmp_path):
    path = tmp_path / "med.jsonl"
    dialogues = [
        {
            "id": f"w-{number}", "group": f"g{number}", "order": f"{name} PO QD",
            "turns": [{"user": f"{name}是什麼藥呢", "facts": ["order.0.name"], "assistant": f"[F1] 這是{name}。"},
                      {"user": "謝謝", "assistant": "不客氣。"}],
        }
        for number, name in enumerate(("甲霜靈", "乙霜靈", "丙霜靈", "丁霜靈", "戊霜靈"))
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in dialogues), encoding="utf-8")
    assert run("split", path, "--out", tmp_path / "s", "--validation", 0.2, "--test", 0.2) == 0
    sides = [(tmp_path / "s" / f"{name}.jsonl").read_bytes() for name in ("train", "validation", "test")]
    assert [len(side.splitlines()) for side in sides] == [3, 1, 1]


def test_stats_prints_a_table_json_a_plot_and_a_card(rows, tmp_path, capsys):
    described = tmp_path / "about.yaml"
    described.write_text(yaml.safe_dump({key: f"about {key}" for key in ABOUT}), encoding="utf-8")
    plot, page = tmp_path / "p.png", tmp_path / "card.md"
    assert run("stats", rows, "--plot", plot, "--card", page, "--about", described, "--sample", 10) == 0
    assert "30 dialogues, 30 rows" in capsys.readouterr().out
    assert plot.stat().st_size and "`rows.jsonl` | 30 |" in page.read_text(encoding="utf-8")
    assert run("stats", rows, "--json", "--sample", 10) == 0
    assert json.loads(capsys.readouterr().out)["dialogues"] == 30


def test_a_card_needs_its_texts(rows, tmp_path, capsys):
    assert run("stats", rows, "--card", tmp_path / "card.md") == 1
    assert "--about" in capsys.readouterr().err
