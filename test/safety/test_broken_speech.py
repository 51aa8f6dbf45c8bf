"""Breathless speech is joined, and read as it was heard as well."""

from __future__ import annotations

from medllm_ros.safety.broken_speech import readings, unbroken


def test_broken_speech_is_joined_and_a_stutter_said_once() -> None:
    assert unbroken("cant... cant breathe") == "cant breathe"
    assert unbroken("吸不...到...气") == "吸不到气"
    assert unbroken("no pause here") == "no pause here"


def test_a_transcript_is_read_as_heard_and_joined() -> None:
    assert readings("Can't… breathe") == ("cant... breathe", "cant breathe")
    assert readings("my throat's closing") == ("my throat is closing",)
