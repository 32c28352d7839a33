"""Notebooks as editors write them, and notebooks that are none."""

import json

import nbformat
import pytest
from throwaway import run, save

from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters
from mbh_utils.workbook.freshness import freshness_key
from mbh_utils.workbook.parameters import check_parameters
from mbh_utils.workbook.sources import read_notebook

METADATA = [
    {},
    {"language_info": {"name": "python"}},
    {"kernelspec": {"name": "python3"}},
    {
        "kernelspec": {"name": "conda-env-x-py", "display_name": "x", "language": "python"},
        "language_info": {},
    },
    {"kernelspec": {"display_name": "Python 3"}, "language_info": {"codemirror_mode": "python"}},
    {"kernelspec": None, "language_info": None},
    {"kernelspec": {}, "vscode": {"interpreter": {"hash": "0"}}},
    None,
]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_that_editors_leave_out_do_not_matter(small_workbook, metadata):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    content = json.loads(path.read_text())
    content["metadata"] = metadata
    for cell in content["cells"]:
        if not cell["metadata"]:
            del cell["metadata"]
    path.write_text(json.dumps(content))
    given = {"profile": "quick", "seed": 0}
    check_parameters(path, given)
    with pytest.raises(MBHError, match="has no parameter 'nope'"):
        check_parameters(path, {"nope": 1})
    assert freshness_key(chapters.CHAPTERS[0], given)
    if metadata in METADATA[::3]:  # executed, too
        report = run()
        assert report.ok, report.told
        copy = nbformat.read(small_workbook.quick / "chapters" / "01_good.ipynb", as_version=4)
        assert copy.metadata.kernelspec.language == "python"
        assert all(cell.execution_count for cell in copy.cells)


def test_missing_and_damaged_notebooks(small_workbook):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    path.write_text(path.read_text()[:200])
    with pytest.raises(MBHError, match=r"01_good.ipynb is not a notebook that can be read"):
        run()
    path.unlink()
    with pytest.raises(MBHError, match=r"01_good.ipynb is missing"):
        run()


@pytest.mark.parametrize(
    "change",
    [
        lambda cells: cells[0]["metadata"].update(tags=5),
        lambda cells: cells[0].pop("source"),
        lambda cells: cells[0].update(source=5),
        lambda cells: cells.append({"cell_type": "weird", "metadata": {}, "source": ""}),
    ],
)
def test_a_notebook_that_is_ill_inside_of_a_cell_is_named(small_workbook, change):
    small_workbook.add("01_first")
    path = small_workbook.notebooks / "01_first.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["cells"])
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MBHError, match="01_first.ipynb is not a notebook that can be read"):
        read_notebook(path)
