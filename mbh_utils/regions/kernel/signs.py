"""Signs: on which side of a neuron's line a polygon lies, and what decides where float64 cannot.

A neuron is affine on a node, so its extremes on the polygon are at corners; eight corners, or eight
neurons, are looked at together. A value is *certain* when it is larger than every error that it may
carry (``doubt``). Of the others some follow from the signs of a neuron's terms alone
(``signs_of_terms``, ``cancels``); the rest are questions to the caller (``settled``).
"""

import numpy as np
from numba import types

from mbh_utils.computing.lanes import bits_of, lane_code, larger, smaller, where
from mbh_utils.regions.kernel.layout import (
    ASKED,
    EA,
    EB,
    EC,
    EIGHT,
    ERROR,
    LANES,
    TINY,
    UNKNOWN,
    A,
    B,
    C,
    U,
    V,
    called,
    line_of,
    map_of,
    polygon_of,
)

# The terms of a neuron (its bias, and its weights from active neurons) are none, all > 0, all < 0,
# or of both signs.
NO_TERMS, PLUS, MINUS, MIXED = range(4)


# ---------------------------------------------------------------- values and bounds of their errors


def doubt(a, b, errors, far):
    """Bound of all errors of a u + b v + c on a node: (U + e) EA + (V + e) EB + EC + e (|a| + |b|).

    errors: EA, EB, EC, bounds of the errors of a, b, c. far: address of U, V, e: the node's largest
    |u| and |v|, and the largest error of its corners.
    """
    ea, eb, ec = errors
    u, v, error = far[U], far[V], far[ERROR]
    return ea * (u + error) + (eb * (v + error) + (ec + ((abs(a) + abs(b)) * error + TINY)))


def _on_line(t, g, j, stack):
    """A line at corners j to j + 7 of a node: values and the bound of their errors."""
    line = line_of(g, stack)
    polygon = polygon_of(t, stack)
    u, v = polygon.lanes(j, LANES), polygon.lanes(stack.room + j, LANES)
    values = u * line[A] + (v * line[B] + line[C])
    return values, doubt(line[A], line[B], (line[EA], line[EB], line[EC]), stack.far + t * 3)


@lane_code(types.uint64, types.uint64)
def sides(t, g, j, stack):
    """Which of node t's corners j to j + 7 are certainly on line g's plus side, and minus side."""
    values, bound = _on_line(t, g, j, stack)
    return bits_of(values > bound), bits_of(values < -bound)


@lane_code(types.uint64)
def evaluate(t, g, j, stack):
    """Put line g's values at corners j to j + 7 of node t into ``value`` -> which are certain."""
    values, bound = _on_line(t, g, j, stack)
    stack.value[j] = values
    return bits_of(abs(values) > bound)


@lane_code(EIGHT, EIGHT)
def extremes(t, i, j, stack):
    """Smallest and largest values of neurons i to i + 7 of the next layer at corners j to j + 3."""
    neurons = map_of(t, stack)
    polygon = polygon_of(t, stack)
    a, b, c = (neurons.lanes(stack.pad * row + i, LANES) for row in range(3))
    p, q, r, s = (a * polygon[j + n] + (b * polygon[stack.room + j + n] + c) for n in range(4))
    return smaller(smaller(p, q), smaller(r, s)), larger(larger(p, q), larger(r, s))


@lane_code(EIGHT, EIGHT)
def wider(low, high, lower, higher):
    """Smaller and larger ones of the extremes."""
    return smaller(low, lower), larger(high, higher)


@lane_code(types.uint64, types.uint64, types.uint64)
def verdicts(t, i, low, high, errors, row, stack):
    """Which of neurons i to i + 7 are certainly active, inactive, and crossing on node t.

    errors: address of bounds of the errors of a; ``row`` numbers behind them begin those of b, then
    those of c.
    """
    neurons = map_of(t, stack)
    a, b = neurons.lanes(i, LANES), neurons.lanes(stack.pad + i, LANES)
    errors = [(errors + i).lanes(row * n, LANES) for n in range(3)]
    bound = doubt(a, b, errors, stack.far + t * 3)
    crossing = bits_of(low < -bound) & bits_of(high > bound)
    return [bits << (i & 63) for bits in (bits_of(low > bound), bits_of(high < -bound), crossing)]


# ---------------------------------------------------------------------------------- uncertain signs


@lane_code(types.boolean)
def _is_active(bits, layer, j, net):
    """Whether unit j of a layer is active on the node whose bits start at an address."""
    word = bits[net.word[layer] + (j >> 6)]
    return ((word >> (j & 63)) & 1).equals(1)


@called
def signs_of_terms(net, bits, layer, i):
    """Which signs the terms of neuron i of a layer have on a node: NO_TERMS, PLUS, MINUS or MIXED.

    What active neurons pass on is positive inside of the node; of a linear unit nothing is known.
    """
    g = net.first[layer] + i
    bias = net.bias[g]
    if layer == 0:
        n = net.n_neurons + 64
        silent = net.error[g] == 0.0 and net.error[n + g] == 0.0 and net.error[2 * n + g] == 0.0
        return NO_TERMS if silent else MIXED
    below = layer - 1
    found = PLUS if bias > 0.0 else MINUS if bias < 0.0 else NO_TERMS
    listed = net.listed[layer] > 0
    start = net.inwards[g] if listed else 0
    stop = net.inwards[g + 1] if listed else net.widths[below]
    for n in range(start, stop):
        j = net.source[n] if listed else n
        if _is_active(bits, below, j, net):
            row = net.row[net.first[below] + j]
            weight = net.incoming[n] if listed else net.weights[row + i]
            if weight != 0.0:
                found |= MIXED if j >= net.n_relu[below] else PLUS if weight > 0.0 else MINUS
    return found


@called
def _origin(net, bits, layer, j):
    """Number of the unit that active unit j of a layer merely passes on.

    That is its only active input, by weight 1 and bias 0, and what that one passes on, and so on.
    Of the first layer's units that are the same function the first one; -1: nothing is passed on.
    """
    while layer > 0:
        g = net.first[layer] + j
        only = np.int64(-1)
        if net.listed[layer] == 0 or net.bias[g] != 0.0:
            return g
        for n in range(net.inwards[g], net.inwards[g + 1]):
            i = net.source[n]
            if _is_active(bits, layer - 1, i, net):
                if only >= 0 or net.incoming[n] != 1.0:
                    return g
                only = i
        if only < 0:
            return only
        layer, j = layer - 1, only
    return net.alike[j]


@called
def cancels(net, bits, layer, i):
    """Whether neuron i's terms cancel in pairs, each with one of opposite weight from its origin.

    So it is where max pooling compares two places that look the same, as on a blank background.
    """
    g = net.first[layer] + i
    start, stop = net.inwards[g], net.inwards[g + 1]
    if net.listed[layer] == 0 or net.bias[g] != 0.0 or stop - start > 16:
        return False
    for n in range(start, stop):
        own = _listed_origin(net, bits, layer, n)
        size = abs(net.incoming[n])
        balance = 0
        if own >= 0:
            for m in range(start, stop):
                weight = net.incoming[m]
                if abs(weight) == size and _listed_origin(net, bits, layer, m) == own:
                    balance += 1 if weight > 0.0 else -1
            if balance != 0:
                return False
    return True


@called
def _listed_origin(net, bits, layer, n):
    """Origin of a layer's input at place n of the lists; -1: inactive, or passes nothing on."""
    j = net.source[n]
    if _is_active(bits, layer - 1, j, net):
        return _origin(net, bits, layer - 1, j)
    return np.int64(-1)


@lane_code(types.int64)
def settled(g, stack):
    """Verdict on line g, whose sign is uncertain: the answer to the question, or ASKED."""
    verdict = stack.verdict[g]
    verdict = where(verdict.equals(UNKNOWN), ASKED, verdict)
    stack.verdict[g] = verdict
    return verdict.to(types.int64)
