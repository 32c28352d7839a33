"""The compiled kernel of training on a CPU: backpropagation and Adam over live weights only.

All samples of a minibatch lie side by side: an activation is a matrix (unit, sample) whose rows
hold ``LANES`` samples (or a multiple; what the batch leaves over stays zero). Weights are listed by
unit, each with the input it comes from. A step forward then adds up weights times rows, the
gradient of a weight is the product of two rows, and no step touches a pruned weight. Layers that
are nearly dense are left to BLAS, which is faster there.

Each network is trained by itself, so its result cannot depend on the others of its stack, not even
in the last bit; they only share the minibatch once it is gathered.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  for np.dot; here, so that thread limits reach it
from numba import njit, types

from mbh_utils.computing.addresses import aligned_zeros, at
from mbh_utils.computing.lanes import broadcast, lane_code, loop, multiply_add, pair_sums
from mbh_utils.computing.native import cached

LANES = 64  # samples that are worked on together
GROUP = 16  # products of rows that are added up together
#: Share of live weights from which BLAS takes over a layer (``benchmarks/training.py crossover``).
CROSSOVER = 0.5
# Fields of a layer's row in NetworkStack.layers.
N_IN, N_OUT, UNIT, BIAS, WAY, LAYER_SIZE = range(6)
# Ways a layer is computed: live weights only; by BLAS; by BLAS, with a mask on the gradient.
LISTED, DENSE, MASKED = range(3)
# Adam's, as in torch.
BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8
ZERO = np.float32(0)


class NetworkStack(NamedTuple):
    """Networks of one depth, one after the other in flat arrays; L layers, the output last."""

    # Widths, first unit in ``starts``, first bias, way.
    layers: np.ndarray  # (members, L, LAYER_SIZE) int64
    # Where each unit's weights start, and where a layer's last unit ends.
    starts: np.ndarray  # (units + layers,) int64
    inputs: np.ndarray  # (n,) int32: the input each weight comes from
    live: np.ndarray  # (n,) float32: 0 for the pruned weights of a MASKED layer
    span: np.ndarray  # (members + 1,) int64: first parameter of each member
    values: np.ndarray  # (n,) float32: weights and biases
    gradient: np.ndarray  # (n,) float32
    mean: np.ndarray  # (n,) float32: Adam's first moment
    square: np.ndarray  # (n,) float32: Adam's second moment


class Place(NamedTuple):
    """Where the parameters of a member are."""

    listed: np.ndarray  # (n,) int64: in the stack's arrays
    dense: np.ndarray  # (n,) int64: in the flat order of ``training.State``
    size: int  # how many parameters that order has


class _Layer(NamedTuple):
    """One layer of a member, laid out."""

    row: tuple[int, int, int, int, int]  # of NetworkStack.layers
    starts: np.ndarray
    inputs: np.ndarray
    live: np.ndarray
    listed: np.ndarray  # as of the member's place
    dense: np.ndarray  # the same, counted from the layer's first parameter


def lay_out(
    shapes: list[tuple[int, int]], members: list[np.ndarray]
) -> tuple[NetworkStack, list[Place]]:
    """An empty stack for these members, and the place of each.

    shapes: (n_out, n_in) of all layers. members: of each the places of its live parameters in the
    flat order of ``training.State``, rising; all biases are among them.
    """
    layers: list[_Layer] = []
    places: list[Place] = []
    span = [0]
    n = 0  # parameters so far, with the room behind them
    unit = 0  # starts so far
    for member in members:
        listed = []
        dense = []
        size = 0
        for n_out, n_in in shapes:
            first, last = np.searchsorted(member, [size, size + n_out * n_in])
            layer = _lay_out_layer(member[first:last] - size, (n_out, n_in), n, unit)
            layers.append(layer)
            listed.append(layer.listed)
            dense.append(size + layer.dense)
            n += len(layer.live)
            unit += len(layer.starts)
            size += n_out * n_in + n_out
        span.append(n)
        places.append(Place(np.concatenate(listed), np.concatenate(dense), size))
    return _empty_stack(layers, span), places


def _lay_out_layer(weights: np.ndarray, shape: tuple[int, int], first: int, unit: int) -> _Layer:
    """A layer whose first parameter and whose first unit's start have these places.

    weights: where its live weights are in the flat dense order.
    """
    n_out, n_in = shape
    size = n_out * n_in
    way = _way(len(weights), size)
    kept = weights if way == LISTED else np.arange(size)
    n_kept = len(kept)
    bias = first + n_kept
    # Behind the weights: the biases, and room for the rest of the last group of products.
    tail = -(-(n_out + GROUP) // LANES) * LANES
    live = np.ones(n_kept + tail, np.float32)
    if way == MASKED:
        live[:n_kept] = 0
        live[weights] = 1
    return _Layer(
        row=(n_in, n_out, unit, bias, way),
        starts=first + np.searchsorted(kept, n_in * np.arange(n_out + 1)),
        inputs=np.concatenate([kept % n_in, np.zeros(tail, int)]),
        live=live,
        listed=first + np.arange(n_kept + n_out),
        dense=np.concatenate([kept, size + np.arange(n_out)]),
    )


def _way(n_live: int, size: int) -> int:
    """How a layer is computed."""
    if n_live / size < CROSSOVER:
        return LISTED
    return DENSE if n_live == size else MASKED


def _empty_stack(layers: list[_Layer], span: list[int]) -> NetworkStack:
    n = span[-1]
    table = np.array([layer.row for layer in layers], np.int64)
    return NetworkStack(
        layers=table.reshape(len(span) - 1, -1, LAYER_SIZE),
        starts=np.concatenate([layer.starts for layer in layers]),
        inputs=np.concatenate([layer.inputs for layer in layers]).astype(np.int32),
        live=np.concatenate([layer.live for layer in layers]),
        span=np.array(span),
        values=np.zeros(n, np.float32),
        gradient=np.zeros(n, np.float32),
        mean=np.zeros(n, np.float32),
        square=np.zeros(n, np.float32),
    )


def scratch(units: int, samples: int) -> np.ndarray:
    """Zeros (units, lanes for so many samples) float32."""
    return aligned_zeros((units, -(-samples // LANES) * LANES), np.float32)


# --------------------------------------------------- operations on rows, LANES samples in registers


@lane_code()
def _weighted_sum(rows, stride, inputs, weights, count, start, out):
    """out[:] = start + sum over k < count of weights[k] * rows[inputs[k]], in registers."""

    def add(k, total):
        row = rows + inputs[k].to(types.int64) * stride
        return multiply_add(weights[k], row.lanes(0, LANES), total)

    out[0] = loop(count, add, broadcast(start, LANES))


@lane_code()
def _row_products(rows, stride, inputs, row, count, out):
    """out[k] = sum of row * rows[inputs[k]], for each k < count and up to GROUP - 1 more behind.

    GROUP products at once, so that their lanes are added up together rather than one by one.
    """

    def product(k):
        """GROUP sums of two rows' products, each of every GROUP-th lane; their sum is wanted."""
        other = rows + inputs[k].to(types.int64) * stride
        total = row.lanes(0, GROUP) * other.lanes(0, GROUP)
        for part in range(GROUP, LANES, GROUP):
            total = multiply_add(row.lanes(part, GROUP), other.lanes(part, GROUP), total)
        return total

    def group(g):
        sums = [product(g * GROUP + i) for i in range(GROUP)]
        while len(sums) > 1:  # neighbouring lanes of two vectors become the lanes of one
            sums = [pair_sums(*sums[i : i + 2]) for i in range(0, len(sums), 2)]
        out[g * GROUP] = sums[0]

    loop((count + (GROUP - 1)) // GROUP, group)


@lane_code()
def _scatter_add(rows, stride, inputs, weights, count, row):
    """rows[inputs[k]] += weights[k] * row, for each k < count."""
    fixed = row.lanes(0, LANES)

    def add(k):
        other = rows + inputs[k].to(types.int64) * stride
        other[0] = multiply_add(weights[k], fixed, other.lanes(0, LANES))

    loop(count, add)


# -------------------------------------------------------------------------------- steps of training

_options = dict(error_model="numpy", fastmath={"contract"})
_alone = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True)  # only called from compiled code
_part = njit(**_options, **_alone)


@_part
def _gather(images, batch, x):
    """x (inputs, samples) = these samples, a cache line at a time; lanes left over stay."""
    for first in range(0, len(batch), GROUP):
        some = batch[first : first + GROUP]
        for k in range(images.shape[1]):
            for i in range(len(some)):
                x[k, first + i] = images[some[i], k]


@_part
def _forward(layer, stack, x, z, hidden):
    """Activations z (n_out, samples) of a layer from those before it; hidden: with ReLU."""
    n_in, n_out, unit, bias, way = layer
    width = x.shape[1]
    if way != LISTED:
        first = stack.starts[unit]
        np.dot(stack.values[first : first + n_out * n_in].reshape((n_out, n_in)), x, z)
        for o in range(n_out):
            for i in range(width):
                z[o, i] += stack.values[bias + o]
    else:
        for o in range(n_out):
            first = stack.starts[unit + o]
            count = stack.starts[unit + o + 1] - first
            inputs = at(stack.inputs, first)
            weights = at(stack.values, first)
            start = stack.values[bias + o]
            for block in range(0, width, LANES):
                _weighted_sum(
                    at(x, block), width, inputs, weights, count, start, at(z, o * width + block)
                )
    if hidden:
        for o in range(n_out):
            for i in range(width):
                z[o, i] = max(z[o, i], ZERO)


@_part
def _loss_gradient(logits, labels, batch, delta):
    """Gradient of the mean cross entropy by the logits; 0 for the lanes that hold no sample."""
    n_classes = len(logits)
    share = np.float32(1 / len(batch))
    delta[:] = ZERO
    for i in range(len(batch)):
        highest = logits[0, i]
        for c in range(1, n_classes):
            highest = max(highest, logits[c, i])
        total = ZERO
        for c in range(n_classes):
            delta[c, i] = np.exp(logits[c, i] - highest)
            total += delta[c, i]
        for c in range(n_classes):
            delta[c, i] *= share / total
        delta[labels[batch[i]], i] -= share


@_part
def _backward(layer, stack, x, delta, before, spare):
    """A layer's gradients, and the gradient ``before`` by its inputs x unless it is the first."""
    n_in, n_out, unit, bias, way = layer
    width = x.shape[1]
    origin = stack.starts[unit]
    if len(before):
        if way != LISTED:
            np.dot(
                stack.values[origin : origin + n_out * n_in].reshape((n_out, n_in)).T, delta, before
            )
        else:
            before[:] = ZERO
            for o in range(n_out):
                first = stack.starts[unit + o]
                count = stack.starts[unit + o + 1] - first
                inputs = at(stack.inputs, first)
                weights = at(stack.values, first)
                for block in range(0, width, LANES):
                    _scatter_add(
                        at(before, block),
                        width,
                        inputs,
                        weights,
                        count,
                        at(delta, o * width + block),
                    )
        for k in range(n_in):
            for i in range(width):
                before[k, i] = before[k, i] if x[k, i] > ZERO else ZERO
    if way != LISTED:
        gradient = stack.gradient[origin : origin + n_out * n_in]
        live = stack.live[origin : origin + n_out * n_in]
        np.dot(delta, x.T, gradient.reshape((n_out, n_in)))
        if way == MASKED:
            for k in range(len(gradient)):
                gradient[k] *= live[k]
    else:
        for o in range(n_out):
            first = stack.starts[unit + o]
            count = stack.starts[unit + o + 1] - first
            inputs = at(stack.inputs, first)
            _row_products(
                at(x, 0), width, inputs, at(delta, o * width), count, at(stack.gradient, first)
            )
            for block in range(LANES, width, LANES):
                _row_products(
                    at(x, block), width, inputs, at(delta, o * width + block), count, at(spare, 0)
                )
                for k in range(count):
                    stack.gradient[first + k] += spare[k]
    for o in range(
        n_out
    ):  # after the weights, whose last group of products reaches into the biases
        total = ZERO
        for i in range(width):
            total += delta[o, i]
        stack.gradient[bias + o] = total


# Without contraction: a last bit must not depend on where in the array a weight stands.
@njit(error_model="numpy", **_alone)
def _adam(stack, first, last, step, rate):
    one = np.float32(1)
    keep_mean = np.float32(BETA1)
    keep_square = np.float32(BETA2)
    epsilon = np.float32(EPSILON)
    size = np.float32(rate / (1 - BETA1**step))
    scale = np.float32(1 / np.sqrt(1 - BETA2**step))
    values = stack.values[first:last]
    gradient = stack.gradient[first:last]
    mean = stack.mean[first:last]
    square = stack.square[first:last]
    for k in range(len(values)):
        g = gradient[k]
        mean[k] += (g - mean[k]) * (one - keep_mean)
        square[k] = square[k] * keep_square + g * g * (one - keep_square)
        values[k] -= size * mean[k] / (np.sqrt(square[k]) * scale + epsilon)


@_part
def _backpropagate(stack, member, labels, batch, rows, deltas, spare):
    """The gradients of one member on a minibatch, whose images are the first of the rows."""
    layers = stack.layers[member]
    n_layers = len(layers)
    row = 0
    for i in range(n_layers):
        middle = row + layers[i, N_IN]
        _forward(
            layers[i],
            stack,
            rows[row:middle],
            rows[middle : middle + layers[i, N_OUT]],
            i + 1 < n_layers,
        )
        row = middle
    end = row + layers[n_layers - 1, N_OUT]
    _loss_gradient(rows[row:end], labels, batch, deltas[row:end])
    for i in range(n_layers - 1, -1, -1):
        end = row + layers[i, N_OUT]
        start = row - layers[i, N_IN]
        before = deltas[start:row] if i else deltas[:0]
        _backward(layers[i], stack, rows[start:row], deltas[row:end], before, spare)
        row = start


@cached(nogil=True, **_options)
def train_steps(stack, images, labels, batches, step, rate, rows, deltas):
    """Train every member of the stack on these minibatches, one step of Adam for each.

    images (n, n_inputs) float32, labels (n,) int64, batches (steps, batch size) int64 into them.
    step: steps taken before. rate: learning rate.
    rows, deltas: from :func:`scratch`, for the inputs and the units of all layers.
    """
    x = rows[: images.shape[1]]
    spare = np.empty(stack.layers[0, :, N_IN].max() + GROUP, np.float32)
    for t in range(len(batches)):
        _gather(images, batches[t], x)
        for member in range(len(stack.layers)):
            _backpropagate(stack, member, labels, batches[t], rows, deltas, spare)
            _adam(stack, stack.span[member], stack.span[member + 1], step + t + 1, rate)


@cached(nogil=True, **_options)
def backpropagate(stack, member, images, labels, batch, rows, deltas):
    """The gradients of one member on a minibatch, without a step.

    What else is as in :func:`train_steps`. The activations of all units are left in rows, and the
    gradients by their pre-activations in deltas.
    """
    _gather(images, batch, rows[: images.shape[1]])
    spare = np.empty(stack.layers[0, :, N_IN].max() + GROUP, np.float32)
    _backpropagate(stack, member, labels, batch, rows, deltas, spare)
