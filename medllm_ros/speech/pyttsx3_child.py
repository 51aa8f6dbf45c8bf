"""The voice's own process: ``python -m medllm_ros.speech.pyttsx3_child``.

Reads one JSON object a line from standard input, ``{"id", "text", "voice", "rate", "volume", "path"}``,
renders it with pyttsx3 into the WAV file ``path`` and answers ``{"id", "ok": true}`` or
``{"id", "ok": false, "error"}``. It never plays anything. The first line it writes is
``{"id": 0, "ok": ...}``: whether the voice could be loaded. It ends when its standard input ends.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO


def main() -> int:
    """Serve render requests until standard input ends; return the exit status."""
    answers = _claim_stdout()
    try:
        import pyttsx3
    except ImportError as error:
        _answer(answers, 0, f"The package pyttsx3 is missing ({error}); install the extra 'speech'.")
        return 1
    try:
        engine = pyttsx3.init("espeak" if sys.platform.startswith("linux") else None)
        voices = {str(voice.id).lower() for voice in engine.getProperty("voices")}
    except (RuntimeError, OSError, ImportError, AttributeError, KeyError) as error:
        _answer(answers, 0, f"pyttsx3 found no voice ({error}); install espeak-ng (apt install espeak-ng).")
        return 1
    _answer(answers, 0, None)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    while True:
        request = requests.get()
        try:
            _render(engine, voices, request)
        except Exception as error:  # the parent decides what to do; this process must answer every request
            _answer(answers, request.get("id"), str(error) or type(error).__name__)
        else:
            _answer(answers, request.get("id"), None)


def voice_exists(voice: str, voices: set[str]) -> bool:
    """Return whether ``voice`` (espeak name such as "en-us" or "en-us+f3") is among identifiers such as "gmw/en-us"."""
    base = voice.lower().partition("+")[0]
    return any(base in (known, known.rpartition("/")[2]) for known in voices)


def _render(engine: Any, voices: set[str], request: dict[str, Any]) -> None:
    voice = str(request["voice"])
    if not voice_exists(voice, voices):  # pyttsx3 would speak with another voice and say nothing
        raise ValueError(f"The voice {voice} is not installed; install espeak-ng 1.51 or choose another voice.")
    os.umask(0o077)
    engine.setProperty("voice", voice)
    engine.setProperty("rate", int(request["rate"]))
    engine.setProperty("volume", float(request["volume"]))
    engine.save_to_file(str(request["text"]), str(request["path"]))
    engine.runAndWait()
    if sys.platform.startswith("linux"):
        # espeak writes in a thread of its own; runAndWait may come back before the file is there
        from pyttsx3.drivers import _espeak

        _espeak.Synchronize()


def _read_requests(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)  # the parent is gone: end even in the middle of a sentence


def _claim_stdout() -> TextIO:
    """Return the real standard output and point print() at standard error: pyttsx3 prints a line per file."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _answer(answers: TextIO, identity: object, error: str | None) -> None:
    reply: dict[str, object] = {"id": identity, "ok": error is None}
    if error is not None:
        reply["error"] = error
    answers.write(json.dumps(reply) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
