"""Which chapters there are, which figures each one must write, and how a word names one of them.

``CHAPTERS`` is the index of the workbook: a figure that is not declared here cannot be saved, and a
declared one that is not saved is an error (see :mod:`mbh_utils.workbook.runner`).

This file imports nothing heavy, so that a command line can be checked before torch is loaded.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from mbh_utils.errors import MBHError

#: Where a figure is declared, for messages.
INDEX = "CHAPTERS in mbh_utils/workbook/chapters.py"


@dataclass(frozen=True)
class Declaration:
    """What one chapter is and what it must write.

    Parameters
    ----------
    name : str
        Name of its notebook, without the ending.
    title : str
        Its title.
    figures : tuple of str
        Ids of the figures that it must write.
    experiments : tuple of str
        The experiments whose tables or networks it reads.
    """

    name: str
    title: str
    figures: tuple[str, ...]
    experiments: tuple[str, ...]


CHAPTERS: tuple[Declaration, ...] = (
    Declaration(
        name="01_sparsity",
        title="Sparse networks and winning tickets",
        figures=("table-2-1", "fig-2-1", "fig-2-2"),
        experiments=("tickets",),
    ),
    Declaration(
        name="02_activation_regions",
        title="Activation regions",
        figures=("fig-3-1", "fig-3-2", "fig-3-3", "fig-3-4b", "fig-3-5", "fig-5-1"),
        experiments=("grid",),
    ),
    Declaration(
        name="03_specialization",
        title="Specialization",
        figures=("fig-4-1", "fig-4-2", "fig-4-3", "fig-4-4", "fig-4-5", "fig-c-1"),
        experiments=("toy",),
    ),
    Declaration(
        name="04_mbh",
        title="Minimal blankets and their hypervolume",
        figures=("fig-1-1", "fig-4-6", "fig-6-5", "fig-b-1", "fig-b-2", "widget-4-1"),
        experiments=("grid",),
    ),
    Declaration(
        name="05_experiments",
        title="The experiments",
        figures=("fig-6-1", "fig-6-2", "fig-6-3", "fig-6-4", "fig-6-6", "fig-6-7", "fig-6-9"),
        experiments=("grid",),
    ),
)


def pick(word: str, known: Iterable[str], kind: str) -> str:
    """The known name that a word is, begins, or numbers.

    Parameters
    ----------
    word : str
        What somebody typed: a name, its beginning, or a chapter's number.
    known : iterable of str
        The names to choose from.
    kind : str
        What they are names of, for the message.

    Returns
    -------
    str
        The one name that is meant.

    Raises
    ------
    MBHError
        If the word means none of the names, or more than one; it suggests the nearest name.

    Examples
    --------
    >>> pick("pap", ["quick", "draft", "paper"], "profile")
    'paper'
    >>> pick("2", ["01_sparsity", "02_activation_regions"], "chapter")
    '02_activation_regions'
    >>> pick("quik", ["quick", "draft"], "profile")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: profile 'quik' is unknown: did you mean 'quick'? ...
    """
    word = str(word).strip()
    known = list(known)
    if word in known:
        return word
    start = f"{word:0>2}_" if word.isdigit() else word
    matches = [name for name in known if start and name.startswith(start)]
    if len(matches) != 1:
        raise MBHError(f"{kind} {word!r} {_is_unknown(word, known)}")
    return matches[0]


def _is_unknown(word: str, known: Iterable[str]) -> str:
    """The end of a message on an unknown word: the nearest name, and all names."""
    close = difflib.get_close_matches(word, known, n=1)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return f"is unknown: {suggestion}there are {', '.join(known)}"


def declaration(name: str) -> Declaration:
    """The chapter with this name.

    Parameters
    ----------
    name : str
        The chapter's name, the beginning of it, or its number.

    Returns
    -------
    Declaration
        What the chapter must write.

    Raises
    ------
    MBHError
        If no chapter, or more than one, is meant; it names those that exist.

    Examples
    --------
    >>> declaration("4").title
    'Minimal blankets and their hypervolume'
    """
    name = pick(name, (chapter.name for chapter in CHAPTERS), "chapter")
    return next(chapter for chapter in CHAPTERS if chapter.name == name)


def figure_index() -> dict[str, str]:
    """Which chapter writes which figure.

    Returns
    -------
    dict of str to str
        Figure id -> name of the chapter that writes it, in the order of the chapters.

    Examples
    --------
    >>> figure_index()["fig-6-3"]
    '05_experiments'
    """
    return {figure: chapter.name for chapter in CHAPTERS for figure in chapter.figures}


def figure_id(word: str) -> str:
    """The id of the declared figure that a word means.

    Parameters
    ----------
    word : str
        An id, or a figure's number as the thesis writes it.

    Returns
    -------
    str
        The figure's id.

    Raises
    ------
    MBHError
        If no chapter declares such a figure; it suggests the nearest id.

    Examples
    --------
    >>> figure_id("Fig. 6.3"), figure_id("6.3"), figure_id("Table 2.1")
    ('fig-6-3', 'fig-6-3', 'table-2-1')
    """
    spaced = str(word).lower().replace("figure", "fig").replace(".", " ").replace("-", " ")
    plain = "-".join(spaced.split())
    index = figure_index()
    if plain not in index and not plain.startswith("fig-"):
        plain = f"fig-{plain}"
    if plain not in index:
        raise MBHError(f"figure {word!r} {_is_unknown(plain, index)}")
    return plain


def label(figure_id: str) -> str:
    """What the thesis calls a figure.

    Parameters
    ----------
    figure_id : str
        Id of a figure.

    Returns
    -------
    str
        Its kind and number.

    Examples
    --------
    >>> label("fig-b-1"), label("table-2-1")
    ('Figure B.1', 'Table 2.1')
    """
    kind, number = figure_id.replace("fig-", "figure-").split("-", 1)
    return f"{kind.capitalize()} {number.replace('-', '.').capitalize()}"


def check_seed(seed: int) -> None:
    """Raise MBHError for what is no seed of a chapter.

    A seed is a whole number from 0 on, and below 2**63: tables keep it as a 64-bit integer.
    """
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise MBHError(f"seed must be a whole number from 0 on and below 2**63, got {seed!r}")
