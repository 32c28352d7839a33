"""What a figure was made of: versions, commit, data, and the notes in which chapters say so.

Each chapter that finishes writes a note, ``chapters/<chapter>.json``; ``manifest.json`` gathers
the notes of a profile's folder.
"""

import hashlib
import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mbh_utils import datasets, experiments
from mbh_utils.computing import paths
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.version import __version__
from mbh_utils.workbook import chapters
from mbh_utils.workbook.chapters import Declaration

#: Libraries whose version is part of what a figure was made with.
LIBRARIES = ("torch", "numpy", "numba", "scikit-learn", "matplotlib")

#: What a commit has to agree with for a figure to be its work.
SOURCES = ("mbh_utils", "notebooks", "constraints.txt")


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that figures depend on.

    Examples
    --------
    >>> list(versions())
    ['python', 'mbh_utils', 'torch', 'numpy', 'numba', 'scikit-learn', 'matplotlib']
    """
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "mbh_utils": __version__, **libraries}


def commit() -> str | None:
    """The commit of this checkout, with '+dirty' if sources differ from it.

    Returns
    -------
    str or None
        None outside of a git checkout.
    """
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", *SOURCES)
        return _git("rev-parse", "HEAD") + ("+dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    """What git answers in the project's folder."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def data_checksums(profile: str) -> dict[str, str]:
    """Data set -> checksum of its content, for the data sets that a profile reads.

    Examples
    --------
    >>> [(name, len(checksum)) for name, checksum in data_checksums("quick").items()]
    [('digits8', 64)]
    """
    return {name: datasets.load(name).checksum for name in experiments.PROFILES[profile].datasets}


# ---------------------------------------------------------------- hash of plotted data


def digest(data) -> str:
    """The sha256 of plotted data.

    Parameters
    ----------
    data : array, tensor, data frame, series, index, number, str, None, dict or list
        What is plotted; dicts, lists and tuples may hold all of these.

    Returns
    -------
    str
        64 hexadecimal digits. Equal values of equal type give equal digests on every machine.

    Raises
    ------
    MBHError
        For anything else, which has no value of its own that could be hashed.

    Examples
    --------
    >>> digest({"x": [1, 2]}) == digest({"x": (1, 2)})
    True
    >>> digest([1, 2]) == digest([1.0, 2.0])
    False
    """
    hasher = hashlib.sha256()
    _feed(hasher, data)
    return hasher.hexdigest()


def _mark(hasher, text: str) -> None:
    """Feed words that tell one kind of data from another."""
    hasher.update(text.encode() + b"\0")


def _feed(hasher, data) -> None:
    """Feed data of any kind that can be hashed."""
    if isinstance(data, torch.Tensor):
        data = data.detach().cpu().numpy()
    if data is None or isinstance(data, bool | int | float | str | np.generic):
        _mark(hasher, f"{type(data).__name__} {data!r}")
    elif isinstance(data, np.ndarray) and data.dtype != object:
        _mark(hasher, f"array {data.dtype.str} {data.shape}")
        hasher.update(np.ascontiguousarray(data).tobytes())
    elif isinstance(data, pd.DataFrame):
        _feed_table(hasher, data)
    elif isinstance(data, pd.Series | pd.Index):
        _feed_table(hasher, pd.DataFrame({"values": data}))
    elif isinstance(data, dict):
        _mark(hasher, f"dict {len(data)}")
        for key, value in data.items():
            _mark(hasher, f"key {key!r}")
            _feed(hasher, value)
    elif isinstance(data, list | tuple | np.ndarray):
        _mark(hasher, f"list {len(data)}")
        for value in data:
            _feed(hasher, value)
    else:
        raise MBHError(
            f"plotted data of type {type(data).__name__} cannot be hashed: give arrays, "
            "data frames, numbers, text, or dicts and lists of them"
        )


def _feed_table(hasher, table: pd.DataFrame) -> None:
    """Feed the names and values of a table's columns; its index does not count."""
    _mark(hasher, f"table {table.shape}")
    for name, column in table.items():
        _mark(hasher, f"column {name}")
        if isinstance(column.dtype, np.dtype) and column.dtype != object:
            _feed(hasher, column.to_numpy())
        else:
            _feed(hasher, [None if pd.isna(value) else str(value) for value in column])


def file_digest(path: Path) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---------------------------------------------------------------- notes of the chapters


def write_json(path: Path, content: dict) -> None:
    """Write a readable JSON file, whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    with atomic(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def fragment_path(folder: Path, chapter: str) -> Path:
    """Where a chapter notes what it wrote."""
    return folder / "chapters" / f"{chapter}.json"


def read_fragment(folder: Path, chapter: str) -> dict | None:
    """What a chapter noted when it last finished.

    Parameters
    ----------
    folder : Path
        The folder of one profile's figures.
    chapter : str
        The chapter's name.

    Returns
    -------
    dict or None
        None if it never finished, or if its note cannot be read.
    """
    try:
        noted = json.loads(fragment_path(folder, chapter).read_text(encoding="utf-8"))
        figures = noted["figures"]
        sound = isinstance(figures, dict) and all(isinstance(one, dict) for one in figures.values())
        return noted if sound else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def missing_figures(chapter: Declaration, folder: Path, noted: dict) -> list[str]:
    """Ids of the declared figures that are not in the folder as the chapter noted them."""
    return [
        figure_id
        for figure_id in chapter.figures
        if not _is_as_noted(folder / f"{figure_id}.png", noted["figures"].get(figure_id))
    ]


def _is_as_noted(picture: Path, entry) -> bool:
    """Whether a picture has the content that its entry in a note tells of."""
    try:
        return file_digest(picture) == entry["png_sha256"]
    except (OSError, KeyError, TypeError):  # not there, or not to be read; not noted
        return False


def write_manifest(folder: Path, profile: str) -> None:
    """Gather what the chapters noted into ``manifest.json``.

    Parameters
    ----------
    folder : Path
        The folder of one profile's figures.
    profile : str
        The profile's name.
    """
    figures = {}
    noted_chapters = {}
    for name in (chapter.name for chapter in chapters.CHAPTERS):
        noted = read_fragment(folder, name)
        if not noted:
            continue
        shared = {key: noted.get(key) for key in ("parameters", "data", "versions", "commit")}
        for figure_id, entry in noted.pop("figures").items():
            figures[figure_id] = {"chapter": name, **entry, **shared}
        noted_chapters[name] = noted
    content = {"profile": profile, "figures": figures, "chapters": noted_chapters}
    write_json(folder / "manifest.json", content)
