"""The table of parameters: complete, coherent, and the one source of the YAML file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from medllm_ros.nodes.parameters import NODES, Parameter, check

ROOT = Path(__file__).parents[2]
EVERY = [(node, parameter) for node, table in NODES.items() for parameter in table]


@pytest.mark.parametrize(("node", "parameter"), EVERY, ids=lambda item: getattr(item, "name", item))
def test_every_default_is_allowed_and_every_parameter_is_described(node, parameter):
    assert parameter.problem(parameter.default) == ""
    assert parameter.description.endswith(".")


@pytest.mark.parametrize(("node", "parameter"), EVERY, ids=lambda item: getattr(item, "name", item))
def test_every_number_has_both_limits(node, parameter):
    if parameter.type_name in ("int", "double"):
        assert parameter.minimum is not None
        assert parameter.maximum is not None


@pytest.mark.parametrize("node", NODES)
def test_names_are_unique(node):
    names = [parameter.name for parameter in NODES[node]]
    assert len(names) == len(set(names))


def test_the_yaml_file_holds_exactly_the_defaults():
    data = yaml.safe_load((ROOT / "config" / "bedside.yaml").read_text(encoding="utf-8"))
    written = {key.rsplit("/", 1)[1]: value["ros__parameters"] for key, value in data.items()}
    assert written == {node: {p.name: p.default for p in table} for node, table in NODES.items()}


@pytest.mark.parametrize(
    ("value", "problem"),
    [(0.5, ""), (1, "must be a double"), (0.0, "0.1 to 1 s"), (float("nan"), "0.1 to 1 s"), (True, "must be a double")],
)
def test_a_number_outside_its_range_is_refused_in_words(value, problem):
    found = Parameter("wait_s", 0.5, "Time.", "s", 0.1, 1.0).problem(value)
    assert problem in found if problem else found == ""


def test_an_unknown_parameter_is_named_with_those_that_exist():
    (problem,) = check("speaker_node", {"sinks": "none"})
    assert "no parameter sinks" in problem
    assert "sink" in problem
