"""Parameters: mistakes in them are found before anything is executed."""

import json
import textwrap

import nbformat
import pytest
from throwaway import run, save

from mbh_utils.errors import MBHError
from mbh_utils.workbook.parameters import check_given, check_parameters


@pytest.mark.parametrize(
    "given, reason",
    [
        (
            {"coverag": 0.9},
            r"no parameter 'coverag': its .* cell has profile, seed, coverage, planes, name",
        ),
        ({"coverage": "high"}, r"coverage .* must be of type float, got 'high' \(str\)"),
        ({"seed": 1.5}, r"seed .* must be of type int"),
        ({"seed": True}, r"seed .* must be of type int, got True \(bool\)"),
        ({"planes": 3}, r"planes .* must be of type list"),
        ({"name": 3}, r"name .* must be of type str"),
    ],
)
def test_unknown_and_ill_typed_parameters(small_workbook, given, reason):
    cell = """
    profile = "quick"
    seed = 0
    coverage: float = 0.8  # c_P
    planes = [1, 2]
    name = "x"
    free = None
    """
    small_workbook.add("01_good", save(), parameters=textwrap.dedent(cell))
    with pytest.raises(MBHError, match=reason):
        run(parameters=given)
    assert not list(small_workbook.quick.rglob("*.ipynb"))
    check_parameters(
        small_workbook.notebooks / "01_good.ipynb",
        {"coverage": 1, "planes": [], "free": 3, "seed": 2},
    )


def test_a_profile_or_seed_among_the_parameters_is_meant_as_such(small_workbook):
    given = check_given("quick", 0, {"profile": "dra", "seed": 4, "free": [1, {"a": None}]})
    assert given == {"profile": "draft", "seed": 4, "free": [1, {"a": None}]}
    cell = 'profile = "quick"\nseed = 0\nwidth: float | None = 1.0'
    small_workbook.add("01_good", save(), parameters=cell)
    report = run(parameters={"profile": "draft", "seed": 4, "width": None})
    assert report.ok and report.folder == small_workbook.figures / "draft"
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert manifest["profile"] == "draft"
    assert manifest["figures"]["fig-1-1"]["settings"]["seed"] == 4
    assert not small_workbook.quick.exists()


def test_parameters_cells_are_read_as_python(small_workbook):
    cell = """
    %matplotlib inline
    profile = "quick"  # one of: quick = small, draft
    seed = 0
    planes = [
        1,  # first = 1
    ]
    both = other = "a=b"
    share: "float" = 0.5
    """
    small_workbook.add("01_good", save(), parameters=textwrap.dedent(cell))
    path = small_workbook.notebooks / "01_good.ipynb"
    check_parameters(path, {"planes": [], "both": "x", "other": "y", "share": 1})
    for ill in ({"planes": 1}, {"both": 1}, {"share": "half"}):
        with pytest.raises(MBHError, match="must be of type"):
            check_parameters(path, ill)
    small_workbook.write("01_good", save(), parameters="seed = = 0")
    with pytest.raises(MBHError, match="the parameters cell of .* is not plain Python"):
        check_parameters(path, {"seed": 0})


def test_parameters_are_literals(small_workbook):
    cell = 'profile = "quick"\nseed = 0\nwidth = 2 * seed'
    small_workbook.add("01_good", save(), parameters=cell)
    with pytest.raises(MBHError, match="plain literals only"):
        run(parameters={"width": 3})


@pytest.mark.parametrize("tags", [(), ("other",)])
def test_exactly_one_parameters_cell(small_workbook, tags):
    small_workbook.add("01_good", save(), tags=tags)
    with pytest.raises(MBHError, match="has 0 cells tagged 'parameters', but needs exactly one"):
        run()


def test_a_second_parameters_cell_is_an_error(small_workbook):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
    with pytest.raises(MBHError, match="has 2 cells tagged"):
        run()
