"""The stack of nodes and the regions: made, made larger, and kept for the next plane.

``layout.py`` says what they hold.
"""

import threading
from typing import NamedTuple

import numpy as np

from mbh_utils.computing.addresses import aligned_zeros
from mbh_utils.regions.kernel import layout
from mbh_utils.regions.planes import Line, Plane

SLOTS = 32  # of the stack to begin with: few planes need more
_PER_SLOT = (
    "polygon",
    "far",
    "corners",
    "layer",
    "waiting",
    "length",
    "tested",
    "bits",
    "map",
    "doubt",
    "pending",
    "touched",
)
_PER_CORNER = ("polygon", "value", "old", "side")
_MOST_SPARE = 4 << 20  # bytes of the workspace that a thread keeps
_of_thread = threading.local()


# ------------------------------------------------------------------------------------ waiting nodes


class _Room(NamedTuple):
    """What the sizes of a stack's arrays follow from."""

    slots: int
    corners: int  # of the domain
    n_neurons: int
    words: int
    widest: int
    deep: int


class Workspace:
    """The kernel's ``NodeStack`` for planes of one number of edges and networks of one size.

    It grows where needed. A thread keeps the last one for its next plane; while one is in use
    nobody else can take it.
    """

    def __init__(self, room: _Room):
        self.room = room
        stack = _new_stack(room)
        self.border = stack.lines[: room.corners]
        self.stack = stack._replace(lines=stack.lines[room.corners :])

    @classmethod
    def taken(cls, net: layout.Layers, plane: Plane | Line) -> "Workspace":
        """This thread's spare one if it fits, or a new one."""
        room = _Room(
            slots=SLOTS,
            corners=len(plane.corners),
            n_neurons=net.n_neurons,
            words=int(net.word[-1]),
            widest=max(net.widths.tolist()),
            deep=net.deep,
        )
        spare = vars(_of_thread).pop("spare", None)
        return spare if spare is not None and spare.room == room else cls(room)

    def give_back(self) -> None:
        """Nobody uses it any more; the thread's next plane may."""
        stack = self.stack
        if stack.polygon.nbytes + stack.map.nbytes + stack.waiting.nbytes <= _MOST_SPARE:
            _of_thread.spare = self

    def start(
        self,
        net: layout.Layers,
        first_map: np.ndarray,
        plane: Plane | Line,
        limits: tuple[float, float],
    ) -> layout.NodeStack:
        """The stack with one node: the whole domain, no layer entered.

        It may have been used before: what is written here is all that is read before the kernel
        writes it.
        """
        stack = self.stack
        self._put_domain(plane)
        for row in (stack.layer, stack.length, stack.tested, stack.bits, stack.touched):
            row[0] = 0
        stack.pending[0] = -1
        n = first_map.shape[1]
        stack.map[0, :, :n] = first_map
        if net.deep:
            stack.doubt[0, :, :n] = net.error[:, :n]
        stack.lines[:, layout.EA : layout.EC + 1] = net.error[:, : net.n_neurons].T
        self.border[:, : layout.EC + 1] = plane.border[::-1]
        stack.verdict[:] = layout.UNKNOWN
        stack.limits[:] = limits
        stack.state[:] = 0
        stack.state[layout.PIVOT] = -1
        return stack

    def _put_domain(self, plane: Plane | Line) -> None:
        """The domain as the polygon of the first node.

        Behind the ends of polygons the kernel reads numbers that count for nothing, but they must
        be numbers.
        """
        k = self.room.corners
        stack = self.stack
        stack.polygon[:] = 0.0
        polygon = stack.polygon[0]
        polygon[: layout.V + 1, :k] = plane.corners.T
        polygon[layout.EDGE, :k] = np.arange(-1.0, -1.0 - k, -1.0)
        polygon[:, k:] = polygon[:, :1]
        stack.far[0] = np.abs(polygon[: layout.ERROR + 1]).max(axis=1)
        stack.corners[0] = k


def _new_stack(room: _Room) -> layout.NodeStack:
    """An empty stack; ``lines`` begins with the domain's edges."""
    corners = _padded(room.corners + 24)
    longest = _padded(room.widest)
    stride = _padded(room.words)
    pad = _padded(room.widest + 56)
    return layout.NodeStack(
        slots=room.slots,
        room=corners,
        longest=longest,
        words=room.words,
        stride=stride,
        pad=pad,
        **_node_arrays(room.slots, corners, longest, stride),
        map=aligned_zeros((room.slots, 3, pad)),
        doubt=aligned_zeros((room.slots, 3, pad if room.deep else 0)),
        joining=np.zeros(longest + 1, dtype=np.int64),
        lines=aligned_zeros((room.corners + room.n_neurons, layout.LINE_SIZE)),
        verdict=np.zeros(room.n_neurons, dtype=np.uint8),
        side=np.zeros(corners, dtype=np.int8),
        crossing=np.zeros(room.words, dtype=np.uint64),
        value=np.zeros(corners),
        old=np.zeros((layout.CORNER_SIZE, 2 * corners)),
        limits=np.zeros(2),
        state=np.zeros(layout.STATE_SIZE, dtype=np.int64),
    )


def _node_arrays(slots: int, corners: int, longest: int, stride: int) -> dict[str, np.ndarray]:
    """What a stack knows of each node besides its map."""
    return {
        "polygon": aligned_zeros((slots, layout.CORNER_SIZE, corners)),
        "far": np.zeros((slots, 3)),
        "corners": np.zeros(slots, dtype=np.int64),
        "layer": np.zeros(slots, dtype=np.int64),
        "waiting": np.zeros((slots, longest), dtype=np.int64),
        "length": np.zeros(slots, dtype=np.int64),
        "tested": np.zeros(slots, dtype=np.int64),
        "bits": np.zeros((slots, stride), dtype=np.uint64),
        "pending": np.zeros(slots, dtype=np.int64),
        "touched": np.zeros(slots, dtype=np.uint8),
    }


def _padded(n: int) -> int:
    """n rounded up to whole lanes."""
    return -(-n // layout.LANES) * layout.LANES


def taller_stack(stack: layout.NodeStack) -> layout.NodeStack:
    """The same stack with twice as many slots."""
    n = stack.slots
    taller = {}
    for name in _PER_SLOT:
        array = getattr(stack, name)
        taller[name] = aligned_zeros((2 * n, *array.shape[1:]), array.dtype)
        taller[name][:n] = array
    return stack._replace(slots=2 * n, **taller)


def roomier_stack(stack: layout.NodeStack) -> layout.NodeStack:
    """The same stack with room for twice as many corners per polygon."""
    wider = {}
    for name in _PER_CORNER:
        array = getattr(stack, name)
        n = array.shape[-1]
        wider[name] = np.zeros((*array.shape[:-1], 2 * n), dtype=array.dtype)
        wider[name][..., :n] = array
    return stack._replace(room=2 * stack.room, **wider)


# ------------------------------------------------------------------------------ regions written out


def empty_cells(n_words: int, n: int, n_corners: int, n_outputs: int = 0) -> layout.RegionBuffer:
    """The kernel's ``RegionBuffer`` with room for n regions."""
    n_maps = n if n_outputs else 0
    return layout.RegionBuffer(
        room=n,
        corner_room=n_corners,
        n_outputs=n_outputs,
        corners=np.empty((n_corners, 2)),
        edge=np.empty(n_corners, dtype=np.int32),
        offset=np.zeros(n + 1, dtype=np.int64),
        bits=np.empty((n + layout.LANES, n_words), dtype=np.uint64),
        area=np.empty(n),
        touched=np.empty(n, dtype=np.uint8),
        error=np.empty(n_maps),
        maps=np.empty((n_maps, 3, n_outputs)),
    )


def resized_cells(cells: layout.RegionBuffer, n: int, n_corners: int) -> layout.RegionBuffer:
    """The same arrays with that many rows, in place where the system can (what is there stays)."""
    cells.offset.resize(n + 1, refcheck=False)
    cells.bits.resize((n + layout.LANES, cells.bits.shape[1]), refcheck=False)
    cells.area.resize(n, refcheck=False)
    cells.touched.resize(n, refcheck=False)
    cells.corners.resize((n_corners, 2), refcheck=False)
    cells.edge.resize(n_corners, refcheck=False)
    return cells._replace(room=n, corner_room=n_corners)


def written_cells(cells: layout.RegionBuffer, n: int, n_corners: int) -> layout.RegionBuffer:
    """Only the first n regions, of which these arrays are views; with the maps of the outputs."""
    return cells._replace(
        corners=cells.corners[:n_corners],
        edge=cells.edge[:n_corners],
        offset=cells.offset[: n + 1],
        bits=cells.bits[:n],
        area=cells.area[:n],
        touched=cells.touched[:n],
        error=cells.error[:n],
        maps=cells.maps[:n],
    )
