"""Algorithm 2, compiled: a depth-first descent that cuts the domain, one hidden neuron at a time.

Begin to read here.

A *node* is a convex polygon of the plane on which every neuron met so far has one sign. It knows
  - its corners (u, v), how far each may be from its exact position, and the line behind each edge;
  - the neurons of its current layer whose zero line may still cross it (its *list*);
  - the bits of all neurons decided so far;
  - the affine map (three numbers a, b, c per neuron: a u + b v + c) of the layer that comes next.
Nodes wait on a stack; the top one is worked on:
  1. neurons of the list that were not tested on this very polygon are tested: those that do not
     cross are decided (``deciding.py``);
  2. a list that is left: one neuron cuts the polygon in two; plus side on top of the stack, minus
     side below it (``cutting.py``);
  3. no list, and a layer to come: that layer is entered, all its neurons are tested at once
     (``deciding.py``);
  4. no list, no layer to come: the node is an activation region and is written out
     (``writing.py``).
A decided active neuron adds (its weights into the next layer) x (its a, b, c) to the next layer's
map (``maps.py``).

Nearly all signs are certain in float64, and then exact (``signs.py``). Of the others some follow
from the signs of a neuron's terms; the rest is counted and settled by the caller in exact
arithmetic (``exact.py``): the kernel stops with a question, and goes on with the answer when it is
called again. It stops in the same way when its output, its stack or its polygons need room
(``memory.py``), when a region's area is not good enough (the caller draws the region anew), and now
and then to let the caller show progress or be interrupted. Everything it knows is in ``NodeStack``
and ``RegionBuffer`` (``layout.py``).

Speed. Compiled loops hardly vectorise such short work by themselves, so it is written for *lanes*:
eight float64 in vector registers, as many corners of a polygon or neurons of a layer at once. What
is shorter is padded: behind a polygon's last corner its first one is repeated, which changes no
extreme, sign or area. The steps are loops and branches, compiled by numba; what has neither is
written in the lane language (``computing/lanes.py``). The code works on bare addresses, not on
array objects: those count references and wrap negative indices, which cost more than half of the
time. Nothing checks an index here but the code itself.
"""

from mbh_utils.computing.addresses import addresses
from mbh_utils.computing.native import cached
from mbh_utils.regions.kernel.cutting import cut
from mbh_utils.regions.kernel.deciding import enter, filter_list, take_up
from mbh_utils.regions.kernel.layout import (
    CELLS_FULL,
    CORNERS_FULL,
    DONE,
    LANES,
    N_CELLS,
    N_CORNERS,
    PAUSE,
    QUESTION,
    REDRAW,
    STACK_FULL,
    STEP,
    TOP,
    WORK,
)
from mbh_utils.regions.kernel.writing import good_enough, write


@cached(error_model="numpy", fastmath={"contract"}, nogil=True, _nrt=False, no_cfunc_wrapper=True)
def descend(net, stack, cells):
    """Work on the stack until it is empty (DONE), or until the caller has something to do."""
    net, stack, cells = addresses(net), addresses(stack), addresses(cells)
    state = stack.state
    while state[TOP] >= 0:
        t = state[TOP]
        if state[WORK] < 0:
            return PAUSE
        state[WORK] -= STEP
        untested = stack.tested[t] < stack.length[t] or stack.pending[t] >= 0
        if untested and filter_list(t, net, stack) == QUESTION:
            return QUESTION
        if stack.length[t] > 0:
            if t + 1 >= stack.slots:
                return STACK_FULL
            if stack.corners[t] + 2 + LANES > stack.room:
                return CORNERS_FULL
            if cut(t, net, stack) == QUESTION:
                return QUESTION
        elif stack.layer[t] < net.n_layers:
            if enter(t, net, stack) == QUESTION:
                return QUESTION
            take_up(t, net, stack)
        else:
            if state[N_CELLS] >= cells.room:
                return CELLS_FULL
            if (
                cells.corner_room
                and state[N_CORNERS] + stack.corners[t] + LANES > cells.corner_room
            ):
                return CELLS_FULL
            area = write(t, stack, cells)
            if not good_enough(t, area, stack):
                return REDRAW
    return DONE
