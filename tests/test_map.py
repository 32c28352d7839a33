"""CONTRIBUTING.md is the map of the code: walked here, so that it leads where it says."""

import ast
import importlib
import inspect
import json
import re
from functools import reduce
from pathlib import Path

import pytest

import mbh_utils as mbh
from mbh_utils.computing import paths
from mbh_utils.experiments import measures
from mbh_utils.workbook import chapters

ROOT = paths.PROJECT
PACKAGE = ROOT / "mbh_utils"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: Definitions of the thesis by chapter. 4.1 cannot be evaluated, which the map says in words.
DEFINITIONS = {2: range(1, 5), 3: range(1, 13), 4: range(2, 8)}


def section(title: str) -> str:
    """The text between a heading of second order and the next."""
    _, _, rest = TEXT.partition(f"\n## {title}\n")
    assert rest, f"there is no section {title}"
    return rest.partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Cells of the rows of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def resolved(name: str):
    """What a dotted name of the public face means: `mbh.Plane.through`, `plots.regions`."""
    first, *parts = name.removeprefix("mbh.").split(".")
    return reduce(getattr, parts, getattr(mbh, first))


def named(cell: str) -> tuple[str, Path]:
    """Name and file of a cell such as [`mbh.Plane`](mbh_utils/regions/planes.py)."""
    name, file = re.fullmatch(r"\[`([\w.]+)`\]\(([\w./]+)\)", cell).groups()
    return name, ROOT / file


def file_of(found) -> Path:
    """The file in which something is written."""
    return Path(inspect.getsourcefile(inspect.unwrap(getattr(found, "fget", None) or found)))


THESIS = rows("From the thesis to the code")


def test_every_definition_and_algorithm_has_its_line():
    items = [item for item, _ in THESIS]
    expected = [f"Definition {c}.{n}," for c, numbers in DEFINITIONS.items() for n in numbers]
    expected += [f"Algorithm {n}," for n in (1, 2, 3)]
    for start in expected:
        assert sum(item.startswith(start) for item in items) == 1, start
    assert "Definition 4.1 (perfect specialization) has no function" in TEXT


@pytest.mark.parametrize("item, cell", THESIS)
def test_a_thing_of_the_thesis_is_one_public_name_that_says_so(item, cell):
    name, file = named(cell)
    found = resolved(name)
    assert file_of(found) == file
    if reference := re.match(r"(Definition|Algorithm) [\d.]*\d", item):
        assert re.search(rf"\b{reference[0]}\b(?!\.\d)", " ".join(inspect.getdoc(found).split())), (
            f"the docstring of {name} does not name {reference[0]}"
        )


def test_every_figure_has_its_line_in_the_order_of_the_chapters():
    expected = [
        [chapters.label(figure), f"[{chapter.name}](notebooks/{chapter.name}.ipynb)"]
        for chapter in chapters.CHAPTERS
        for figure in chapter.figures
    ]
    assert [row[:2] for row in rows("From a figure to its code")] == expected


def test_the_functions_of_figures_are_those_that_the_committed_manifest_names():
    noted = json.loads((paths.PROJECT / "figures" / "paper" / "manifest.json").read_text())
    assert list(noted["figures"]) == list(chapters.figure_index()), "make figures PROFILE=paper"
    for label, _, cell in rows("From a figure to its code"):
        function = noted["figures"][chapters.figure_id(f"own {label}")]["function"]
        if cell == "its cell":
            assert function.startswith("cell In"), label
            continue
        name, file = named(cell)
        assert file_of(resolved(name)) == file, label
        assert function.split(".")[-1] == name.split(".")[-1], label


def test_every_room_has_its_line_and_a_file_to_open_first():
    listed = {room.strip("`") for room, *_ in rows("Rooms")}
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    rooms = {f"{folder.relative_to(ROOT).as_posix()}/" for folder in folders}
    rooms -= {"mbh_utils/networks/reading/operations/"}  # the map of its parent names it
    assert listed == rooms | {"mbh_utils/errors.py"}


def test_every_link_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, flags=re.MULTILINE)
    }
    targets = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (ROOT / target).exists(), target


def test_every_file_begins_with_what_it_is_for():
    for path in PACKAGE.rglob("*.py"):
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert re.match(r".{10,}?[.:?!](\s|$)", words, flags=re.DOTALL), path


def test_no_file_is_too_long_to_read():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path


def test_the_recipe_for_a_measure_names_what_there_is():
    recipe = section("Recipes")
    assert 'register(Measure("its name"' in recipe and "`compute(subject, **options)`" in recipe
    fields = inspect.signature(measures.Measure).parameters
    assert list(fields)[:3] == ["name", "columns", "compute"] and callable(measures.register)


def figure_rows() -> list[str]:
    """The lines that "From a figure to its code" must have, by the committed manifest."""
    noted = json.loads((paths.PROJECT / "figures" / "paper" / "manifest.json").read_text())
    return [_figure_row(figure, noted["figures"][figure]) for figure in chapters.figure_index()]


def _figure_row(figure: str, facts: dict) -> str:
    chapter = chapters.figure_index()[figure]
    notebook = f"[{chapter}](notebooks/{chapter}.ipynb)"
    return f"| {chapters.label(figure)} | {notebook} | {_function_cell(facts['function'])} |"


def _function_cell(function: str) -> str:
    if function.startswith("cell In"):
        return "its cell"
    module, _, name = function.rpartition(".")
    if not module.startswith("mbh_utils."):
        module = f"mbh_utils.{module}"
    file = file_of(getattr(importlib.import_module(module), name))
    shown = ".".join([*_public_path(module), name])
    return f"[`{shown}`]({file.relative_to(ROOT)})"


def _public_path(module: str) -> list[str]:
    """Rooms by which a function is public: plots, figures and the chapter, or the first one."""
    parts = module.split(".")[1:]
    if parts[0] == "explorers":
        return ["widgets"]
    return parts if parts[:2] == ["plots", "figures"] else parts[:1]


def rewrite_figure_rows() -> None:
    """Write the table anew: `python tests/test_map.py` after `make figures PROFILE=paper`."""
    title = "From a figure to its code"
    body = section(title)
    old = [line for line in body.splitlines() if line.startswith("|")][2:]
    head, _, _ = body.partition(old[0])
    _, _, tail = body.partition(old[-1])
    new = head + "\n".join(figure_rows()) + tail
    (ROOT / "CONTRIBUTING.md").write_text(TEXT.replace(body, new), encoding="utf-8")


if __name__ == "__main__":
    rewrite_figure_rows()
