"""The demo's patient as sound: a sentence is spoken to a WAV file and heard again by the recogniser."""

from __future__ import annotations

import threading
from pathlib import Path

from medllm_ros.cli.errors import CommandError
from medllm_ros.speech.audio_in import WavSource
from medllm_ros.speech.errors import SpeechError
from medllm_ros.speech.recogniser import Heard, VoskRecogniser
from medllm_ros.speech.synthesiser import Pyttsx3Synthesiser

TAIL_S = 1.0  # silence after the last word, so that the recogniser sees the end


class PatientVoice:
    """Speaks the patient's sentences and returns what a recogniser makes of them."""

    def __init__(self, model: Path, locale: str) -> None:
        self._locale = locale
        try:
            self._recogniser = VoskRecogniser(model, locale=locale)
            self._voice = Pyttsx3Synthesiser()
        except SpeechError as error:
            raise CommandError(str(error)) from error

    def heard(self, text: str) -> Heard:
        """Return the final result for ``text`` spoken aloud; its text is "" where nothing was understood."""
        try:
            path = self._voice.render(text, self._locale, "patient")
            results: list[Heard] = []
            for block in WavSource(path, tail_seconds=TAIL_S).blocks(threading.Event()):
                results += self._recogniser.accept(block)
            results += self._recogniser.finish()
            self._voice.discard(path)
        except SpeechError as error:
            raise CommandError(str(error)) from error
        finals = [result for result in results if result.final and result.text]
        if not finals:
            return Heard(text="", final=True, confidence_min=-1.0, confidence_mean=-1.0, alternatives=())
        joined = ("" if self._locale.startswith("zh") else " ").join(result.text for result in finals)
        return Heard(
            text=joined, final=True,
            confidence_min=min(result.confidence_min for result in finals),
            confidence_mean=sum(result.confidence_mean for result in finals) / len(finals),
            alternatives=finals[0].alternatives if len(finals) == 1 else (),
        )  # fmt: skip

    def close(self) -> None:
        """End the voice's child process."""
        self._voice.close()
