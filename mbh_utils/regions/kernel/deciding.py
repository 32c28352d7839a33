"""Steps 1 and 3: neurons are tested on a polygon, and those that do not cross it are decided.

``filter_list`` tests the neurons of a node's list after a cut, each by its line at all corners;
``enter`` tests all neurons of the next layer at once, by the layer's map. What is active joins the
map of the layer behind; what crosses becomes, or stays on, the list.
"""

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from mbh_utils.computing.addresses import at
from mbh_utils.computing.lanes import lane_code, where
from mbh_utils.regions.kernel.layout import (
    ACTIVE,
    ALL,
    ALL_LANES,
    ASKED,
    CROSSING,
    DONE,
    LANES,
    NONE,
    ONE,
    QUESTION,
    TOUCHED,
    UNCERTAIN,
    UNKNOWN,
    inlined,
)
from mbh_utils.regions.kernel.maps import join, refine, set_line, set_line_errors
from mbh_utils.regions.kernel.signs import (
    MIXED,
    NO_TERMS,
    PLUS,
    cancels,
    extremes,
    settled,
    sides,
    signs_of_terms,
    verdicts,
    wider,
)

# ------------------------------------------------------------------------------ step 1: after a cut


@lane_code()
def _decide(t, g, active, layer, net, stack):
    """Set neuron g's bit on node t, if it is active."""
    i = g - net.first[layer]
    bits = stack.bits + t * stack.stride
    word = net.word[layer] + (i >> 6)
    bits[word] = bits[word] | (where(active, 1, 0) << (i & 63))


@inlined
def filter_list(t, net, stack):
    """Test node t's list where it is untested; decide what does not cross. DONE or QUESTION."""
    layer = stack.layer[t] - 1
    k = stack.corners[t]
    waiting = at(stack.waiting, t * stack.longest)
    joining = stack.joining
    count = np.int64(0)
    source = t
    if stack.pending[t] >= 0:
        joining[0] = stack.pending[t]
        count = np.int64(1)
        source = t - 1
        stack.pending[t] = -1
    kept = stack.tested[t]
    length = stack.length[t]
    answer = DONE
    # Branch-free: outcomes are unpredictable. Each neuron is put behind both lists, and the one
    # that it belongs to becomes longer.
    for i in range(kept, length):
        g = waiting[i]
        above, below = sides(t, g, 0, stack)
        some_above, some_below, certain = above, below, above | below
        for j in range(LANES, k, LANES):
            plus, minus = sides(t, g, j, stack)
            above, below, certain = above & plus, below & minus, certain & (plus | minus)
            some_above, some_below = some_above | plus, some_below | minus
        active = above == ALL_LANES
        crossing = (above != ALL_LANES) & (below != ALL_LANES)
        if certain != ALL_LANES and (some_above == NONE or some_below == NONE):
            verdict = settled(g, stack)
            if verdict == ASKED:
                answer = QUESTION
                break
            stack.verdict[g] = UNKNOWN
            stack.state[UNCERTAIN] += 1
            stack.touched[t] = TOUCHED
            crossing, active = verdict == CROSSING, verdict == ACTIVE
        _decide(t, g, active, layer, net, stack)
        waiting[kept] = joining[count] = g
        kept += np.int64(crossing)
        count += np.int64(active)
    stack.tested[t] = kept
    if answer == QUESTION:
        for j in range(i, length):
            waiting[kept] = waiting[j]
            kept += 1
    stack.length[t] = kept
    if count and net.span[layer + 1]:
        join(net, stack, count, layer + 1, source, t)
    return answer


# ------------------------------------------------------------------------------ step 3: a new layer


@inlined
def enter(t, net, stack):
    """Test all neurons of the next layer on node t. DONE (``take_up`` follows) or QUESTION."""
    layer = stack.layer[t]
    n = net.widths[layer]
    n_relu = net.n_relu[layer]
    bits = at(stack.bits, t * stack.stride)
    own_bits = at(bits, net.word[layer])
    # Until every answer is there, nothing changes but this layer's bits, which are written again.
    asked = False
    uncertain = 0
    for w in range((n + 63) >> 6):
        start, end = 64 * w, 64 * w + 64
        active, inactive, crossing = _tested(t, start, end if end < n else n, net, stack)
        valid = ALL if n >= end else (ONE << np.uint64(n - start)) - ONE
        doubtful = valid & ~(active | inactive | crossing)
        if n_relu < end:  # linear units are active, but for silent ones
            linear = ALL << np.uint64(n_relu - start) if n_relu > start else ALL
            active, crossing = active | linear, crossing & ~linear
        while doubtful != NONE:  # rare
            place = trailing_zeros(doubtful)
            i = start + np.int64(place)
            doubtful &= doubtful - ONE
            terms = signs_of_terms(net, bits, layer, i)
            if terms == MIXED and layer > 0 and cancels(net, bits, layer, i):
                terms = NO_TERMS
            if terms == NO_TERMS:
                active &= ~(ONE << place)
            elif i < n_relu and terms != MIXED:
                active |= np.uint64(terms == PLUS) << place
            elif i < n_relu:
                verdict = settled(net.first[layer] + i, stack)
                uncertain += 1
                asked |= verdict == ASKED
                active |= np.uint64(verdict == ACTIVE) << place
                crossing |= np.uint64(verdict == CROSSING) << place
        own_bits[w] = active & valid
        stack.crossing[w] = crossing & valid
    if asked:
        return QUESTION
    if uncertain:
        stack.state[UNCERTAIN] += uncertain
        stack.touched[t] = TOUCHED
        for i in range(n):
            stack.verdict[net.first[layer] + i] = UNKNOWN
    return DONE


@inlined
def _tested(t, start, stop, net, stack):
    """Words of which neurons of the next layer are certainly active, inactive, crossing.

    They are neurons start to stop - 1, at most 64.
    """
    k = stack.corners[t]
    errors, row = at(net.error, net.first[stack.layer[t]]), net.n_neurons + 64
    if net.deep > 0:
        errors, row = at(stack.doubt, t * 3 * stack.pad), stack.pad
    active, inactive, crossing = NONE, NONE, NONE
    for i in range(start, stop, LANES):
        low, high = extremes(t, i, 0, stack)
        for j in range(4, k, 4):
            lower, higher = extremes(t, i, j, stack)
            low, high = wider(low, high, lower, higher)
        yes, no, both = verdicts(t, i, low, high, errors, row, stack)
        active, inactive, crossing = active | yes, inactive | no, crossing | both
    return active, inactive, crossing


@inlined
def take_up(t, net, stack):
    """The tested layer becomes node t's own: its list, its lines, the map of the one behind."""
    layer = stack.layer[t]
    first = net.first[layer]
    follows = net.span[layer + 1]
    bits = at(stack.bits, t * stack.stride)
    own_bits = at(bits, net.word[layer])
    waiting = at(stack.waiting, t * stack.longest)
    joining = stack.joining
    length, count = np.int64(0), np.int64(0)
    for w in range((net.widths[layer] + 63) >> 6):
        crossing = stack.crossing[w]
        wanted = crossing | own_bits[w] if follows else crossing
        while wanted != NONE:
            place = trailing_zeros(wanted)
            wanted &= wanted - ONE
            i = 64 * w + np.int64(place)
            set_line(t, i, first + i, stack)
            if net.deep > 0:
                set_line_errors(t, i, first + i, stack)
            crosses = np.int64((crossing >> place) & ONE)
            if net.refined > 0 and layer == 1 and crosses > 0:
                refine(net, stack, bits, i, first + i)
            waiting[length] = joining[count] = first + i
            length += crosses
            count += 1 - crosses
    if follows:  # the map of this layer makes room for the next one's
        join(net, stack, count, layer + 1, np.int64(-1), t)
    stack.length[t] = stack.tested[t] = length
    stack.layer[t] = layer + 1
