"""Masks made from masks, and random masks with the layer densities of SET."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils import networks
from mbh_utils.errors import MBHError
from mbh_utils.networks import pruning

LENET = pruning.layer_shapes(784, (300, 100))
THREE = pruning.layer_shapes(784, (784, 784, 784))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def densities(masks: list[np.ndarray]) -> list[float]:
    return [float(mask.mean()) for mask in masks]


# ------------------------------------------------------------------------- layer densities of SET


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (9_072, (0.0282, 0.0815)),
        (4_336, (0.0134, 0.0388)),
        (27_471, (0.0853, 0.2469)),
        (83_172, (0.2583, 0.7472)),
    ],
)
def test_erdos_renyi_densities_of_the_thesis_budgets(weights, expected):
    masks = pruning.erdos_renyi_masks(LENET, weights + 400, rng())
    assert sum(int(mask.sum()) for mask in masks) == weights
    assert densities(masks) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(("epsilon", "expected"), [(1, 0.0133), (20, 0.2667), (60, 0.8)])
def test_erdos_renyi_density_of_the_second_layer(epsilon, expected):
    weights = round(epsilon * (784 + 300)) + round(epsilon * (300 + 100))
    masks = pruning.erdos_renyi_masks(LENET, weights + 400, rng())
    assert densities(masks)[1] == pytest.approx(expected, abs=1e-4)


def test_a_full_layer_gives_the_rest_to_the_others():
    masks = pruning.erdos_renyi_masks(LENET, 400 + 30_000 + 200_000, rng())
    assert masks[1].all()
    assert masks[0].sum() == 200_000
    dense = pruning.erdos_renyi_masks(LENET, 265_600, rng())
    assert all(mask.all() for mask in dense)


def test_equal_layers_have_equal_densities():
    masks = pruning.erdos_renyi_masks(THREE, 3 * 784 + 11_063, rng())
    assert densities(masks) == pytest.approx([0.006] * 3, abs=1e-5)


@given(
    st.integers(1, 9),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.floats(0, 1),
    st.integers(0, 99),
)
def test_erdos_renyi_masks_keep_the_budget_and_an_input_of_each_neuron(
    n_inputs, hidden, share, seed
):
    shapes = pruning.layer_shapes(n_inputs, hidden)
    least = 2 * sum(hidden)
    most = pruning.dense_parameters(n_inputs, hidden)
    parameters = least + round(share * (most - least))
    masks = pruning.erdos_renyi_masks(shapes, parameters, rng(seed))
    assert [mask.shape for mask in masks] == shapes
    assert sum(int(mask.sum()) for mask in masks) + sum(hidden) == parameters
    assert all(mask.any(axis=1).all() for mask in masks)


def test_erdos_renyi_masks_refuse_what_random_masks_refuse():
    with pytest.raises(MBHError, match="do not fit hidden layers"):
        pruning.erdos_renyi_masks(LENET, 500, rng())
    with pytest.raises(MBHError, match="rng"):
        pruning.erdos_renyi_masks(LENET, 9_472, None)


# ------------------------------------------------------------------------------ moved connections


def moved(before: list[np.ndarray], after: list[np.ndarray]) -> list[int]:
    return [int((a & ~b).sum()) for a, b in zip(before, after, strict=True)]


@given(st.floats(0, 1), st.integers(0, 99))
def test_a_share_of_the_connections_moves(share, seed):
    masks = [rng(seed).random(shape) < 0.3 for shape in [(20, 30), (10, 20)]]
    before = [mask.copy() for mask in masks]
    changed = networks.changed_masks(masks, share, rng(seed))
    assert [int(m.sum()) for m in changed] == [int(m.sum()) for m in masks]
    assert moved(masks, changed) == [round(share * int(m.sum())) for m in masks]
    assert all((a == b).all() for a, b in zip(masks, before, strict=True)), "they are not changed"


def test_too_few_empty_places():
    with pytest.raises(MBHError, match="2 empty places"):
        networks.changed_masks([[[1, 1, 1, 0, 0]]], 1, rng())


def test_relatives_are_a_chain():
    masks = [rng(0).random((300, 300)) < 0.05]
    chain = [networks.relative_masks(masks, number) for number in range(10)]
    assert moved(masks, chain[0]) == [0]
    steps = [moved(a, b)[0] for a, b in zip(chain, chain[1:], strict=False)]
    assert steps == [round(0.01 * int(masks[0].sum()))] * 9
    from_first = [moved(masks, relative)[0] for relative in chain]
    assert from_first == sorted(from_first)
    assert from_first[9] == pytest.approx(9 * steps[0], rel=0.1)
    again = networks.relative_masks(masks, 5)
    assert (again[0] == chain[5][0]).all()


# ----------------------------------------------------------------------------- degrees of pixels


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(0, 99))
def test_every_input_keeps_its_degree(n_out, n_in, density, seed):
    mask = rng(seed).random((n_out, n_in)) < density
    drawn = networks.masks_with_pixel_degrees(mask, rng(seed + 1))
    assert drawn.sum(axis=0).tolist() == mask.sum(axis=0).tolist()


def test_connections_of_an_input_go_to_every_neuron_equally_often():
    mask = np.zeros((5, 2), dtype=bool)
    mask[:2, 0] = True
    generator = rng(0)
    drawn = [networks.masks_with_pixel_degrees(mask, generator) for _ in range(2_000)]
    assert np.mean(drawn, axis=0)[:, 0] == pytest.approx([0.4] * 5, abs=0.05)


@pytest.mark.parametrize("call", [networks.changed_masks, networks.relative_masks])
def test_what_are_no_masks(call):
    rest = (0.1, rng()) if call is networks.changed_masks else (1,)
    with pytest.raises(MBHError, match="masks holds numbers other than 0 and 1"):
        call([np.full((2, 3), 0.5)], *rest)
    with pytest.raises(MBHError, match="masks is None"):
        call(None, *rest)


def test_a_share_is_a_share():
    for share in (-0.1, 1.5, np.nan, "half"):
        with pytest.raises(MBHError, match="share"):
            networks.changed_masks([np.ones((2, 3))], share, rng())


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(0, 99))
def test_every_input_and_every_neuron_keeps_its_degree(n_out, n_in, density, seed):
    mask = rng(seed).random((n_out, n_in)) < density
    before = mask.copy()
    drawn = networks.masks_with_degrees(mask, rng(seed + 1))
    assert drawn.sum(axis=0).tolist() == mask.sum(axis=0).tolist()
    assert drawn.sum(axis=1).tolist() == mask.sum(axis=1).tolist()
    assert (mask == before).all()


def test_masks_of_the_same_degrees_are_drawn_equally_often():
    """There are six 3 x 3 masks with one connection in each row and column."""
    generator = rng(0)
    drawn = [networks.masks_with_degrees(np.eye(3), generator) for _ in range(3_000)]
    found, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(found) == 6
    assert counts == pytest.approx([500] * 6, rel=0.2)


def test_little_is_left_of_a_mask_but_its_degrees():
    mask = rng(0).random((300, 784)) < 0.03
    drawn = networks.masks_with_degrees(mask, rng(1))
    assert (drawn & mask).sum() / mask.sum() < 0.06
