"""What a partition is: activation regions on a plane or a line, and what can be asked of them.

How it is computed is in ``partition.py``; how it is stored in ``saved.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions import saved
from mbh_utils.regions.bits import unpack_words
from mbh_utils.regions.blanket import Blanket, areas_under, pattern_masks, regions_under
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.restriction import HiddenNetwork, Restriction


@dataclass(frozen=True, eq=False, repr=False)
class Partition:
    """The activation regions of a hidden network on a plane; each is a convex polygon.

    Made by :func:`mbh_utils.partition_input_space`.

    Attributes
    ----------
    plane : Plane or Line
        With the domain that was partitioned.
    widths : tuple of int
        Neurons per hidden layer.
    network : list of tuple
        The hidden layers that were partitioned, in the form of :func:`mbh_utils.hidden_layers`.
    n_regions : int
        Number of regions, also ``len(partition)``.
    uncertain : int
        Sign decisions that lay within their rounding bound, and that exact arithmetic settled.
    exact : bool
        Whether each area is right to 1e-9 of itself, and not only of the domain.
    touched : ndarray of bool, shape (n_regions,)
        Regions that depend on an uncertain sign.
    output : tuple or None
        The output layer (weight, bias), where the regions are also cut by the predicted class.

    Notes
    -----
    Definition 3.8 of the thesis gives each activation pattern its region. Held are the regions that
    are not empty (Definition 3.9), as far as they lie in the domain; that they are convex is Lemma
    3.1. Each has one activation pattern, and no two have the same. Neurons are numbered over all
    hidden layers in layer order; regions of a plane are numbered in no particular order.

    On a line the regions are intervals, numbered from left to right: ``areas`` are their lengths,
    ``intervals`` their ends, and ``polygons`` the strips of height 1 over them.

    With ``decision_boundary=True`` the regions are also cut where the predicted class changes:
    ``classes`` has one class per region, and several regions may have the same pattern.

    Examples
    --------
    The two neurons x1 > 0 and x2 > 0 on a square:

    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 0])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> len(regions), regions.areas.tolist()
    (4, [1.0, 1.0, 1.0, 1.0])
    >>> sorted(regions.patterns.astype(int).tolist())
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """

    plane: Plane | Line
    widths: tuple[int, ...]
    network: list[tuple]
    n_regions: int
    uncertain: int
    exact: bool
    touched: np.ndarray
    _areas: np.ndarray | None
    _packed: np.ndarray | None
    _corners: np.ndarray | None
    _edges: np.ndarray | None
    _offsets: np.ndarray | None
    output: tuple[np.ndarray, np.ndarray] | None = None
    _classes: np.ndarray | None = None

    def __len__(self) -> int:
        return self.n_regions

    def __repr__(self) -> str:
        hidden = "-".join(map(str, self.widths))
        doubt = f", {self.uncertain:,} signs settled exactly" if self.uncertain else ""
        cut = "" if self.output is None else f", cut by {len(self.output[1])} classes"
        return (
            f"Partition({self.n_regions:,} regions of a {hidden} hidden network{cut}, "
            f"certified{doubt}; {self.plane!r})"
        )

    @property
    def certified(self) -> bool:
        """Whether this is proven to be the partition that exact arithmetic finds: it is always.

        No region is missing, none is too many, and no pattern and no class is wrong, for the
        network's float64 weights on the plane through the spanning points (or with the given origin
        and basis) and the domain's float64 corners. Areas are never negative and right to 1e-9 of
        the domain's, with exact=True to 1e-9 of themselves.
        """
        return True

    # --------------------------------------------------------------------- the network on the plane

    @cached_property
    def restriction(self) -> Restriction:
        """The network on the plane, with the output layer where the partition was cut by it."""
        if self.output is None:
            return Restriction(HiddenNetwork(list(self.network)), self.plane)
        weight, bias = self.output
        n_linear = len(bias)
        layers = [*self.network, (weight, bias, n_linear)]
        return Restriction(HiddenNetwork(layers), self.plane)

    @cached_property
    def layers(self) -> list[tuple]:
        """Hidden layers as a network of the two plane coordinates.

        They are in the form of :func:`mbh_utils.hidden_layers`.
        """
        return self.restriction.on_plane[: len(self.widths)]

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.widths)

    def affine_map(self, region: int, layer: int | str = -1) -> tuple[np.ndarray, np.ndarray]:
        """Pre-activations of one hidden layer on a region, where they are an affine map.

        Parameters
        ----------
        region : int
            Number of the region.
        layer : int or "output", default -1
            Which hidden layer, from 0; -1 is the last one. "output" is the output layer, where the
            partition was cut by its classes.

        Returns
        -------
        weight : ndarray, shape (n_l, 2)
            Its rows are the gradients along the plane. On a line the second column is 0.
        bias : ndarray, shape (n_l,)
            The pre-activations at plane coordinates uv are weight @ uv + bias.

        Raises
        ------
        MBHError
            For a region or a layer that is not there.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> layers = [([[1, 0], [0, 1]], [0, 0]), ([[2, 3]], [5])]
        >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((1, -2), (2, -1)))
        >>> weight, bias = regions.affine_map(0)  # x1 > 0 is active, x2 > 0 is not
        >>> weight.tolist(), bias.tolist()
        ([[2.0, 0.0]], [5.0])
        """
        if not -self.n_regions <= require.whole("region", region) < self.n_regions:
            raise MBHError(f"there is no region {region}; the partition has {self.n_regions}")
        layers = self.layers
        widths = self.widths
        if isinstance(layer, str) and layer == "output":
            self._check_classes()
            assert self.output is not None  # as there are classes
            layers = self.restriction.on_plane
            widths = (*widths, len(self.output[1]))
            number = -1
        else:
            number = self._checked_layer(layer)
        states = unpack_words(self.widths, self.packed[[region]])
        weight, bias = layers[0][:2]
        above = layers[1:][: number % len(widths)]
        for (onwards, shift, *_), state in zip(above, states, strict=False):
            n_linear = len(bias) - state.shape[1]
            active = np.pad(
                state[0], (0, n_linear), constant_values=True
            )  # linear units always are
            bias = onwards[:, active] @ bias[active] + shift
            weight = onwards[:, active] @ weight[active]
        return weight[: widths[number]], bias[: widths[number]]

    def _checked_layer(self, layer: int | str) -> int:
        """The number of a hidden layer. Raises MBHError where there is none."""
        number = require.whole("layer", layer)
        if not -len(self.widths) <= number < len(self.widths):
            raise MBHError(f"there is no hidden layer {layer}; the network has {len(self.widths)}")
        return number

    # ---------------------------------------------------------------------------------- the regions

    def _kept(self, name: str, value):
        if value is None:
            raise MBHError(f'this partition holds no {name}: keep them by keep=(..., "{name}")')
        return value

    @property
    def areas(self) -> np.ndarray:
        """Area of each region, (n_regions,) float64, in units of the input space squared.

        They sum to the domain's.
        """
        return self._kept("areas", self._areas)

    @property
    def packed(self) -> np.ndarray:
        """Activation patterns as bits, (n_regions, n_words) uint64.

        Each layer begins with a word, its first neuron in the lowest bit.
        """
        return self._kept("patterns", self._packed)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Activation pattern of each region, (n_regions, n_hidden) bool, neurons in layer order."""
        return np.concatenate(unpack_words(self.widths, self.packed), axis=1)

    def layer_patterns(self, layer: int = -1) -> np.ndarray:
        """Pattern of one hidden layer in each region.

        Parameters
        ----------
        layer : int, default -1
            Which hidden layer, from 0; -1 is the last one.

        Returns
        -------
        ndarray of bool, shape (n_regions, n_l)

        Raises
        ------
        MBHError
            For a layer that is not there, and where patterns were not kept.
        """
        number = self._checked_layer(layer)
        return unpack_words(self.widths, self.packed)[number]

    @property
    def classes(self) -> np.ndarray:
        """Predicted class of each region, (n_regions,) int64; needs decision_boundary=True."""
        return self._check_classes()

    def _check_classes(self) -> np.ndarray:
        """The classes. Raises MBHError where none are known."""
        if self._classes is None:
            raise MBHError(
                "this partition knows no classes: "
                "partition_input_space(..., decision_boundary=True) does"
            )
        return self._classes

    @property
    def corners(self) -> np.ndarray:
        """Corners of all regions one after the other, (n, 2) float64 plane coordinates.

        Region i has those from ``offsets[i]`` to ``offsets[i + 1]``, counter-clockwise.
        """
        return self._kept("polygons", self._corners)

    @property
    def offsets(self) -> np.ndarray:
        """Where each region's corners begin in ``corners``, (n_regions + 1,) int64."""
        return self._kept("polygons", self._offsets)

    @property
    def edges(self) -> np.ndarray:
        """Whose zero line runs from each corner to the next, (n,) int32.

        It is a neuron, or -1 - e: the domain's edge e. ``n_hidden`` + c is a decision boundary,
        beyond which class c wins.
        """
        return self._kept("polygons", self._edges)

    @cached_property
    def polygons(self) -> list[np.ndarray]:
        """Corners (k, 2) float64 of each region in plane coordinates, counter-clockwise."""
        return np.split(self.corners, self.offsets[1:-1])

    @cached_property
    def edge_neurons(self) -> list[np.ndarray]:
        """For each region the part of ``edges`` that is its own, (k,) int32."""
        return np.split(self.edges, self.offsets[1:-1])

    @cached_property
    def centroids(self) -> np.ndarray:
        """A point inside each region, (n_regions, 2) plane coordinates: the mean of its corners."""
        sums = np.add.reduceat(self.corners, self.offsets[:-1])
        return sums / np.diff(self.offsets)[:, None]

    @property
    def intervals(self) -> np.ndarray:
        """Ends of each region of a line, (n_regions, 2) float64 positions, from left to right."""
        if not isinstance(self.plane, Line):
            raise MBHError("regions of a plane are no intervals: see polygons")
        across = self.corners.reshape(-1, 4, 2)[:, :, 0]
        return np.column_stack([across.min(axis=1), across.max(axis=1)])

    # ------------------------------------------------------------------------------------- blankets

    def blanket(self, pattern: DecisionPattern) -> Blanket:
        """The blanket of a decision pattern: the regions on which it holds.

        Parameters
        ----------
        pattern : DecisionPattern
            Of any hidden neurons, or of none.

        Returns
        -------
        Blanket
            Its area, its share of the domain and its regions.

        Raises
        ------
        MBHError
            For a pattern of neurons that the network does not have, and where areas or patterns
            were not kept.

        Notes
        -----
        Definition 3.11 of the thesis, and line 5 of Algorithm 1, as far as the blanket lies in the
        plane's domain. A pattern without constraints has the trivial blanket, the whole domain
        (Definition 4.2). The maximal pattern of a phenomenon has its minimal blanket (Definition
        4.3); :func:`mbh_utils.maximal_pattern` approximates that pattern.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> layers = [([[1, 0], [0, 1]], [0, 0])]
        >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
        >>> regions.blanket(mbh.DecisionPattern([0], [True]))
        Blanket(2 of 4 regions, 50.0000% of the domain)
        """
        masks, values = pattern_masks(self.widths, [pattern])
        regions = regions_under(self.packed, masks, values)
        area = float(self.areas[regions].sum())
        share = min(area / self.plane.area, 1.0)  # rounding may lift the sum over the domain
        return Blanket(area, share, regions)

    def blanket_areas(self, patterns: Sequence[DecisionPattern]) -> np.ndarray:
        """Blanket area of each of many decision patterns, much faster than by :meth:`blanket`.

        Parameters
        ----------
        patterns : sequence of DecisionPattern
            m of them.

        Returns
        -------
        ndarray, shape (m,)
            In units of the input space squared.

        Raises
        ------
        MBHError
            As :meth:`blanket`.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> layers = [([[1, 0], [0, 1]], [0, 0])]
        >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
        >>> two = [mbh.DecisionPattern([0], [True]), mbh.DecisionPattern([0, 1], [True, False])]
        >>> regions.blanket_areas(two).tolist()
        [2.0, 1.0]
        """
        masks, values = pattern_masks(self.widths, patterns)
        return areas_under(self.packed, self.areas, masks, values)

    # ------------------------------------------------------------------------ points and neighbours

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self)

    def locate(self, uv: ArrayLike) -> np.ndarray:
        """Region in which each of several points lies.

        Parameters
        ----------
        uv : array_like, shape (n, 2), or (n,) on a line
            Plane coordinates, or positions on the line.

        Returns
        -------
        ndarray of int64, shape (n,)
            Number of the region, -1 outside of the domain. A point on a common edge belongs to the
            region that the network's pattern (and class) at that point names, if there is one; else
            to one of those that meet there.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> layers = [([[1, 0], [0, 1]], [0, 0])]
        >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
        >>> inside, outside = regions.locate([[0.5, -0.5], [3, 3]])
        >>> regions.patterns[inside].tolist(), int(outside)
        ([True, False], -1)
        """
        return self._locator.locate(require.array("uv", uv).astype(np.float64))

    def adjacency(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of regions that share an edge, and the neuron between them.

        Returns
        -------
        pairs : ndarray of int64, shape (m, 2)
            Numbers of the regions, the smaller one first.
        neurons : ndarray of int64, shape (m,)
            Across the edge just this neuron changes its state; where zero lines coincide several
            do, and one is named. It is -1 on a decision boundary, where the class changes and no
            neuron does.

        Raises
        ------
        MBHError
            Where polygons or patterns were not kept.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> line = mbh.Line([0], [1], low=-1, high=1)
        >>> pairs, neurons = mbh.partition_input_space([([[1], [1]], [0, 0.5])], line).adjacency()
        >>> pairs.tolist(), neurons.tolist()
        ([[0, 1], [1, 2]], [1, 0])
        """
        return self._locator.adjacency()

    def decision_boundary(self) -> np.ndarray:
        """The edges between regions of different classes.

        Returns
        -------
        ndarray, shape (m, 2, 2)
            Both ends of each edge in plane coordinates.

        Raises
        ------
        MBHError
            Without ``decision_boundary=True``, and where polygons or patterns were not kept.
        """
        self._check_classes()
        return self._locator.decision_boundary()

    # ---------------------------------------------------------------------------------------- files

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to an ``.npz`` file, without pickle.

        Parameters
        ----------
        path : str or path
            A file that is there stays until the new one is whole.

        Examples
        --------
        >>> import tempfile, pathlib, mbh_utils as mbh
        >>> regions = mbh.partition_input_space([([[1, 0]], [0])], mbh.Plane.rectangle((-1, -1)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     regions.save(pathlib.Path(folder) / "regions.npz")
        ...     mbh.Partition.load(pathlib.Path(folder) / "regions.npz").areas.tolist()
        [2.0, 2.0]
        """
        saved.write(self, require.path("path", path))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Partition:
        """Read a partition that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path
            Of that file.

        Returns
        -------
        Partition
            With all that was saved.

        Raises
        ------
        MBHError
            Where the file is missing, damaged or something else.
        """
        return saved.read(require.path("path", path), cls)
