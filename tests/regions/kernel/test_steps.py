"""Every step of the partition's kernel, held to exact arithmetic.

What it knows of a node is true within its bounds.
"""

from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_exact import NASTY, NONAGON, SQUARE, TRIANGLE, hard_case, nasty_layers

from mbh_utils.regions.kernel import descent, layout
from mbh_utils.regions.kernel import exact as _exact
from mbh_utils.regions.kernel import memory as _memory
from mbh_utils.regions.kernel.driver import limits_of
from mbh_utils.regions.kernel.network import network_arrays
from mbh_utils.regions.restriction import Restriction

#: A bound that says nothing.
UNKNOWN = 1e290


def walk(layers, plane, exact: bool, precise: bool) -> int:
    """Pause after every step and check the node on top of the stack -> how many steps it took."""
    restriction = Restriction(layers, plane, precise)
    net, first_map = network_arrays(restriction)
    oracle = _exact.Oracle(restriction, net.widths)
    space = _memory.Workspace.taken(net, plane)
    stack = space.start(net, first_map, plane, limits_of(plane, exact))
    cells = _memory.empty_cells(stack.words, 4_000, 40_000)
    steps = 0
    while (reason := descent.descend(net, stack, cells)) != layout.DONE:
        assert reason != layout.CELLS_FULL
        if reason == layout.STACK_FULL:
            stack = _memory.taller_stack(stack)
        elif reason == layout.CORNERS_FULL:
            stack = _memory.roomier_stack(stack)
        elif reason == layout.QUESTION:
            oracle.answer(stack)
        elif reason == layout.REDRAW:
            oracle.redraw(stack, cells)
        stack.state[layout.WORK] = 0
        if stack.state[layout.TOP] >= 0:
            check_node(stack, oracle)
        steps += 1
    return steps


def check_node(stack, oracle) -> None:
    """Its corners are as near to the exact ones as it says; the neurons it says cross it do."""
    t = int(stack.state[layout.TOP])
    k = int(stack.corners[t])
    bits = stack.bits[t]
    u, v, error, edges = stack.polygon[t, :, :k]
    corners = oracle.corners(edges, bits)
    for i, (x, y, w) in enumerate(corners):
        off_u = abs(Fraction(x, w) - Fraction(float(u[i])))
        off_v = abs(Fraction(y, w) - Fraction(float(v[i])))
        off = max(off_u, off_v)
        assert error[i] > UNKNOWN or off <= Fraction(float(error[i])) + Fraction(layout.TINY)
    for g in stack.waiting[t, : stack.tested[t]].tolist():
        a, b, c = oracle.line(g, bits)
        values = [a * x + b * y + c * w for x, y, w in corners]
        assert min(values) < 0 < max(values)


modes = st.sampled_from([(False, False), (False, True), (True, True)])
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=120)
@given(
    seeds,
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.sampled_from(["nasty", "normal", "grid"]),
    st.sampled_from([SQUARE, TRIANGLE, NONAGON]),
    modes,
)
@example(239025, [3, 1, 1, 1], "nasty", SQUARE, (False, False))  # an error's bound underflowed
def test_steps_on_nasty_networks(seed, widths, kind, plane, mode):
    values = {
        "nasty": NASTY,
        "normal": np.random.default_rng(seed).standard_normal(50),
        "grid": np.arange(-3, 4) / 2,
    }
    assert walk(nasty_layers(seed, widths, values[kind]), plane, *mode) > 0


@settings(deadline=None, max_examples=20)
@given(seeds, st.integers(4, 20), st.integers(2, 10), st.sampled_from([0.0, 1e-6, 1e-3]), modes)
def test_steps_where_lines_meet_in_the_samples(seed, first, second, bias, mode):
    assert walk(*hard_case(seed, (first, second), bias), *mode) > 0
