"""What all our nodes share: lifecycle, checked parameters, diagnostics, and hand-over from worker threads."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from medllm_ros.nodes.diagnostics import Diagnostics, Level, Report
from medllm_ros.nodes.guard import guarded
from medllm_ros.nodes.inbox import Inbox
from medllm_ros.nodes.parameters import NODES, Parameter


class NodeError(RuntimeError):
    """Why a node cannot be configured or activated: a sentence that says what to do."""


class MedllmNode(LifecycleNode):
    """A lifecycle node that starts itself. Subclasses fill in ``configure``, ``activate``, ``deactivate``, ``cleanup``.

    Subscriptions and services are made in ``activate`` with :meth:`listen` and :meth:`serve` and are gone again after
    ``deactivate``, because those of an unconfigured node would still fire. All callbacks run on one thread; other
    threads hand their results over with ``inbox.post``.
    """

    def __init__(self, name: str, **node_options: Any) -> None:
        super().__init__(name, **node_options)
        self._table = {parameter.name: parameter for parameter in NODES[name]}
        self._declare()
        self.add_on_set_parameters_callback(self._check_parameters)
        self.inbox = Inbox(self)
        self._closers: list[Callable[[], None]] = []
        self._failure = ""
        self._closed = False
        self.diagnostics = Diagnostics(self, self.text("robot_id"), self.number("diagnostics_period_s"))
        self.diagnostics.add("lifecycle", self._report_lifecycle)
        self._start_timer = self.create_timer(0.0, self._autostart) if self.flag("autostart") else None

    # -- for subclasses to fill in

    def configure(self) -> None:
        """Check files and settings in under a second; raise :class:`NodeError` where they cannot work."""

    def activate(self) -> None:
        """Begin to work."""

    def deactivate(self) -> None:
        """Stop working; subscriptions and services made with listen and serve are already gone."""

    def cleanup(self) -> None:
        """Free everything that ``configure`` took. Must bear a half-finished ``configure`` and a second call."""

    # -- parameters

    def text(self, name: str) -> str:
        """Return a string parameter."""
        return str(self.get_parameter(name).value)

    def number(self, name: str) -> float:
        """Return a double parameter."""
        return float(self.get_parameter(name).value)

    def count(self, name: str) -> int:
        """Return an int parameter."""
        return int(self.get_parameter(name).value)

    def flag(self, name: str) -> bool:
        """Return a bool parameter."""
        return bool(self.get_parameter(name).value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list parameter without its empty entries."""
        return tuple(item for item in self.get_parameter(name).value if item)

    # -- entities that live while the node is active

    def listen(self, kind: type, topic: str, callback: Callable[[Any], None], profile: QoSProfile) -> Subscription:
        """Subscribe until ``deactivate``; an error in ``callback`` is logged and does not end the node.

        Publishers with an incompatible quality of service (by rclpy itself) and lost ones are logged.
        """
        events = SubscriptionEventCallbacks(matched=lambda info: self._matched(topic, info))
        subscription = self.create_subscription(
            kind, topic, self._guarded(callback, topic), profile, event_callbacks=events
        )
        self._closers.append(lambda: self.destroy_subscription(subscription))
        return subscription

    def serve(self, kind: type, name: str, callback: Callable[[Any, Any], Any]) -> None:
        """Offer a service until ``deactivate``; an error becomes a response that says so where it has a message."""
        service = self.create_service(kind, name, self._answering(callback, name))
        self._closers.append(lambda: self.destroy_service(service))

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` periodically until ``deactivate``."""
        def fire(_: None) -> None:
            callback()

        timer = self.create_timer(seconds, self._guarded(fire, "timer"))
        self._closers.append(lambda: self.destroy_timer(timer))

    def seconds(self) -> float:
        """Return the node's clock in seconds since the epoch."""
        return float(self.get_clock().now().nanoseconds / 1e9)

    @property
    def is_active(self) -> bool:
        """Return True between activate and deactivate."""
        return not self._closed and bool(self._state_machine.current_state[1] == "active")

    @property
    def failure(self) -> str:
        """Return why the last transition failed; "" where it did not."""
        return self._failure

    # -- lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``configure`` and report a failure."""
        return self._transition("configure", self.configure, undo=self.cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``activate`` and report a failure."""
        result = self._transition("activate", self.activate, undo=self._stop_working)
        return super().on_activate(state) if result == TransitionCallbackReturn.SUCCESS else result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Destroy the active entities, then run ``deactivate``."""
        super().on_deactivate(state)
        return self._transition("deactivate", self._stop_working)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Run ``cleanup``."""
        return self._transition("cleanup", self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything."""
        self._transition("deactivate", self._stop_working)
        return self._transition("shutdown", self.cleanup)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, so that the node can be configured again."""
        self._transition("deactivate", self._stop_working)
        return self._transition("cleanup", self.cleanup)

    def close(self) -> None:
        """Stop, free and destroy the node. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._transition("deactivate", self._stop_working)
        self._transition("cleanup", self.cleanup)
        self.inbox.close()
        self.destroy_node()
        # rclpy leaves this to the garbage collector, and until then the node would still be seen by others.
        self._state_machine.destroy_when_not_in_use()

    # -- helpers

    def _transition(
        self, name: str, work: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        try:
            work()
        except Exception as error:  # rclpy would swallow it: a failed transition is reported, never ignored
            expected = isinstance(error, NodeError)
            self._failure = str(error) if expected else f"{type(error).__name__}: {error}"
            self.get_logger().error(f"Transition {name} failed. {self._failure}")
            if not expected:
                self.get_logger().error(traceback.format_exc())
            if undo is not None:
                self._transition(f"undo of {name}", undo)
            return TransitionCallbackReturn.FAILURE if expected else TransitionCallbackReturn.ERROR
        if name in ("configure", "activate"):
            self._failure = ""
        self.get_logger().debug(f"Transition {name} done.")
        return TransitionCallbackReturn.SUCCESS

    def _stop_working(self) -> None:
        while self._closers:
            self._closers.pop()()
        self.deactivate()

    def _autostart(self) -> None:
        if self._start_timer is None:
            return
        self.destroy_timer(self._start_timer)
        self._start_timer = None
        if self._state_machine.current_state[1] != "unconfigured":
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _report_lifecycle(self) -> Report:
        label = self._state_machine.current_state[1]
        if self._failure:
            return Report(Level.ERROR, self._failure, {"state": label})
        if label == "active":
            return Report(Level.OK, "Active.", {"state": label})
        hint = "" if self.flag("autostart") else " autostart is false: use 'ros2 lifecycle set'."
        return Report(Level.WARN, f"The node is {label}.{hint}", {"state": label})

    def _matched(self, topic: str, info: Any) -> None:
        if info.total_count_change > info.current_count_change:  # some went since the last event
            self.get_logger().warning(f"A publisher of {topic} has gone; {info.current_count} are left.")

    def _guarded(self, callback: Callable[[Any], None], name: str) -> Callable[..., None]:
        run = guarded(self, callback, name)  # one bad message must not end the node

        def take(message: Any = None) -> None:
            run(message)

        return take

    def _answering(self, callback: Callable[[Any, Any], Any], name: str) -> Callable[[Any, Any], Any]:
        def run(request: Any, response: Any) -> Any:
            try:
                return callback(request, response)
            except Exception as error:  # the caller gets an answer in any case
                self.get_logger().error(
                    f"Service {name} failed: {type(error).__name__}: {error}\n{traceback.format_exc()}"
                )
                fresh = type(response)()
                if hasattr(fresh, "message"):
                    fresh.message = "The robot could not do this; its log says why."
                return fresh

        return run

    def _declare(self) -> None:
        for parameter in self._table.values():
            given = self._parameter_overrides.get(parameter.name)
            problem = parameter.problem(given.value) if given is not None else ""
            if problem:
                raise NodeError(problem)
            self.declare_parameter(parameter.name, parameter.default, _descriptor(parameter))

    def _check_parameters(self, parameters: Iterable[RosParameter]) -> SetParametersResult:
        for given in parameters:
            known = self._table.get(given.name)
            problem = known.problem(given.value) if known else ""
            if problem:
                return SetParametersResult(successful=False, reason=problem)
        return SetParametersResult(successful=True)


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    allowed = parameter.allowed
    descriptor = ParameterDescriptor(
        name=parameter.name,
        description=parameter.description,
        additional_constraints=f"Allowed: {allowed}." if allowed else "",
        read_only=parameter.read_only,
    )
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        if parameter.type_name == "int":
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
        elif parameter.type_name == "double":
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return descriptor
