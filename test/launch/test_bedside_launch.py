"""The launch file: readable without ROS, and really run where launch_ros is installed."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from medllm_ros.nodes.parameters import NODES

ROOT = Path(__file__).parents[2]
FILE = ROOT / "launch" / "bedside.launch.py"
WANTED = (
    "namespace", "params_file", "respawn", "log_level", "robot_id", "locale", "autostart", "journal", "engine",
    "model", "adapter", "sink", "wav_folder", "asr_model",
)  # fmt: skip


def load() -> Any:
    """Import the launch file; skip with the reason where launch_ros is not installed."""
    pytest.importorskip("launch_ros", reason="launch_ros is not installed (it has no wheel): launch file not run")
    spec = importlib.util.spec_from_file_location("bedside_launch", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table() -> dict[str, dict[str, str]]:
    """Return WHAT of the launch file, {argument: {node: parameter}}, without importing launch."""
    source = FILE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        target = statement.targets[0].id if isinstance(statement, ast.Assign) else ""
        if target in ("EVERY_NODE", "WHAT"):
            exec(compile(ast.Module([statement], []), str(FILE), "exec"), names)
    return {name: parameters for name, _, _, parameters in names["WHAT"]}


def test_every_launch_file_has_a_test():
    assert [path.name for path in sorted((ROOT / "launch").glob("*.launch.*"))] == ["bedside.launch.py"]


def test_every_argument_sets_a_parameter_that_its_node_has():
    for name, parameters in table().items():
        for node, parameter in parameters.items():
            assert parameter in {declared.name for declared in NODES[node]}, name


def test_the_parameter_file_reaches_every_node_in_every_namespace():
    data = yaml.safe_load((ROOT / "config" / "bedside.yaml").read_text(encoding="utf-8"))
    assert set(data) == {f"/**/{node}" for node in NODES}


def test_the_arguments_of_the_launch_file_are_described():
    from_launch = load().generate_launch_description()
    arguments = {argument.name: argument for argument in from_launch.get_launch_arguments()}
    assert set(WANTED) <= set(arguments)
    assert all("." in argument.description for argument in arguments.values())


_LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
service = LaunchService(argv=[])
arguments = [tuple(text.split(":=", 1)) for text in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)]))
sys.exit(service.run())
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_launch_file_brings_up_four_active_nodes_and_ends_on_ctrl_c(bench, tmp_path):
    load()
    packages = pytest.importorskip("ament_index_python.packages")
    try:
        packages.get_package_prefix("medllm_ros")
    except packages.PackageNotFoundError:
        pytest.skip("medllm_ros is not built: source install/setup.bash first")
    journal = f"journal:={tmp_path / 'j.sqlite'}"
    arguments = ["namespace:=robot7", "robot_id:=12", "sink:=none", journal, "respawn:=false"]
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(FILE), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "ROS_LOG_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}, text=True,
    )  # fmt: skip
    try:
        tester = bench.plain()
        for name in NODES:
            bench.until(lambda node=name: state(bench, tester, node) == "active", f"{name} is active", seconds=60)
        assert parameter(bench, tester, "bedside_node", "robot_id") == "12"
        assert parameter(bench, tester, "speaker_node", "sink") == "none"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert output.count("process has finished cleanly") == len(NODES), output


def state(bench: Any, tester: Any, node: str) -> str:
    """Return the lifecycle state of a node."""
    from lifecycle_msgs.srv import GetState

    return bench.call(tester, GetState, f"/robot7/{node}/get_state", seconds=60).current_state.label


def parameter(bench: Any, tester: Any, node: str, name: str) -> str:
    """Return a string parameter of a node."""
    from rcl_interfaces.srv import GetParameters

    answer = bench.call(tester, GetParameters, f"/robot7/{node}/get_parameters", names=[name])
    return answer.values[0].string_value


@pytest.mark.parametrize("readme", ["README.md", "README.zh-TW.md"])
def test_the_readme_names_real_launch_arguments(readme: str) -> None:
    root = Path(__file__).resolve().parents[2]
    source = (root / "launch" / "bedside.launch.py").read_text(encoding="utf-8")
    used = set(re.findall(r"(\w+):=", (root / readme).read_text(encoding="utf-8")))
    assert used and all(f'("{name}"' in source for name in used), used
