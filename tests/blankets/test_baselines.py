"""Specialization to what is no concept."""

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils.blankets.baselines import KINDS, baseline_samples, baseline_table
from mbh_utils.errors import MBHError


@pytest.fixture(scope="module")
def data():
    return mbh.load_dataset("digits8")


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_of_the_right_number_inside_the_limits_and_drawn_anew(data, kind):
    first = baseline_samples(data, kind)
    assert first.shape == (len(data.validation) // 10, 64) and first.dtype == np.float32
    assert (first >= data.low).all() and (first <= data.high).all()
    assert (first == baseline_samples(data, kind)).all(), "the same seed, the same samples"
    for other in (baseline_samples(data, kind, number=1), baseline_samples(data, kind, seed=1)):
        assert (first != other).any()
    assert len(baseline_samples(data, kind, 7)) == 7


def test_random_images_are_different_images_of_all_classes(data):
    images = data.validation.images
    drawn = baseline_samples(data, "random images", 300)
    places = [int((images == one).all(axis=1).argmax()) for one in drawn]
    assert (images[places] == drawn).all()
    assert len(np.unique(drawn, axis=0)) == len(np.unique(images[places], axis=0))
    assert len(set(data.validation.labels[places])) == 10
    with pytest.raises(MBHError, match="validation images"):
        baseline_samples(data, "random images", len(images) + 1)


def test_shuffled_images_keep_their_pixels_but_not_their_places(data):
    drawn = baseline_samples(data, "shuffled images", 50)
    of_images = {tuple(row) for row in np.sort(data.validation.images, axis=1)}
    assert {tuple(row) for row in np.sort(drawn, axis=1)} <= of_images
    alone = baseline_samples(data, "shuffled images", 3_000)
    means = alone.mean(axis=0)  # every place sees every pixel
    assert np.ptp(means) < 0.15 < np.ptp(data.validation.images.mean(axis=0))


def test_pixel_noise_has_the_values_of_each_pixel_and_no_ties_between_pixels(data):
    images = data.validation.images
    drawn = baseline_samples(data, "pixel noise", 4_000)
    for pixel in (0, 10, 27):
        assert set(drawn[:, pixel]) <= set(images[:, pixel])
    assert np.abs(drawn.mean(axis=0) - images.mean(axis=0)).max() < 0.03
    varies = images.std(axis=0) > 0.1
    among_images = np.corrcoef(images[:, varies].T)
    among_drawn = np.corrcoef(drawn[:, varies].T)
    pairs = ~np.eye(varies.sum(), dtype=bool)
    assert np.abs(among_drawn[pairs]).max() < 0.1 < 0.5 < np.abs(among_images[pairs]).max()


def test_uniform_noise_fills_the_box_of_each_input():
    part = mbh.Samples([[0.0, -1.0], [2.0, 5.0]], [0, 1])
    data = mbh.Dataset("box", part, part, ("a", "b"), low=[0, -2], high=[2, 8])
    drawn = baseline_samples(data, "uniform noise", 5_000)
    assert drawn.mean(axis=0) == pytest.approx([1, 3], abs=0.2)
    assert drawn.min(axis=0) == pytest.approx([0, -2], abs=0.02)
    assert drawn.max(axis=0) == pytest.approx([2, 8], abs=0.02)


def test_the_table_by_hand():
    """Every image lies in the quadrant (+, +) but one of four: s = 3/4 at c_P = .5, 0 at 1."""
    images = np.array([[1, 1], [2, 1], [1, 3], [-1, -1]], np.float32)
    part = mbh.Samples(images, [0, 0, 1, 1])
    data = mbh.Dataset("hand", part, part, ("a", "b"), low=-1, high=3)
    layers = [(np.eye(2), np.zeros(2))]
    square = mbh.Plane.rectangle((-1, -1), (1, 1))
    table = baseline_table(layers, data, square, (0.5, 1.0), phenomena=2, n=4)
    drawn = table[table["kind"] == "random images"]
    assert drawn["s"].tolist() == [0.75, 0, 0.75, 0]
    assert drawn["n_constraints"].tolist() == [2, 0, 2, 0]
    assert drawn["phenomenon"].tolist() == [0, 0, 1, 1]


def test_each_row_is_the_specialization_to_those_samples(data):
    network = mbh.lenet(data, (16, 6), seed=1)
    planes = [mbh.Plane.through(data.validation.images[[i, 9, 20]]) for i in (2, 3)]
    table = baseline_table(network, data, planes, [0.6, 0.9], phenomena=2, seed=3)
    assert len(table) == 2 * len(KINDS) * 2 * 2
    for row in table.sample(8, random_state=0).itertuples():
        samples = baseline_samples(data, row.kind, number=row.phenomenon, seed=3)
        s = mbh.specialization(network, samples, planes[row.plane], row.coverage)
        assert row.s == pytest.approx(s, abs=1e-12)
        pattern = mbh.maximal_pattern(network, samples, row.coverage)
        assert row.n_constraints == len(pattern)
