"""Promises about the repository as a whole: one version, the licence's files, nothing of somebody's machine."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {"build", "install", "log", "__pycache__", "dist"}
HIDDEN = {".ci", ".github", ".gitignore"}  # of the hidden ones, those that are the project's

# Written in pieces, so that this file does not hold what it forbids.
BANNED = {
    "a package registry's host": r"py" r"pi\.org|python" r"hosted\.org|load\.py" r"torch\.org|ana" r"conda\.(com|org)",
    "a path of one machine": r"(?<![\w.-])(/wo" r"rk/|/ho" r"me/\w+|/ro" r"ot/|/Us" r"ers/\w+)",
    "a secret": r"-----BEGIN [A-Z ]*PRIVATE K" r"EY|\bgh[pousr]_[A-Za-z0-9]{30,}|\bhf_[A-Za-z0-9]{30,}",
    "a note about authorship": r"(?i)co-auth" r"ored-by|generated (by|with) (chat|clau|copi|an? ai)",
    "a merge that was not finished": r"(?m)^(<{7} |>{7} )",
}


def texts() -> list[Path]:
    """Return the repository's text files: what git tracks or would track, or the tree without outputs."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        tops = [path for path in ROOT.iterdir() if path.name in HIDDEN or not path.name.startswith(".")]
        paths = [path for top in tops for path in [top, *top.rglob("*")] if not OUTPUTS & set(path.parts)]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8000]]


def version_of_package_xml() -> str:
    """Return the one version."""
    return ElementTree.parse(ROOT / "package.xml").getroot().findtext("version") or ""


def test_setup_py_takes_its_version_from_package_xml() -> None:
    answer = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split()[-1] == version_of_package_xml()


def test_the_version_is_written_in_package_xml_only() -> None:
    version = re.escape(version_of_package_xml())
    code = [path for path in texts() if path.suffix in {".py", ".toml", ".cfg", ".txt"} and path.parent.name != "test"]
    twice = [str(path) for path in code if re.search(rf"(?i)version\W+=\W*[\"']?{version}\b", path.read_text("utf-8"))]
    assert not twice


def test_setup_py_names_every_extra_and_the_command() -> None:
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert "medllm = medllm_ros.cli.main:main" in text
    assert "medllm-train = training.cli:main" in text
    for extra in ("local", "train", "speech", "dev"):
        assert f'"{extra}"' in text
        assert (ROOT / "requirements" / f"{extra}.txt").is_file()


def test_licence_and_notice_say_what_the_llama_licence_asks() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for words in ("Built with Llama", "Llama 3.1 is licensed under the Llama 3.1 Community License", "Acceptable Use"):
        assert words in notice


@pytest.mark.parametrize("what", sorted(BANNED))
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(BANNED[what])
    hits = [
        f"{path.relative_to(ROOT)}: {match[0]}" for path in texts()
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace")))
    ]  # fmt: skip
    assert not hits


def test_ci_runs_the_readmes_test_command() -> None:
    path = ROOT / ".ci" / "run"
    assert path.stat().st_mode & stat.S_IXUSR
    assert "make test" in path.read_text(encoding="utf-8")
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "bin").iterdir()), ids=lambda path: path.name)
def test_an_executable_only_calls_its_main(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env python3\n")
    assert os.access(path, os.X_OK)
    assert len([line for line in text.splitlines() if line.strip()]) <= 4
    module = re.search(r"from (medllm_ros[\w.]+) import main", text)
    assert module
    assert (ROOT / (module[1].replace(".", "/") + ".py")).is_file()


@pytest.mark.slow
def test_a_wheel_for_pip_holds_every_module_and_data_file(tmp_path: Path) -> None:
    command = [
        sys.executable, "setup.py", "-q", "egg_info", "-e", str(tmp_path), "build", "-b", str(tmp_path / "build"),
        "bdist_wheel", "-b", str(tmp_path / "bdist"), "-d", str(tmp_path),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {re.sub(r"^[^/]+\.data/data/share/medllm_ros/", "", name) for name in wheel.namelist()}
    folders = ("medllm_ros", "training", "config")
    wanted = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    missing = {str(path.relative_to(ROOT)) for path in wanted if "__pycache__" not in path.parts} - inside
    assert not missing
