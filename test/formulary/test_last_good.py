"""A broken file is refused and the robot starts with the last good formulary."""

from __future__ import annotations

from pathlib import Path

from medllm_ros.delivery import Locale
from medllm_ros.formulary.last_good import load_or_last_good

GOOD = """\
id: amlodipine
facts:
- id: amlodipine.purpose.1
  zh_TW: 這是{word}。
  zh_CN: 这是{word}。
  en_US: This is {word}.
  status: recall
"""


def write(folder: Path, word: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "amlodipine.yaml").write_text(GOOD.format(word=word), encoding="utf-8")


def purpose(formulary) -> str:
    return next(f for f in formulary.drugs["amlodipine"].facts if f.id == "amlodipine.purpose.1").text[Locale.EN_US]


def test_without_overlays_nothing_is_kept(tmp_path: Path) -> None:
    formulary, why = load_or_last_good([], tmp_path / "keep")
    assert why is None and "amlodipine" in formulary.drugs
    assert list(tmp_path.iterdir()) == []


def test_a_broken_overlay_is_named_and_its_last_good_state_is_used(tmp_path: Path) -> None:
    own, keep = tmp_path / "own", tmp_path / "keep"
    write(own, "one")
    assert purpose(load_or_last_good([own], keep)[0]) == "This is one."
    write(own, "two")
    assert purpose(load_or_last_good([own], keep)[0]) == "This is two."

    (own / "amlodipine.yaml").write_text("id: amlodipine\nfacts: [", encoding="utf-8")
    formulary, why = load_or_last_good([own], keep)

    assert purpose(formulary) == "This is two."
    assert why is not None and "amlodipine.yaml:3" in str(why)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_where_nothing_good_was_kept_the_packaged_formulary_is_used(tmp_path: Path) -> None:
    formulary, why = load_or_last_good([tmp_path / "missing"], tmp_path / "keep")
    assert why is not None and "does not exist" in str(why)
    assert "heart" in purpose(formulary)


def test_a_kept_copy_that_this_version_cannot_read_is_passed_over(tmp_path: Path) -> None:
    own, keep = tmp_path / "own", tmp_path / "keep"
    write(own, "one")
    load_or_last_good([own], keep)
    for path in keep.rglob("*.yaml"):
        path.write_text("nonsense", encoding="utf-8")
    formulary, why = load_or_last_good([tmp_path / "missing"], keep)
    assert why is not None and "heart" in purpose(formulary)


def test_where_no_copy_can_be_kept_the_formulary_is_loaded_all_the_same(tmp_path: Path) -> None:
    own, blocked = tmp_path / "own", tmp_path / "file"
    write(own, "one")
    blocked.write_text("in the way")
    formulary, why = load_or_last_good([own], blocked / "keep")
    assert why is None and purpose(formulary) == "This is one."
