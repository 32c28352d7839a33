"""Maps: the affine functions of the next layer, which neurons join as they turn out active.

A layer's map on a node begins with its biases. A decided active neuron *joins*: (its weights into
the layer) x (its own a, b, c) is added. Each term enters once and is never taken out again, so a
map is as accurate as a plain dot product. Most layers have a row of weights for each neuron, whose
loop is written in lanes, 16 units of the layer at once while all joining neurons pass by; a layer
with few weights (a convolution) has lists of them.

Lines of the second layer can be worked out anew in twofold precision (``refine``), and bounds of
the map's errors go with it where a network is deep (``_join_errors``).
"""

import numpy as np

from mbh_utils.computing.addresses import at
from mbh_utils.computing.lanes import (
    broadcast,
    constant,
    folded,
    halves,
    lane,
    lane_code,
    product_and_error,
    sum_and_error,
    truths_of,
    where,
)
from mbh_utils.regions.kernel.layout import (
    EA,
    EIGHT,
    LANES,
    LINE_SIZE,
    WORK,
    A,
    B,
    C,
    called,
    line_of,
    map_of,
)

# ---------------------------------------------------------------------------- whole rows of weights

_SIX = (EIGHT,) * 6  # a, b, c of two times eight units


@lane_code(*_SIX)
def _load_map(t, i, stack):
    """a, b, c of units i to i + 7 and i + 8 to i + 15 in the map of slot t."""
    units = map_of(t, stack)
    return [units.lanes(stack.pad * row + i + j, LANES) for j in (0, LANES) for row in range(3)]


@lane_code(*_SIX)
def _bias_map(g, i, net):
    """The same before any neuron has joined, for a layer that begins with neuron g: 0, 0, bias."""
    zeros = broadcast(constant(g, 0.0), LANES)
    biases = ((net.bias + g).lanes(i + j, LANES) for j in (0, LANES))
    return [x for bias in biases for x in (zeros, zeros, bias)]


@lane_code(*_SIX)
def _add_neuron(maps, g, i, net, stack):
    """Such maps with what neuron g adds: its weights onwards times its own a, b, c."""
    line = line_of(g, stack)
    row = net.weights + net.row[g]
    weights = row.lanes(i, LANES), row.lanes(i + LANES, LANES)
    return [weights[n // 3] * line[n % 3] + old for n, old in enumerate(maps)]


@lane_code()
def _store_map(maps, t, i, stack):
    """Such maps -> the map of slot t."""
    units = map_of(t, stack)
    for n, x in enumerate(maps):
        units[stack.pad * (n % 3) + i + n // 3 * LANES] = x


@called
def join(net, stack, count, layer, source, target):
    """Map of a layer in slot target = that in slot source + what ``count`` joining neurons add.

    A negative source stands for a map which no neuron has joined yet.
    """
    span = net.span[layer]
    first = net.first[layer]
    if net.deep > 0:
        _join_errors(net, stack, count, layer, source, target)
    if net.listed[layer] > 0:
        _join_listed(net, stack, count, layer, source, target)
        return
    stack.state[WORK] -= count * span
    for i in range(0, span, 2 * LANES):
        maps = _bias_map(first, i, net) if source < 0 else _load_map(source, i, stack)
        for k in range(count):
            maps = _add_neuron(maps, stack.joining[k], i, net, stack)
        _store_map(maps, target, i, stack)


# ---------------------------------------------------------------------- lists, and bounds of errors


@lane_code()
def copy_lanes(source, target, i):
    """Eight 64-bit words from element i on, of whatever kind."""
    target[i] = source.lanes(i, LANES)


@called
def _join_listed(net, stack, count, layer, source, target):
    """The same where the weights into the layer are lists."""
    for i in range(0, net.span[layer] if source != target else 0, 2 * LANES):
        maps = _bias_map(net.first[layer], i, net) if source < 0 else _load_map(source, i, stack)
        _store_map(maps, target, i, stack)
    a = at(stack.map, 3 * target * stack.pad)
    b, c = at(a, stack.pad), at(a, 2 * stack.pad)
    for k in range(count):
        g = stack.joining[k]
        line = at(stack.lines, g * LINE_SIZE)
        stack.state[WORK] -= net.onwards[g + 1] - net.onwards[g] + LANES
        for n in range(net.onwards[g], net.onwards[g + 1]):
            i = net.target[n]
            weight = net.weight[n]
            a[i] += weight * line[A]
            b[i] += weight * line[B]
            c[i] += weight * line[C]


@called
def _join_errors(net, stack, count, layer, source, target):
    """The same for the map's error bounds: those of what joins, and rounding it and the sum."""
    span = net.span[layer]
    first = net.first[layer]
    n = 3 * stack.pad
    share = net.rounding[layer]
    if source < 0:
        for i in range(n):
            stack.doubt[n * target + i] = 0.0
        for i in range(net.widths[layer]):
            stack.doubt[n * target + 2 * stack.pad + i] = share * abs(net.bias[first + i])
    elif source != target:
        for i in range(0, n, LANES):
            copy_lanes(at(stack.doubt, n * source), at(stack.doubt, n * target), i)
    for k in range(count):
        g = stack.joining[k]
        for part in range(3):
            line = at(stack.lines, g * LINE_SIZE)
            rows = at(stack.doubt, n * target + part * stack.pad)
            term = line[EA + part] + share * abs(line[part])
            if net.listed[layer] > 0:
                for m in range(net.onwards[g], net.onwards[g + 1]):
                    rows[net.target[m]] += abs(net.weight[m]) * term
            else:
                weights = at(net.weights, net.row[g])
                for i in range(span):
                    rows[i] += abs(weights[i]) * term


# ----------------------------------------------------------------- from the map to a neuron's line


@lane_code()
def set_line(t, i, g, stack):
    """Line g is where unit i of node t's map is 0."""
    for row in range(3):
        line_of(g, stack)[row] = map_of(t, stack)[stack.pad * row + i]


@lane_code()
def set_line_errors(t, i, g, stack):
    """The errors of line g are those of unit i of node t's map."""
    for row in range(3):
        line_of(g, stack)[EA + row] = (stack.doubt + t * 3 * stack.pad)[stack.pad * row + i]


# -------------------------------------------------------------------------------- twofold precision


@lane_code(*_SIX)
def _nothing(like):
    """Sums of a, b, c and their errors before anything is added."""
    return [broadcast(constant(like, 0.0), LANES)] * 6


@lane_code(*_SIX)
def _add_products(sums, i, unit, states, net):
    """Add inputs i to i + 7 of a unit of the second layer: weights times a, b, c.

    Only inputs that have a bit in ``states`` count.
    """
    span = net.span[0]
    active = truths_of(states, LANES)
    weights = where(active, (net.inputs + unit * span).lanes(i, LANES), 0.0)
    out = [None] * 6
    for row in range(3):
        x = (net.first_map + span * row).lanes(i, LANES)
        product, left = product_and_error(weights, x)
        out[row], off = sum_and_error(sums[row], product)
        low = (net.first_map + span * (row + 3)).lanes(i, LANES)
        out[row + 3] = sums[row + 3] + (weights * low + (left + off))
    return out


@lane_code()
def _set_refined_line(sums, g, unit, net, stack):
    """Line g is what such sums give, and the bias."""
    line = line_of(g, stack)
    for row in range(3):
        total, rest = sums[row], folded(sums[row + 3])
        while total.count > 1:  # half to half, with what each addition loses
            total, off = sum_and_error(*halves(total))
            rest = rest + folded(off)
        total = lane(total, 0)
        if row == 2:
            total, off = sum_and_error(total, net.bias[g])
            rest = rest + off
        line[row] = total + rest
        error = (net.refined_error + net.widths[1] * row)[unit]
        line[EA + row] = error + abs(line[row]) * (10 * 2.0**-53)


@called
def refine(net, stack, bits, unit, g):
    """Line g of a unit of the second layer, in twofold precision."""
    sums = _nothing(unit)
    for i in range(0, net.span[0], LANES):
        states = bits[i >> 6] >> np.uint64(i & 63)
        sums = _add_products(sums, i, unit, states, net)
    _set_refined_line(sums, g, unit, net, stack)
