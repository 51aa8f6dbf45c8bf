"""What patients say is understood, and always in the same way."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from medllm_ros.bedside.intents import Intent, classify

TABLE = yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text(encoding="utf-8"))
PHRASES = [(Intent[name], phrase) for name, phrases in TABLE.items() for phrase in phrases]


@pytest.mark.parametrize(("intent", "phrase"), PHRASES)
def test_a_phrase_is_understood_as_what_it_means_first_of_all(intent: Intent, phrase: str) -> None:
    assert classify(phrase)[0] is intent
