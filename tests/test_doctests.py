"""The examples in the docstrings of the package run, and show what they say they do."""

import doctest
import importlib
import pkgutil

import matplotlib.pyplot as plt
import pytest

import mbh_utils


def examples_in(module: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples."""
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    return [test for test in found if test.examples]


MODULES = ["mbh_utils"]
MODULES += [found.name for found in pkgutil.walk_packages(mbh_utils.__path__, "mbh_utils.")]
MODULES.remove("mbh_utils.__main__")  # importing it is running the command
EXAMPLES = {test.name: test for module in MODULES for test in examples_in(module)}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_examples_are_found_in_functions_classes_and_methods():
    wanted = {
        "mbh_utils",
        "mbh_utils.networks.pruning.density",
        "mbh_utils.regions.planes.Plane",
        "mbh_utils.regions.planes.Plane.through",
    }
    assert wanted <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_show_what_happens(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example that writes a file by a short path writes it here
    said = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    result = runner.run(EXAMPLES[name], out=said.append)
    assert not result.failed, "".join(said)
