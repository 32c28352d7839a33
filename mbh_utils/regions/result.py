"""What a partition is: activation regions on a plane or a line, and the blankets that are made of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import areas_under, pattern_masks, unpack_words
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.places import Places
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.restriction import Restriction

_FORMAT, _PAIR = 2, ("weight", "bias")  # of saved partitions
_ARRAYS = ("touched", "_areas", "_packed", "_corners", "_edges", "_offsets", "_classes")


@dataclass(frozen=True, eq=False)
class Blanket:
    """The part of a plane on which a decision pattern holds: a union of activation regions (Lemma 3.2, Definition 4.3).

    area: in units of the input space squared. share: area / area of the plane's domain.
    regions: (n_regions,) bool, which activation regions belong to it.
    """

    area: float
    share: float
    regions: np.ndarray

    def __repr__(self) -> str:
        return f"Blanket({self.regions.sum():,} of {len(self.regions):,} regions, {self.share:.4%} of the domain)"


def _digest(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """sha256 of arrays with their names, types and shapes, as 32 bytes."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)


@dataclass(frozen=True, eq=False, repr=False)
class Partition:
    """The activation regions of a hidden network on a plane; each is a convex polygon with one activation pattern.

    plane: the plane (or the line) and its domain. widths: neurons per hidden layer. n_regions: number of regions.
    network: the hidden layers that were partitioned, in the form of :func:`mbh_utils.hidden_layers`.
    uncertain: sign decisions that lay within their rounding bound, and that exact arithmetic settled.
    exact: whether each area is right to 1e-9 of itself, and not only of the domain.
    touched: (n_regions,) bool, regions that depend on an uncertain sign.

    Neurons are numbered over all hidden layers in layer order; regions of a plane are numbered in no particular order.

    On a line the regions are intervals, numbered from left to right: ``areas`` are their lengths, ``intervals`` their
    ends, and ``polygons`` the strips of height 1 over them.

    With decision_boundary=True the regions are also cut where the predicted class changes: ``classes`` has one class
    per region, and ``output`` is the output layer, (weight, bias). Several regions may then have the same pattern.
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
        doubt = f"certified, {self.uncertain:,} signs settled exactly" if self.uncertain else "certified"
        cut = "" if self.output is None else f", cut by {len(self.output[1])} classes"
        return f"Partition({self.n_regions:,} regions of a {hidden} hidden network{cut}, {doubt}; {self.plane!r})"

    @property
    def certified(self) -> bool:
        """Whether this is proven to be the partition that exact arithmetic finds: it is always.

        No region is missing, none is too many, and no pattern and no class is wrong, for the network's float64 weights
        on the plane through the spanning points (or with the given origin and basis) and the domain's float64 corners.
        Areas are never negative and right to 1e-9 of the domain's, with exact=True to 1e-9 of themselves.
        """
        return True

    @cached_property
    def restriction(self) -> Restriction:
        """The network on the plane, the output layer behind the hidden ones where the partition was cut by it."""
        n_classes = 0 if self.output is None else len(self.output[1])
        return Restriction([*self.network, *([(*self.output, n_classes)] if n_classes else [])], self.plane)

    @cached_property
    def layers(self) -> list[tuple]:
        """Hidden layers as a network of the two plane coordinates, in the form of :func:`mbh_utils.hidden_layers`."""
        return self.restriction.on_plane[: len(self.widths)]

    def _kept(self, name: str, value):
        if value is None:
            raise MBHError(f'this partition holds no {name}: keep them by keep=(..., "{name}")')
        return value

    @property
    def classes(self) -> np.ndarray:
        """Predicted class of each region, (n_regions,) int64; needs decision_boundary=True."""
        if self._classes is None:
            raise MBHError("this partition knows no classes: partition_input_space(..., decision_boundary=True) does")
        return self._classes

    @property
    def areas(self) -> np.ndarray:
        """Area of each region, (n_regions,) float64, in units of the input space squared; they sum to the domain's."""
        return self._kept("areas", self._areas)

    @property
    def packed(self) -> np.ndarray:
        """Activation patterns as bits, (n_regions, n_words) uint64; each layer begins with a word, lowest bit first."""
        return self._kept("patterns", self._packed)

    @property
    def corners(self) -> np.ndarray:
        """Corners of all regions one after the other, (n, 2) float64 plane coordinates; region i has those from
        ``offsets[i]`` to ``offsets[i + 1]``, counter-clockwise."""
        return self._kept("polygons", self._corners)

    @property
    def intervals(self) -> np.ndarray:
        """Ends of each region of a line, (n_regions, 2) float64 positions, from left to right."""
        if not isinstance(self.plane, Line):
            raise MBHError("regions of a plane are no intervals: see polygons")
        across = self.corners.reshape(-1, 4, 2)[:, :, 0]
        return np.column_stack([across.min(axis=1), across.max(axis=1)])

    @property
    def offsets(self) -> np.ndarray:
        """Where each region's corners begin in ``corners``, (n_regions + 1,) int64."""
        return self._kept("polygons", self._offsets)

    @property
    def edges(self) -> np.ndarray:
        """Whose zero line runs from each corner to the next, (n,) int32: a neuron, or -1 - e: the domain's edge e.

        ``n_hidden`` + c is a decision boundary, beyond which class c wins.
        """
        return self._kept("polygons", self._edges)

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.widths)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Activation pattern of each region, (n_regions, n_hidden) bool, neurons in layer order."""
        return np.concatenate(unpack_words(self.widths, self.packed), axis=1)

    def layer_patterns(self, layer: int = -1) -> np.ndarray:
        """Pattern of one hidden layer in each region, (n_regions, n_l) bool; -1 is the last layer."""
        if not -len(self.widths) <= require.whole("layer", layer) < len(self.widths):
            raise MBHError(f"there is no hidden layer {layer}; the network has {len(self.widths)}")
        return unpack_words(self.widths, self.packed)[layer]

    @cached_property
    def polygons(self) -> list[np.ndarray]:
        """Corners (k, 2) float64 of each region in plane coordinates, counter-clockwise."""
        return np.split(self.corners, self.offsets[1:-1])

    @cached_property
    def edge_neurons(self) -> list[np.ndarray]:
        """For each region, whose zero line runs from each corner to the next, (k,) int32: a neuron; < 0: the border."""
        return np.split(self.edges, self.offsets[1:-1])

    @cached_property
    def centroids(self) -> np.ndarray:
        """A point inside each region, (n_regions, 2) float64 plane coordinates: the mean of its corners."""
        return np.add.reduceat(self.corners, self.offsets[:-1]) / np.diff(self.offsets)[:, None]

    # -- blankets

    def blanket(self, pattern: DecisionPattern) -> Blanket:
        """The blanket of a decision pattern: its area, its share of the domain and the regions it is made of."""
        masks, values = pattern_masks(self.widths, [pattern])
        regions = (((self.packed ^ values) & masks) == 0).all(axis=1)
        area = float(self.areas[regions].sum())
        return Blanket(area, min(area / self.plane.area, 1.0), regions)  # rounding may lift the sum over the domain

    def blanket_areas(self, patterns: Sequence[DecisionPattern]) -> np.ndarray:
        """Blanket area of each of m decision patterns, (m,) float64; much faster than m calls of :meth:`blanket`."""
        return areas_under(self.packed, self.areas, *pattern_masks(self.widths, patterns))

    def affine_map(self, region: int, layer: int | str = -1) -> tuple[np.ndarray, np.ndarray]:
        """Pre-activations of one hidden layer on a region, as weight (n_l, 2) and bias (n_l,): weight @ uv + bias.

        On a region every layer is affine; the rows of ``weight`` are the gradients along the plane. (On a line the
        second column is 0.) layer="output" is the output layer, where the partition was cut by its classes.
        """
        if not -self.n_regions <= require.whole("region", region) < self.n_regions:
            raise MBHError(f"there is no region {region}; the partition has {self.n_regions}")
        layers, widths = self.layers, self.widths
        if isinstance(layer, str) and layer == "output":
            self.classes  # noqa: B018  (raises where there is no output layer)
            layers, widths, layer = self.restriction.on_plane, (*widths, len(self.output[1])), -1
        elif not -len(widths) <= require.whole("layer", layer) < len(widths):
            raise MBHError(f"there is no hidden layer {layer}; the network has {len(widths)}")
        states = unpack_words(self.widths, self.packed[[region]])
        weight, bias = layers[0][:2]
        for (onwards, shift, *_), state in zip(layers[1:][: layer % len(widths)], states, strict=False):
            active = np.pad(state[0], (0, len(bias) - state.shape[1]), constant_values=True)  # linear units always are
            weight, bias = onwards[:, active] @ weight[active], onwards[:, active] @ bias[active] + shift
        return weight[: widths[layer]], bias[: widths[layer]]

    # -- files

    def save(self, path) -> None:
        """Write everything to an ``.npz`` file (no pickle); a file that is there stays until the new one is whole."""
        path = require.path("path", path)
        arrays = {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}
        plane = {f"plane_{f.name}": getattr(self.plane, f.name) for f in fields(self.plane)}
        plane = {name: np.asarray(value) for name, value in plane.items() if value is not None}
        layers = {f"{kind}_{i}": x for i, pair in enumerate(self.network) for kind, x in zip(_PAIR, pair, strict=False)}
        if self.output is not None:
            layers |= {f"output_{kind}": x for kind, x in zip(_PAIR, self.output, strict=True)}
        head = np.array([_FORMAT, isinstance(self.plane, Line), self.n_regions, self.uncertain, self.exact])
        content = {"head": head, "widths": np.array(self.widths), **arrays, **plane, **layers}
        with atomic(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, digest=_digest(content), **content)

    @classmethod
    def load(cls, path) -> "Partition":
        """A partition that :meth:`save` wrote; MBHError where the file is missing, damaged or something else."""
        path = require.path("path", path)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            digest = arrays.pop("digest", None)
            form, is_line, n_regions, uncertain, exact = arrays["head"].tolist()
            if form != _FORMAT:
                raise MBHError(f"{path} was written in format {form}, this version reads {_FORMAT}: compute it anew")
            if not np.array_equal(digest, _digest(arrays)):
                raise ValueError("its arrays are not those that were saved")
            widths = tuple(arrays["widths"].tolist())
            plane = {name[6:]: value for name, value in arrays.items() if name.startswith("plane_")}
            layers = [tuple(arrays[f"{kind}_{i}"] for kind in _PAIR) for i in range(len(widths))]
            linear = [(len(bias) - n,) if len(bias) > n else () for (_, bias), n in zip(layers, widths, strict=True)]
            layers = [(*pair, *n) for pair, n in zip(layers, linear, strict=True)]
            domain = Line(**{k: v[()] for k, v in plane.items()}) if is_line else Plane(**plane)
            kept = {name: arrays.get(name) for name in _ARRAYS}
            output = tuple(arrays[f"output_{kind}"] for kind in _PAIR) if "_classes" in arrays else None
            loaded = cls(domain, widths, layers, n_regions, uncertain, exact=bool(exact), output=output, **kept)
            loaded._hold_together()
            return loaded
        except MBHError:
            raise
        except Exception as error:  # a damaged zip file raises nearly anything
            raise MBHError(f"{path} is no readable partition ({error}); write one with Partition.save") from error

    def _hold_together(self) -> None:
        """Raise ValueError unless all arrays have the shapes, types and values that compiled code relies on."""
        n, n_words = self.n_regions, sum((width + 63) // 64 for width in self.widths)
        n_corners = None if self._offsets is None else int(self._offsets[-1])
        expected = {
            "touched": ((n,), np.bool_), "_areas": ((n,), np.float64), "_packed": ((n, n_words), np.uint64),
            "_offsets": ((n + 1,), np.int64), "_corners": ((n_corners, 2), np.float64),
            "_edges": ((n_corners,), np.int32), "_classes": ((n,), np.int64),
        }  # fmt: skip
        for name, (shape, kind) in expected.items():
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != shape or array.dtype != kind:
                raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not {np.dtype(kind)} of {shape}")
        kept = [x is None for x in (self._corners, self._edges, self._offsets)]
        if self.touched is None or len(set(kept)) > 1 or n < 1 or self.uncertain < 0:
            raise ValueError("arrays are missing, or there is no region")
        self._hold_values()

    def _hold_values(self) -> None:
        n_classes = 0 if self.output is None else len(self.output[1])
        if self._areas is not None and not (np.isfinite(self._areas).all() and (self._areas >= 0).all()):
            raise ValueError("an area is negative or no number")
        if self._classes is not None and not ((self._classes >= 0) & (self._classes < n_classes)).all():
            raise ValueError("a class has no output")
        if self._offsets is not None:
            sides, lines = len(self.plane.corners), self.n_hidden + n_classes
            if self._offsets[0] != 0 or np.diff(self._offsets).min() < 3:
                raise ValueError("offsets do not rise by three corners or more")
            if not np.isfinite(self._corners).all() or self._edges.min() < -sides or self._edges.max() >= lines:
                raise ValueError("a corner is no number, or an edge has no line")
        widths, n_inputs = [len(layer[1]) for layer in self.network], self.plane.dimension
        layers = [*self.network, *([self.output] if self.output is not None else [])]
        for (weight, bias, *_), below in zip(layers, [n_inputs, *widths], strict=False):
            sound = weight.dtype == bias.dtype == np.float64 and np.isfinite(weight).all() and np.isfinite(bias).all()
            if not sound or bias.ndim != 1 or weight.shape != (len(bias), below):
                raise ValueError(f"weights {weight.shape} and biases {bias.shape} are no layer of {below} inputs")
        if any(not 0 < n <= m for n, m in zip(self.widths, widths, strict=True)):
            raise ValueError("a layer has fewer units than neurons")

    # -- neighbours and points

    @cached_property
    def _places(self) -> Places:
        return Places(self)

    def locate(self, uv) -> np.ndarray:
        """Region in which each of the points ``uv`` (n, 2) (on a line: (n,)) lies: (n,) int64, -1 outside the domain.

        A point on a common edge belongs to the region that the network's pattern (and class) at that point names, if
        there is one; else to one of those that meet there.
        """
        return self._places.locate(require.array("uv", uv).astype(np.float64))

    def adjacency(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of regions that share an edge, (m, 2) int64, smaller index first, and the neuron between them, (m,).

        Across an edge just its neuron changes its state; where zero lines coincide several do, and one is named.
        It is -1 on a decision boundary, where the class changes and no neuron does.
        """
        owner, beyond = self._places.owner, self._places.beyond
        found = beyond >= 0
        pairs, neuron = np.sort(np.column_stack([owner, beyond])[found], axis=1), self.edges[found]
        pairs, which = np.unique(pairs, axis=0, return_index=True)
        return pairs, np.where(neuron < self.n_hidden, neuron, -1)[which].astype(np.int64)

    def decision_boundary(self) -> np.ndarray:
        """The edges between regions of different classes, (m, 2, 2) float64: both ends in plane coordinates."""
        classes, owner, beyond = self.classes, self._places.owner, self._places.beyond
        edges = np.flatnonzero((beyond > owner) & (classes[beyond] != classes[owner]))
        last = edges + 1 == self.offsets[owner[edges] + 1]
        ends = np.where(last, self.offsets[owner[edges]], edges + 1)
        return np.stack([self.corners[edges], self.corners[ends]], axis=1)
