"""Hypervolumes of blankets in any dimension, estimated from random points (Monte Carlo)."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import beta

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns
from mbh_utils.regions.planes import Line, Plane

#: Points that are looked at together, so that memory stays small whatever their number is.
_BATCH = 10_000


def sampled_shares(
    network,
    patterns: Sequence[DecisionPattern],
    domain: Plane | Line | Block,
    *,
    n: int = 100_000,
    confidence: float = 0.95,
    seed: int = 0,
    output_layer: bool = True,
) -> pd.DataFrame:
    """Share of a domain of any dimension that each blanket takes, estimated from random points.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    patterns : sequence of DecisionPattern
        One for each blanket.
    domain : Plane, Line or Block
        ``Block.whole(data)`` is the whole input box of a data set.
    n : int, default 100_000
        How many points are drawn.
    confidence : float, default 0.95
        Of the intervals, in (0, 1).
    seed : int, default 0
        Equal seeds draw equal points, so networks compared on one domain see the same ones.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    DataFrame
        One row per pattern. Columns: share; low and high, the limits of the exact binomial
        (Clopper-Pearson) interval.

    Raises
    ------
    MBHError
        When n < 1 or confidence lies outside (0, 1), and for a network, patterns or a domain that
        do not fit each other.

    Notes
    -----
    The share is V(B) / V(R_in) of Definition 4.7 of the thesis; for a maximal pattern, 1 - share is
    the specialization. Exact areas exist on planes only, :meth:`mbh_utils.Partition.blanket`.

    Examples
    --------
    A blanket that is an eighth of a cube:

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(3), np.zeros(3))]
    >>> cube = mbh.Block(np.zeros(3), None, low=[-1, -1, -1], high=[1, 1, 1])
    >>> octant = mbh.DecisionPattern([0, 1, 2], [True, True, True])
    >>> table = mbh.sampled_shares(layers, [octant], cube, n=1000)
    >>> bool(table["low"][0] < 1 / 8 < table["high"][0])
    True
    """
    n = require.whole("n", n, 1, 10**9)
    output_layer = require.flag("output_layer", output_layer)
    confidence = require.number(
        "confidence", confidence, "a share in (0, 1)", lambda share: 0 < share < 1
    )
    patterns = require.listed("patterns", patterns, "decision patterns")
    for pattern in patterns:
        require.kind_of("one of patterns", pattern, DecisionPattern, "a DecisionPattern")
    require.kind_of("domain", domain, Plane | Line | Block, "a Plane, a Line or a Block")
    layers = read_network(network, output_layer=output_layer).layers()
    rng = stream(seed, "volume")
    return shares_of_draws(layers, patterns, domain.sample, n, confidence, rng)


def shares_of_draws(
    layers: list[tuple],
    patterns: Sequence[DecisionPattern],
    draw: Callable[[int, np.random.Generator], np.ndarray],
    n: int,
    confidence: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The shares of n points that ``draw`` makes, so many at a time; see :func:`sampled_shares`."""
    hits = np.zeros(len(patterns), dtype=int)
    for start in range(0, n, _BATCH):
        points = draw(min(_BATCH, n - start), rng)
        bits = activation_patterns(layers, points)
        hits += [pattern.satisfied_by(bits).sum() for pattern in patterns]
    return _with_intervals(hits, n, confidence)


def _with_intervals(hits: np.ndarray, n: int, confidence: float) -> pd.DataFrame:
    """Shares of n points, with their Clopper-Pearson intervals."""
    tail = (1 - confidence) / 2
    low = np.where(hits == 0, 0.0, beta.ppf(tail, hits, n - hits + 1))
    high = np.where(hits == n, 1.0, beta.ppf(1 - tail, hits + 1, n - hits))
    return pd.DataFrame({"share": hits / n, "low": low, "high": high})
