"""What every node of ours does: start itself, check its parameters, report what is wrong, end cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("medllm_ros.msg")

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from medllm_ros.nodes import qos
from medllm_ros.nodes.base import MedllmNode, NodeError


class FakeWorker(MedllmNode):
    """A node that counts what it hears."""

    fail = ""

    def __init__(self, **options: Any) -> None:
        self.heard: list[str] = []
        self.done: list[str] = []
        super().__init__("speaker_node", **options)

    def configure(self) -> None:
        self.done.append("configure")
        if self.fail:
            raise NodeError(self.fail)

    def activate(self) -> None:
        self.done.append("activate")
        self.listen(String, "word", self._hear, qos.EVENT)
        self.serve(Trigger, "break", self._break)

    def deactivate(self) -> None:
        self.done.append("deactivate")

    def cleanup(self) -> None:
        self.done.append("cleanup")

    def _hear(self, msg: String) -> None:
        if msg.data == "bad":
            raise ValueError("bad word")
        self.heard.append(msg.data)

    def _break(self, request: Any, response: Any) -> Any:
        raise RuntimeError("broken on purpose")


class FakeUnreadyWorker(FakeWorker):
    fail = "The folder /models/x is missing; put the model there."


def test_starts_itself(bench):
    node = bench.make(FakeWorker)
    bench.until(lambda: node.is_active, "the node is active")
    assert node.done == ["configure", "activate"]


def test_waits_for_others_where_autostart_is_false(bench):
    node = bench.make(FakeWorker, autostart=False)
    bench.turn(0.2)
    assert node.done == []


def test_hears_nothing_unless_active(bench):
    node, tester = bench.make(FakeWorker, autostart=False), bench.plain()
    publisher = tester.create_publisher(String, "word", 10)
    bench.turn(0.2)
    assert publisher.get_subscription_count() == 0
    node.trigger_configure(), node.trigger_activate()
    bench.until(publisher.get_subscription_count, "the node listens")
    publisher.publish(String(data="hello"))
    bench.until(lambda: node.heard == ["hello"], "the word is heard")
    node.trigger_deactivate()
    bench.until(lambda: publisher.get_subscription_count() == 0, "the node listens no more")


def test_standard_lifecycle_services_work(bench):
    node, tester = bench.make(FakeWorker), bench.plain()
    bench.until(lambda: node.is_active, "the node is active")
    request = ChangeState.Request()
    request.transition.id = 4  # deactivate
    client = tester.create_client(ChangeState, "speaker_node/change_state")
    bench.until(client.service_is_ready, "the service is there")
    future = client.call_async(request)
    bench.until(future.done, "the node answers")
    assert future.result().success
    assert bench.call(tester, GetState, "speaker_node/get_state").current_state.label == "inactive"


def test_failed_transition_is_reported_and_leaves_the_node_unconfigured(bench):
    tester = bench.plain()
    seen: list[Any] = []
    tester.create_subscription(DiagnosticArray, "/diagnostics", seen.append, 10)
    node = bench.make(FakeUnreadyWorker, diagnostics_period_s=0.1)
    status = bench.until(
        lambda: next((s for array in seen for s in array.status if s.level == b"\x02"), None), "an ERROR is reported"
    )
    assert "put the model there" in status.message
    assert node.done[:2] == ["configure", "cleanup"]
    assert not node.is_active


def test_one_bad_message_does_not_end_the_node(bench):
    node, tester = bench.make(FakeWorker), bench.plain()
    publisher = tester.create_publisher(String, "word", 10)
    bench.until(publisher.get_subscription_count, "the node listens")
    for word in ("bad", "good"):
        publisher.publish(String(data=word))
    bench.until(lambda: node.heard == ["good"], "the word after the bad one is heard")


def test_a_failing_service_still_answers(bench):
    bench.make(FakeWorker)
    answer = bench.call(bench.plain(), Trigger, "break")
    assert not answer.success
    assert "log" in answer.message


def test_a_lost_publisher_and_an_incompatible_one_are_logged(bench, capfd):
    node, tester = bench.make(FakeWorker), bench.plain()
    publisher = tester.create_publisher(String, "word", qos.EVENT)
    bench.until(publisher.get_subscription_count, "they match")
    tester.destroy_publisher(publisher)
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    tester.create_publisher(String, "word", best_effort)
    seen = ""

    def logged() -> bool:
        nonlocal seen
        seen += capfd.readouterr().err
        return "A publisher of word has gone" in seen and "RELIABILITY" in seen

    bench.until(logged, "both are logged")
    assert node.is_active


def test_a_volatile_publisher_reaches_an_event_reader(bench):
    """`ros2 topic pub` is volatile; a transient_local reader would never match it."""
    node, tester = bench.make(FakeWorker), bench.plain()
    publisher = tester.create_publisher(String, "word", qos.EVENT)
    bench.until(publisher.get_subscription_count, "they match")
    assert node.is_active


def test_parameters_are_described(bench):
    bench.make(FakeWorker)
    names = ["rate_wpm", "sink"]
    answer = bench.call(bench.plain(), DescribeParameters, "speaker_node/describe_parameters", names=names)
    rate, sink = answer.descriptors
    assert rate.integer_range[0].from_value == 80
    assert "words" in rate.additional_constraints
    assert "'wav'" in sink.additional_constraints


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [("sink", "radio", "'device', 'wav', 'none'"), ("rate_wpm", 5, "80 to 450"), ("volume", 1, "double")],
)
def test_a_bad_value_at_start_is_refused_with_what_is_allowed(bench, name, value, allowed):
    with pytest.raises(NodeError, match=allowed):
        bench.make(FakeWorker, **{name: value})


def test_a_bad_value_while_running_is_refused_with_what_is_allowed(bench):
    bench.make(FakeWorker)
    parameter = Parameter("warn_queue", value=-1).to_parameter_msg()
    answer = bench.call(bench.plain(), SetParameters, "speaker_node/set_parameters", parameters=[parameter])
    assert not answer.results[0].successful
    assert "1" in answer.results[0].reason
    assert "1000" in answer.results[0].reason


def test_work_of_other_threads_runs_on_the_executor_in_order(bench):
    node = bench.make(FakeWorker)
    order: list[tuple[int, bool]] = []
    here = threading.get_ident()

    def post() -> None:
        for number in range(500):
            node.inbox.post(lambda n=number: order.append((n, threading.get_ident() == here)))

    thread = threading.Thread(target=post)
    thread.start()
    bench.until(lambda: len(order) == 500, "everything ran")
    thread.join()
    assert order == [(number, True) for number in range(500)]


def test_work_is_dropped_after_the_end(bench):
    node = bench.make(FakeWorker)
    node.inbox.close()
    node.inbox.post(lambda: pytest.fail("must not run"))
    bench.turn(0.1)


def test_ends_twice_without_harm(bench):
    node = bench.make(FakeWorker)
    bench.until(lambda: node.is_active, "the node is active")
    node.close()
    node.close()
    assert node.done.count("deactivate") == 1
    bench.nodes.remove(node)


_SCRIPT = """
import pkgutil, medllm_ros
medllm_ros.__path__ = pkgutil.extend_path(medllm_ros.__path__, "medllm_ros")
from medllm_ros.nodes.base import MedllmNode
from medllm_ros.nodes.run import spin
class FakeNode(MedllmNode):
    def __init__(self): super().__init__("speaker_node")
    def activate(self): print("up", flush=True)
spin(FakeNode)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_with_zero_and_no_traceback(domain_id, number):
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", _SCRIPT], stdout=pipe, stderr=pipe, text=True)
    try:
        assert process.stdout and process.stdout.readline() == "up\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_bad_parameter_ends_the_process_with_a_sentence(domain_id):
    script = _SCRIPT.replace("spin(FakeNode)", "spin(FakeNode, ['--ros-args', '-p', 'sink:=radio'])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "must be one of" in done.stderr
    assert "Traceback" not in done.stderr
