"""The sparsity explorer: one architecture from dense to sparse, beside narrow networks as large."""

from collections.abc import Mapping, Sequence

import numpy as np

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments.planes import class_plane
from mbh_utils.experiments.profile_runs import run_of
from mbh_utils.experiments.profiles import Profile, loaded, profile_named
from mbh_utils.explorers.packing import pack
from mbh_utils.explorers.rank_maps import COVERAGES, Order, class_orders, order_table, ranks
from mbh_utils.explorers.region_maps import (
    group_map,
    names_of_places,
    pattern_hashes,
    places,
    region_map,
)
from mbh_utils.explorers.web_page import Page
from mbh_utils.networks import Network, pruning, winning_ticket
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.planes import Plane
from mbh_utils.training import accuracy

#: The classes whose images span the plane, as in Fig 1.1.
CLASSES = (0, 1, 9)
#: About how many regions the magnifying glass shows of the network that has the most.
_MAGNIFIED = 350

_TITLE = "Turn the dial from dense to sparse"
_ABOUT = (
    "Left a wide network that loses connections as you turn the dial, right the narrow network "
    "that spends the same number of parameters on fewer neurons. Try: turn to the lowest density "
    "and compare s, the share of the plane that a class's blanket leaves free; then let another "
    "criterion choose the connections, and look which pixels they keep."
)


def sparsity_page(
    wide: Mapping[str, Sequence[Network]],
    narrow: Sequence[Network],
    plane: Plane,
    data,
    *,
    spanning: Sequence[str] = (),
    caption: str = "",
    pixels: int = 340,
) -> Page:
    """A page with a dial for density and criterion, dense and sparse networks side by side.

    Parameters
    ----------
    wide : mapping of str to sequence of Network
        By what chose the connections, in words: networks of one architecture from dense to sparse.
    narrow : sequence of Network
        Beside each position of the dial, a network with as many hidden parameters.
    plane : Plane
        On which all are looked at.
    data : Dataset
        Its validation samples make blankets and accuracies.
    spanning : sequence of str, optional
        What the plane's three spanning images show.
    caption : str, default ''
        What data and networks these are.
    pixels : int, default 340
        Along each side of a picture.

    Returns
    -------
    Page
        Its numbers are exact: they are measured on regions, not on pixels.

    Raises
    ------
    MBHError
        For networks that cannot stand side by side (of unequal numbers of parameters or inputs),
        and for arguments of another kind.

    Notes
    -----
    The comparison of the thesis (section 6.1): equal numbers of hidden parameters, more or fewer
    neurons. Blankets are those of Algorithm 3.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.explorers.sparsity import sparsity_page
    >>> data = mbh.load_dataset("digits8")
    >>> wide = [mbh.feed_forward(data, (24, 8)), mbh.feed_forward(data, (24, 8), parameters=832)]
    >>> narrow = [wide[0], mbh.feed_forward(data, (12, 4))]
    >>> plane = mbh.Plane.through(data.validation.images[:3])
    >>> page = sparsity_page({"random mask": wide}, narrow, plane, data, pixels=50)
    >>> [round(view["density"], 3) for view in page.data["views"]]
    [1.0, 0.463, 1.0]
    """
    data = require.data_set("data", data, ("validation", "classes"))
    require.kind_of("plane", plane, Plane, "one Plane, as Plane.through(three_samples) makes it")
    dial, beside = _checked_networks(wide, narrow)
    names = names_of_places(spanning)
    require.kind_of("caption", caption, str, "a text")
    pixels = require.whole("pixels", pixels, 1, 4096)
    everyone = [network for row in (*dial.values(), beside) for network in row]
    distinct = list({id(network): network for network in everyone}.values())
    number = {id(network): i for i, network in enumerate(distinct)}
    seen = [_View(network, plane, data, pixels) for network in distinct]
    zoom = _zoom(max(len(view.partition) for view in seen))
    glass = _middle(plane, zoom)
    labels = np.unique(data.validation.labels).tolist()
    content = {
        "caption": caption,
        "side": pixels,
        "zoom": zoom,
        "glass": _corners(plane, glass),
        "classes": [str(name) for name in data.classes],
        "labels": labels,
        "shape": _image_shape(data),
        "points": places(plane),
        "spanning": names,
        "coverages": list(COVERAGES),
        "criteria": [
            {"name": name, "views": [number[id(network)] for network in row]}
            for name, row in dial.items()
        ],
        "narrow": [number[id(network)] for network in beside],
        "views": [view.entry(glass) for view in seen],
        "constraints": pack(np.array([view.column("constraints") for view in seen], np.uint16)),
        "met": pack(np.array([view.column("met") for view in seen])),
        "share": pack(np.array([view.column("share") for view in seen])),
    }
    return Page("sparsity", _TITLE, _ABOUT, content, height=1500)


def _checked_networks(
    wide: Mapping[str, Sequence[Network]], narrow: Sequence[Network]
) -> tuple[dict[str, list[Network]], list[Network]]:
    """Both as lists. Raises MBHError for networks that cannot stand side by side."""
    require.kind_of("wide", wide, Mapping, "sequences of networks by what chose their connections")
    beside = require.listed("narrow", narrow, "networks, one for each position of the dial")
    if not wide or not beside:
        raise MBHError("wide and narrow need at least one network each")
    dial = {}
    for name, given in wide.items():
        require.kind_of("a name in wide", name, str, "a text: what chose the connections")
        row = require.listed(f"wide[{name!r}]", given, "networks, from dense to sparse")
        if len(row) != len(beside):
            raise MBHError(
                f"wide[{name!r}] has {len(row)} networks, and narrow has {len(beside)}: give one "
                "each for every position of the dial"
            )
        for i, (one, other) in enumerate(zip(row, beside, strict=True)):
            require.kind_of(f"wide[{name!r}][{i}]", one, Network, "a Network")
            require.kind_of(f"narrow[{i}]", other, Network, "a Network")
            if one.n_parameters != other.n_parameters:
                raise MBHError(
                    f"wide[{name!r}][{i}] has {one.n_parameters} hidden parameters, and narrow[{i}]"
                    f" has {other.n_parameters}: only equally large networks are compared"
                )
        dial[name] = row
    return dial, beside


def _zoom(n_regions: int) -> int:
    """How many times the glass magnifies so that single regions can be seen."""
    return max(1, round((n_regions / _MAGNIFIED) ** 0.5))


def _middle(plane: Plane, zoom: int) -> Plane:
    """The same plane with a smaller square in the middle of its domain."""
    middle = (plane.low + plane.high) / 2
    half = float((plane.high - plane.low).max()) / 2 / zoom
    points = plane.points
    spanning = plane.spanning
    return Plane(plane.origin, plane.basis, middle - half, middle + half, spanning, points=points)


def _corners(plane: Plane, glass: Plane) -> list[float]:
    """Left, top and side of the glass in a picture of side 1."""
    side = float((plane.high - plane.low).max())
    half = float(glass.high[0] - glass.low[0]) / side / 2
    return [0.5 - half, 0.5 - half, 2 * half]


def _image_shape(data) -> list[int]:
    """Rows and columns of an image; of other inputs one row."""
    shape = tuple(data.image_shape)
    return list(shape) if len(shape) == 2 else [1, data.n_inputs]


class _View:
    """One network on the plane: what the page is told of it."""

    def __init__(self, network: Network, plane: Plane, data, pixels: int):
        self.network = network
        self.pixels = pixels
        self.accuracy = accuracy(network, data.validation)
        self.partition = partition_input_space(network, plane)
        self.orders: list[Order] = list(class_orders(network, data.validation).values())
        self.ranks = np.array([ranks(self.partition, order.constraints) for order in self.orders])
        self.tables = [
            order_table(self.partition, order, of_class)
            for order, of_class in zip(self.orders, self.ranks, strict=True)
        ]

    def column(self, name: str) -> np.ndarray:
        """A column of the tables of all classes, (n_classes, n_coverages)."""
        return np.array([table[name] for table in self.tables])

    def entry(self, glass: Plane) -> dict:
        """What the page knows of it, with its regions in the magnifying glass."""
        network = self.network
        # Regions that no class tells apart are one group: a few hundred of tens of thousands.
        facts, group = np.unique(self.ranks, axis=1, return_inverse=True)
        seen = group_map(self.partition, group, self.pixels)
        degrees = network.masks[0].sum(axis=0)
        return {
            "hidden": list(network.hidden),
            "parameters": network.n_parameters,
            "density": pruning.density(network.n_inputs, network.hidden, network.n_parameters),
            "accuracy": self.accuracy,
            "regions": len(self.partition),
            "map": seen.packed,
            "ranks": pack(facts[:, seen.regions]),
            "degrees": pack(degrees.astype(np.uint16)),
            "magnified": _magnified(partition_input_space(network, glass), self.pixels),
        }


def _magnified(partition: Partition, pixels: int) -> dict:
    """The regions in the magnifying glass, each with a colour."""
    seen = region_map(partition, pixels)
    return {
        "regions": len(partition),
        "map": seen.packed,
        "hash": pack(pattern_hashes(partition.packed[seen.regions])),
    }


# --------------------------------------------------------------------------------- of a profile


def for_profile(profile: str | Profile, seed: int = 0, store: Store | None = None) -> Page:
    """The page of a profile: its set-ups with the most neurons, and with the fewest.

    Parameters
    ----------
    profile : str or Profile
        How large everything is. At profile paper the networks are part of the project; at the
        others they are trained now, if the store does not have them.
    seed : int, default 0
        Of the plane's images. The networks are the experiments' first models.
    store : Store, optional
        The usual one by default.

    Returns
    -------
    Page

    Raises
    ------
    MBHError
        For an unknown profile.

    Notes
    -----
    Magnitude masks are those of one-shot pruning (section 2.3 of the thesis): the largest weights
    of the trained dense network. They are shown on its trained weights and, as winning tickets, on
    its initial ones; neither is trained any further.
    """
    profile = profile_named(profile)
    store = store or Store()
    widest = profile.setups[0].hidden
    dial = [setup for setup in profile.setups if setup.hidden == widest]
    runs = [run_of(profile, setup.number) for setup in dial]
    random = [run.trained(store) for run in runs]
    initial = runs[0].initial(store)
    tickets = [winning_ticket(random[0], initial, run.parameters) for run in runs]
    pruned = [random[0], *(random[0].copy().set_masks(one.masks) for one in tickets[1:])]
    narrowest = {setup.parameters: setup for setup in profile.setups}  # the last of each size
    others = [narrowest[setup.parameters].number for setup in dial[1:]]
    beside = [random[0], *(run_of(profile, number).trained(store) for number in others)]
    data = loaded(profile.fashion)
    caption = (
        f"Networks of the experiments on {datasets.title(data.name)}, {profile.iterations:,} "
        "iterations; seen on a square of the plane through three validation images."
    )
    return sparsity_page(
        {
            "random mask, then trained": random,
            "largest weights of the trained network": pruned,
            "winning ticket: that mask on the initial weights, not trained": tickets,
        },
        beside,
        class_plane(profile.fashion, CLASSES, seed),
        data,
        spanning=[data.classes[c] for c in CLASSES],
        caption=caption,
    )
