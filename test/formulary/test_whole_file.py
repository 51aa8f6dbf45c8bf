"""A file is there whole or not at all, and nothing else is left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from medllm_ros.whole_file import whole_file


def test_what_was_written_takes_the_place_of_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "warfarin.yaml"
    path.write_text("old", "utf-8")
    with whole_file(path) as stream:
        stream.write("新的\n")
        assert path.read_text("utf-8") == "old"
    assert path.read_bytes() == "新的\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "warfarin.yaml"
    path.write_text("old", "utf-8")
    with pytest.raises(OSError, match="No space"), whole_file(path) as stream:
        stream.write("half")
        raise OSError("No space left on device")
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / "warfarin.yaml"):
        pass
