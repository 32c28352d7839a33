"""Which planes the networks are measured on, and which finite part of each: a plane's domain."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.experiments.profiles import Profile, profile_named
from mbh_utils.regions.planes import Plane


@dataclass(frozen=True)
class PlaneSet:
    """The planes that every network of a data set is measured on, by everything that defines them.

    Each passes through one random validation image of each of three random classes. A set with
    more planes begins with the same ones.

    Parameters
    ----------
    planes : int
        How many.
    domain : str, default "square"
        The finite part of a plane that is looked at: "square" around the three images; "box", the
        polygon in which the plane meets the data's input box (Definition 4.7's own domain);
        "triangle", with the three images as its corners.
    margin : float or None, default 1.5
        Half the side of the square, in units of the largest distance of an image from the three
        images' centroid. None for "box" and "triangle", which have no margin.
    classes : tuple of int, optional
        Three classes that every plane passes through; by default each plane has its own, random
        ones.

    Raises
    ------
    MBHError
        For values that define no planes.

    Examples
    --------
    >>> from mbh_utils.experiments import PlaneSet
    >>> PlaneSet(10).settings
    {'planes': 10, 'domain': 'square', 'margin': 1.5}
    >>> PlaneSet(10, domain="box").settings
    {'planes': 10, 'domain': 'box'}
    >>> (square,) = PlaneSet(1).of("digits8")
    >>> (box,) = PlaneSet(1, domain="box").of("digits8")
    >>> square.area > box.area  # most of the square lies outside of the images' space
    True
    """

    planes: int
    domain: str = "square"
    margin: float | None = 1.5
    classes: tuple[int, ...] | None = None

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(planes=require.whole("planes", self.planes, 1, 1_000_000))
        require.choice("domain", self.domain, ("square", "box", "triangle"))
        if self.domain != "square":
            put(margin=None)
        else:
            what = "a finite number above 0"
            put(margin=require.number("margin", self.margin, what, lambda x: 0 < x < np.inf))
        if self.classes is not None:
            what = "three classes, by their numbers, or None"
            given = require.listed("classes", self.classes, what)
            put(classes=tuple(require.whole("a class in classes", c, 0) for c in given))

    @property
    def settings(self) -> dict:
        """Its part of the store key of what is measured on these planes."""
        chosen = {"planes": self.planes, "domain": self.domain}
        if self.margin is not None:
            chosen["margin"] = self.margin
        if self.classes is not None:
            chosen["classes"] = self.classes
        return chosen

    def of(self, dataset: str) -> tuple[Plane, ...]:
        """These planes of a data set.

        Parameters
        ----------
        dataset : str
            The name of the data set.

        Returns
        -------
        tuple of Plane
            As many as :attr:`planes` says, in their order.
        """
        return _planes_of(dataset, self)

    def classes_of(self, dataset: str) -> tuple[tuple[int, ...], ...]:
        """The classes of the three images of each plane, in the order of its spanning points.

        Parameters
        ----------
        dataset : str
            The name of the data set.

        Returns
        -------
        tuple of tuple of int
            As many as :attr:`planes` says.

        Examples
        --------
        >>> from mbh_utils.experiments import PlaneSet
        >>> PlaneSet(2).classes_of("digits8")
        ((9, 5, 0), (7, 2, 8))
        """
        if self.classes is not None:
            return (self.classes,) * self.planes
        n_classes = datasets.load(dataset).n_classes
        return tuple(random_classes(plane, n_classes) for plane in range(self.planes))


def random_classes(plane: int, n_classes: int) -> tuple[int, ...]:
    """The three classes of a plane, by its number, where none were chosen."""
    return tuple(stream(plane, "classes").permutation(n_classes)[:3].tolist())


@functools.lru_cache(maxsize=6)
def _planes_of(dataset: str, chosen: PlaneSet) -> tuple[Plane, ...]:
    domain: dict = {"domain": chosen.domain}
    if chosen.margin is not None:
        domain["margin"] = chosen.margin
    of_planes = chosen.classes_of(dataset)
    planes = (class_plane(dataset, c, seed=i, **domain) for i, c in enumerate(of_planes))
    return tuple(planes)


def class_plane(
    dataset: str,
    classes: Sequence[int],
    seed: int = 0,
    margin: float = 1.5,
    domain: str = "square",
) -> Plane:
    """The plane through one random validation image of each of three classes (section 5.2).

    Parameters
    ----------
    dataset : str
        The name of a data set.
    classes : sequence of int
        Three classes, in the order of the plane's spanning points.
    seed : int, default 0
        Which images.
    margin : float, default 1.5
        Half the side of a square domain, see :meth:`mbh_utils.Plane.through`.
    domain : str, default "square"
        "square", "box": where the plane meets the data's input box, or "triangle": between the
        three images. The last two have no margin.

    Returns
    -------
    Plane

    Raises
    ------
    MBHError
        For an unknown data set, or classes that are not three of its own.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> plane = experiments.class_plane("digits8", (6, 1, 9))
    >>> wide = experiments.class_plane("digits8", (6, 1, 9), margin=3)
    >>> round(wide.area / plane.area, 6)
    4.0
    """
    data = datasets.load(dataset)
    rng = stream(seed, "planes")
    classes = require.listed("classes", classes, "three classes, by their numbers")
    if len(classes) != 3:
        n = len(classes)
        raise MBHError(f"classes has {n} members; a plane is spanned by images of three classes")
    images = np.stack([rng.choice(data.validation.of_class(c).images) for c in classes])
    if isinstance(domain, str) and domain == "box":
        return Plane.through(images, domain="box", low=data.low, high=data.high)
    return Plane.through(images, margin=margin, domain=domain)


def grid_planes(
    profile: str | Profile, dataset: str, *, domain: str = "square", margin: float | None = 1.5
) -> list[Plane]:
    """The planes that every network of a data set is measured on: three random classes each.

    Parameters
    ----------
    profile : str or Profile
        It says how many planes.
    dataset : str
        The name of a data set.
    domain, margin
        The finite part of each plane, see :class:`PlaneSet`.

    Returns
    -------
    list of Plane

    Raises
    ------
    MBHError
        For an unknown profile or data set.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> len(experiments.grid_planes("quick", "digits8"))
    4
    """
    require.kind_of("dataset", dataset, str, "the name of a data set")
    return list(PlaneSet(profile_named(profile).planes, domain, margin).of(dataset))
