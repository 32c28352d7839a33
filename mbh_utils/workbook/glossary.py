"""The words and symbols of the workbook, each with one meaning and the chapter that tells it."""

from dataclasses import dataclass

import pandas as pd

from mbh_utils.workbook import chapters


@dataclass(frozen=True)
class Term:
    """A word of the workbook.

    Parameters
    ----------
    term : str
        The word.
    meaning : str
        One plain sentence.
    chapter : str
        Name of the chapter that explains it.
    thesis : str, default ""
        Where the thesis defines it: "Definition 3.5".
    """

    term: str
    meaning: str
    chapter: str
    thesis: str = ""


@dataclass(frozen=True)
class Symbol:
    """A symbol of the workbook.

    Parameters
    ----------
    symbol : str
        In LaTeX, without dollar signs.
    meaning : str
        What it stands for, everywhere.
    chapter : str
        Name of the chapter that introduces it.
    """

    symbol: str
    meaning: str
    chapter: str


def _of(chapter: str, *rows: tuple[str, ...]) -> tuple[Term, ...]:
    """Terms of one chapter, from rows of term, meaning and the thesis's item."""
    return tuple(Term(term, meaning, chapter, *thesis) for term, meaning, *thesis in rows)


GLOSSARY: tuple[Term, ...] = (
    *_of(
        "01_sparsity",
        (
            "density",
            "The share of a network's prunable weights that is left; 1 is dense.",
            "Definition 2.1",
        ),
        (
            "sparse network",
            "A network in which many weights are fixed at zero; the opposite is a dense one.",
            "Definition 2.1",
        ),
        (
            "neuron",
            "A unit that adds up its weighted inputs and a bias, and passes the sum on.",
            "Definition 2.2",
        ),
        (
            "ReLU",
            "The activation function that passes positive numbers on and turns all others into 0.",
        ),
        ("layer", "Neurons side by side that all read the same inputs.", "Definition 2.3"),
        (
            "hidden network",
            "All layers of a network but its last, the output layer.",
            "Definition 2.4",
        ),
        (
            "hidden network parameters (HNP)",
            "The weights and biases of the hidden network that are not pruned.",
        ),
        ("mask", "Which weights a pruned network keeps."),
        (
            "magnitude pruning",
            "Removing the weights with the smallest absolute values; one-shot if all at once, "
            "iterative if a few per round with training in between.",
        ),
        (
            "random sparsity",
            "Sparsity whose mask was drawn at random before training, with no criterion.",
        ),
        (
            "winning ticket",
            "The initial weights of a network under the mask that its trained weights gave, if "
            "they learn as well as the whole network.",
            "Conjecture 2.1",
        ),
        (
            "rewinding",
            "Setting the weights that a mask keeps back to the values of an early iteration.",
        ),
    ),
    *_of(
        "02_activation_regions",
        (
            "activation status",
            "Whether a neuron is on, passing a positive sum on, or off.",
            "Definition 3.1",
        ),
        (
            "activation pattern",
            "The states of all neurons of a network for one input.",
            "Definition 3.2",
        ),
        (
            "decision pattern",
            "The states of some of the neurons, with the others left free.",
            "Definition 3.3",
        ),
        ("layer pattern", "The states of all neurons of one layer.", "Definition 3.4"),
        (
            "subnetwork",
            "The neurons that a decision pattern constrains, with those that feed into them.",
            "Definition 3.5",
        ),
        (
            "bent hyperplane",
            "The inputs at which a neuron switches; on a plane it is a line with bends.",
            "Definition 3.7",
        ),
        (
            "activation region",
            "The set of all inputs with one activation pattern; it is convex.",
            "Definition 3.8",
        ),
        (
            "dead end",
            "A neuron of a pruned network that reaches no output: its lines cut regions and "
            "change nothing.",
        ),
        (
            "partition",
            "All activation regions of a network on a plane, none left out.",
            "Definition 3.9",
        ),
        (
            "square",
            "The part of a plane that the main figures measure: around the three spanning images, "
            "with half a side of 1.5 times their largest distance from their centroid.",
        ),
        (
            "input box",
            "The part of a plane where every pixel lies between black and white: hardly more than "
            "the triangle of the spanning images.",
        ),
    ),
    *_of(
        "03_specialization",
        (
            "phenomenon",
            "A kind of input that means something to people; here, the classes of the data.",
            "Definition 4.1",
        ),
        (
            "blanket",
            "The set of all inputs that activate a subnetwork: a union of activation regions.",
            "Definition 3.11",
        ),
        (
            "support",
            "How many of the samples satisfy a decision pattern.",
            "Definition 3.12",
        ),
        (
            "coverage",
            "The share of a phenomenon's samples that lie in a blanket.",
            "Definition 4.5",
        ),
        (
            "minimum coverage",
            "The share of a phenomenon's samples that a blanket must contain to count.",
            "Definition 4.5",
        ),
        (
            "trivial blanket",
            "The whole input space: the blanket of the pattern that constrains no neuron.",
            "Definition 4.2",
        ),
        (
            "minimal blanket",
            "The smallest blanket that covers enough of a phenomenon.",
            "Definition 4.3",
        ),
        (
            "maximal pattern",
            "The decision pattern behind a minimal blanket.",
            "Definition 4.4",
        ),
        (
            "greedy blanket",
            "The blanket that Algorithm 3 finds; at full coverage it is minimal, below it need "
            "not be.",
            "Algorithm 3",
        ),
        (
            "specialization",
            "How far a network has learned to outline a phenomenon: one minus the share of the "
            "space that its minimal blanket takes.",
            "Definition 4.7",
        ),
    ),
    *_of(
        "04_mbh",
        (
            "MBH algorithm",
            "Minimal blanket hypervolume: cut planes exactly, find maximal patterns, add up areas.",
            "Algorithm 1",
        ),
        (
            "spanning images",
            "The three images, of three classes, through which a plane is laid.",
        ),
    ),
    *_of(
        "05_experiments",
        ("set-up", "One of fourteen combinations of widths and number of parameters."),
        (
            "validation images",
            "Images that training does not see; here, as in the thesis, the official test images.",
        ),
        (
            "saturation",
            "Further neurons, or iterations, add hardly anything.",
        ),
        (
            "standardised images",
            "Images from which each pixel's mean is taken, divided by its standard deviation.",
        ),
    ),
    *_of(
        "06_decision_patterns",
        (
            "decision tree",
            "A classifier that asks for the states of neurons one after the other; each of its "
            "leaves is a decision pattern.",
        ),
    ),
    *_of(
        "07_lenses",
        (
            "cluster",
            "A group of neurons with more weight among them than to the others, or that respond "
            "alike; its part in one hidden layer is a sub-cluster.",
        ),
        (
            "n-cut",
            "The share of weight that leaves its cluster, added up over clusters; low is more "
            "clustered.",
        ),
        (
            "null",
            "What a measure gives where there is nothing to find, such as in shuffled copies of a "
            "network.",
        ),
        ("lesion", "Silencing neurons, to see which classes lose accuracy."),
        (
            "importance",
            "How much more a lesion of a cluster costs than lesions of as many random neurons of "
            "the same layer.",
        ),
        (
            "class range",
            "How unevenly a lesion falls on classes: largest minus smallest loss, over the mean.",
        ),
        (
            "discovery",
            "A network whose p-value counts even if the number of networks is allowed for.",
        ),
        ("wiring", "Which connections a network has, whatever they weigh."),
        (
            "NNSTD",
            "Neural network sparse topology distance: how different two wirings are, if hidden "
            "neurons may be renamed.",
        ),
        (
            "SET, RigL",
            "Ways to move connections during training: both remove weak ones; SET adds new ones "
            "at random, RigL where the gradient is largest.",
        ),
        (
            "Erdős-Rényi mask",
            "A random mask that makes small layers denser than large ones.",
        ),
        (
            "entropy of patterns",
            "How evenly images spread over activation patterns, in bits.",
        ),
        (
            "kappa",
            "How often two networks show the same state of a neuron, beyond what luck would give.",
        ),
        (
            "settling time",
            "The first iteration from which on a layer's kappa to the final network stays at a "
            "threshold or above.",
        ),
        (
            "OUI",
            "In how many neurons the patterns of two images differ, on average; an indicator of "
            "overfitting and underfitting.",
        ),
    ),
    *_of(
        "08_what_s_measures",
        (
            "candidate neuron",
            "A neuron that Algorithm 3 may choose a constraint from; in the thesis each one of the "
            "last hidden layer is.",
        ),
        (
            "matched specialization",
            "The s that equally many candidate neurons give, averaged over random draws of them.",
        ),
        ("heap", "Several networks that were trained apart, their last layers read as one."),
        (
            "untrained twin",
            "The network that a trained one began as: the same mask, the initial weights.",
        ),
        (
            "others inside",
            "The share of the other classes' samples that satisfy a class's maximal pattern.",
        ),
        (
            "multilevel splitting",
            "Measuring a tiny share as a product of larger ones, level by level.",
        ),
        (
            "optimal pattern",
            "Of all patterns that cover enough samples, the one of the smallest blanket on given "
            "planes.",
        ),
        ("fresh planes", "Planes that had no part in choosing a pattern."),
        ("gap", "Training accuracy less validation accuracy."),
        (
            "coverage lost",
            "How many fewer of a class's new samples than of its training samples are inside the "
            "blanket that the training samples gave.",
        ),
        (
            "iterative ticket",
            "A winning ticket cut in rounds, each of which begins from the initial weights again.",
        ),
        (
            "affine piece",
            "All points at which a network computes one and the same affine map.",
        ),
    ),
    *_of(
        "09_verdicts",
        ("claim", "A statement of a source that a rule can judge by our measurements."),
        ("verdict", "Reproduced, same direction, not reproduced, or not judgeable."),
        (
            "bootstrap interval",
            "The middle 95 % of what a statistic gives when models and planes are drawn anew from "
            "those measured.",
        ),
        (
            "rank correlation",
            "How far two quantities rise together, from -1 to 1, judged by their order alone "
            "(Spearman).",
        ),
        ("gain", "How much specialization a network won by training."),
    ),
)

NOTATION: tuple[Symbol, ...] = (
    Symbol("d_0", "number of inputs: pixels of an image", "01_sparsity"),
    Symbol("n_1, \\dots, n_L", "widths of the hidden layers", "01_sparsity"),
    Symbol("L", "number of hidden layers", "01_sparsity"),
    Symbol("N", "number of hidden neurons, all layers together", "01_sparsity"),
    Symbol("l", "a hidden layer, from 1 to L", "01_sparsity"),
    Symbol("i, j", "neurons, or rows and columns", "01_sparsity"),
    Symbol("W_l, b_l", "weights and biases of a layer", "01_sparsity"),
    Symbol("x", "an input", "02_activation_regions"),
    Symbol("F", "a network", "02_activation_regions"),
    Symbol("R", "an activation region", "02_activation_regions"),
    Symbol("U", "basis of a plane", "02_activation_regions"),
    Symbol("\\sigma", "a decision pattern", "02_activation_regions"),
    Symbol("S", "a subnetwork", "02_activation_regions"),
    Symbol("P", "a phenomenon", "03_specialization"),
    Symbol("B", "a blanket", "03_specialization"),
    Symbol("B_0", "a minimal blanket", "03_specialization"),
    Symbol("c_P", "minimum coverage of a phenomenon", "03_specialization"),
    Symbol("s", "specialization, from 0 to 1", "03_specialization"),
    Symbol("V", "volume of a set; on a plane, its area", "03_specialization"),
    Symbol("k", "number of clusters", "07_lenses"),
    Symbol("z", "standard deviations above the mean of shuffled copies", "07_lenses"),
    Symbol("p", "share of random copies or sets that reach as far as what is tested", "07_lenses"),
    Symbol("T", "the inputs that a neuron is connected to", "07_lenses"),
    Symbol("\\delta", "distance of two neurons by their connections", "07_lenses"),
    Symbol("\\zeta", "share of a layer's weights that a rewiring moves", "07_lenses"),
    Symbol("H", "entropy of activation patterns, in bits", "07_lenses"),
    Symbol("I", "mutual information, in bits", "07_lenses"),
    Symbol("s_k", "s with k random candidate neurons", "08_what_s_measures"),
    Symbol("s_r", "s of as many random images", "08_what_s_measures"),
    Symbol("\\kappa", "agreement of states beyond what luck would give", "07_lenses"),
)


def glossary() -> pd.DataFrame:
    """The words of the workbook.

    Returns
    -------
    pandas.DataFrame
        In the order of the alphabet: term, meaning, thesis (the item that defines it) and chapter
        (name of the chapter that explains it).

    Examples
    --------
    >>> table = glossary().set_index("term")
    >>> table.loc["blanket", "thesis"]
    'Definition 3.11'
    """
    table = pd.DataFrame(GLOSSARY, columns=["term", "meaning", "thesis", "chapter"])
    return table.sort_values("term", key=lambda terms: terms.str.lower(), ignore_index=True)


def notation() -> pd.DataFrame:
    """The symbols of the workbook.

    Returns
    -------
    pandas.DataFrame
        In the order in which chapters introduce them: symbol (in LaTeX), meaning and chapter.

    Examples
    --------
    >>> notation().set_index("symbol").loc["c_P", "meaning"]
    'minimum coverage of a phenomenon'
    """
    return pd.DataFrame(NOTATION, columns=["symbol", "meaning", "chapter"])


def glossary_markdown() -> str:
    """The glossary as a table in Markdown, with links to the chapters.

    Returns
    -------
    str
        A row per term.

    Examples
    --------
    >>> glossary_markdown().splitlines()[0]
    '| word | meaning | in the thesis | explained in |'
    """
    lines = ["| word | meaning | in the thesis | explained in |", "|---|---|---|---|"]
    for row in glossary().to_dict("records"):
        cells = (f"**{row['term']}**", row["meaning"], row["thesis"], _link(row["chapter"]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def notation_markdown() -> str:
    """The notation as a table in Markdown, with links to the chapters.

    Returns
    -------
    str
        A row per symbol.

    Examples
    --------
    >>> notation_markdown().splitlines()[0]
    '| symbol | meaning | introduced in |'
    """
    lines = ["| symbol | meaning | introduced in |", "|---|---|---|"]
    for row in notation().to_dict("records"):
        lines.append(f"| ${row['symbol']}$ | {row['meaning']} | {_link(row['chapter'])} |")
    return "\n".join(lines)


def _link(chapter: str) -> str:
    return f"[Chapter {chapters.declaration(chapter).number}]({chapter}.ipynb)"
