"""Decision patterns that tell classes apart, mined by a decision tree (thesis, appendix D)."""

from typing import NamedTuple

from mbh_utils.blankets.maximal_pattern import patterns_in_scope
from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.patterns import DecisionPattern


class Mined(NamedTuple):
    """A leaf of the decision tree: a decision pattern, and the class of most of its samples.

    Attributes
    ----------
    pattern : DecisionPattern
        Its coverage is the share of all samples; its length is the leaf's depth.
    label : int
        The class.
    n_samples : int
        Samples that satisfy the pattern.
    n_right : int
        Those of them that are of the class.
    """

    pattern: DecisionPattern
    label: int
    n_samples: int
    n_right: int


def mine_patterns(
    network, samples: Samples, *, scope: str = "last", output_layer: bool = True
) -> list[Mined]:
    """Decision patterns that tell the classes of the samples apart.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples
        Images with labels.
    scope : {"last", "all"}, default "last"
        "last" asks neurons of the last hidden layer, as the thesis does, "all" those of every
        hidden layer.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    list of Mined
        Every sample satisfies exactly one of their patterns.

    Raises
    ------
    MBHError
        For a network that is not understood, without samples, and for an unknown scope.

    Notes
    -----
    Appendix D.1 of the thesis (figures D.1 to D.3): the leaves of an unpruned decision tree
    (scikit-learn's, by Gini impurity). It asks one neuron after another whether it is active, until
    all samples left are of one class or have one pattern. So an error of the tree means that
    samples of several classes share a pattern, and the tree's accuracy is what any rule can reach
    that sees nothing but patterns.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = mbh.Samples([[1, 1], [1, -1], [-1, 1], [-1, -1]], [0, 1, 2, 2])
    >>> for leaf in mbh.mine_patterns(layers, samples):
    ...     print(leaf.pattern.as_dict(), leaf.label, leaf.n_samples)
    {0: False} 2 2
    {0: True, 1: False} 1 1
    {0: True, 1: True} 0 1
    """
    from sklearn.tree import DecisionTreeClassifier

    samples = require.samples("samples", samples)
    if not len(samples.labels):
        raise MBHError("mining decision patterns needs at least one sample")
    bits, first = patterns_in_scope(network, samples, scope, output_layer)
    tree = DecisionTreeClassifier(random_state=0).fit(bits, samples.labels)
    return _leaves(tree.tree_, tree.classes_, first)


def _leaves(tree, labels, first_neuron: int) -> list[Mined]:
    """The leaves of a fitted tree from left to right; its features are neurons, in order."""
    mined = []
    # A node, the neurons asked on the way to it, and their states.
    waiting: list[tuple[int, tuple[int, ...], tuple[bool, ...]]] = [(0, (), ())]
    while waiting:
        node, neurons, states = waiting.pop()
        left = tree.children_left[node]
        if left < 0:
            mined.append(_leaf(tree, node, labels, neurons, states))
            continue
        asked = (*neurons, first_neuron + int(tree.feature[node]))
        waiting.append((tree.children_right[node], asked, (*states, True)))
        waiting.append((left, asked, (*states, False)))
    return mined


def _leaf(tree, node: int, labels, neurons: tuple[int, ...], states: tuple[bool, ...]) -> Mined:
    shares = tree.value[node, 0]
    n = int(tree.n_node_samples[node])
    winner = int(shares.argmax())
    n_right = round(float(shares[winner] / shares.sum() * n))
    pattern = DecisionPattern(neurons, states, coverage=n / int(tree.n_node_samples[0]))
    return Mined(pattern, int(labels[winner]), n, n_right)
