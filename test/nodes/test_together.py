"""All nodes in one process: a whole visit from the order to the hand-over."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from fake_ward import IDENTITY, FakeWard

from medllm_ros.cli.errors import CommandError
from medllm_ros.cli.up_command import _check_alive
from medllm_ros.msg import BedsideState
from medllm_ros.nodes.base import NodeError
from medllm_ros.nodes.together import Together, problems, together
from medllm_ros.srv import ConfirmHandover


def parameters(tmp_path: Path) -> dict[str, dict[str, object]]:
    return {"bedside_node": {"journal": str(tmp_path / "j.sqlite")}, "speaker_node": {"sink": "none", "paced": False}}


@pytest.mark.slow
def test_a_whole_visit_with_voice_and_model_node(bench, tmp_path):
    with together(parameters(tmp_path), context=bench.context) as running:
        assert running.wait_active(30)
        ward = FakeWard(bench).ready()
        ward.arrive()
        bench.until(lambda: running.nodes["speaker_node"]._spoken, "the greeting is spoken", seconds=30)
        ward.say(IDENTITY)
        bench.until(lambda: ward.state.identity == BedsideState.IDENTITY_VERIFIED and ward.turn_over, "verified")
        before = len(ward.spoken)
        ward.say("這個藥是做什麼用的？")
        bench.until(lambda: any(msg.fact_ids for msg in ward.spoken[before:]) and ward.turn_over, "answered")
        assert bench.call(ward.node, ConfirmHandover, "bedside/confirm_handover", by="n1").accepted
        bench.until(lambda: ward.state.phase == BedsideState.PHASE_CLOSED, "the visit ends")


def test_a_namespace_goes_before_every_name(bench, tmp_path):
    with together(parameters(tmp_path), names=["bedside_node"], namespace="robot7", context=bench.context) as running:
        assert running.wait_active(30)
        node = bench.plain()
        hold = ("/robot7/bedside/hold", ["medllm_ros/msg/Hold"])
        bench.until(lambda: hold in node.get_topic_names_and_types(), "the lock is told under the namespace")


def test_a_bad_parameter_ends_everything_with_a_sentence(bench):
    with pytest.raises(NodeError, match="must be one of"):
        Together({"speaker_node": {"sink": "radio"}}, names=["speaker_node"], context=bench.context)


def test_a_node_whose_executor_ends_is_named(bench, tmp_path):
    with together(parameters(tmp_path), names=["bedside_node"], context=bench.context) as running:
        assert running.wait_active(30)
        assert running.failed() == ()
        running.nodes["bedside_node"].create_timer(0.0, lambda: 1 / 0)
        bench.until(lambda: running.failed() == ("bedside_node",), "the dead node is noticed")
        with pytest.raises(CommandError, match="bedside_node has stopped working"):
            _check_alive(running)


def test_problems_are_found_before_anything_is_started():
    found = problems({"speaker_node": {"sink": "radio", "volum": 1.0}, "spaeker_node": {}})
    assert len(found) == 3
    assert problems({"speaker_node": {"sink": "none", "paced": False}}) == []
