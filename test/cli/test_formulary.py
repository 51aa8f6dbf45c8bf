"""What a pharmacist sees of the formulary on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medllm_ros.cli.main import main


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_show_finds_a_medicine_by_id_name_or_brand_and_gives_each_fact_its_source(capsys):
    for name in ("amlodipine", "脈優", "Norvasc 5 mg"):
        assert main(["formulary", "show", name, "--json"]) == 0
        drug, *facts = lines(capsys)
        assert drug["drug"] == "amlodipine" and "C08CA01" in drug["atc"]
        assert all(fact["source"]["address"].startswith("http") for fact in facts if fact["spoken"])


def test_show_prints_a_page_for_people(capsys):
    assert main(["formulary", "show", "warfarin", "--locale", "en_US"]) == 0
    printed = capsys.readouterr().out
    assert "HIGH ALERT" in printed and "source_opened" in printed


def test_an_unknown_medicine_says_how_to_look_further(capsys):
    assert main(["formulary", "show", "zorbamycin"]) == 1
    assert "formulary search" in capsys.readouterr().err


def test_search_looks_at_names_and_facts_in_every_language(capsys):
    assert main(["formulary", "search", "葡萄柚", "--json"]) == 0
    assert "amlodipine" in {line["drug"] for line in lines(capsys)}
    assert main(["formulary", "search", "C10AA", "--json"]) == 0
    assert {"atorvastatin", "simvastatin"} <= {line["drug"] for line in lines(capsys)}
    assert main(["formulary", "search", "nothing has this"]) == 1


def test_coverage_counts_facts_by_status(capsys):
    assert main(["formulary", "coverage", "--json"]) == 0
    rows = lines(capsys)
    assert sum(row["status"]["source_opened"] for row in rows) >= 700
    assert main(["formulary", "coverage"]) == 0
    assert "may be spoken" in capsys.readouterr().out


def test_check_passes_the_packaged_files_and_names_file_and_line_of_what_is_wrong(capsys, tmp_path: Path):
    assert main(["formulary", "check"]) == 0
    assert "nothing to correct" in capsys.readouterr().out
    (tmp_path / "amlodipine.yaml").write_text("id: amlodipine\ncolour: white\n", encoding="utf-8")
    assert main(["formulary", "check", str(tmp_path), "--json"]) == 1
    (problem,) = lines(capsys)
    assert problem["file"].endswith("amlodipine.yaml") and problem["line"] == 2 and "colour" in problem["problem"]


def test_a_signature_is_seen_through_the_overlay(capsys, tmp_path: Path):
    folder = str(tmp_path / "own")
    assert main(["formulary", "sign", "warfarin.purpose.1", "--by", "Lin", "--folder", folder]) == 0
    capsys.readouterr()
    assert main(["formulary", "coverage", "--overlay", folder, "--json"]) == 0
    assert sum(row["status"]["pharmacist_signed"] for row in lines(capsys)) == 1
    assert main(["formulary", "sign", "warfarin.purpose.1", "--by", "Lin", "--folder", folder, "--on", "soon"]) == 1
    assert "must be a day" in capsys.readouterr().err
