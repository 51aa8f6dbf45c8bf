"""The topics, services and actions of every node, for the docs; a test compares them with the running nodes."""

from __future__ import annotations

from dataclasses import dataclass

EVENT = "reliable, volatile, keep last 10"
STREAM = "reliable, volatile, keep last 100"
STATE = "reliable, transient_local, keep last 1"
HOLD = "reliable, transient_local, keep last 1, deadline 1 s, liveliness 1 s"
DEFAULT = "reliable, volatile, keep last 10"


@dataclass(frozen=True)
class Topic:
    """One topic of ours. ``writers`` and ``readers`` are our nodes; others may read and, where it says so, write."""

    name: str
    type: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    qos: str
    purpose: str


@dataclass(frozen=True)
class Service:
    """One service or action of ours."""

    name: str
    type: str
    node: str
    purpose: str


BEDSIDE, MODEL, SPEAKER, LISTENER = "bedside_node", "language_model_node", "speaker_node", "listener_node"

TOPICS = (
    Topic("delivery/event", "medllm_ros/msg/DeliveryEvent", (), (BEDSIDE,), EVENT,
          "From the fleet or a nurse: a delivery left, arrived, is due, was moved or cancelled."),
    Topic("speech/transcript", "medllm_ros/msg/Transcript", (LISTENER,), (BEDSIDE,), STREAM,
          "What was heard; any other recogniser may publish here too."),
    Topic("speech/utterance", "medllm_ros/msg/Utterance", (BEDSIDE,), (SPEAKER,), STREAM,
          "Sentences to be spoken, end markers of turns, and orders to be silent."),
    Topic("speech/state", "medllm_ros/msg/SpeechState", (SPEAKER,), (BEDSIDE, LISTENER), STATE,
          "What sounds now and what has ended."),
    Topic("nurse/alerts", "medllm_ros/msg/NurseAlertList", (BEDSIDE,), (), STATE,
          "For the nurses' station: every alert that nobody has acknowledged."),
    Topic("bedside/hold", "medllm_ros/msg/Hold", (BEDSIDE,), (BEDSIDE,), HOLD,
          "For the compartment's lock, twice a second; silence means locked. Read back to notice a second robot."),
    Topic("bedside/state", "medllm_ros/msg/BedsideState", (BEDSIDE,), (BEDSIDE,), STATE,
          "Where the visit stands. Read back to notice a second robot."),
    Topic("bedside/journal", "medllm_ros/msg/JournalRecord", (BEDSIDE,), (), STATE,
          "Head hash of the journal after every event, to be kept outside the robot."),
    Topic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", (BEDSIDE, MODEL, SPEAKER, LISTENER), (), DEFAULT,
          "One line per concern."),
)  # fmt: skip

SERVICES = (
    Service("nurse/acknowledge", "medllm_ros/srv/AcknowledgeAlert", BEDSIDE, "Staff take over an alert."),
    Service("bedside/scan_identity", "medllm_ros/srv/ScanIdentity", BEDSIDE, "A wristband was read, or staff vouch."),
    Service("bedside/confirm_handover", "medllm_ros/srv/ConfirmHandover", BEDSIDE, "The medicine was taken out."),
    Service("bedside/request_privacy", "medllm_ros/srv/RequestPrivacy", BEDSIDE, "No drug or purpose aloud."),
    Service("speech/stop", "medllm_ros/srv/StopSpeech", BEDSIDE, "Be silent, with a scope."),
    Service("speech/silence", "std_srvs/srv/Trigger", BEDSIDE, "Be silent, everything: the staff's button."),
    Service("language_model/prepare", "medllm_ros/srv/PreparePrompt", MODEL, "Read a prompt before it is needed."),
)

ACTIONS = (Service("language_model/generate", "medllm_ros/action/Generate", MODEL, "One reply, streamed."),)
