"""Start the four nodes of one robot: ros2 launch medllm_ros bedside.launch.py [argument:=value ...].

Values come from the parameter file; an argument that is given goes before the file.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

PARAMETER_FILE = PathJoinSubstitution([FindPackageShare("medllm_ros"), "config", "bedside.yaml"])
RESPAWN_DELAY_S = 1.0

# name, default, description, choices
HOW = (
    ("namespace", "", "Namespace of all topics and services: one per robot.", None),
    ("params_file", PARAMETER_FILE, "Parameter file with the values of all nodes.", None),
    ("respawn", "true", "Start a node that dies again; the bedside node goes on where it was.", ["true", "false"]),
    ("log_level", "info", "Log level of all nodes.", ["debug", "info", "warn", "error", "fatal"]),
)

# name, description, choices, {node: parameter}; empty: as in the parameter file
EVERY_NODE = ("bedside_node", "language_model_node", "speaker_node", "listener_node")
WHAT = (
    ("robot_id", "Name of this robot in every message.", None, dict.fromkeys(EVERY_NODE, "robot_id")),
    ("locale", "Language where an event names none.", ["", "zh_TW", "zh_CN", "en_US"],
     dict.fromkeys(EVERY_NODE, "locale")),
    ("autostart", "Nodes configure and activate themselves.", ["", "true", "false"],
     dict.fromkeys(EVERY_NODE, "autostart")),
    ("journal", "Journal file.", None, {"bedside_node": "journal"}),
    ("formulary_min_status", "Lowest review status of a fact that may be spoken.",
     ["", "recall", "source_opened", "pharmacist_signed"], {"bedside_node": "formulary_min_status"}),
    ("engine", "Language model: 'none' speaks approved wording only.", ["", "none", "local"],
     {"language_model_node": "engine"}),
    ("model", "Folder of the language model, for engine 'local'.", None, {"language_model_node": "model"}),
    ("adapter", "Folder of a PEFT adapter.", None, {"language_model_node": "adapter"}),
    ("sink", "Where speech goes: sound card, WAV files, or nowhere.", ["", "device", "wav", "none"],
     {"speaker_node": "sink"}),
    ("wav_folder", "Folder for sink 'wav'.", None, {"speaker_node": "wav_folder"}),
    ("asr_model", "Folder of a vosk model; without one only text transcripts are heard.", None,
     {"listener_node": "model"}),
    ("audio_source", "Where the listener's sound comes from.", ["", "microphone", "wav"], {"listener_node": "source"}),
    ("wav", "WAV file for audio_source 'wav'.", None, {"listener_node": "wav"}),
)  # fmt: skip


def generate_launch_description():
    """Return the arguments and the four nodes."""
    how = [
        DeclareLaunchArgument(name, default_value=default, description=description, choices=choices)
        for name, default, description, choices in HOW
    ]
    what = [
        DeclareLaunchArgument(
            name, default_value="", description=f"{description} Empty: as in the parameter file.", choices=choices
        )
        for name, description, choices, _ in WHAT
    ]
    return LaunchDescription([*how, *what, OpaqueFunction(function=_nodes)])


def _nodes(context):
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in (*HOW, *WHAT)}
    return [
        Node(
            package="medllm_ros",
            executable=node,
            name=node,
            namespace=given["namespace"],
            parameters=[given["params_file"], *_overrides(node, given)],
            ros_arguments=["--log-level", f"{node}:={given['log_level']}"],
            respawn=given["respawn"] == "true",
            respawn_delay=RESPAWN_DELAY_S,
            output="screen",
            emulate_tty=True,
        )
        for node in EVERY_NODE
    ]


def _overrides(node, given):
    """Return the parameters of ``node`` that were given as arguments; text stays text, even "12"."""
    values = {
        parameters[node]: ParameterValue(given[name], value_type=bool if name == "autostart" else str)
        for name, _, _, parameters in WHAT
        if node in parameters and given[name]
    }
    return [values] if values else []
