"""Speech to text with vosk, offline: words with confidence, alternatives, and Chinese as people write it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

from medllm_ros.speech.errors import RecogniserError

log = logging.getLogger(__name__)

MAX_ALTERNATIVES: Final = 4
UNKNOWN_CONFIDENCE: Final = -1.0
SAMPLE_RATE: Final = 16_000  # Hz, what the models we know are trained on
_UNKNOWN_WORD = "[unk]"
_HAN = "\u3400-\u9fff"
_MODEL_FILES = (("am/final.mdl", "conf/model.conf"), ("final.mdl", "mfcc.conf"))  # new and old layout of vosk models


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was understood. Confidence is 0 to 1 per word, -1 where the recogniser gives none (partial results)."""

    text: str = field(repr=False)  # patient text stays out of logs
    final: bool
    confidence_min: float = UNKNOWN_CONFIDENCE
    confidence_mean: float = UNKNOWN_CONFIDENCE
    alternatives: tuple[str, ...] = field(default=(), repr=False)  # other readings, best first, without ``text``


class Recogniser(Protocol):
    """Turns blocks of PCM16 mono into text; used from one thread."""

    def accept(self, pcm16: bytes) -> list[Heard]:
        """Return what became known with this block: at most one partial (only where it changed), or finals."""
        ...

    def reset(self) -> None:
        """Forget the sentence that was begun."""
        ...

    def finish(self) -> list[Heard]:
        """Return the final of the sentence that was begun, if any; afterwards the recogniser starts afresh."""
        ...


class VoskRecogniser:
    """Two vosk recognisers over one model, since vosk gives word confidence or alternatives but never both.

    ``sample_rate`` (Hz) is that of the blocks. For zh_TW the text is converted to Traditional characters with Taiwan's
    words. Raises :class:`RecogniserError` where vosk or the model is missing or broken.
    """

    def __init__(self, model_dir: Path | str, sample_rate: int = SAMPLE_RATE, locale: str = "zh_TW") -> None:
        self._locale = locale
        folder = check_model_folder(model_dir)
        vosk = _vosk()
        vosk.SetLogLevel(-1)
        try:
            model = vosk.Model(str(folder))
            self._words = vosk.KaldiRecognizer(model, float(sample_rate))
            self._others = vosk.KaldiRecognizer(model, float(sample_rate))
        except Exception as error:  # vosk raises plain Exception
            raise RecogniserError(f"The vosk model in {folder} cannot be loaded ({error}); unpack it again.") from error
        self._words.SetWords(True)
        self._others.SetMaxAlternatives(MAX_ALTERNATIVES)
        self._pending: tuple[str, ...] = ()  # alternatives whose recogniser ended the sentence first
        self._partial = ""

    def accept(self, pcm16: bytes) -> list[Heard]:
        """Return what became known with this block."""
        if len(pcm16) % 2:
            raise ValueError("A block of PCM16 has an even number of bytes.")
        if not pcm16:
            return []
        ended = self._words.AcceptWaveform(pcm16)
        if self._others.AcceptWaveform(pcm16):
            self._pending = read_alternatives(self._others.Result(), self._locale)
        if ended:
            return self._final(self._words.Result())
        text = read_partial(self._words.PartialResult(), self._locale)
        if text == self._partial:
            return []
        self._partial = text
        return [Heard(text=text, final=False)] if text else []

    def reset(self) -> None:
        """Forget the sentence that was begun."""
        self._words.Reset()
        self._others.Reset()
        self._pending, self._partial = (), ""

    def finish(self) -> list[Heard]:
        """Return the final of the sentence that was begun, if any."""
        heard = self._final(self._words.FinalResult())
        self.reset()
        return heard

    def _final(self, result: str) -> list[Heard]:
        others = self._pending or read_alternatives(self._others.FinalResult(), self._locale)
        self._pending, self._partial = (), ""
        heard = read_final(result, self._locale, others)
        return [heard] if heard.text else []


def check_model_folder(model_dir: Path | str) -> Path:
    """Return the folder; raise :class:`RecogniserError` with what to do where it holds no vosk model."""
    folder = Path(model_dir).expanduser()
    advice = (
        "Unpack a vosk model (for Mandarin for example vosk-model-small-cn) so that the folder holds am/ and conf/, "
        "and set the parameter model to it; until then the robot takes text transcripts only."
    )
    if str(model_dir) == "":
        raise RecogniserError(f"No model folder is set for the recogniser. {advice}")
    if not folder.is_dir():
        raise RecogniserError(f"There is no model folder {folder}. {advice}")
    if not any(all((folder / name).is_file() for name in names) for names in _MODEL_FILES):
        inside = [child.name for child in sorted(folder.iterdir()) if child.is_dir() and (child / "conf").is_dir()]
        hint = f" The model seems to be one level deeper, in {folder / inside[0]}." if inside else ""
        missing = "am/final.mdl and conf/model.conf are missing"
        raise RecogniserError(f"{folder} holds no vosk model: {missing}.{hint} {advice}")
    return folder


def read_partial(result: str, locale: str) -> str:
    """Return the text of ``{"partial": "..."}``."""
    return written_text(str(_load(result).get("partial", "")), locale)


def read_final(result: str, locale: str, alternatives: tuple[str, ...] = ()) -> Heard:
    """Return the final of ``{"result": [{"conf", "word", ...}], "text": "..."}``; ``result`` may be absent."""
    data = _load(result)
    text = written_text(str(data.get("text", "")), locale)
    confidences = [
        float(word["conf"]) for word in data.get("result", ()) if "conf" in word and word.get("word") != _UNKNOWN_WORD
    ]
    return Heard(
        text=text,
        final=True,
        confidence_min=min(confidences, default=UNKNOWN_CONFIDENCE),
        confidence_mean=sum(confidences) / len(confidences) if confidences else UNKNOWN_CONFIDENCE,
        alternatives=tuple(other for other in alternatives if other and other != text),
    )


def read_alternatives(result: str, locale: str) -> tuple[str, ...]:
    """Return the texts of ``{"alternatives": [{"confidence", "text"}]}``, best first, each once."""
    texts = (written_text(str(entry.get("text", "")), locale) for entry in _load(result).get("alternatives", ()))
    return tuple(dict.fromkeys(text for text in texts if text))


def written_text(recognised: str, locale: str) -> str:
    """Return recognised words as people write them: Chinese words joined, Latin ones kept apart, [unk] left out.

    For zh_TW in Traditional characters with Taiwan's words (OpenCC ``s2twp``).
    """
    text = " ".join(recognised.replace(_UNKNOWN_WORD, " ").split())
    text = re.sub(rf"(?<=[{_HAN}]) (?=[{_HAN}])", "", text)
    if locale == "zh_TW" and re.search(f"[{_HAN}]", text):
        text = str(_converter().convert(text))
    return text


def _load(result: str) -> Mapping[str, Any]:
    try:
        data = json.loads(result)
    except json.JSONDecodeError as error:
        raise RecogniserError(f"The recogniser's result is not JSON ({error}); check the version of vosk.") from error
    if not isinstance(data, dict):
        raise RecogniserError("The recogniser gave a result that is not an object; check the version of vosk.")
    return data


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2twp")


def _vosk() -> Any:
    try:
        import vosk
    except (ImportError, OSError) as error:
        raise RecogniserError(f"The package vosk is missing ({error}); install the extra 'speech'.") from error
    return vosk
