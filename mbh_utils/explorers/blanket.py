"""The explorer of minimal blankets: class, c_P, network and plane to choose, in a page of its own.

All that the page shows is worked out here: for each network and plane a picture of *groups*, that
is of regions which no class and no c_P tells apart, and exact tables of areas and coverages.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mbh_utils import datasets, experiments
from mbh_utils.blankets.maximal_pattern import check_coverage
from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.experiments.profiles import Profile
from mbh_utils.explorers.packing import pack
from mbh_utils.explorers.rank_maps import (
    COVERAGES,
    Order,
    all_ranks,
    class_orders,
    order_of,
    order_table,
    window,
)
from mbh_utils.explorers.region_maps import RegionMap, group_map
from mbh_utils.explorers.web_page import Page
from mbh_utils.networks.evaluation import accuracy
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.planes import Plane

#: Pixels along each side of the pictures.
PIXELS = 860
#: Classes whose images span the plane of the chapter's explorer.
SPANNING_CLASSES = (0, 1, 9)
#: States of a network, as the page calls them.
TRAINED = "trained"
UNTRAINED = "before training"

_TITLE = "Minimal blankets"
_ABOUT = (
    "A class and a minimum coverage give the pattern that enough of the class's images agree on. "
    "Where a network follows that pattern is its minimal blanket. The smaller it is, the more the "
    "network is specialized to the class."
)


def blanket_page(
    networks,
    planes,
    data,
    *,
    untrained: Mapping[str, Any] | None = None,
    phenomena: Mapping[str, Samples] | None = None,
    shown: str | int | None = None,
    coverage: float = 0.8,
    pixels: int = PIXELS,
    progress: Callable[[float, str], None] | None = None,
) -> Page:
    """A page in which blankets follow class, c_P, network and plane without Python.

    Parameters
    ----------
    networks : network or dict of str to network
        Anything that :func:`mbh_utils.hidden_layers` understands; several with their names.
    planes : Plane or dict of str to Plane
        Where blankets are measured; several, such as "square" and "input box", with their names.
    data : Dataset
        The validation samples of a class make its patterns.
    untrained : dict of str to network, optional
        Of some of the networks, by the same names, their states before training.
    phenomena : dict of str to Samples, optional
        What else than the classes can be chosen: samples by the words for them.
    shown : str or int, optional
        Class, or phenomenon, that the page starts with; by default the first of one's own
        phenomena, or else the first class.
    coverage : float, default 0.8
        Minimum coverage c_P that it starts with, from 0.5 to 1.
    pixels : int, default 860
        Along each side of the pictures of trained networks on the first plane; all others have half
        of them, which keeps the page small.
    progress : function, optional
        Called with the share that is done and the words for what is next.

    Returns
    -------
    Page
        Its numbers are exact: only the pictures have pixels.

    Raises
    ------
    MBHError
        For lines, networks and planes that do not fit each other, and states to start with that
        there are none of.

    Notes
    -----
    Figure 4.6 of the thesis, moved by the reader. Regions in the page are never drawn one by one:
    see ``rank_maps.py``.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import widgets
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 8))
    >>> plane = mbh.Plane.through(data.validation.images[:3])
    >>> page = widgets.blanket_page(network, plane, data, shown=3)
    >>> page.name, page.data["start"]["class"]
    ('blanket', '3')
    """
    data = require.data_set("data", data, ("validation", "classes"))
    named = _by_name("networks", networks, "the network")
    domains = _by_name("planes", planes, "the plane")
    for name, plane in domains.items():
        expected = "a Plane, as Plane.through(three_samples) makes it"
        require.kind_of(
            f"planes[{name!r}]" if len(domains) > 1 else "plane", plane, Plane, expected
        )
    pixels = require.whole("pixels", pixels, 1, 4096)
    own = _phenomena(phenomena)
    subjects = [*_own_subjects(own), *_class_subjects(data)]
    start = {
        "class": _start(shown, subjects),
        "coverage": _checked_start(coverage),
        "network": next(iter(named)),
        "state": TRAINED,
        "domain": next(iter(domains)),
    }
    models = _models(named, {} if untrained is None else untrained)
    told = progress or (lambda share, words: None)
    views = []
    facts = []
    for i, (name, state, network) in enumerate(models):
        told(i / len(models), f"patterns of {name}, {state}")
        orders = _orders(network, data, own)
        facts.append(_model_facts(name, state, network, data, orders))
        for j, plane in enumerate(domains.values()):
            told((i + (j + 0.5) / len(domains)) / len(models), f"regions of {name}, {state}")
            regions = _partition(network, plane)
            is_main = state == TRAINED and j == 0
            side = pixels if is_main else max(pixels // 2, 1)
            views.append(_view(regions, list(orders.values()), side))
    told(1.0, "done")
    content = {
        "data": _title(data),
        "coverages": list(COVERAGES),
        "phenomena": subjects,
        "classes": list(data.classes),
        "models": facts,
        "domains": [_domain(name, plane, data) for name, plane in domains.items()],
        "views": views,
        "start": start,
    }
    return Page("blanket", _TITLE, _ABOUT, content, height=1000)


def for_profile(profile: str | Profile, seed: int = 0) -> Page:
    """The page of chapter 4: the large sparse and the small dense network of a profile.

    Parameters
    ----------
    profile : str or Profile
        One of ``experiments.PROFILES``: "quick" trains the networks at once.
    seed : int, default 0
        Which images span the plane.

    Returns
    -------
    Page
        Of set-ups #7 and #10, trained and before training, in the square and in the input box.

    Raises
    ------
    MBHError
        For an unknown profile, or a seed that is none.
    """
    size = experiments.profile_named(profile)
    runs = {
        "#7, large, sparse": experiments.run_of(size, 7),
        "#10, small, dense": experiments.run_of(size, 10),
    }
    planes = {
        name: experiments.class_plane(size.fashion, SPANNING_CLASSES, seed, domain=domain)
        for name, domain in (("square", "square"), ("input box", "box"))
    }
    return blanket_page(
        {name: run.trained() for name, run in runs.items()},
        planes,
        datasets.load(size.fashion),
        untrained={name: run.initial() for name, run in runs.items()},
        shown=SPANNING_CLASSES[-1],
        coverage=0.9,
    )


# ------------------------------------------------------------------------------ what was asked for


def _by_name(what: str, given, one: str) -> dict[str, Any]:
    """One thing, or several by their names, as a dict."""
    if not isinstance(given, Mapping):
        return {one: given}
    if not given or not all(isinstance(name, str) and name for name in given):
        raise MBHError(
            f"{what} is {require.shown(given)}; expected a dict of at least one by names"
        )
    return dict(given)


def _phenomena(given: Mapping[str, Samples] | None) -> dict[str, Samples]:
    """One's own phenomena. Raises MBHError for what is no dict of samples by words."""
    own = {} if given is None else _by_name("phenomena", given, "own phenomenon")
    for name, samples in own.items():
        if not len(require.samples(f"phenomena[{name!r}]", samples)):
            raise MBHError(f"phenomenon {name!r} has no samples: no pattern can be made of them")
    return own


def _class_subjects(data) -> list[dict]:
    """What the page calls each class that has validation samples."""
    labels, counts = np.unique(data.validation.labels, return_counts=True)
    return [
        {
            "key": str(c),
            "option": f"{c}: {data.classes[c]}",
            "subject": f"Class {c} ({data.classes[c]})",
            "of": "the class's images",
            "count": n,
        }
        for c, n in zip(labels.tolist(), counts.tolist(), strict=True)
    ]


def _own_subjects(own: dict[str, Samples]) -> list[dict]:
    """What the page calls each phenomenon of one's own."""
    return [
        {
            "key": name,
            "option": name,
            "subject": f"Phenomenon ({name})",
            "of": "its images",
            "count": len(samples),
        }
        for name, samples in own.items()
    ]


def _start(shown: str | int | None, subjects: list[dict]) -> str:
    """Key of what the page starts with. Raises MBHError if it has none such."""
    keys = [subject["key"] for subject in subjects]
    if shown is None:
        return keys[0]
    if isinstance(shown, bool) or str(shown) not in keys:
        those = ", ".join(keys)
        raise MBHError(
            f"class {require.shown(shown)} has no validation samples; those that have: {those}"
        )
    return str(shown)


def _checked_start(coverage: float) -> float:
    low, high = COVERAGES[0], COVERAGES[-1]
    if not low <= check_coverage(coverage) <= high:
        raise MBHError(
            f"the explorer's slider goes from {low} to {high}; c_P = {coverage} is off its limits"
        )
    return min(COVERAGES, key=lambda c: abs(c - coverage))


def _models(named: dict[str, Any], untrained: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Name, state and network of all that are to be shown."""
    require.kind_of("untrained", untrained, Mapping, "a dict of networks by their names")
    for name in untrained:
        if name not in named:
            raise MBHError(f"untrained names {name!r}, which is none of {', '.join(named)}")
    models = []
    for name, network in named.items():
        models.append((name, TRAINED, network))
        if name in untrained:
            models.append((name, UNTRAINED, untrained[name]))
    return models


# ----------------------------------------------------------------------------- what the page shows


def _orders(network, data, own: dict[str, Samples]) -> dict[str, Order]:
    """Greedy orders of one's own phenomena, and of all classes, by their keys."""
    orders = {name: order_of(network, samples) for name, samples in own.items()}
    return orders | {str(c): order for c, order in class_orders(network, data.validation).items()}


def _model_facts(name: str, state: str, network, data, orders: dict[str, Order]) -> dict:
    """A network's greedy orders, and what its constraints are met by; the same on every plane."""
    found = list(orders.values())
    return {
        "network": name,
        "state": state,
        "accuracy": _accuracy(network, data),
        "begins": np.cumsum([0, *(len(o.constraints) for o in found)]).tolist(),
        "neurons": pack(_joined([o.constraints.neurons for o in found], np.uint32)),
        "states": pack(_joined([o.constraints.states for o in found], np.uint8)),
        "lengths": pack(np.stack([o.lengths for o in found]).astype(np.uint16)),
        "met": pack(np.stack([o.met for o in found])),
    }


def _joined(parts: Sequence[np.ndarray], dtype) -> np.ndarray:
    return np.concatenate([part.astype(dtype) for part in parts])


def _title(data) -> str:
    """What a data set is called in the page."""
    try:
        return datasets.title(data.name)
    except MBHError:  # one of the reader's own
        return data.name


def _accuracy(network, data) -> float | None:
    """Share of validation samples that are classified rightly; None for hidden layers alone."""
    try:
        return float(accuracy(network, data.validation))
    except MBHError:
        return None


def _partition(network, plane: Plane) -> Partition:
    """Regions, cut by the predicted class where the network has one."""
    try:
        return partition_input_space(network, plane, decision_boundary=True, progress=False)
    except MBHError:  # no output layer, or else it is told again
        return partition_input_space(network, plane, progress=False)


def _view(regions: Partition, orders: list[Order], pixels: int) -> dict:
    """A network on a plane: the picture of groups, what is true of them, exact areas, points."""
    ranks = all_ranks(regions, [order.constraints for order in orders])
    classes = regions._classes
    predicted = np.zeros(len(regions), np.int64) if classes is None else classes
    facts, group_of = np.unique(
        np.concatenate([ranks, predicted[None].astype(np.uint16)]), axis=1, return_inverse=True
    )
    seen = group_map(regions, group_of, pixels)
    # Groups are numbered as pixels see them; behind those that none sees is what lies outside.
    n_groups = facts.shape[1]
    order = np.concatenate([seen.regions, np.setdiff1d(np.arange(n_groups), seen.regions)])
    facts = facts[:, order]
    group_of = np.argsort(order)[group_of]
    is_outside = seen.pixels == len(seen.regions)
    shown = RegionMap(np.where(is_outside, n_groups, seen.pixels), seen.regions)
    tables = [order_table(regions, o, r) for o, r in zip(orders, ranks, strict=True)]
    return {
        "regions": _n_activation_regions(regions),
        "map": shown.packed,
        "side": pixels,
        "ranks": pack(facts[:-1]),
        "predicted": None if classes is None else pack(facts[-1].astype(np.uint16)),
        "areas": pack(np.stack([table["area"].to_numpy() for table in tables])),
        "points": _points(regions, group_of),
    }


def _n_activation_regions(regions: Partition) -> int:
    """How many regions there are, where those cut by the predicted class count once."""
    if regions._classes is None:
        return len(regions)
    return len(np.unique(regions.packed, axis=0))


def _points(regions: Partition, group_of: np.ndarray) -> list[dict]:
    """Of each spanning point its group, and the area of its activation region."""
    if regions.plane.spanning is None:
        return []
    points = []
    for region in regions.locate(regions.plane.spanning).tolist():
        if region < 0:
            points.append({"group": None, "area": None})
            continue
        same = (regions.packed == regions.packed[region]).all(axis=1)
        points.append({"group": int(group_of[region]), "area": float(regions.areas[same].sum())})
    return points


def _domain(name: str, plane: Plane, data) -> dict:
    """A plane's domain, and the images that span it."""
    low, side = window(plane)
    spanning = plane.spanning
    return {
        "name": name,
        "low": low.tolist(),
        "side": side,
        "area": plane.area,
        "corners": plane.corners.tolist(),
        "points": [] if spanning is None else spanning.tolist(),
        "names": [] if spanning is None else _names(plane, data),
        "images": _images(plane, data),
    }


def _names(plane: Plane, data) -> list[str]:
    """Classes of the images that span a plane, where the data set has them."""
    if plane.points is None:
        n = 0 if plane.spanning is None else len(plane.spanning)
        return [f"image {i + 1}" for i in range(n)]
    names = []
    for i, point in enumerate(plane.points):
        label = _label(point, data)
        names.append(f"image {i + 1}" if label is None else str(data.classes[label]))
    return names


def _label(point: np.ndarray, data) -> int | None:
    """The label of an image of the data set; None for one that it does not have."""
    for samples in (data.validation, data.train):
        same = np.flatnonzero((samples.images == point).all(axis=1))
        if len(same):
            return int(samples.labels[same[0]])
    return None


def _images(plane: Plane, data) -> dict | None:
    """The images that span a plane, as bytes between the data's lowest and highest value."""
    shape = tuple(data.image_shape)
    if plane.points is None or len(shape) < 2 or shape[0] * shape[1] != data.n_inputs:
        return None
    low = float(np.min(data.low))
    high = float(np.max(data.high))
    grey = np.clip((plane.points - low) / (high - low), 0, 1) * 255
    return {"shape": list(shape[:2]), "pixels": pack(np.rint(grey).astype(np.uint8))}
