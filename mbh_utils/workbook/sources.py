"""The chapters' notebooks as they are written: where they lie, and how they are read."""

import json
from pathlib import Path

import nbformat

from mbh_utils.computing import paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook.chapters import Declaration
from mbh_utils.workbook.folder import shown

_KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def source_path(chapter: Declaration) -> Path:
    """The chapter's notebook among the sources."""
    return paths.notebooks_folder() / f"{chapter.name}.ipynb"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook.

    Parameters
    ----------
    path : Path
        The notebook's file.

    Returns
    -------
    nbformat.NotebookNode
        The notebook. What editors leave out, or write otherwise, is filled in: chapters are
        Python, whatever the metadata say.

    Raises
    ------
    MBHError
        If the file is missing or is no notebook.

    Examples
    --------
    >>> from mbh_utils.workbook import chapters
    >>> notebook = read_notebook(source_path(chapters.declaration("4")))
    >>> notebook.metadata.kernelspec.name
    'python3'
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        for part in (content, *content.get("cells", ())):
            part["metadata"] = part.get("metadata") or {}
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        for number, cell in enumerate(notebook.cells, start=1):
            _check_cell(number, cell)
        _fill_in_language(notebook.metadata)
        return notebook
    except FileNotFoundError as error:
        raise MBHError(
            f"notebook {shown(path)} is missing: restore it (git checkout -- notebooks)"
        ) from error
    except Exception as error:  # nbformat raises several kinds of its own, json others
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise MBHError(f"{shown(path)} is not a notebook that can be read ({reason})") from error


def _check_cell(number: int, cell: nbformat.NotebookNode) -> None:
    """Raise ValueError for a cell that cannot be executed or shown."""
    known = cell.get("cell_type") in ("code", "markdown", "raw")
    if not known or not isinstance(cell.get("source"), str):
        raise ValueError(f"cell {number} has no source, or is no cell of code or text")
    if not isinstance(cell.metadata.get("tags") or [], list):
        raise ValueError(f"the tags of cell {number} are no list")


def _fill_in_language(metadata: nbformat.NotebookNode) -> None:
    """Say that the notebook is written in Python, where its metadata do not."""
    spec = metadata.get("kernelspec")
    if not isinstance(spec, dict) or not {"name", "language"} <= spec.keys():
        metadata.kernelspec = nbformat.from_dict(_KERNELSPEC)
    language = metadata.get("language_info")
    if not isinstance(language, dict) or not language.get("name"):
        metadata.language_info = nbformat.from_dict({"name": "python"})


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """A cell's tags."""
    return list(cell.metadata.get("tags") or [])
