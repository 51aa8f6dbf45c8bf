"""Every ROS parameter of every node, declared once: the nodes, the YAML check and the docs read this table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from medllm_ros.delivery import Locale

Value = bool | int | float | str | list[str]
LOCALES = tuple(locale.value for locale in Locale)


@dataclass(frozen=True)
class Parameter:
    """One parameter. Its type is the type of ``default``; ``unit`` is for people ("s", "tokens")."""

    name: str
    default: Value
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = True  # False: may be changed while the node runs

    @property
    def type_name(self) -> str:
        """Return the ROS name of the type."""
        if isinstance(self.default, list):
            return "string[]"
        return {bool: "bool", int: "int", float: "double", str: "string"}[type(self.default)]

    @property
    def allowed(self) -> str:
        """Return what is allowed, in words; "" where everything of the type is."""
        unit = f" {self.unit}" if self.unit else ""
        if self.choices:
            return "one of " + ", ".join(repr(choice) for choice in self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}{unit}"
        if self.minimum is not None:
            return f"at least {self.minimum:g}{unit}"
        return ""

    def problem(self, value: object) -> str:
        """Return a sentence that says why ``value`` is refused and what is allowed; "" where it is fine."""
        if not self._has_type(value):
            return f"Parameter {self.name} is {value!r}; it must be a {self.type_name}."
        if self.choices and value not in self.choices:
            return f"Parameter {self.name} is {value!r}; it must be {self.allowed}."
        if isinstance(value, int | float) and not isinstance(value, bool):
            low = self.minimum if self.minimum is not None else -math.inf
            high = self.maximum if self.maximum is not None else math.inf
            if not low <= value <= high:
                return f"Parameter {self.name} is {value:g}; it must be {self.allowed or 'a number'}."
        return ""

    def _has_type(self, value: object) -> bool:
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(self.default, int):
            return isinstance(value, int) and not isinstance(value, bool)
        if isinstance(self.default, float):
            return isinstance(value, float)
        if isinstance(self.default, list):
            return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return isinstance(value, str)


COMMON = (
    Parameter("robot_id", "robot", "Name of this robot in every message; events for another robot are ignored."),
    Parameter("locale", "zh_TW", "Language where an event names none.", choices=LOCALES),
    Parameter("autostart", True, "Configure and activate by itself at start; a respawned node needs this."),
    Parameter("diagnostics_period_s", 1.0, "Time between two reports on /diagnostics.", "s", 0.1, 60.0),
)

BEDSIDE = (
    *COMMON,
    Parameter("wards", [""], "Wards this robot serves; events for another ward are ignored. Empty: every ward."),
    Parameter("journal", "", "Journal file. Empty: medllm/journal.sqlite under $ROS_HOME or ~/.ros."),
    Parameter("retention_hours", 72, "Patient text older than this is deleted from the journal.", "h", 1, 8760),
    Parameter("formulary_min_status", "source_opened", "Lowest review status of a fact that may be spoken.",
              choices=("recall", "source_opened", "pharmacist_signed")),
    Parameter("formulary_overlays", [""], "Folders of the hospital's own drug files, laid over the packaged ones in "
              "this order. A broken file is refused and the last good formulary stays in use."),
    Parameter("transcript_max_chars", 2000, "Longer transcripts are cut here.", "characters", 10, 10000),
    Parameter("max_new_tokens", 160, "Longest reply of the language model.", "tokens", 1, 2048),
    Parameter("filler_s", 1.2, "Without a first sentence by then, a short filler is spoken.", "s", 0.1, 60.0),
    Parameter("first_token_limit_s", 2.5, "Without a first sentence by then, approved wording is spoken instead.",
              "s", 0.1, 60.0),
    Parameter("total_limit_s", 12.0, "A reply that is not complete by then is cut and approved wording is spoken.",
              "s", 0.5, 120.0),
    Parameter("silence_s", 20.0, "Nothing heard for this long: re-prompt once, offer the nurse, close the visit.",
              "s", 1.0, 600.0),
    Parameter("asr_confidence_min", 0.45, "Mean word confidence below which the robot asks again.", "", 0.0, 1.0),
    Parameter("identity_failures", 2, "Wrong answers until a nurse must check.", "answers", 1, 10),
    Parameter("memory_tokens", 300, "Longest memory of the conversation.", "tokens", 0, 8192),
    Parameter("timezone", "Asia/Taipei", "Time zone of the times in an order (IANA name)."),
    Parameter("hold_period_s", 0.5, "Time between two repetitions of bedside/hold; its deadline is 1 s.",
              "s", 0.05, 0.9),
)  # fmt: skip

LANGUAGE_MODEL = (
    *COMMON,
    Parameter("engine", "none", "Language model: 'none' speaks approved wording only.",
              choices=("none", "local")),
    Parameter("model", "", "Folder of the model on this machine, for engine 'local'."),
    Parameter("adapter", "", "Folder of a PEFT adapter. Empty: none."),
    Parameter("quantisation", "auto", "Weights in memory: auto is 4-bit NF4 on a GPU and the folder's own on a CPU.",
              choices=("auto", "nf4", "bf16", "float32")),
    Parameter("device", "auto", "Where engine 'local' computes: auto, cpu, cuda or cuda:<n>."),
    Parameter("max_context", 2048, "Longest prompt and reply together.", "tokens", 16, 131072),
    Parameter("max_new_tokens", 160, "Longest reply where a goal gives no limit.", "tokens", 1, 2048),
    Parameter("first_token_limit_s", 2.5, "A goal without a first token by then fails.", "s", 0.1, 60.0),
    Parameter("total_limit_s", 12.0, "A goal that is not complete by then fails.", "s", 0.5, 120.0),
    Parameter("retry_s", 1.0, "Time until a failed model is loaded again; doubles with every failure, up to 60 s.",
              "s", 0.1, 60.0),
    Parameter("queue_limit", 4, "More waiting goals than this are refused.", "goals", 1, 64),
    Parameter("warn_first_token_s", 1.2, "Diagnostics WARN above this time to the first token.", "s", 0.05, 60.0,
              read_only=False),
    Parameter("warn_tokens_per_second", 8.0, "Diagnostics WARN below this speed.", "tokens/s", 0.0, 10000.0,
              read_only=False),
    Parameter("warn_memory_gib", 7.0, "Diagnostics WARN above this memory of the model.", "GiB", 0.1, 1024.0,
              read_only=False),
)  # fmt: skip

SPEAKER = (
    *COMMON,
    Parameter("sink", "device", "Where speech goes: sound card, WAV files, or nowhere at natural pace.",
              choices=("device", "wav", "none")),
    Parameter("wav_folder", "", "Folder for sink 'wav', one file per utterance; private to this user."),
    Parameter("device", "", "Name of the sound card for sink 'device'. Empty: the system's default."),
    Parameter("paced", True, "Sinks 'wav' and 'none' take as long as the speech would. False: no waiting."),
    Parameter("rate_wpm", 175, "Speed of the voice.", "words/min", 80, 450),
    Parameter("volume", 1.0, "Loudness of the voice, 1 is the recording's own.", "", 0.0, 1.0),
    Parameter("warn_queue", 8, "Diagnostics WARN above this number of waiting utterances.", "utterances", 1, 1000,
              read_only=False),
)  # fmt: skip

LISTENER = (
    *COMMON,
    Parameter("model", "", "Folder of a vosk model. Empty: no recogniser; text transcripts still work."),
    Parameter("source", "microphone", "Where sound comes from.", choices=("microphone", "wav")),
    Parameter("wav", "", "WAV file for source 'wav', played once at natural pace."),
    Parameter("device", "", "Name of the microphone. Empty: the system's default."),
    Parameter("tail_s", 0.4, "The recogniser stays closed this long after speech, for the echo.", "s", 0.0, 5.0),
    Parameter("max_mute_s", 20.0, "It re-opens after this time even if no end of speech was reported.", "s",
              1.0, 120.0),
)  # fmt: skip

NODES: Mapping[str, tuple[Parameter, ...]] = MappingProxyType({
    "bedside_node": BEDSIDE,
    "language_model_node": LANGUAGE_MODEL,
    "speaker_node": SPEAKER,
    "listener_node": LISTENER,
})  # fmt: skip


def check(node: str, values: Mapping[str, object]) -> list[str]:
    """Return a sentence for every value in ``values`` that ``node`` would refuse."""
    table = {parameter.name: parameter for parameter in NODES[node]}
    problems = []
    for name, value in values.items():
        if name in table:
            problems.append(table[name].problem(value))
        else:
            problems.append(f"Node {node} has no parameter {name}; it has {', '.join(sorted(table))}.")
    return [problem for problem in problems if problem]
