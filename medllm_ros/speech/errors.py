"""What can go wrong with sound. Every message is a sentence that says what to do; none is ever spoken to a patient."""

from __future__ import annotations


class SpeechError(RuntimeError):
    """Something about sound failed; as itself: a sentence could not be turned into sound."""


class SpeechCancelled(SpeechError):
    """Rendering was ended on purpose; nothing is wrong."""


class AudioError(SpeechError):
    """A sound card, microphone or WAV file cannot be used."""


class RecogniserError(SpeechError):
    """The recogniser or its model cannot be used."""
