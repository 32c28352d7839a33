"""Fixtures for the whole suite: no test touches the folders of the person who runs it."""

import matplotlib
import nbformat
import pytest
from hypothesis import settings

from mbh_utils.computing import paths
from mbh_utils.workbook import chapter as workbook

# How long an example takes depends on what else the machine does, compiling for the first time above all.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def folders_of_the_suite(tmp_path_factory):
    """Figures and computed results of all tests go to a temporary place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MBH_FIGURES", str(tmp_path_factory.mktemp("figures")))
        patch.setenv("MBH_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setenv("MPLBACKEND", "Agg")
        yield


@pytest.fixture(autouse=True)
def style_of_the_test():
    """A chapter sets the style of all figures; the next test starts without it."""
    with matplotlib.rc_context():
        yield


class SmallWorkbook:
    """A workbook of throw-away chapters in a temporary folder, which the runner takes for the real one."""

    def __init__(self, folder, monkeypatch):
        self.notebooks, self.figures = folder / "notebooks", folder / "figures"
        self.notebooks.mkdir()
        self.chapters = ()
        self.patch = monkeypatch
        monkeypatch.setenv("MBH_FIGURES", str(self.figures))
        monkeypatch.setattr(paths, "notebooks_folder", lambda: self.notebooks)
        monkeypatch.setattr(workbook, "CHAPTERS", ())

    @property
    def quick(self):
        """Where the figures of profile quick land."""
        return self.figures / "quick"

    def add(
        self,
        name,
        *cells,
        figures=("fig-1-1",),
        parameters='profile = "quick"  # size\nseed = 0',
        tags=("parameters",),
    ):
        """Declare a chapter and write its notebook: parameters, opening, the ``cells``, finish()."""
        self.chapters += (workbook.Declaration(name, f"Title of {name}", tuple(figures), ()),)
        self.patch.setattr(workbook, "CHAPTERS", self.chapters)
        self.write(name, *cells, parameters=parameters, tags=tags)

    def write(
        self, name, *cells, parameters='profile = "quick"  # size\nseed = 0', tags=("parameters",)
    ):
        """Write (or change) a chapter's notebook."""
        v4 = nbformat.v4
        declared = ", ".join(f"workbook.{c!r}" for c in self.chapters)
        sources = [
            "import sys\nimport matplotlib.pyplot as plt\nfrom mbh_utils.workbook import chapter as workbook\n"
            f"workbook.CHAPTERS = ({declared},)",
            parameters,
            f"chapter = workbook.open_chapter({name!r}, profile=profile, seed=seed)",
            *cells,
            "chapter.finish()",
        ]
        notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
        notebook.cells[1].metadata["tags"] = list(tags)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.notebooks / f"{name}.ipynb")


@pytest.fixture
def small_workbook(tmp_path, monkeypatch):
    """An empty workbook to which a test adds chapters."""
    return SmallWorkbook(tmp_path, monkeypatch)
