"""How a word names a chapter or a figure, and which number a figure has.

Which chapters and figures there are is declared in ``index.py``.

**Ids and numbers.** An id never changes: it names the file. Figures of the thesis have its number
(``fig-6-3``, ``table-a-1``), their twins in the input box ``-box`` behind it (``fig-6-3-box``), and
figures of our own have words (``ticket-iterations``; a table's begin with ``table-``). Numbers
follow from the order in which ``CHAPTERS`` declares: :func:`label` counts the figures of a chapter,
and its tables by themselves.

This file imports nothing heavy, so that a command line can be checked before torch is loaded.
"""

import difflib
import re
from collections.abc import Iterable

from mbh_utils.errors import MBHError
from mbh_utils.workbook.index import CHAPTERS, Declaration

#: Where a figure is declared, for messages.
INDEX = "CHAPTERS in mbh_utils/workbook/index.py"

#: The id of what the thesis has: its kind, the two parts of its number, and our twin's mark.
_THESIS_ID = re.compile(r"(fig|table)-([1-9]|[a-e])-(\d+[a-z]?)(-box)?")


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


def _is_unknown(word: str, known: Iterable[str], suggestion: str = "") -> str:
    """The end of a message on an unknown word: a suggestion, or the nearest name; and all names."""
    if not suggestion and (close := difflib.get_close_matches(word, known, n=1)):
        suggestion = f"did you mean {close[0]!r}? "
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
        An id; or a number: a plain one is the thesis's (``6.3``), and ``own 5.3`` or ``own-5.3``
        is ours. With a kind (``Figure 5.3``, ``Table 2.1``) it may be either, if it is not both.

    Returns
    -------
    str
        The figure's id.

    Raises
    ------
    MBHError
        If no chapter declares such a figure; it suggests the nearest id. Also if the number is that
        of one figure here and of another one in the thesis; it names both.

    Examples
    --------
    >>> figure_id("6.3"), figure_id("thesis's Figure 6.3"), figure_id("own 1.1")
    ('fig-6-3', 'fig-6-3', 'fig-2-1')
    >>> figure_id("Figure 1.1 (thesis: Figure 2.1)")  # a whole label
    'fig-2-1'
    """
    index = figure_index()
    word = str(word).strip()
    if word in index:
        return word
    sense, key = _read(word)
    own = {_read(own_label(each))[1]: each for each in index}.get(key)
    thesis = key if key in index else None
    if sense == "" and own and thesis and own != thesis:
        raise MBHError(
            f"figure {word!r} may be {thesis!r}, {label(thesis)}, or {own!r}, {label(own)}: "
            "give the id"
        )
    if found := {"own": own, "thesis": thesis, "number": thesis}.get(sense, thesis or own):
        return found
    meant = f"did you mean 'own {word}' ({own})? " if own and sense == "number" else ""
    raise MBHError(f"figure {word!r} {_is_unknown(key, index, meant)}")


def _read(word: str) -> tuple[str, str]:
    """Whose number a word gives ("own", "thesis", "" if it does not say), and kind and number.

    A number without a kind is the "number" of a figure. A label with the thesis's in brackets
    begins with our own.
    """
    before, bracket, _ = word.lower().replace("figure", "fig").partition("(")
    first, *others = re.split(r"[\s.-]+", before.strip(" .-"))
    sense = "own" if bracket else ""
    if first in ("own", "thesis", "thesis's"):
        sense = first.removesuffix("'s")
        first, *others = others or [""]
    if first not in ("fig", "table"):
        return sense or "number", "-".join(["fig", first, *others])
    return sense, "-".join([first, *others])


def label(figure_id: str) -> str:
    """What a figure is called here, with what the thesis calls it in brackets.

    Parameters
    ----------
    figure_id : str
        Id of a declared figure.

    Returns
    -------
    str
        Kind and number; a widget counts as a figure, tables are counted by themselves.

    Raises
    ------
    MBHError
        If no chapter declares such a figure.

    Examples
    --------
    >>> label("fig-2-1"), label("table-2-1")
    ('Figure 1.1 (thesis: Figure 2.1)', 'Table 1.1 (thesis: Table 2.1)')
    """
    thesis = thesis_label(figure_id)
    twin = ", here in the input box" if figure_id.endswith("-box") else ""
    return own_label(figure_id) + (f" (thesis: {thesis}{twin})" if thesis else "")


def own_label(figure_id: str) -> str:
    """What a figure is called here: its chapter's number, and its position among its kind.

    Parameters
    ----------
    figure_id : str
        Id of a declared figure.

    Returns
    -------
    str
        Kind and number.

    Raises
    ------
    MBHError
        If no chapter declares such a figure.

    Examples
    --------
    >>> own_label("fig-2-1")
    'Figure 1.1'
    """
    index = figure_index()
    if figure_id not in index:
        raise MBHError(f"figure {figure_id!r} {_is_unknown(str(figure_id), index)}")
    chapter = declaration(index[figure_id])
    alike = [each for each in chapter.figures if _kind(each) == _kind(figure_id)]
    return f"{_kind(figure_id)} {chapter.number}.{alike.index(figure_id) + 1}"


def thesis_label(figure_id: str) -> str:
    """What the thesis calls a figure, or the figure of which it is a twin.

    Parameters
    ----------
    figure_id : str
        Id of a figure.

    Returns
    -------
    str
        Kind and number; "" for a figure of our own.

    Examples
    --------
    >>> thesis_label("fig-b-1"), thesis_label("fig-6-3-box"), thesis_label("ticket-iterations")
    ('Figure B.1', 'Figure 6.3', '')
    """
    match = _THESIS_ID.fullmatch(figure_id)
    return f"{_kind(figure_id)} {match[2].upper()}.{match[3]}" if match else ""


def _kind(figure_id: str) -> str:
    """How a figure is called; the id of a table says that it is one."""
    return "Table" if figure_id.startswith("table-") else "Figure"


def check_seed(seed: int) -> None:
    """Raise MBHError for what is no seed of a chapter.

    A seed is a whole number from 0 on, and below 2**63: tables keep it as a 64-bit integer.
    """
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise MBHError(f"seed must be a whole number from 0 on and below 2**63, got {seed!r}")
