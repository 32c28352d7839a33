"""Runs the kernel on one plane: gives it memory, answers its questions, takes what it writes."""

from collections.abc import Iterator

import numpy as np

from mbh_utils.regions.kernel import descent as kernel
from mbh_utils.regions.kernel import layout, memory
from mbh_utils.regions.kernel.exact import Oracle
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.restriction import Restriction

#: Multiplications of the kernel between two looks at the progress (and at Ctrl-C): about 0.1 s.
_PAUSE_AFTER = 50_000_000
# Largest error of an area that needs no redrawing: of the domain's area, and of the region's own.
_SOUND = (5e-10, 1.0)
_EXACT = (np.inf, 5e-10)  # with exact=True
#: Regions with the outputs' maps that are written at a time: these then stay in the cache.
_OUTPUTS_IN_CACHE = 2**18


def limits_of(plane: Plane | Line, exact: bool = False) -> tuple[float, float]:
    """Largest error of an area that needs no redrawing, and as a share of that area."""
    absolute, relative = _EXACT if exact else _SOUND
    return absolute * plane.area, relative


class Descent:
    """The kernel at work on one plane, with its memory and with answers to its questions.

    net, first_map: as ``NetworkArrays.on`` gives them.
    limits: as :func:`limits_of` gives them.
    bar: the ``Progress``, which is also asked whether to stop.
    """

    def __init__(
        self,
        net: layout.Layers,
        first_map: np.ndarray,
        restriction: Restriction,
        limits: tuple[float, float],
        bar,
    ):
        self.net = net
        self.restriction = restriction
        self.limits = limits
        self.bar = bar
        self.oracle = Oracle(restriction, net.widths)
        self.space = memory.Workspace.taken(net, restriction.plane)
        self.space.start(net, first_map, restriction.plane, limits)
        self.state[layout.WORK] = _PAUSE_AFTER

    @property
    def state(self) -> np.ndarray:
        """Numbers that the kernel keeps between two calls."""
        return self.space.stack.state

    def finish(self) -> None:
        """Hand the memory on to the thread's next plane."""
        self.space.give_back()

    def all_regions(self, polygons: bool) -> layout.RegionBuffer:
        """Run the kernel to its end -> all regions; polygons: whether their corners are wanted."""
        # A guess that often fits; what is not written costs nothing.
        n = min(self.net.n_neurons**2 // 2 + 256, 1 << 17)
        cells = memory.empty_cells(self.space.stack.words, n, 5 * n if polygons else 0)
        while not self._fill(cells):
            # As many as the share of the plane that is done lets expect: what is gained is filled
            # with zeros.
            share = cells.area[: self.state[layout.N_CELLS]].sum() / self.restriction.plane.area
            n = int(n * 1.05 / max(share, 0.5)) + 1024
            cells = memory.resized_cells(cells, n, 5 * n if polygons else 0)
        n = int(self.state[layout.N_CELLS])
        cells = memory.resized_cells(cells, n, int(self.state[layout.N_CORNERS]))
        return cells._replace(bits=cells.bits[:n])

    def blocks(self) -> Iterator[layout.RegionBuffer]:
        """All regions with the maps of the outputs, block by block; the next overwrites the last.

        The output layer is the last one of the network.
        """
        n_outputs = int(self.net.widths[-1])
        room = max(64, _OUTPUTS_IN_CACHE // n_outputs)
        block = memory.empty_cells(self.space.stack.words, room, 5 * room, n_outputs)
        done = False
        while not done:
            done = self._fill(block)
            n = int(self.state[layout.N_CELLS])
            n_corners = int(self.state[layout.N_CORNERS])
            self.state[[layout.N_CELLS, layout.N_CORNERS]] = 0
            yield memory.written_cells(block, n, n_corners)

    @property
    def uncertain(self) -> int:
        """Signs so far that float64 could not tell."""
        return int(self.state[layout.UNCERTAIN])

    def _fill(self, cells: layout.RegionBuffer) -> bool:
        """Run the kernel until it is done or ``cells`` are full -> whether it is done."""
        while True:
            reason = kernel.descend(self.net, self.space.stack, cells)
            if reason in (layout.DONE, layout.CELLS_FULL):
                return reason == layout.DONE
            self._serve(reason, cells)

    def _serve(self, reason: int, cells: layout.RegionBuffer) -> None:
        """Give the kernel what it came back for."""
        space = self.space
        if reason == layout.STACK_FULL:
            space.stack = memory.taller_stack(space.stack)
        elif reason == layout.CORNERS_FULL:
            space.stack = memory.roomier_stack(space.stack)
        elif reason == layout.QUESTION:
            self.bar.check_stop()
            self.oracle.answer(space.stack)
        elif reason == layout.REDRAW:
            self.bar.check_stop()
            self.oracle.redraw(space.stack, cells)
        else:
            self.state[layout.WORK] = _PAUSE_AFTER
            n = int(self.state[layout.N_CELLS])
            self.bar.show(float(cells.area[:n].sum()), n)
