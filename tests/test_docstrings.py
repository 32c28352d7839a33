"""What Shift-Tab shows: every public name explains itself, in numpydoc's sections."""

import ast
import inspect
import re

import pytest
from public_docs import SECTIONS, public

import mbh_utils as mbh

PUBLIC = public()
MODULES = [name for name in mbh.__all__ if inspect.ismodule(getattr(mbh, name))]
FUNCTIONS = [name for name, one in PUBLIC.items() if one.kind in ("function", "method")]
CLASSES = [name for name, one in PUBLIC.items() if one.kind == "class" and name != "MBHError"]
#: Those that a reader meets first.
FIRST = [name for name in mbh.__all__ if name in PUBLIC and name != "MBHError"]

#: Public name -> the items of the thesis that it is, or holds part of, and therefore names.
THESIS = {
    "pruning.density": ["Definition 2.1"],
    "patterns.preactivations": ["Definition 2.2"],
    "hidden_layers": ["Definition 2.3"],
    "Network": ["Definition 2.4"],
    "activation_patterns": ["Definition 3.1", "Definition 3.2"],
    "DecisionPattern": ["Definition 3.3", "Definition 3.5"],
    "layer_patterns": ["Definition 3.4"],
    "plots.bent_hyperplanes": ["Definition 3.6", "Definition 3.7"],
    "Partition": ["Definition 3.8"],
    "partition_input_space": ["Definition 3.9", "Algorithm 2"],
    "DecisionPattern.satisfied_by": ["Definition 3.10"],
    "Partition.blanket": ["Definition 3.11", "Definition 4.2", "Definition 4.3"],
    "DecisionPattern.support": ["Definition 3.12"],
    "maximal_pattern": ["Definition 4.4", "Definition 4.5", "Algorithm 3"],
    "smallest_pattern": ["Definition 4.6"],
    "specialization": ["Definition 4.7", "Algorithm 1"],
    "Plane.through": ["section 5.2"],
}


def test_the_public_names_are_found():
    assert set(FIRST) | {"MBHError", *MODULES} == set(mbh.__all__)
    assert {"plots.union", "experiments.plan", "Plane.through", "Samples.where"} <= set(PUBLIC)


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_has_a_docstring(name):
    assert getattr(mbh, name).__doc__


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_a_summary_and_sections_in_order(name):
    text = PUBLIC[name].text
    assert text, "no docstring"
    summary = text.split("\n\n")[0]
    assert summary.endswith((".", ":")), "the first paragraph is a sentence"
    titles = list(PUBLIC[name].sections())
    assert titles == [title for title in SECTIONS if title in titles], "unknown, or out of order"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_of_a_function_is_explained(name):
    explained = PUBLIC[name].entries("Parameters")
    assert sorted(explained) == sorted(PUBLIC[name].parameters())
    assert all(entry.text for entry in explained.values())


@pytest.mark.parametrize("name", CLASSES)
def test_every_parameter_of_a_class_is_explained(name):
    """As a parameter or, where the package makes the objects, as an attribute."""
    one = PUBLIC[name]
    taken = set(one.parameters())
    parameters = one.entries("Parameters")
    explained = parameters | one.entries("Attributes")
    assert taken <= set(explained)
    assert set(parameters) <= taken
    assert all(entry.text for entry in explained.values())


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES)
def test_defaults_are_told(name):
    """``default 0.8`` as in the signature; what is None or made anew is told in words."""
    parameters = PUBLIC[name].parameters()
    for parameter, entry in PUBLIC[name].entries("Parameters").items():
        told = re.search(r"default (.*)$", entry.kind)
        default = parameters[parameter].default
        if told:
            assert repr(value_of(told[1])) == repr(default), parameter
        elif entry.kind and isinstance(default, bool | int | float | str):
            pytest.fail(f"{parameter} has the default {default!r}, which is not told")


def value_of(told: str):
    """The value that a docstring writes: a literal of Python, or NaN."""
    return float("nan") if told == "NaN" else ast.literal_eval(told)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_returns_is_explained(name):
    one = PUBLIC[name]
    if one.needs_returns():
        assert one.sections().keys() & {"Returns", "Yields"}


@pytest.mark.parametrize("name", FIRST)
def test_there_is_an_example(name):
    assert ">>> " in PUBLIC[name].sections().get("Examples", "")


@pytest.mark.parametrize("name", THESIS)
def test_the_items_of_the_thesis_are_named(name):
    words = " ".join(PUBLIC[name].text.split())
    assert not [item for item in THESIS[name] if item not in words]
