"""The exact activation regions of a ReLU network on a plane or a line (Algorithm 2).

"Exact" means: for the network's float64 weights, on the plane that goes through its spanning
points, the set of regions and their patterns are those of exact arithmetic. What stays rounded are
the plane's coordinates: an orthonormal basis that was given by hand, and the corners of the domain,
are taken as the float64 numbers that they are.

This file checks what is asked for and hands planes to threads. Algorithm 2 itself is in
``kernel/descent.py``, ``kernel/driver.py`` runs it, and ``assembly.py`` makes the result.
"""

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple, overload

from mbh_utils.computing import require
from mbh_utils.computing.progress import Progress
from mbh_utils.computing.screen import say
from mbh_utils.computing.side_by_side import side_by_side
from mbh_utils.computing.threads import in_task, n_threads
from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions import assembly
from mbh_utils.regions.cost import expected_cost, total_cost
from mbh_utils.regions.kernel.driver import Descent, limits_of
from mbh_utils.regions.kernel.network import DEEP, NetworkArrays
from mbh_utils.regions.planes import Line, Plane, domain_points
from mbh_utils.regions.restriction import Restriction, kind_of, misfit
from mbh_utils.regions.result import Blanket, Partition

__all__ = ["Blanket", "Partition", "partition_input_space"]

_KEEP = ("polygons", "areas", "patterns")
_WORTH_THREADS = 64  # neurons; below, the kernel takes less time than handing planes to threads


@overload
def partition_input_space(
    network,
    plane: Plane | Line,
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
    progress: bool | Callable[[float, int], None] | None = None,
) -> Partition: ...
@overload
def partition_input_space(
    network,
    plane: Sequence[Plane | Line],
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
    progress: bool | Callable[[float, int], None] | None = None,
) -> list[Partition]: ...
def partition_input_space(
    network,
    plane: Plane | Line | Sequence[Plane | Line],
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
    progress: bool | Callable[[float, int], None] | None = None,
) -> Partition | list[Partition]:
    """All activation regions of a network's hidden layers on a plane or a line (Algorithm 2).

    Parameters
    ----------
    network
        Anything that :func:`mbh_utils.hidden_layers` understands.
    plane : Plane or Line, or a list or tuple of them
        Where to look. Of several planes all cores are used, and the network is read only once.
    output_layer : bool, default True
        Whether a ``Sequential``'s last ``Linear`` is the output layer, and no hidden one.
    keep : sequence of str, default ("polygons", "areas", "patterns")
        What the result shall hold, out of "polygons", "areas" and "patterns"; leaving out the
        polygons halves its memory.
    exact : bool, default False
        Areas are right to 1e-9 of the domain's area; with ``exact=True`` each is right to 1e-9 of
        itself, which costs about a millisecond for each region that has to be drawn again.
    decision_boundary : bool, default False
        Cut the activation regions also where the predicted class changes, which is the output that
        is the largest (the first one of equal ones): every region then has one class,
        :attr:`Partition.classes`, and several regions may have the same pattern. Needs a network
        with an output layer.
    progress : None, bool, or a function
        None shows a bar on stderr when it takes longer than five seconds, False never; True shows
        it at once, and before that what is expected (:func:`mbh_utils.expected_cost`). A function
        is called a few times a second, in the thread of the caller, with the share of the domain
        (of several planes: the mean of their shares) that is done and the number of regions so far.

    Returns
    -------
    Partition or list of Partition
        Of several planes one each, in their order; each is what a call for this plane alone gives.

    Raises
    ------
    MBHError
        When an argument is not understood, when a module computes something else than was read, or
        when a plane lies in another space than the network's inputs. Of several planes the message
        names the first that is wrong, as ``planes[2]``.

    Notes
    -----
    Algorithm 2 and section 5.1.1 of the thesis, on a plane (section 5.2): found are all activation
    regions that are not empty there (Definition 3.9). An activation region is the set of inputs on
    which every hidden neuron keeps its state (active where its pre-activation is above 0); on a
    plane it is a convex polygon, on a line an interval. Signs that float64 cannot tell for certain
    are settled by integer arithmetic, so the regions and their patterns are always those of exact
    arithmetic.

    One plane is worked on by one thread, which holds no GIL. It can be interrupted (Ctrl-C, or
    Jupyter's button), and then leaves no thread at work.

    Examples
    --------
    Two neurons whose zero lines are the axes cut a square into four regions:

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> regions = mbh.partition_input_space(layers, square)
    >>> regions.areas.tolist()
    [1.0, 1.0, 1.0, 1.0]

    Of several planes and lines at once:

    >>> diagonal = mbh.Line.through([[-1, -1], [1, 1]])
    >>> [len(regions) for regions in mbh.partition_input_space(layers, [square, diagonal])]
    [4, 2]
    """
    keep = _checked_keep(keep)
    several = isinstance(plane, list | tuple)
    planes = _checked_planes(plane) if several else [_one_plane(plane)]
    options = _options(keep, exact, decision_boundary, output_layer)
    Progress.check(progress)
    request = _request(network, planes, options, several)
    if progress is True:
        _tell_cost(request, planes)
    if several:
        return list(_each(request, planes, progress, ahead=len(planes)))
    with Progress(progress, planes[0].area) as bar:
        return request.on(planes[0], bar)


def partitions(
    network,
    planes: Sequence[Plane | Line],
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
) -> Generator[Partition, None, None]:
    """The same for several planes, one after the other: few partitions are in memory at once.

    Who does not take all of them closes it (``contextlib.closing``), which ends its threads.
    """
    planes = _checked_planes(planes)
    options = _options(_checked_keep(keep), False, False, output_layer)
    yield from _each(_request(network, planes, options, True), planes, None)


# ------------------------------------------------------------------------------ what was asked for


class _Options(NamedTuple):
    keep: tuple[str, ...]
    exact: bool
    decision_boundary: bool
    output_layer: bool


def _options(keep: tuple[str, ...], exact, decision_boundary, output_layer) -> _Options:
    return _Options(
        output_layer=require.flag("output_layer", output_layer),
        exact=require.flag("exact", exact),
        decision_boundary=require.flag("decision_boundary", decision_boundary),
        keep=keep,
    )


def _checked_keep(keep: Sequence[str]) -> tuple[str, ...]:
    if keep is _KEEP:
        return _KEEP
    given = [keep] if isinstance(keep, str) else keep
    if isinstance(given, set):
        given = list(given)
    known = f"some of {', '.join(_KEEP)}"
    names = require.listed("keep", given, known)
    for name in names:
        if not isinstance(name, str) or name not in _KEEP:
            raise MBHError(f"keep names {require.shown(name)}; expected {known}")
    return tuple(names)


def _one_plane(plane) -> Plane | Line:
    expected = "one Plane, as Plane.through(three_samples) makes it, a Line, or a list of them"
    return require.kind_of("plane", plane, Plane | Line, expected)


def _checked_planes(planes: Sequence) -> list[Plane | Line]:
    expected = "a Plane, as Plane.through(three_samples) makes it, or a Line"
    for i, plane in enumerate(planes):
        require.kind_of(f"planes[{i}]", plane, Plane | Line, expected)
    return list(planes)


class _Request(NamedTuple):
    """What is to be found of a network that was read, on any plane."""

    arrays: NetworkArrays
    options: _Options

    @property
    def n_hidden(self) -> int:
        """Hidden layers."""
        return len(self.arrays.network.layers) - self.arrays.has_output

    def on(self, plane: Plane | Line, bar) -> Partition:
        """The partition of one plane."""
        options = self.options
        # Of deep networks the first layer is precise, since its errors grow with every layer.
        precise = options.exact or self.n_hidden > DEEP
        restriction = Restriction(self.arrays.network, plane, precise)
        net, first_map = self.arrays.on(restriction)
        descent = Descent(net, first_map, restriction, limits_of(plane, options.exact), bar)
        if self.arrays.has_output:
            partition = assembly.decided_regions(descent, options.keep, options.exact)
        else:
            partition = assembly.activation_regions(descent, options.keep, options.exact)
        descent.finish()
        return partition


def _request(network, planes: list[Plane | Line], options: _Options, several: bool) -> _Request:
    """The network, read once; where there are several planes, they are held to it here."""
    layers = _layers(network, planes, options)
    n_inputs = layers[0][0].shape[1]
    for i, plane in enumerate(planes if several else ()):
        if plane.dimension != n_inputs:
            raise MBHError(f"planes[{i}] is a {kind_of(plane)} in {misfit(plane, n_inputs)}")
    return _Request(NetworkArrays(layers, options.decision_boundary), options)


def _layers(network, planes: list[Plane | Line], options: _Options) -> list[tuple]:
    """The network's hidden layers, and the output layer where regions are cut by it."""
    points = domain_points(planes)
    if not options.decision_boundary:
        return read_network(network, output_layer=options.output_layer, points=points).layers()
    if not options.output_layer:
        raise MBHError(
            "decision_boundary=True needs the output layer, "
            "which output_layer=False makes a hidden one"
        )
    return read_network(network, points=points).layers_with_output()


# ---------------------------------------------------------------------------------- several planes


def _tell_cost(request: _Request, planes: list[Plane | Line]) -> None:
    """Print what is expected of all planes together."""
    layers = request.arrays.network.layers[: request.n_hidden]
    seconds = 2.0 / max(len(planes), 1)
    cost = total_cost([expected_cost(layers, plane, seconds=seconds) for plane in planes])
    say(f"partition: {cost} expected")


def _each(
    request: _Request, planes: list[Plane | Line], progress, ahead: int | None = None
) -> Generator[Partition, None, None]:
    """Partitions of several planes in their order, side by side in threads where that pays."""

    def work(i: int, bar) -> Partition:
        try:
            return request.on(planes[i], bar)
        except MBHError as error:
            raise MBHError(f"planes[{i}]: {error}") from error

    if progress is None and in_task():  # whoever runs tasks shows their progress
        progress = False
    neurons = sum(layer_widths(request.arrays.network.layers))
    threads = min(n_threads(), len(planes)) if neurons >= _WORTH_THREADS else 1
    with Progress(progress, len(planes)) as bar:
        yield from side_by_side(work, [plane.area for plane in planes], bar, threads, ahead)
