"""Rank maps against blankets: one number a region stands for every class and every c_P."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.explorers import rank_maps


def case(seed: int, hidden: tuple[int, ...], n_samples: int = 60):
    """Layers of a random network of four inputs, labelled samples, and a plane's partition."""
    rng = np.random.default_rng(seed)
    widths = (4, *hidden)
    layers = [
        (rng.normal(size=(m, n)), rng.normal(size=m) / 2)
        for n, m in zip(widths, widths[1:], strict=False)
    ]
    labels = np.arange(n_samples) % 3
    samples = Samples(rng.normal(size=(n_samples, 4)) + labels[:, None], labels)
    plane = mbh.Plane.through(samples.images[:3])
    return layers, samples, mbh.partition_input_space(layers, plane)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), hidden=st.sampled_from([(5,), (8, 6), (3, 70), (6, 5, 7)]))
def test_ranks_give_the_blanket_of_every_class_at_every_coverage(seed, hidden):
    layers, samples, regions = case(seed, hidden)
    orders = rank_maps.class_orders(layers, samples)
    ranks = rank_maps.all_ranks(regions, [order.constraints for order in orders.values()])
    for (label, order), of_class in zip(orders.items(), ranks, strict=True):
        table = rank_maps.order_table(regions, order, of_class)
        one = samples.of_class(label)
        patterns = mbh.maximal_patterns(layers, one, rank_maps.COVERAGES)
        for row, pattern in zip(table.itertuples(), patterns, strict=True):
            blanket = regions.blanket(pattern)
            assert ((of_class >= row.constraints) == blanket.regions).all()
            assert (row.area, row.share) == (blanket.area, blanket.share)
            assert (row.constraints, row.met) == (len(pattern), pattern.coverage)
        alone = rank_maps.coverage_table(layers, one, regions)
        assert alone.equals(table)


def test_bytes_hold_the_ranks_and_255_for_regions_that_violate_nothing():
    layers, samples, regions = case(1, (6, 9))
    order = rank_maps.order_of(layers, samples.of_class(0)).constraints
    found = rank_maps.ranks(regions, order)
    inside = regions.blanket(order).regions
    assert inside.any() and not inside.all()
    assert ((found == rank_maps.INSIDE) == inside).all()
    violated = order.neurons[found[~inside]]
    states = regions.patterns[~inside, violated]
    assert (states != order.states[found[~inside]]).all()


def test_no_constraint_is_violated_by_no_region():
    layers, _, regions = case(2, (4,))
    assert (rank_maps.ranks(regions, mbh.DecisionPattern([], [])) == rank_maps.INSIDE).all()


def test_more_constraints_than_a_byte_tells_apart_are_refused():
    layers, samples, regions = case(3, (3, 700), n_samples=12)
    order = rank_maps.order_of(layers, samples.of_class(0), (0.25, 0.5, 0.75, 1.0))
    assert len(order.constraints) > 255
    with pytest.raises(MBHError, match="at most 255 neurons in its last hidden layer"):
        rank_maps.ranks(regions, order.constraints)


def test_a_byte_tells_255_constraints_apart():
    _, _, regions = case(3, (255,))
    order = mbh.DecisionPattern(range(255), regions.patterns[0])
    exact = rank_maps.all_ranks(regions, [order])[0]
    assert exact[0] == 255 and (exact[1:] < 255).all()
    assert rank_maps.ranks(regions, order).tolist() == exact.tolist()


@pytest.mark.parametrize("pixels", [1, 7, 64])
@pytest.mark.parametrize("domain", ["square", "box"])
def test_each_pixel_has_the_region_of_its_centre(pixels, domain):
    layers, samples, _ = case(4, (8, 6))
    points = samples.images[:3] / (2 * np.abs(samples.images[:3]).max()) + 0.5
    plane = mbh.Plane.through(points, domain=domain)
    regions = mbh.partition_input_space(layers, plane)
    found = rank_maps.pixel_regions(regions, pixels)
    u, v = rank_maps.pixel_centres(plane, pixels)
    uv = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    expected = regions.locate(uv)
    assert (found.ravel() == expected).mean() > 0.9999
    outside = ~plane.contains(uv)
    assert ((found.ravel() == rank_maps.OUTSIDE) == outside).all()
    assert outside.any() == (domain == "box" and pixels > 1)


def test_centres_on_the_border_of_regions_belong_to_one_of_them():
    square = mbh.Plane.rectangle((-1, -1), (1, 1))
    regions = mbh.partition_input_space([(np.eye(2), np.zeros(2))], square)
    found = rank_maps.pixel_regions(regions, 5)  # whose middle row and column lie on the lines
    assert (found >= 0).all()
    corners = found[[0, 0, 4, 4], [0, 4, 0, 4]]
    assert len(set(corners.tolist())) == 4


def test_shares_of_pixels_are_near_the_exact_ones():
    layers, samples, regions = case(5, (8, 6))
    order = rank_maps.order_of(layers, samples.of_class(1))
    ranks = rank_maps.all_ranks(regions, [order.constraints])[0]
    picture = ranks[rank_maps.pixel_regions(regions, 430)]
    for row in rank_maps.order_table(regions, order, ranks).itertuples():
        assert abs((picture >= row.constraints).mean() - row.share) < 0.003


def test_what_cannot_be_drawn_is_an_error():
    layers, samples, regions = case(6, (4,))
    line = mbh.partition_input_space(layers, mbh.Line.through(samples.images[:2]))
    with pytest.raises(MBHError, match="a line has no pixels"):
        rank_maps.pixel_regions(line, 10)
    with pytest.raises(MBHError, match="no sample has the label 7"):
        rank_maps.class_orders(layers, samples, labels=[0, 7])
    with pytest.raises(MBHError, match="constrains neuron 4"):
        rank_maps.ranks(regions, mbh.DecisionPattern([4], [True]))
