"""The explorer of activation regions: neurons of a network with two inputs that can be moved.

Python stores the networks and counts their regions; the page (``assets/regions.js``) sweeps the
plane itself, exactly as far as float64 goes, each time a neuron is moved or switched off.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.experiments.profiles import Profile, profile_named
from mbh_utils.explorers.packing import pack
from mbh_utils.explorers.web_page import Page
from mbh_utils.networks import Network, hidden_layers, n_linear, pruning
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.planes import Plane

#: A page draws in every frame of a drag; the regions of more neurons would take longer.
MOST_NEURONS = 128
MOST_LAYERS = 6
#: Standard deviation of the biases of the networks of :func:`for_profile`: with those of the
#: thesis, which are nearly zero, all lines of the first layer would go through one point.
BIAS_STD = 0.35
#: Added to the seed: with it the smallest network of seed 0 has lines that all cross the square.
FIRST_SEED = 2

TITLE = "Activation regions: move a neuron, see its line bend, count the regions"
ABOUT = (
    "Each neuron of this network with two inputs draws a line across the plane: on one side of it "
    "the neuron is on, on the other it is off. All lines together cut the plane into activation "
    "regions, inside of which no neuron changes its state. Move a line and every region is found "
    "and counted again at once."
)


class _Given(NamedTuple):
    """A network as it was given, and what was read of it."""

    name: str
    layers: list[tuple]
    plane: Plane


def regions_page(
    networks: Mapping,
    planes: Plane | Mapping | None = None,
    *,
    start: str | None = None,
    notes: Mapping[str, str] | None = None,
) -> Page:
    """A page on which neurons of small networks are moved and their regions counted.

    Parameters
    ----------
    networks : mapping of str to network
        What each is called in the list of the page -> a network with two inputs, anything that
        :func:`mbh_utils.hidden_layers` reads.
    planes : Plane or mapping of str to Plane, optional
        What is looked at, of all networks or by name: rectangles, as ``Plane.rectangle(low, high)``
        makes them. By default, and for names that are missing, -1 <= x <= 1 in both inputs.
    start : str, optional
        The network shown first; by default the first one.
    notes : mapping of str to str, optional
        A sentence that is shown with the network of that name.

    Returns
    -------
    Page
        As the last line of a cell it shows itself; ``save(folder)`` writes ``regions.html``.

    Raises
    ------
    MBHError
        For a network without two inputs, with linear units or with too many neurons, and for a
        plane that is no rectangle of the inputs.

    Notes
    -----
    Definitions 3.6 to 3.9 of the thesis. The page cuts convex polygons by the lines of one layer
    after the other, as Algorithm 2 does, in float64; for each network as it is stored it also shows
    how many regions :func:`mbh_utils.partition_input_space` counts.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.explorers.regions import regions_page
    >>> page = regions_page({"eight neurons": mbh.Network(2, (4, 4), 2, bias_std=0.3)})
    >>> [network["name"] for network in page.data["networks"]]
    ['eight neurons']
    """
    given = _read(networks, planes)
    names = [one.name for one in given]
    first = names[0] if start is None else require.choice("start", start, names)
    notes = {} if notes is None else _checked_notes(notes, names)
    data = {
        "networks": [{**_told(one), "note": notes.get(one.name, "")} for one in given],
        "start": names.index(first),
    }
    return Page("regions", TITLE, ABOUT, data, height=1650)


def for_profile(profile: str | Profile, seed: int = 0) -> Page:
    """The page of chapter 2: seven networks, from six neurons to 64.

    Parameters
    ----------
    profile : str or Profile
        Only checked: the networks are random and the same at every size of the experiments.
    seed : int, default 0
        Of weights, biases and mask.

    Returns
    -------
    Page

    Notes
    -----
    The six neurons of Figure 3.2, by Serra et al. (2018), are the last of the list. Two networks
    have equally many parameters: 2-16-16, and 2-32-32 with a random mask.

    Examples
    --------
    >>> from mbh_utils.explorers import regions
    >>> page = regions.for_profile("quick")
    >>> page.data["networks"][page.data["start"]]["name"]
    '2-8-8, dense'
    """
    profile_named(profile)
    dense, sparse = equal_pair(seed)
    budget = dense.n_parameters
    networks = {
        "2-3-3, dense": _random_network((3, 3), seed),
        "2-8-8, dense": _random_network((8, 8), seed),
        "2-6-6-6, dense": _random_network((6, 6, 6), seed),
        "2-16-16, dense": dense,
        f"2-32-32, sparse: {budget} parameters, too": sparse,
        "2-32-32, dense": _random_network((32, 32), seed),
        "2-2-2-2, of Figure 3.2": figure_3_2(),
    }
    names = list(networks)
    notes = {
        names[3]: f"Compare it with the sparse 2-32-32, which has as many parameters ({budget}).",
        names[4]: f"Its {budget} parameters are as many as those of the dense 2-16-16, spread over "
        "twice as many neurons. With other seeds, too, the sparse one mostly has more regions: "
        "in 92 of 100 such pairs.",
        names[6]: "Whole-number weights by Serra et al. (2018), so that all counts can be checked "
        "by hand.",
    }
    planes = {names[6]: Plane.rectangle((-1, -1), (6, 6))}
    return regions_page(networks, planes, start=names[1], notes=notes)


def equal_pair(seed: int) -> tuple[Network, Network]:
    """A dense 2-16-16 and a 2-32-32 whose random mask leaves it equally many parameters.

    Parameters
    ----------
    seed : int
        Of weights, biases and mask.

    Returns
    -------
    tuple of Network
        (dense, sparse).

    Examples
    --------
    >>> from mbh_utils.explorers.regions import equal_pair
    >>> [network.n_parameters for network in equal_pair(0)]
    [320, 320]
    """
    dense = _random_network((16, 16), seed)
    sparse = _random_network((32, 32), seed)
    shapes = pruning.layer_shapes(2, sparse.hidden)
    rng = stream(seed + FIRST_SEED, "mask")
    sparse.set_masks(pruning.random_masks(shapes, dense.n_parameters, rng))
    return dense, sparse


def figure_3_2() -> list[tuple[np.ndarray, np.ndarray]]:
    """Three layers of two neurons whose weights are whole numbers (Serra et al. 2018).

    Returns
    -------
    list of (weight, bias)
        The network of Figure 3.2 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.explorers.regions import figure_3_2
    >>> len(mbh.partition_input_space(figure_3_2(), mbh.Plane.rectangle((-1, -1), (6, 6))))
    20
    """
    return [
        (np.array([[-1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -4.0])),
        (np.array([[-1.0, -3.0], [-3.0, -1.0]]), np.array([4.0, 4.0])),
        (np.array([[1.0, 3.0], [3.0, 1.0]]), np.array([-4.0, -4.0])),
    ]


def turn_directions(weight: np.ndarray) -> np.ndarray:
    """For each neuron a second direction: what its weights become when it is turned by 90 degrees.

    Parameters
    ----------
    weight : numpy.ndarray, shape (n_out, n_in)
        Of one layer; zeros are weights that were pruned away.

    Returns
    -------
    numpy.ndarray, shape (n_out, n_in)
        Each row is as long as that of the weights, at a right angle to it, and zero where they are
        zero: turning never revives a pruned weight. All zero for a neuron with one input or none,
        which cannot be turned.

    Examples
    --------
    >>> import numpy as np
    >>> from mbh_utils.explorers.regions import turn_directions
    >>> turn_directions(np.array([[3.0, 4.0], [0.0, 2.0]])).round(12).tolist()
    [[-4.0, 3.0], [0.0, 0.0]]
    """
    made = np.zeros_like(weight)
    for i, row in enumerate(weight):
        live = np.flatnonzero(row)
        if len(live) > 1:
            made[i, live] = _at_right_angle(row[live])
    return made


def _at_right_angle(row: np.ndarray) -> np.ndarray:
    """A vector as long as this one and at a right angle to it; of two numbers, turned to the left.

    The others are shifted and change their signs in turn, and lose their part along the vector.
    """
    signs = np.where(np.arange(len(row)) % 2, 1.0, -1.0)
    length = np.linalg.norm(row)
    unit = row / length
    candidates = [signs * np.roll(row, -1), *np.eye(len(row))]
    for candidate in candidates:
        rest = candidate - (candidate @ unit) * unit
        if np.linalg.norm(rest) > 1e-3 * np.linalg.norm(candidate):
            return rest * (length / np.linalg.norm(rest))
    raise AssertionError("one of the unit vectors is never along the row")


def _random_network(hidden: tuple[int, ...], seed: int) -> Network:
    return Network(2, hidden, 2, seed=seed + FIRST_SEED, bias_std=BIAS_STD)


def _read(networks: Mapping, planes: Plane | Mapping | None) -> list[_Given]:
    require.kind_of("networks", networks, Mapping, "a mapping of names to networks")
    if not networks:
        raise MBHError("networks is empty: a page shows at least one")
    for name in networks:
        require.kind_of("a network's name", name, str, "a text")
    if planes is None:
        planes = {}
    if not isinstance(planes, Plane):
        require.kind_of("planes", planes, Mapping, "a Plane, or a mapping of names to planes")
        for name in planes:
            require.choice("planes names", name, list(networks))
    square = Plane.rectangle((-1, -1), (1, 1))
    return [
        _Given(
            name,
            _small_layers(name, network),
            _rectangle(name, planes if isinstance(planes, Plane) else planes.get(name, square)),
        )
        for name, network in networks.items()
    ]


def _small_layers(name: str, network) -> list[tuple]:
    """The hidden layers of a network that the page can draw."""
    layers = hidden_layers(network)
    if any(n_linear(layer) for layer in layers):
        raise MBHError(f"network {name!r} has linear units; the page moves ReLU neurons only")
    if not layers or layers[0][0].shape[1] != 2:
        inputs = layers[0][0].shape[1] if layers else "no"
        raise MBHError(
            f"network {name!r} has {inputs} inputs; the page draws the plane of two inputs"
        )
    neurons = sum(len(bias) for _, bias in layers)
    if neurons > MOST_NEURONS or len(layers) > MOST_LAYERS:
        raise MBHError(
            f"network {name!r} has {neurons} neurons in {len(layers)} layers; the page draws up "
            f"to {MOST_NEURONS} in {MOST_LAYERS}"
        )
    return layers


def _rectangle(name: str, plane) -> Plane:
    """A plane whose coordinates are the inputs, with an upright rectangle as its domain."""
    require.kind_of(f"the plane of {name!r}", plane, Plane, "Plane.rectangle(low, high)")
    upright = plane.dimension == 2 and np.array_equal(plane.basis, np.eye(2))
    low = plane.corners.min(axis=0)
    high = plane.corners.max(axis=0)
    box = {(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])}
    is_box = {tuple(corner) for corner in plane.corners} == box
    if not upright or plane.origin.any() or not is_box:
        raise MBHError(
            f"the plane of {name!r} is no rectangle of the two inputs: make it with "
            "Plane.rectangle(low, high)"
        )
    return plane


def _checked_notes(notes: Mapping[str, str], names: list[str]) -> Mapping[str, str]:
    require.kind_of("notes", notes, Mapping, "a mapping of names to sentences")
    for name, words in notes.items():
        require.choice("notes names", name, names)
        require.kind_of(f"the note of {name!r}", words, str, "a text")
    return notes


def _told(given: _Given) -> dict:
    """What the page is told of one network."""
    weights = [np.asarray(weight, np.float64) for weight, _ in given.layers]
    biases = [np.asarray(bias, np.float64) for _, bias in given.layers]
    counts = [
        len(partition_input_space(given.layers[:depth], given.plane, keep=()))
        for depth in range(1, len(given.layers) + 1)
    ]
    live = sum(np.count_nonzero(weight) for weight in weights)
    return {
        "name": given.name,
        "widths": [len(bias) for bias in biases],
        "parameters": int(live + sum(len(bias) for bias in biases)),
        "weights": [pack(weight) for weight in weights],
        "biases": [pack(bias) for bias in biases],
        "turns": [pack(turn_directions(weight)) for weight in weights],
        "corners": given.plane.corners.ravel().tolist(),
        "counts": counts,
    }
