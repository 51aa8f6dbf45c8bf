"""What must be ready before the first word is heard."""

from __future__ import annotations

import pytest

from medllm_ros.bedside.hearing import prepare
from medllm_ros.bedside.intents import Intent, classify
from medllm_ros.safety.triage import triage


def test_once_prepared_no_word_waits_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare()

    def opened(*args: object, **kwargs: object) -> None:
        raise AssertionError(f"A word made the robot open {args}.")

    monkeypatch.setattr("builtins.open", opened)
    found = triage("my chest feels like an elephant is sitting on it")
    assert found is not None and found.category == "chest_pain"
    assert Intent.FOOD in classify("可以配牛奶吃嗎")
