"""Six ways to count the linear regions of a network on a plane, which need not agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.affine_maps import numbers_of_maps
from mbh_utils.regions.convex_pieces import convex_pieces
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.lower_dimensions import patterns_on_edges
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.planes import Plane, domain_points
from mbh_utils.regions.result import Partition
from mbh_utils.regions.vertices import Vertices, joined

#: The six kinds, from the one that counts most to the one that counts least.
KINDS = (
    "activation patterns",
    "activation regions",
    "convex regions",
    "open connected regions",
    "closed connected regions",
    "affine pieces",
)


def region_kinds(
    network, plane: Plane, *, output: tuple[ArrayLike, ArrayLike] | None = None
) -> pd.DataFrame:
    """How many "linear regions" a network has on a plane, by six definitions.

    Parameters
    ----------
    network
        A network with an output layer: one of mbh_utils, or any ``torch.nn.Module`` that is
        understood. Or hidden layers, together with ``output``.
    plane : Plane
        Where to count: in its domain, border included.
    output : (weight, bias), optional
        The output layer of shapes (k, n_L) and (k,), where the network is a list of hidden layers.

    Returns
    -------
    DataFrame
        Six rows, none of which counts more than the one before. Columns: kind; count; at_least,
        which is below the count for convex regions only, and only where the smallest number of them
        is not known.

    Raises
    ------
    MBHError
        For a network without an output layer or with two, for what is no plane, and where they do
        not fit.

    See Also
    --------
    partition_input_space : the activation regions themselves.

    Notes
    -----
    Stargalla, Hertrich and Reichman (2025, arXiv 2505.16716) list six meanings that "linear region"
    has in the literature. Counted here is what they name, in our words, on a plane and not in the
    whole input space. Let f be the network's outputs (logits) as a function on the plane.

    1. *Activation patterns*, of any dimension: every pattern that some point has (active: above
       0), also one that only a line or a single point has.
    2. *Activation regions*: the patterns that an area has; Definition 3.8 of the thesis, and what
       :func:`partition_input_space` finds.
    3. *Convex regions*: the smallest number of convex polygons that make up the domain, such that f
       is affine on each. Found by merging neighbours as long as they stay convex, so the count is
       an upper bound; at_least counts two for each union of regions that is not convex.
    4. *Open connected regions*: the largest open, connected sets on which f is affine. Neighbours
       with the same affine map are one region.
    5. *Closed connected regions*: the same with closed sets, so that those of the same map that
       touch in a point are one.
    6. *Affine pieces*: the different affine maps of f, wherever they hold.

    Whether two maps are the same is decided in exact arithmetic, for the network's float64 weights:
    by the active neurons that reach an output, and where these differ but float64 cannot tell the
    maps apart, by integers. Patterns of lines and points are looked for where more neurons are 0
    than two lines that cross explain, within 1e-11 of the domain's width, and then settled exactly.

    Examples
    --------
    The output |x1| does not depend on the third neuron, so that its zero line, x2 = 0, parts
    activation regions and nothing else. Where x1 = 0, the first two neurons are both inactive.

    >>> import mbh_utils as mbh
    >>> hidden = [([[1, 0], [-1, 0], [0, 1]], [0, 0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> table = mbh.region_kinds(hidden, square, output=([[1, 1, 0]], [0]))
    >>> table.set_index("kind")["count"].tolist()
    [6, 4, 2, 2, 2, 2]
    """
    require.kind_of("plane", plane, Plane, "one Plane, as Plane.through(three_samples) makes it")
    layers, last = _with_output(network, plane, output)
    partition = partition_input_space(layers, plane)
    return pd.DataFrame(counts_of(partition, last), columns=["kind", "count", "at_least"])


def _with_output(network, plane: Plane, output) -> tuple[list[tuple], tuple]:
    """The hidden layers, and the output layer as linear units."""
    reading = read_network(network, points=domain_points([plane]))
    layers = [layer.as_tuple() for layer in reading.carrying]
    if reading.output is None:
        if output is None:
            raise MBHError(
                "region_kinds compares a network's outputs, and a list of hidden layers has none: "
                "give the network itself, or output=(weight, bias)"
            )
        return layers, _given_output(output, len(layers[-1][1]))
    if output is not None:
        raise MBHError("output is given, but the network has an output layer of its own")
    return layers, (reading.output.weight, reading.output.bias, len(reading.output.bias))


def _given_output(output, n_inputs: int) -> tuple:
    """An output layer of so many inputs that a caller gave, as linear units."""
    given = require.listed("output", output, "a pair (weight, bias)")
    if len(given) != 2:
        raise MBHError(f"output has {len(given)} members; expected a pair (weight, bias)")
    weight = require.numbers("the weight of output", given[0], (None, n_inputs))
    bias = require.numbers("the bias of output", given[1], (len(weight),))
    return weight, bias, len(bias)


def counts_of(partition: Partition, output: tuple) -> list[tuple[str, int, int]]:
    """The six counts of a partition and its output layer: (kind, count, at least)."""
    locator = Locator(partition)
    vertices = Vertices(partition, locator)
    maps = numbers_of_maps(partition, output)
    n_regions = partition.n_regions
    n_patterns = n_regions + len(patterns_on_edges(partition, locator, vertices))
    pairs, _ = locator.adjacency()
    alike = pairs[maps[pairs[:, 0]] == maps[pairs[:, 1]]]
    open_parts = joined(n_regions, alike)
    convex, at_least = convex_pieces(partition.polygons, alike, open_parts)
    touching = np.concatenate([alike, vertices.touching(maps)])
    n_open = int(open_parts.max()) + 1
    n_closed = int(joined(n_regions, touching).max()) + 1
    counts = (n_patterns, n_regions, convex, n_open, n_closed, len(np.unique(maps)))
    lowest = (n_patterns, n_regions, at_least, n_open, n_closed, len(np.unique(maps)))
    return list(zip(KINDS, counts, lowest, strict=True))
