"""The table of topics says what the running nodes do."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from rclpy.qos import DurabilityPolicy, QoSDurabilityPolicy

from medllm_ros.nodes.graph import ACTIONS, SERVICES, TOPICS
from medllm_ros.nodes.together import MAKERS

STANDARD = ("/rosout", "/parameter_events", "transition_event", "_action/")
STANDARD_SERVICES = ("parameter", "state", "transition", "type_description", "_action/")


@pytest.fixture
def nodes(bench, tmp_path):
    given = {"bedside_node": {"journal": str(tmp_path / "j.sqlite")}, "speaker_node": {"sink": "none"}}
    found = {name: bench.make(maker, **given.get(name, {})) for name, maker in MAKERS.items()}
    bench.until(lambda: all(node.is_active for node in found.values()), "all are active", seconds=20)
    bench.turn(0.5)
    return found


def ours(pairs, standard) -> dict[str, str]:
    return {name: types[0] for name, types in pairs if not any(part in name for part in standard)}


def absolute(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"


def test_topics_services_and_actions_are_those_of_the_table(nodes):
    for name, node in nodes.items():
        written = ours(node.get_publisher_names_and_types_by_node(name, "/"), STANDARD)
        read = ours(node.get_subscriber_names_and_types_by_node(name, "/"), STANDARD)
        offered = ours(node.get_service_names_and_types_by_node(name, "/"), STANDARD_SERVICES)
        assert written == {absolute(t.name): t.type for t in TOPICS if name in t.writers}, name
        assert read == {absolute(t.name): t.type for t in TOPICS if name in t.readers}, name
        assert offered == {absolute(s.name): s.type for s in SERVICES if s.node == name}, name


def test_actions_are_those_of_the_table(nodes):
    from rclpy.action import get_action_server_names_and_types_by_node

    for name, node in nodes.items():
        found = {action: types[0] for action, types in get_action_server_names_and_types_by_node(node, name, "/")}
        assert found == {absolute(a.name): a.type for a in ACTIONS if a.node == name}


def test_latched_topics_are_latched_and_reading_ends_match_writing_ends(nodes):
    node = nodes["bedside_node"]
    for topic in TOPICS:
        writers = node.get_publishers_info_by_topic(absolute(topic.name))
        readers = node.get_subscriptions_info_by_topic(absolute(topic.name))
        latched = {info.qos_profile.durability is DurabilityPolicy.TRANSIENT_LOCAL for info in writers}
        assert latched <= {"transient_local" in topic.qos}, topic.name
        if "transient_local" not in topic.qos:
            assert all(info.qos_profile.durability is QoSDurabilityPolicy.VOLATILE for info in readers), topic.name
        assert {info.node_name for info in writers} == set(topic.writers), topic.name
