"""An emergency sentence cannot be interrupted, so it is short: six seconds of the real voice at the default rate."""

from __future__ import annotations

import wave

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.safety.wording import Wording
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser

LIMIT_S = 6.0


@pytest.mark.slow
@pytest.mark.parametrize("locale", list(Locale))
def test_every_emergency_sentence_is_over_in_six_seconds(locale):
    staff = {Locale.ZH_TW: "護理師", Locale.ZH_CN: "护士", Locale.EN_US: "the nurse"}[locale]
    voice = Pyttsx3Synthesiser()
    long = {}
    try:
        for key, text in Wording.load().every_text(locale):
            if key.startswith("emergency."):
                path = voice.render(text.replace("{staff}", staff), locale.value, "emergency")
                with wave.open(str(path)) as sound:
                    seconds = sound.getnframes() / sound.getframerate()
                voice.discard(path)
                if seconds > LIMIT_S:
                    long[key] = round(seconds, 1)
    finally:
        voice.close()
    assert not long
