"""Where each item of the thesis is found in the workbook: its figures, definitions and the rest.

``ITEMS`` lists what the thesis numbers. A figure's place follows from the chapter that declares it;
a definition, lemma or algorithm is in the first section of its chapter that names it, which is
looked up in the notebooks, so that headings may change. The thesis's claims have no numbers there:
they are grouped by subject, and their places are the figures that show them.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd

from mbh_utils.claims import CLAIMS, THESIS
from mbh_utils.workbook import chapters
from mbh_utils.workbook.sources import read_notebook, source_path

#: Columns of the concordance.
COLUMNS = ("item", "title", "chapter", "place", "link", "function")


@dataclass(frozen=True)
class Item:
    """One numbered item of the thesis.

    Parameters
    ----------
    kind : str
        "Figure", "Table", "Definition", "Lemma", "Theorem", "Conjecture" or "Algorithm".
    number : str
        Its number in the thesis.
    title : str
        What it is, in a few words of our own.
    chapter : str, default ""
        The chapter that tells it; of figures and tables, the one that declares them.
    function : str, default ""
        The public function that computes it.
    cited : str, default ""
        Why it is only cited: there is nothing of it here.
    """

    kind: str
    number: str
    title: str
    chapter: str = ""
    function: str = ""
    cited: str = ""

    @property
    def name(self) -> str:
        """What the thesis calls it."""
        return f"{self.kind} {self.number}"

    @property
    def figure_id(self) -> str:
        """The id of our figure or table; "" for other items and for what is only cited."""
        kind = {"Figure": "fig", "Table": "table"}.get(self.kind)
        return f"{kind}-{self.number.lower().replace('.', '-')}" if kind and not self.cited else ""


def _items(kind: str, *rows: tuple) -> tuple[Item, ...]:
    return tuple(Item(kind, *row) for row in rows)


_DEY = "measured by others (Dey et al., 2019), on another network; our own is the part b"

_SPARSITY, _REGIONS, _CONCEPT, _MBH = (
    "01_sparsity",
    "02_activation_regions",
    "03_specialization",
    "04_mbh",
)

FIGURES: tuple[Item, ...] = (
    *_items(
        "Figure",
        ("1.1", "a plane cut by a dense and a sparse network of equal size, with one blanket each"),
        ("2.1", "accuracy of winning tickets and random masks over density, untrained and trained"),
        ("2.2", "connections that are left at each pixel, random and by magnitude"),
        ("3.1", "an activation pattern, a decision pattern and a layer pattern"),
        ("3.2", "bent hyperplanes of six neurons in three layers"),
        ("3.3", "a subnetwork's regions and their union"),
        ("3.4a", "accuracy over density of three hidden layers", "", "", _DEY),
        ("3.4b", "accuracy over density, with lines of equal parameters"),
        ("3.5", "regions per area over density"),
        ("4.1", "samples of three phenomena"),
        ("4.2", "a specialized and an unspecialized network with the same answers"),
        ("4.3", "coverage of one class by four subnetworks of two neurons"),
        ("4.4", "an image, and a point of the input space where it is none any more"),
        ("4.5", "decision boundary and hyperplanes of a network on XOR with outliers"),
        ("4.6", "minimal blankets of two classes for four minimum coverages"),
        ("5.1", "a plane cut by one network, before and after training"),
        ("6.1", "the fourteen set-ups by density and number of neurons"),
        ("6.2", "accuracy of the set-ups over density and over neurons"),
        ("6.3", "specialization of the set-ups over density and over neurons"),
        ("6.4", "accuracy over specialization"),
        ("6.5", "blankets of one class in three networks"),
        ("6.6", "specialization over minimum coverage"),
        ("6.7", "blankets of two classes, dense and sparse, for four minimum coverages"),
        ("6.8", "specialization and regions over the course of training"),
        ("6.9", "specialization before and after training"),
        ("6.10", "accuracy, specialization and regions over training at equal parameters"),
        ("6.11", "accuracy of three hidden layers"),
        ("6.12", "specialization and regions of two and of three hidden layers"),
        ("A.1", "accuracy over the course of training"),
        ("A.2", "accuracy and specialization on raw and on standardised images"),
        ("A.3", "number of regions on raw and on standardised images"),
        ("B.1", "blankets of all ten classes in a dense network"),
        ("B.2", "blankets of all ten classes in a sparse network"),
        ("C.1", "where the greedy search misses the smallest blanket"),
        ("D.1", "depth and leaves of decision trees on patterns"),
        ("D.2", "leaves of each class, classes 0 to 4"),
        ("D.3", "leaves of each class, classes 5 to 9"),
        ("E.1", "distinct activation patterns of 1,000 images"),
        ("E.2", "distinct patterns of a layer"),
    ),
    *_items(
        "Table",
        ("2.1", "ways to prune: when, what, by which criterion, how finally"),
        ("A.1", "sizes of the networks and settings of training"),
    ),
)

FORMAL: tuple[Item, ...] = (
    *_items(
        "Definition",
        ("2.1", "sparsity", _SPARSITY, "mbh.pruning.density"),
        ("2.2", "neuron", _SPARSITY, "mbh.patterns.preactivations"),
        ("2.3", "feed-forward layer", _SPARSITY, "mbh.hidden_layers"),
        ("2.4", "feed-forward network", _SPARSITY, "mbh.Network"),
        ("3.1", "activation status", _REGIONS, "mbh.activation_patterns"),
        ("3.2", "activation pattern", _REGIONS, "mbh.activation_patterns"),
        ("3.3", "decision pattern", _REGIONS, "mbh.DecisionPattern"),
        ("3.4", "layer pattern", _REGIONS, "mbh.layer_patterns"),
        ("3.5", "subnetwork", _REGIONS, "mbh.DecisionPattern"),
        ("3.6", "hyperplane", _REGIONS, "mbh.plots.bent_hyperplanes"),
        ("3.7", "bent hyperplanes", _REGIONS, "mbh.plots.bent_hyperplanes"),
        ("3.8", "activation region", _REGIONS, "mbh.Partition"),
        ("3.9", "non-empty activation regions", _REGIONS, "mbh.partition_input_space"),
        ("3.10", "activation of a subnetwork", _REGIONS, "mbh.DecisionPattern.satisfied_by"),
        ("3.11", "blanket", _CONCEPT, "mbh.Partition.blanket"),
        ("3.12", "support of a pattern", _CONCEPT, "mbh.DecisionPattern.support"),
        ("4.1", "perfect specialization", _CONCEPT),
        ("4.2", "trivial blanket", _CONCEPT, "mbh.Partition.blanket"),
        ("4.3", "minimal blanket", _CONCEPT, "mbh.Partition.blanket"),
        ("4.4", "maximal pattern", _CONCEPT, "mbh.maximal_pattern"),
        ("4.5", "specialization", _CONCEPT, "mbh.maximal_pattern"),
        ("4.6", "set of specialized subnetworks", _CONCEPT, "mbh.smallest_pattern"),
        ("4.7", "specialization measure s", _CONCEPT, "mbh.specialization"),
    ),
    *_items(
        "Lemma",
        ("3.1", "activation regions are convex", _REGIONS),
        ("3.2", "a subnetwork is active on a union of regions", _REGIONS),
        ("4.1", "s is defined for every network and phenomenon", _CONCEPT),
        ("4.2", "a minimal blanket has a positive volume", _CONCEPT),
        ("5.1", "a constraint more never enlarges a blanket", _CONCEPT),
        ("B.1", "at full coverage the minimal blanket is an intersection", _MBH),
    ),
    *_items(
        "Theorem",
        ("3.1", "upper bound on the number of regions (Raghu et al.)", _REGIONS),
        ("3.2", "upper bound on the number of regions (Serra et al.)", _REGIONS),
    ),
    *_items("Conjecture", ("2.1", "the lottery ticket hypothesis", _SPARSITY)),
    *_items(
        "Algorithm",
        ("1", "minimal blanket hypervolume (MBH)", _MBH, "mbh.specialization"),
        ("2", "partition the input space", _MBH, "mbh.partition_input_space"),
        ("3", "find the maximal pattern", _CONCEPT, "mbh.maximal_pattern"),
    ),
)

#: Every numbered item of the thesis.
ITEMS: tuple[Item, ...] = FIGURES + FORMAL


def concordance() -> pd.DataFrame:
    """Where each item of the thesis is found in the workbook.

    Returns
    -------
    pandas.DataFrame
        One row per figure, table, definition, lemma, theorem, conjecture and algorithm of the
        thesis and per group of its claims: item (what the thesis calls it), title, chapter, place
        (our figures with their numbers, or the heading of a section), link (the place in Markdown,
        with links to the chapters) and function.

    Raises
    ------
    MBHError
        If no chapter declares a figure, or a notebook cannot be read.

    Examples
    --------
    Its rows as they are shown in the last chapter::

        table = concordance()
        table.loc[table["item"] == "Figure 6.3", "link"]
    """
    known = {chapter.name: sections(chapter.name) for chapter in chapters.CHAPTERS}
    rows = [_figure_row(item) for item in FIGURES]
    rows += [_formal_row(item, known.get(item.chapter, {})) for item in FORMAL]
    of_thesis = [claim for claim in CLAIMS.values() if claim.source == THESIS]
    rows += [_claims_row(part) for part in dict.fromkeys(claim.part for claim in of_thesis)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def concordance_markdown() -> str:
    """The concordance as a table in Markdown, with links from chapter to chapter.

    Returns
    -------
    str
        A row per item.

    Raises
    ------
    MBHError
        As :func:`concordance`.

    Examples
    --------
    In a notebook::

        display(Markdown(concordance_markdown()))
    """
    lines = ["| in the thesis | what it is | here | function |", "|---|---|---|---|"]
    for row in concordance().to_dict("records"):
        function = f"`{row['function']}`" if row["function"] else ""
        lines.append(f"| {row['item']} | {row['title']} | {row['link']} | {function} |")
    return "\n".join(lines)


def sections(chapter: str) -> dict[str, str]:
    """The sections of a chapter.

    Parameters
    ----------
    chapter : str
        The chapter's name.

    Returns
    -------
    dict of str to str
        Heading -> all Markdown below it, in the order of the chapter; what stands before the first
        heading has the chapter's title.

    Raises
    ------
    MBHError
        If there is no such chapter, or its notebook cannot be read.

    Examples
    --------
    >>> next(iter(sections("01_sparsity")))
    'Chapter 1. Sparse networks and winning tickets'
    """
    notebook = read_notebook(source_path(chapters.declaration(chapter)))
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    parts = re.split(r"^#{1,3} +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def section_of(item: Item, of_chapter: dict[str, str]) -> str:
    """The heading of the first section that names an item; "" if none does.

    One that names it by itself comes before one that has it in a range, and sources do not count.

    Parameters
    ----------
    item : Item
        A definition, lemma, theorem, conjecture or algorithm.
    of_chapter : dict of str to str
        The sections of its chapter.

    Returns
    -------
    str
        The heading.

    Examples
    --------
    >>> item = Item("Definition", "2.3", "feed-forward layer", "01_sparsity")
    >>> section_of(item, {"Words": "See Definitions 2.1 to 2.4.", "More": "Definition 2.3"})
    'More'
    """
    told = {head: f"{head}\n{text}" for head, text in of_chapter.items() if head != "Sources"}
    by_itself = (head for head, text in told.items() if item.name in _named(text, ranges=False))
    within = (head for head, text in told.items() if item.name in _named(text))
    return next(by_itself, "") or next(within, "")


def _named(text: str, ranges: bool = True) -> set[str]:
    """The items that a text names, and those within a range such as "Definitions 2.1 to 2.4"."""
    number = r"(?:[1-9B]\.\d+|\d+)"
    kinds = "Definition|Lemma|Theorem|Conjecture|Algorithm"
    several = rf"({kinds})s?\s+({number}(?:(?:,\s*|,?\s+and\s+|\s+to\s+){number})*)"
    names = set()
    for kind, numbers in re.findall(several, text):
        last = ""
        for word, each in re.findall(rf"(to)?\s*({number})", numbers):
            between = _between(last, each) if word and ranges else [each]
            names |= {f"{kind} {one}" for one in between}
            last = each
    return names


def _between(first: str, last: str) -> list[str]:
    """The numbers from one to another: 2.1 to 2.4, or 1 to 3."""
    chapter, _, number = last.rpartition(".")
    start = int(first.rpartition(".")[2])
    dot = "." if chapter else ""
    return [f"{chapter}{dot}{i}" for i in range(start, int(number) + 1)]


def _row(item: str, title: str, chapter: str, place: str, link: str, function: str = "") -> dict:
    return dict(zip(COLUMNS, (item, title, chapter, place, link, function), strict=True))


def _figure_row(item: Item) -> dict:
    if item.cited:
        told = f"cited only: {item.cited}"
        return _row(item.name, item.title, "", told, told)
    ids = [item.figure_id, f"{item.figure_id}-box"]
    there = [each for each in ids if each == item.figure_id or each in chapters.figure_index()]
    places = [chapters.own_label(each) for each in there]
    box = ["", " (in the input box)"]
    owners = [chapters.figure_index()[each] for each in there]
    links = [_link(place, owner) for place, owner in zip(places, owners, strict=True)]
    told = "; ".join(text + box[i] for i, text in enumerate(places))
    linked = "; ".join(text + box[i] for i, text in enumerate(links))
    return _row(item.name, item.title, owners[0], told, linked)


def _formal_row(item: Item, of_chapter: dict[str, str]) -> dict:
    heading = section_of(item, of_chapter)
    chapter = f"Chapter {chapters.declaration(item.chapter).number}"
    words = re.sub(r"^[\d.]+\s+", "", heading)  # some headings have numbers of their own
    place = f"{chapter}: {words}" if words and not words.startswith(chapter) else chapter
    link = _link(place, item.chapter, heading)
    return _row(item.name, item.title, item.chapter, place, link, item.function)


def _claims_row(part: str) -> dict:
    """Where the claims on one subject are shown: their figures, each once."""
    claims = [claim for claim in CLAIMS.values() if claim.part == part]
    index = chapters.figure_index()
    ids = list(dict.fromkeys(claim.figure for claim in claims if claim.figure in index))
    owners = [index[each] for each in ids]
    places = [chapters.own_label(each) for each in ids]
    links = [_link(place, owner) for place, owner in zip(places, owners, strict=True)]
    number = f"{len(claims)} claim{'s' * (len(claims) > 1)}"
    first = owners[0] if owners else ""
    where = "; ".join(places) or "the ledger"
    return _row(f"Claims on {part}", number, first, where, "; ".join(links) or where)


def _link(text: str, chapter: str, heading: str = "") -> str:
    """A link in Markdown from one chapter to another, or to one of its sections."""
    anchor = f"#{quote(heading.replace(' ', '-'))}" if heading else ""
    return f"[{text}]({chapter}.ipynb{anchor})"
