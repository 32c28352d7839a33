"""Fixtures for the whole suite: no test touches the folders of the person who runs it."""

import matplotlib
import nbformat
import pytest
from hypothesis import settings

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters

# How long an example takes depends on what else the machine does, compiling above all.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_terminal_summary(terminalreporter):
    """Say loudly that the tests in a browser did not run, where they did not."""
    skipped = [str(r.longrepr) for r in terminalreporter.stats.get("skipped", [])]
    count = sum("no Chromium" in reason for reason in skipped)
    if count:
        words = f"{count} tests in a browser did NOT run: install Chromium (apt install chromium)"
        terminalreporter.write_line(words, red=True, bold=True)


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


#: The first cell of a throw-away chapter, which then takes ``CHAPTERS`` from the test.
IMPORTS = """import sys
import matplotlib.pyplot as plt
import mbh_utils as mbh
from mbh_utils.workbook import chapters
"""
PARAMETERS = 'profile = "quick"  # size\nseed = 0'


class SmallWorkbook:
    """Throw-away chapters in a temporary folder, which the runner takes for the real ones."""

    def __init__(self, folder, monkeypatch):
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        self.figures = folder / "figures"
        self.chapters = ()
        self.patch = monkeypatch
        monkeypatch.setenv("MBH_FIGURES", str(self.figures))
        monkeypatch.setattr(paths, "notebooks_folder", lambda: self.notebooks)
        monkeypatch.setattr(chapters, "CHAPTERS", ())

    @property
    def quick(self):
        """Where the figures of profile quick land."""
        return self.figures / "quick"

    def add(
        self,
        name,
        *cells,
        figures=("fig-1-1",),
        parameters=PARAMETERS,
        tags=("parameters",),
        experiments=(),
    ):
        """Declare a chapter and write its notebook: parameters, opening, ``cells``, finish()."""
        title = f"Title of {name}"
        self.chapters += (chapters.Declaration(name, title, tuple(figures), experiments),)
        self.patch.setattr(chapters, "CHAPTERS", self.chapters)
        self.write(name, *cells, parameters=parameters, tags=tags)

    def write(self, name, *cells, parameters=PARAMETERS, tags=("parameters",)):
        """Write (or change) a chapter's notebook."""
        declared = ", ".join(f"chapters.{one!r}" for one in self.chapters)
        sources = [
            IMPORTS + f"chapters.CHAPTERS = ({declared},)",
            parameters,
            f"chapter = mbh.open_chapter({name!r}, profile=profile, seed=seed)",
            *cells,
            "chapter.finish()",
        ]
        new_cell = nbformat.v4.new_code_cell
        notebook = nbformat.v4.new_notebook(cells=[new_cell(source) for source in sources])
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
