"""Whether a chapter has to be executed again: the key that stands for all its figures depend on."""

import json
from pathlib import Path

from mbh_utils import experiments
from mbh_utils.workbook import provenance
from mbh_utils.workbook.chapters import Declaration
from mbh_utils.workbook.sources import read_notebook, source_path, tags


def freshness_key(chapter: Declaration, given: dict) -> str:
    """Hash of everything a chapter's figures depend on.

    Parameters
    ----------
    chapter : Declaration
        The chapter.
    given : dict
        The values for its parameters cell, the profile among them.

    Returns
    -------
    str
        A hash of the notebook's cells (not of their outputs), the figures it declares, all code of
        this package, the parameters, the tables it reads, the committed networks, and the versions
        of the libraries.

    Raises
    ------
    MBHError
        If the notebook cannot be read.

    Examples
    --------
    >>> from mbh_utils.workbook import chapters
    >>> chapter = chapters.declaration("4")
    >>> key = freshness_key(chapter, {"profile": "quick", "seed": 0})
    >>> key == freshness_key(chapter, {"profile": "quick", "seed": 1})
    False
    """
    notebook = read_notebook(source_path(chapter))
    cells = [(cell.cell_type, cell.source, tags(cell)) for cell in notebook.cells]
    read = [*chapter.experiments, *chapter.judges, "networks"]
    results = experiments.results_checksums(read, given["profile"])
    versions = provenance.versions()
    return provenance.digest([cells, chapter.figures, _code(), given, results, versions])


def _code() -> dict[str, str]:
    """File of this package that may change a figure -> digest of its content."""
    package = Path(__file__).parents[1]
    sources = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".mplstyle"))
    return {path.relative_to(package).as_posix(): provenance.file_digest(path) for path in sources}


def is_fresh(chapter: Declaration, folder: Path, key: str) -> bool:
    """Whether nothing has to be done for a chapter.

    Parameters
    ----------
    chapter : Declaration
        The chapter.
    folder : Path
        The folder of one profile's figures.
    key : str
        What :func:`freshness_key` gives now.

    Returns
    -------
    bool
        Whether its figures are there as a run with this key wrote them, and its executed copy.

    Examples
    --------
    >>> from mbh_utils.workbook import chapters
    >>> is_fresh(chapters.declaration("4"), Path("/nowhere"), "0" * 64)
    False
    """
    noted = provenance.read_fragment(folder, chapter.name)
    if noted is None or noted.get("key") != key:
        return False
    if provenance.missing_figures(chapter, folder, noted):
        return False
    try:
        copy = json.loads((folder / "chapters" / f"{chapter.name}.ipynb").read_bytes())
        return bool(copy["cells"])
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
        return False
