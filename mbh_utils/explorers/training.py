"""The training explorer: regions, classes and blankets of a network through its training."""

from collections.abc import Mapping, Sequence

import numpy as np

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments.drawn import checkpoints
from mbh_utils.experiments.networks_file import find_network
from mbh_utils.experiments.planes import class_plane
from mbh_utils.experiments.profile_runs import run_of
from mbh_utils.experiments.profiles import Profile, loaded, profile_named
from mbh_utils.experiments.runs import Run, train_runs
from mbh_utils.explorers.packing import pack
from mbh_utils.explorers.rank_maps import COVERAGES, class_orders, order_table, ranks
from mbh_utils.explorers.region_maps import (
    names_of_places,
    pattern_hashes,
    places,
    region_map,
    repeats,
)
from mbh_utils.explorers.web_page import Page
from mbh_utils.networks import Network, pruning
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.planes import Plane
from mbh_utils.training import accuracy

#: The set-up whose training is shown: many neurons, and few enough regions to be told apart.
SETUP = 9
#: The classes whose images span the plane, as in Fig 1.1.
CLASSES = (0, 1, 9)

_TITLE = "Scrub through a training"
_ABOUT = (
    "A ReLU network cuts its input space into activation regions: pieces on which no neuron "
    "switches on or off. Training moves the cuts. Try: go to iteration 0 and step forward, look "
    "when regions stop moving, then switch to the blanket of a class and see whether it gets "
    "tighter."
)


def training_page(
    networks: Mapping[int, Network],
    plane: Plane,
    data,
    *,
    history: Mapping[int, float] | None = None,
    spanning: Sequence[str] = (),
    caption: str = "",
    pixels: int = 340,
) -> Page:
    """A page that scrubs through the checkpoints of one training, on one plane.

    Parameters
    ----------
    networks : mapping of int to Network
        The network at each checkpoint, by the iteration.
    plane : Plane
        Where its regions are looked at.
    data : Dataset
        Its validation samples make the blankets, and its classes have names.
    history : mapping of int to float, optional
        Validation accuracy by iteration, at the checkpoints and maybe between them; measured at the
        checkpoints by default.
    spanning : sequence of str, optional
        What the plane's three spanning images show.
    caption : str, default ''
        What network and data these are.
    pixels : int, default 340
        Along each side of the picture.

    Returns
    -------
    Page
        Its numbers are exact: they are measured on regions, not on pixels.

    Raises
    ------
    MBHError
        For fewer than two checkpoints, networks that do not fit together, a history without one of
        the checkpoints or with what is no accuracy, and arguments of another kind.

    Notes
    -----
    The regions of section 3.1 of the thesis, cut also where the predicted class changes; the
    blankets are those of Algorithm 3, as :meth:`mbh_utils.Partition.blanket` measures them.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.explorers.training import training_page
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 4))
    >>> seen = {0: network.copy()}
    >>> _ = mbh.train(network, data, iterations=20)
    >>> plane = mbh.Plane.through(data.validation.images[:3])
    >>> page = training_page({**seen, 20: network}, plane, data, pixels=50)
    >>> [step["iteration"] for step in page.data["steps"]]
    [0, 20]
    """
    data = require.data_set("data", data, ("validation", "classes"))
    require.kind_of("plane", plane, Plane, "one Plane, as Plane.through(three_samples) makes it")
    seen = _checked_networks(networks)
    names = names_of_places(spanning)
    require.kind_of("caption", caption, str, "a text")
    pixels = require.whole("pixels", pixels, 1, 4096)
    if history is None:
        history = {i: accuracy(network, data.validation) for i, network in seen.items()}
    known = _checked_history(history, list(seen))
    views = [_View(network, plane, data.validation, pixels) for network in seen.values()]
    before: list[_View | None] = [None, *views[:-1]]
    steps = [
        {"iteration": i, "accuracy": known[i], "kept": view.kept_from(old), **view.entry}
        for i, view, old in zip(seen, views, before, strict=True)
    ]
    labels = np.unique(data.validation.labels).tolist()
    content = {
        "caption": caption,
        "side": pixels,
        "classes": [str(name) for name in data.classes],
        "labels": labels,
        "points": places(plane),
        "spanning": names,
        "coverages": list(COVERAGES),
        "steps": steps,
        "history": [[i, known[i]] for i in sorted(known)],
        "constraints": pack(np.array([view.column("constraints") for view in views], np.uint16)),
        "met": pack(np.array([view.column("met") for view in views])),
        "share": pack(np.array([view.column("share") for view in views])),
    }
    return Page("training", _TITLE, _ABOUT, content, height=1150)


def _checked_networks(networks: Mapping[int, Network]) -> dict[int, Network]:
    """The networks in the order of their iterations. Raises MBHError for too few, or others."""
    require.kind_of("networks", networks, Mapping, "the network at each checkpoint, by iteration")
    given = {require.whole("an iteration in networks", i, 0): networks[i] for i in networks}
    seen = {i: given[i] for i in sorted(given)}
    if len(seen) < 2:
        raise MBHError(f"networks has {len(seen)} checkpoints; a training is seen from two on")
    for i, network in seen.items():
        require.kind_of(f"networks[{i}]", network, Network, "a Network")
    shapes = {(n.n_inputs, n.hidden, n.n_classes) for n in seen.values()}
    if len(shapes) > 1:
        raise MBHError("networks has networks of several shapes; all must be of one training")
    return seen


def _checked_history(history: Mapping[int, float], checkpoints: list[int]) -> dict[int, float]:
    """Accuracies by iteration. Raises MBHError for anything else, or a checkpoint without one."""
    require.kind_of("history", history, Mapping, "the accuracy at each checkpoint, by iteration")
    known = {
        require.whole("an iteration in history", i, 0): require.number(
            f"history[{i}]", value, "an accuracy from 0 to 1", lambda share: 0 <= share <= 1
        )
        for i, value in history.items()
    }
    missing = [i for i in checkpoints if i not in known]
    if missing:
        raise MBHError(f"history has no accuracy of iteration {missing[0]}: give all checkpoints'")
    return known


class _View:
    """One checkpoint on the plane: what the page is told of it."""

    def __init__(self, network: Network, plane: Plane, samples, pixels: int):
        partition = partition_input_space(network, plane, decision_boundary=True)
        found, self._number = np.unique(partition.packed, axis=0, return_inverse=True)
        self._patterns = {row.tobytes() for row in found}
        orders = class_orders(network, samples)
        by_class = [ranks(partition, order.constraints) for order in orders.values()]
        tables = [
            order_table(partition, order, of_class)
            for order, of_class in zip(orders.values(), by_class, strict=True)
        ]
        self._tables = tables
        self.entry = self._entry(partition, np.array(by_class), network.n_classes, pixels)

    def column(self, name: str) -> np.ndarray:
        """A column of the tables of all classes, (n_classes, n_coverages)."""
        return np.array([table[name] for table in self._tables])

    def kept_from(self, before: "_View | None") -> int | None:
        """How many of its patterns were there at the checkpoint before; None at the first."""
        return None if before is None else len(self._patterns & before._patterns)

    def _entry(
        self, partition: Partition, by_class: np.ndarray, n_classes: int, pixels: int
    ) -> dict:
        seen = region_map(partition, pixels)
        shown = seen.regions
        won = np.bincount(partition.classes, partition.areas, n_classes) / partition.plane.area
        first, repeated = repeats(self._number[shown])
        return {
            "regions": len(self._patterns),
            "won": [round(float(share), 6) for share in won],
            "map": seen.packed,
            "hash": pack(pattern_hashes(partition.packed[shown[first]])),
            "repeats": pack(repeated),
            "winner": pack(partition.classes[shown].astype(np.uint8)),
            "ranks": pack(by_class[:, shown]),
        }


# --------------------------------------------------------------------------------- of a profile


def for_profile(profile: str | Profile, seed: int = 0, store: Store | None = None) -> Page:
    """The page of a profile: a sparse network of the experiments, on the plane of Fig 1.1.

    Parameters
    ----------
    profile : str or Profile
        How large everything is. At profile paper the network is part of the project; at the others
        it is trained now, if the store does not have it.
    seed : int, default 0
        Of the plane's images. The network is the experiments' first model.
    store : Store, optional
        The usual one by default.

    Returns
    -------
    Page

    Raises
    ------
    MBHError
        For an unknown profile.
    """
    profile = profile_named(profile)
    store = store or Store()
    run = run_of(profile, SETUP)
    data = loaded(run.dataset)
    networks = networks_through(run, store)
    density = pruning.density(data.n_inputs, run.hidden, run.parameters)
    widths = "-".join(map(str, run.hidden))
    caption = (
        f"{widths} hidden neurons, {run.parameters:,} hidden parameters (density {density:.2f}, "
        f"random mask), trained on {datasets.title(data.name)} for {profile.iterations:,} "
        "iterations; seen on a square of the plane through three validation images."
    )
    return training_page(
        networks,
        class_plane(run.dataset, CLASSES, seed),
        data,
        history=run.history(store),
        spanning=[data.classes[c] for c in CLASSES],
        caption=caption,
    )


def networks_through(run: Run, store: Store) -> dict[int, Network]:
    """A run's network at the checkpoints of its training, trained at most once.

    Parameters
    ----------
    run : Run
        Of an experiment.
    store : Store
        Where its networks are, or are kept; those that are part of the project are not trained.

    Returns
    -------
    dict of int to Network
        By iteration.
    """
    seen = checkpoints(run.recipe.iterations)
    needed = [i for i in seen if i]
    if any(find_network(run.settings_at(i), store) is None for i in needed):
        train_runs([(run, set(needed))], store)
    return {i: run.at(i, store) for i in seen}
