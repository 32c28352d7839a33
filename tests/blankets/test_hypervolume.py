"""Hypervolumes in any dimension: against exact shares, and how often their intervals cover."""

import time

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils.blankets.hypervolume import Hypervolume, hypervolume
from mbh_utils.errors import MBHError
from mbh_utils.networks import feed_forward


def cube(k: int) -> mbh.Block:
    return mbh.Block(np.zeros(k), None, np.zeros(k), np.ones(k))


def all_above(k: int, threshold: float) -> tuple[list, mbh.DecisionPattern]:
    """A layer that asks of each of k coordinates whether it is above the threshold, and: all."""
    layers = [(np.eye(k), np.full(k, -threshold))]
    return layers, mbh.DecisionPattern(range(k), [True] * k)


def repeated(layers, pattern, domain, n: int, **sizes) -> list[Hypervolume]:
    return [
        hypervolume(layers, pattern, domain, seed=seed, progress=False, **sizes)
        for seed in range(n)
    ]


def coverage(found: list[Hypervolume], log10_share: float) -> float:
    return float(np.mean([one.log10_low <= log10_share <= one.log10_high for one in found]))


def bias(found: list[Hypervolume], log10_share: float) -> tuple[float, float]:
    """Mean of estimate over truth, less one, and its standard error."""
    ratios = 10 ** (np.array([one.log10_share for one in found]) - log10_share)
    return float(ratios.mean() - 1), float(ratios.std(ddof=1) / np.sqrt(len(ratios)))


@pytest.mark.parametrize(
    ("k", "threshold", "n", "sizes"),
    [
        (3, 0.9, 200, {"points": 60, "steps": 10}),  # 1e-3
        (4, 0.97, 120, {"points": 100, "steps": 16}),  # 8e-7
    ],
)
def test_intervals_cover_an_exact_box_as_often_as_they_say(k, threshold, n, sizes):
    layers, pattern = all_above(k, threshold)
    exact = k * np.log10(1 - threshold)
    found = repeated(layers, pattern, cube(k), n, **sizes)
    assert {one.method for one in found} == {"splitting"}
    # Of intervals that cover 80 %, fewer than one in a thousand such tests pass.
    assert coverage(found, exact) >= 0.90
    off, error = bias(found, exact)
    assert abs(off) <= 3.5 * error


def test_intervals_cover_exact_areas_on_planes():
    hits = []
    for domain in ("square", "box"):
        found, log10_share = repeated_on_a_plane(domain)
        hits += [one.log10_low <= log10_share <= one.log10_high for one in found]
        off, error = bias(found, log10_share)
        assert abs(off) <= 3.5 * error
    assert np.mean(hits) >= 0.9


def repeated_on_a_plane(domain: str) -> tuple[list[Hypervolume], float]:
    """Estimates of the smallest region of a plane that is not negligible, and its exact share."""
    images = np.random.default_rng(0).random((60, 5))
    data = mbh.from_arrays(images, np.arange(60) % 3, np.zeros((3, 5)), np.arange(3))
    network = feed_forward(data, (9, 5), seed=0, bias_std=0.3)
    plane = mbh.Plane.through(images[[3, 8, 12]], domain=domain)
    regions = mbh.partition_input_space(network, plane)
    patterns = [mbh.DecisionPattern(range(14), states) for states in regions.patterns]
    shares = regions.blanket_areas(patterns) / plane.area
    smallest = int(np.argmin(np.where(shares > 1e-7, shares, 1)))
    assert shares[smallest] < 1e-4
    found = repeated(network, patterns[smallest], plane, 75, points=60, steps=10)
    return found, float(np.log10(shares[smallest]))


def test_a_share_of_1e_24_in_forty_dimensions_is_found():
    """The trial of the design: with few points, plain splitting is biased there."""
    layers, pattern = all_above(40, 0.75)
    found = hypervolume(layers, pattern, cube(40), seed=1, progress=False)
    assert found.method == "splitting"
    assert found.agrees
    assert found.levels > 30
    exact = 40 * np.log10(0.25)
    assert found.log10_low - 0.1 <= exact <= found.log10_high + 0.1
    assert found.log10_high - found.log10_low < 0.5
    assert found.low < found.share < found.high
    assert np.isclose(np.log10(found.share), found.log10_share)


def test_large_shares_are_those_of_sampled_shares():
    layers, pattern = all_above(3, 0.5)
    found = hypervolume(layers, pattern, cube(3), points=100, steps=10, seed=4)
    (row,) = mbh.sampled_shares(layers, [pattern], cube(3), n=5_000, seed=4).values
    assert found.method == "counted"
    assert [found.share, found.low, found.high] == row.tolist()
    assert found.passes >= 5_000


def test_splitting_agrees_with_counting_in_a_network_of_two_layers():
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (24, 12), seed=3)
    box = mbh.Block.whole(data)
    states = mbh.activation_patterns(network, data.validation.images[:1])[0]
    pattern = mbh.DecisionPattern(range(6, 36), states[6:])
    counted = mbh.sampled_shares(network, [pattern], box, n=200_000, seed=1).loc[0]
    assert counted["share"] < 0.01
    found = hypervolume(network, pattern, box, points=300, progress=False)
    assert found.method == "splitting"
    assert found.low < counted["high"]
    assert counted["low"] < found.high


def test_equal_seeds_give_equal_results_and_others_do_not():
    layers, pattern = all_above(3, 0.9)
    sizes = {"points": 50, "steps": 5, "progress": False}
    first, again, other = (
        hypervolume(layers, pattern, cube(3), seed=seed, **sizes) for seed in (0, 0, 1)
    )
    assert (first.share, first.low, first.high) == (again.share, again.low, again.high)
    assert first.share != other.share


def test_a_line_and_a_subspace_have_shares_too():
    layers, pattern = all_above(2, 0.999)
    line = mbh.Line.through([[0.0, 0.0], [1.0, 1.0]], margin=1)
    assert hypervolume(layers, pattern, line, progress=False, points=200).low < 1e-3
    found = hypervolume(layers, pattern, line, progress=False, points=200)
    assert found.low < 1e-3 < found.high
    slanted = np.array([[1.0, 1, 0, 0], [0, 0, 1, -1]]) / np.sqrt(2)
    block = mbh.Block(np.zeros(4), slanted, [0, 0], [1, 1])
    layer = [(np.array([[1.0, 1, 0, 0], [0, 0, 1, -1]]), np.array([-0.99, -0.98]) * np.sqrt(2))]
    found = hypervolume(layer, mbh.DecisionPattern([0, 1], [True] * 2), block, progress=False)
    assert found.low < 2e-4 < found.high


def test_without_constraints_everything_is_inside_and_bounds_decide_what_they_can():
    layers = [(np.array([[1.0, 1.0], [-1.0, -1.0]]), np.array([1.0, -1.0]))]
    for neurons, states, share in (([], [], 1), ([0, 1], [1, 0], 1), ([1], [1], 0), ([0], [0], 0)):
        found = hypervolume(layers, mbh.DecisionPattern(neurons, states), cube(2))
        assert (found.share, found.low, found.high) == (share, share, share)
        assert found.method == "exact"
        assert found.passes == 0


def test_a_constant_neuron_at_exactly_0_is_inactive():
    layers = [(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([-0.5, 0.0]))]
    inactive = hypervolume(layers, mbh.DecisionPattern([1], [False]), cube(2))
    active = hypervolume(layers, mbh.DecisionPattern([1], [True]), cube(2))
    assert (inactive.share, active.share) == (1, 0)


def test_an_empty_blanket_has_share_0_and_an_upper_limit():
    """x1 > .6 and x1 < .4, which bounds of single neurons do not see; in two layers."""
    layers = [(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), np.array([-0.6, 0.4, 0.0]))]
    started = time.process_time()
    pattern = mbh.DecisionPattern([0, 1], [True, True])
    found = hypervolume(layers, pattern, cube(2), points=50, steps=5, progress=False)
    assert (found.share, found.low) == (0, 0)
    assert 0 < found.high < 0.5
    assert found.log10_share == -np.inf
    assert time.process_time() - started < 20


def test_marginals_take_the_values_of_the_pixels():
    """Pixels of 0 and 1 only: the share of images whose every pixel is lit is exact."""
    images = np.zeros((10, 6))
    images[:3] = 1  # each pixel is lit in three of ten images
    layers, pattern = all_above(6, 0.5)
    found = hypervolume(
        layers, pattern, cube(6), measure="marginals", samples=images, progress=False, points=200
    )
    assert found.method == "splitting"
    assert found.low < 0.3**6 < found.high
    one = mbh.DecisionPattern([0], [True])
    found = hypervolume(layers, one, cube(6), measure="marginals", samples=images)
    assert found.method == "counted"
    assert found.low < 0.3 < found.high
    dark = hypervolume(layers, one, cube(6), measure="marginals", samples=0 * images)
    assert (dark.share, dark.method) == (0, "exact")


def test_inputs_that_no_neuron_looks_at_change_nothing():
    weight = np.hstack([np.eye(3), np.zeros((3, 70))])
    layers = [(weight, np.full(3, -0.9))]
    pattern = mbh.DecisionPattern(range(3), [True] * 3)
    sizes = {"points": 50, "steps": 5, "progress": False}
    wide = hypervolume(layers, pattern, cube(73), **sizes)
    narrow = hypervolume([(np.eye(3), np.full(3, -0.9))], pattern, cube(3), **sizes)
    assert wide.share == narrow.share


def test_progress_is_told_and_rises():
    told = []
    layers, pattern = all_above(3, 0.9)
    hypervolume(layers, pattern, cube(3), points=50, steps=5, progress=told.append)
    assert told[-1] == 1
    assert told == sorted(told)
    assert len(told) > 10


def test_it_says_what_it_found():
    layers, pattern = all_above(3, 0.9)
    found = hypervolume(layers, pattern, cube(3), points=50, steps=5, progress=False)
    assert repr(found).startswith(f"Hypervolume({found.share:.3g}, 95 % from {found.low:.3g}")
    assert "levels" in repr(found)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"domain": cube(3)}, "domain lies in a space of 3"),
        ({"pattern": mbh.DecisionPattern([7], [True])}, "pattern names neuron 7"),
        ({"measure": "marginals"}, "samples"),
        ({"samples": np.zeros((3, 2))}, 'samples belong to measure="marginals"'),
        ({"measure": "marginals", "samples": np.full((3, 2), 2.0)}, "beyond the limits"),
        ({"measure": "marginals", "samples": np.zeros((0, 2))}, "samples are empty"),
        (
            {
                "measure": "marginals",
                "samples": np.zeros((3, 2)),
                "domain": mbh.Plane.rectangle(),
            },
            "whole input box",
        ),
        ({"runs": 2}, "runs is 2"),
        ({"points": 19}, "points is 19"),
        ({"progress": "bar"}, "progress is 'bar'"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, said):
    layers, pattern = all_above(2, 0.5)
    call = {"network": layers, "pattern": pattern, "domain": cube(2), **wrong}
    with pytest.raises(MBHError, match=said):
        hypervolume(**call)
