"""The interface files keep their conventions, and docs/interfaces.md says what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("msg", "srv", "action") for path in (ROOT / folder).iterdir())
LINE = re.compile(r"^(?P<code>[^#]*?)\s*(#\s*(?P<comment>.*))?$")


def lines(path: Path) -> list[tuple[str, str]]:
    """Return (code, comment) of every line with code."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = LINE.match(line)
        assert match
        if match["code"]:
            found.append((match["code"], match["comment"] or ""))
    return found


def is_constant(code: str) -> bool:
    return "=" in code


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_field_says_its_unit_and_meaning(path):
    assert [code for code, comment in lines(path) if not comment and code != "---" and not is_constant(code)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "msg").iterdir()), ids=lambda path: path.name)
def test_every_message_starts_with_a_header(path):
    fields = [code for code, _ in lines(path) if not is_constant(code)]
    assert fields[0].split() == ["std_msgs/Header", "header"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_zero_of_every_closed_set_is_unknown(path):
    constants = [re.fullmatch(r"uint8 (\w+)=(\d+)", code) for code, _ in lines(path) if is_constant(code)]
    assert all(constants), "constants are uint8"
    zeros = [match[1] for match in constants if match and match[2] == "0"]
    assert all(name.endswith("UNKNOWN") for name in zeros)
    assert bool(zeros) == bool(constants)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fields_are_lower_snake_and_constants_upper_snake(path):
    for code, _ in lines(path):
        if code == "---":
            continue
        name = code.split("=")[0].split()[-1] if is_constant(code) else code.split()[1]
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*" if is_constant(code) else r"[a-z][a-z0-9_]*", name)


def test_the_document_is_up_to_date():
    script = ROOT / "scripts" / "generate_interface_docs.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
