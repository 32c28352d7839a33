"""Distances of wirings: worked numbers, values of random masks, and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.lenses import topology
from mbh_utils.networks import pruning

LENET = [(300, 784), (100, 300)]


def random_pair(density: float, shapes=LENET, seed: int = 0) -> tuple[list, list]:
    """Two independent wirings of this density."""
    rng = np.random.default_rng(seed)
    return tuple([rng.random(shape) < density for shape in shapes] for _ in "ab")


def mask_of(trees: list[set[int]], n_in: int) -> np.ndarray:
    """A mask whose rows are these sets of inputs."""
    return np.array([[i in tree for i in range(n_in)] for tree in trees])


def jaccard(tree: np.ndarray, other: np.ndarray) -> float:
    """By the definition, with sets."""
    a = set(np.flatnonzero(tree))
    b = set(np.flatnonzero(other))
    return len(a ^ b) / len(a | b) if a | b else 0.0


# ------------------------------------------------------------------------------- worked numbers


@pytest.mark.parametrize(
    ("tree", "other", "distance"),
    [
        (set(), set(), 0),
        ({1}, set(), 1),
        ({1, 2}, {2, 3}, 2 / 3),
        ({0, 2, 3}, {0, 1, 2, 3}, 1 / 4),
    ],
)
def test_edit_distance_of_two_neurons(tree, other, distance):
    found = topology.edit_distances(mask_of([tree], 4), mask_of([other], 4))
    assert found == pytest.approx(np.array([[distance]]))


def test_a_small_example_by_hand():
    # The paper's matrices have a column for each receiving neuron: they are the transposes.
    a = [np.transpose([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 1]])]
    a.append(np.transpose([[1, 0], [0, 1], [1, 1]]))
    b = [np.transpose([[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1]])]
    b.append(np.transpose([[1, 1], [1, 0], [0, 1]]))
    costs = topology.edit_distances(a[0], b[0])
    assert costs == pytest.approx(np.array([[1 / 3, 0, 1], [3 / 4, 1, 0], [1 / 3, 2 / 3, 2 / 3]]))
    found = topology.nnstd(a, b)
    assert [order.tolist() for order in found.assignments] == [[1, 2, 0], [0, 1]]
    assert found.matched == pytest.approx([1 / 9, 0])
    assert found.mean == pytest.approx(1 / 18)
    assert found.identity.mean() == pytest.approx(2 / 3)


def test_the_assignment_tells_which_neuron_of_b_goes_with_each_of_a():
    a = [np.eye(4, dtype=bool), np.eye(4, dtype=bool)]
    pi = np.array([2, 3, 1, 0])  # no inverse of itself
    b = [np.empty((4, 4), dtype=bool), np.eye(4, dtype=bool)]
    b[0][pi] = a[0]
    b[1] = np.empty((4, 4), dtype=bool)
    b[1][:, pi] = a[1]
    found = topology.nnstd(a, b)
    assert found.assignments[0].tolist() == pi.tolist()
    assert found.assignments[1].tolist() == [0, 1, 2, 3]
    assert found.mean == 0
    assert found.identity[0] > 0


def test_a_dense_network_has_no_distance_to_another():
    dense = [np.ones(shape, dtype=bool) for shape in LENET]
    assert topology.nnstd(dense, dense).mean == 0


def test_a_layer_with_twins_can_spoil_the_next():
    """Two neurons of equal inputs: whichever is matched first, the next layer may not fit."""
    a = [np.array([[1, 1], [1, 1]]), np.array([[1, 0], [1, 0]])]
    b = [a[0], a[1][:, ::-1]]
    found = topology.nnstd(a, b)
    assert found.matched[0] == 0
    assert found.matched[1] == 1  # although exchanging the twins would give 0


# -------------------------------------------------------------------------------- random masks

#: Density -> matched of both layers, identity of both layers: one draw (Liu et al.'s definitions).
RANDOM = {
    0.006: (0.856, 0.632, 0.999, 0.990),
    0.010: (0.889, 0.769, 0.996, 0.998),
    0.036: (0.914, 0.884, 0.982, 0.986),
    0.10: (0.892, 0.865, 0.948, 0.948),
    0.30: (0.775, 0.755, 0.824, 0.824),
    0.50: (0.621, 0.603, 0.666, 0.666),
}


@pytest.mark.parametrize("density", RANDOM)
def test_distances_of_random_masks(density):
    found = topology.nnstd(*random_pair(density), nulls=2)
    matched = RANDOM[density][:2]
    identity = RANDOM[density][2:]
    # Few connections vary more from draw to draw: 200 of them in the second layer at .006.
    within = 0.08 if density < 0.02 else 0.012 if density < 0.05 else 0.006
    assert found.matched == pytest.approx(matched, abs=within)
    assert found.identity == pytest.approx(identity, abs=within)
    assert found.null == pytest.approx(found.matched, abs=within)
    assert found.pixel_null == pytest.approx(found.matched, abs=within)
    assert found.degree_null == pytest.approx(found.matched, abs=within)
    assert found.over_null == pytest.approx(1, abs=within)
    if density >= 0.036:
        assert found.identity == pytest.approx(1 - density / (2 - density), abs=0.01)


def test_identity_of_random_masks_is_that_of_theory():
    found = topology.nnstd(*random_pair(0.3, [(784, 300)]))
    assert found.identity[0] == pytest.approx(0.8235, abs=0.005)


def test_nulls_have_the_counts_of_the_masks_and_the_degrees_of_the_pixels():
    """Shared dead pixels make networks look alike, which only the null of equal degrees sees."""
    rng = np.random.default_rng(0)
    seen = rng.random(200) < 0.2
    a, b = ([(rng.random((50, 200)) < 0.2) & seen] for _ in "ab")
    found = topology.nnstd(a, b, nulls=5)
    assert found.over_null < 0.95
    assert found.over_pixel_null == pytest.approx(1, abs=0.03)
    assert found.over_degree_null == pytest.approx(1, abs=0.03)


def test_neurons_of_many_and_of_few_inputs_look_alike_but_for_the_null_of_degrees():
    rng = np.random.default_rng(0)
    densities = np.repeat([0.05, 0.95], 30)[:, None]
    a, b = ([rng.random((60, 200)) < densities] for _ in "ab")
    found = topology.nnstd(a, b, nulls=5)
    assert found.over_pixel_null < 0.95
    assert found.over_degree_null == pytest.approx(1, abs=0.03)


def test_nulls_depend_on_their_seed_alone():
    pair = random_pair(0.1, [(20, 30)])
    first, again, other = (topology.nnstd(*pair, nulls=2, seed=seed) for seed in (1, 1, 2))
    assert first.null == pytest.approx(again.null, abs=0)
    assert first.null != pytest.approx(other.null, abs=1e-9)


# ----------------------------------------------------------------------------------- brute force

masks_of_a_pair = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))


@given(masks_of_a_pair)
@settings(deadline=None)
def test_the_first_layer_is_the_best_of_all_assignments(drawn):
    n_out, n_in, seed = drawn
    rng = np.random.default_rng(seed)
    a, b = (rng.random((n_out, n_in)) < rng.random() for _ in "ab")
    costs = np.array([[jaccard(x, y) for y in b] for x in a])
    assert topology.edit_distances(a, b) == pytest.approx(costs)
    orders = itertools.permutations(range(n_out))
    best = min(costs[range(n_out), list(order)].mean() for order in orders)
    found = topology.nnstd([a], [b])
    assert found.matched[0] == pytest.approx(best)
    assert found.identity[0] == pytest.approx(np.diag(costs).mean())
    assert costs[range(n_out), found.assignments[0]].mean() == pytest.approx(best)
    assert found.matched[0] <= found.identity[0] + 1e-12
    assert topology.nnstd([b], [a]).matched[0] == pytest.approx(best)


@given(masks_of_a_pair)
@settings(deadline=None)
def test_each_layer_is_the_best_given_the_one_before(drawn):
    n_hidden, n_in, seed = drawn
    rng = np.random.default_rng(seed)
    shapes = [(n_hidden, n_in), (4, n_hidden), (3, 4)]
    a, b = ([rng.random(shape) < 0.5 for shape in shapes] for _ in "ab")
    found = topology.nnstd(a, b)
    order = np.arange(n_in)
    for layer, (mask_a, mask_b) in enumerate(zip(a, b, strict=True)):
        costs = np.array([[jaccard(x, y[order]) for y in mask_b] for x in mask_a])
        n_out = len(costs)
        every = itertools.permutations(range(n_out))
        best = min(costs[range(n_out), list(one)].mean() for one in every)
        assert found.matched[layer] == pytest.approx(best)
        order = found.assignments[layer]


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 7))
@settings(deadline=None)
def test_a_network_with_its_neurons_exchanged_is_the_same(seed, first, second):
    rng = np.random.default_rng(seed)
    a = [rng.random((first, 12)) < 0.5, rng.random((second, first)) < 0.5]
    if len(np.unique(a[0], axis=0)) < first:
        return  # twins, of which see above
    order = rng.permutation(first)
    last = rng.permutation(second)
    b = [a[0][order], a[1][last][:, order]]
    found = topology.nnstd(a, b)
    assert found.matched == pytest.approx([0, 0])
    assert order[found.assignments[0]].tolist() == list(range(first))


# ------------------------------------------------------------------------------ networks and tables


def test_networks_are_compared_by_the_masks_of_their_hidden_layers():
    data = mbh.load_dataset("digits8")
    a, b = (mbh.lenet(data, (24, 8), parameters=300, seed=seed) for seed in (0, 1))
    by_network = topology.nnstd(a, b)
    by_masks = topology.nnstd(a.masks, b.masks)
    assert by_network.table.equals(by_masks.table)
    assert len(by_network.matched) == 2


def test_a_pruned_output_layer_is_not_compared():
    data = mbh.load_dataset("digits8")
    a, b = (mbh.lenet(data, (24, 8), seed=seed) for seed in (0, 1))
    output = np.ones((10, 8), dtype=bool)
    output[0] = False
    b.set_masks([*b.masks, output])
    assert topology.nnstd(a, b).mean == 0


def test_pairwise_gives_every_pair_once():
    rng = np.random.default_rng(0)
    wirings = [[rng.random(shape) < 0.3 for shape in [(8, 6), (3, 8)]] for _ in range(4)]
    found = topology.pairwise(wirings, nulls=1)
    pairs = found[["a", "b", "layer"]].itertuples(index=False)
    expected = [(a, b, n) for a, b in itertools.combinations(range(4), 2) for n in (1, 2)]
    assert [tuple(pair) for pair in pairs] == expected
    one = found[(found["a"] == 1) & (found["b"] == 3)]
    alone = topology.nnstd(wirings[1], wirings[3])
    assert one["matched"].to_numpy() == pytest.approx(alone.matched)
    assert one["identity"].to_numpy() == pytest.approx(alone.identity)
    assert found["null"].between(0, 1).all()


def test_a_null_is_what_pairs_of_random_masks_have():
    shapes = pruning.layer_shapes(64, (96, 32))
    drawn = [pruning.random_masks(shapes, 1000, np.random.default_rng(i)) for i in range(4)]
    found = topology.pairwise(drawn, nulls=3).groupby("layer")[["matched", "null"]].mean()
    assert found["matched"].to_numpy() == pytest.approx(found["null"].to_numpy(), abs=0.03)


# ------------------------------------------------------------------------------------- bad input

GOOD = [np.ones((3, 4)), np.ones((2, 3))]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([np.ones((3, 4))], "2 hidden layers and b 1"),
        ([np.ones((5, 4)), np.ones((2, 5))], "the same widths"),
        ([np.ones((4, 3)), np.ones((3, 2))], "transpose"),
        ([np.full((3, 4), 0.5), np.ones((2, 3))], "numbers other than 0 and 1"),
        ([], "b is empty"),
        ([np.ones((0, 4)), np.ones((2, 0))], "at least one neuron"),
        (np.ones(4), "expected 2 dimensions"),
        (None, "b is None"),
    ],
)
def test_bad_input_is_named(other, message):
    with pytest.raises(MBHError, match=message):
        topology.nnstd(GOOD, other)


def test_layers_of_other_inputs_and_a_single_network_are_refused():
    with pytest.raises(MBHError, match="4 inputs and mask_b 3"):
        topology.edit_distances(np.ones((2, 4)), np.ones((2, 3)))
    with pytest.raises(MBHError, match="at least two"):
        topology.pairwise([GOOD])
