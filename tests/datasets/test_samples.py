"""Samples, and data sets made of them: selections, limits, standardised inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_arrays import arrays

from mbh_utils.datasets import Dataset, Samples, from_arrays, load
from mbh_utils.errors import MBHError


@pytest.fixture
def samples() -> Samples:
    return Samples(np.arange(12).reshape(6, 2), np.array([0, 1, 3, 1, 0, 3]))


def test_phenomena_classes_and_indices(samples):
    assert len(samples) == 6
    assert samples.images.dtype == np.float32 and samples.labels.dtype == np.int64
    assert samples.of_class(np.int64(3)).images.tolist() == [[4, 5], [10, 11]]
    assert samples.where(samples.images[:, 0] > 6).labels.tolist() == [0, 3]
    assert len(samples.where(np.zeros(6, bool))) == 0
    assert samples.take([4, 0, -1]).images.tolist() == [[8, 9], [0, 1], [10, 11]]
    assert samples.take(2).labels.tolist() == [3] and len(samples.take([])) == 0
    assert repr(samples) == "Samples(6 x 2, labels 0, 1, 3)"
    assert repr(samples.take([])) == "Samples(0 x 2, labels none, there are no samples)"


@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_phenomenon_and_its_complement_share_out_the_samples(mask):
    samples = Samples(np.arange(12).reshape(6, 2), np.arange(6))
    inside = samples.where(mask)
    outside = samples.where(~np.array(mask))
    assert sorted([*inside.labels, *outside.labels]) == list(range(6))
    assert (inside.images[:, 0] == 2 * inside.labels).all(), "labels stay with their images"


@pytest.mark.parametrize(
    ("method", "argument", "message"),
    [
        ("where", np.ones(5, bool), r"expected \(6,\) bool, got \(5,\)"),
        ("where", np.ones(6), "float64"),
        ("where", [0, 1, 2], "take"),
        ("of_class", 2, "label 2; labels that occur here: 0, 1, 3"),
        ("of_class", -1, "label -1"),
        ("of_class", "boot", "'boot'"),
        ("of_class", True, "by its number"),
        ("take", [0, 6], "index 6 is outside of the 6"),
        ("take", [-7], "index -7"),
        ("take", [True] * 6, "where"),
        ("take", [0.5], "whole numbers"),
    ],
)
def test_selections_that_do_not_fit(samples, method, argument, message):
    with pytest.raises(MBHError, match=message):
        getattr(samples, method)(argument)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 3, 3)), np.zeros(2, int), "flatten"),
        (np.zeros((2, 3)), np.zeros(3, int), r"one label per image, shape \(2,\)"),
        (np.zeros((2, 3)), np.zeros(2), "whole numbers, got float64"),
    ],
)
def test_samples_that_do_not_fit(images, labels, message):
    with pytest.raises(MBHError, match=message):
        Samples(images, labels)


def test_data_in_memory_cannot_be_changed_by_accident():
    data = load("digits8")
    for array in (data.train.images, data.validation.labels, data.low, data.high):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_parts_of_a_dataset_must_agree():
    two = Samples(np.zeros((1, 2)), np.array([0]))
    three = Samples(np.zeros((1, 3)), np.array([0]))
    with pytest.raises(MBHError, match="train images have 2 inputs, validation images 3"):
        Dataset("both", two, three, ("a",), 0, 1)


def test_checksum_is_that_of_the_samples():
    data = from_arrays(**arrays())
    same = from_arrays(**arrays(name="other name", classes=["a", "b", "c"]))
    relabelled = from_arrays(**arrays(validation_labels=[0, 2, 1]))
    train, validation = (
        Samples(part.images.reshape(-1, 2), [0] * 2 * len(part))
        for part in (data.train, data.validation)
    )
    reshaped = Dataset("same bytes, other shape", train, validation, ("a",), 0, 1)
    assert data.checksum == same.checksum and len(data.checksum) == 64
    different = (data, relabelled, reshaped, data.standardised())
    assert len({each.checksum for each in different}) == 4


def test_standardised_inputs_have_mean_0_and_deviation_1_and_limits_follow():
    data = load("digits8")
    scaled = data.standardised()
    raw = data.train.images.astype(np.float64)
    varies = np.ptp(raw, axis=0) > 0
    assert 0 < (~varies).sum() < 10, "some border pixels of digits8 are always 0"
    assert np.abs(scaled.train.images.mean(axis=0, dtype=np.float64)).max() < 1e-6
    assert np.allclose(scaled.train.images.std(axis=0, dtype=np.float64)[varies], 1, atol=1e-5)
    assert (scaled.train.images[:, ~varies] == 0).all()
    mean = raw.mean(axis=0)
    std = np.where(varies, raw.std(axis=0), 1)
    assert np.allclose(scaled.validation.images, (data.validation.images - mean) / std, atol=1e-4)
    assert np.allclose(scaled.low, -mean / std) and np.allclose(scaled.high, (1 - mean) / std)
    for part in (scaled.train, scaled.validation):
        assert (part.images >= scaled.low).all() and (part.images <= scaled.high).all()
    assert scaled.name == "digits8_standardised" and scaled.classes == data.classes
    assert data.train.images.max() == 1, "the raw data stay as they are"


def test_constant_input_that_is_not_zero_is_only_shifted():
    images = np.full((7, 2), 0.1)
    images[:, 1] = np.linspace(0, 1, 7)
    scaled = from_arrays(images, np.zeros(7, int), images, np.zeros(7, int)).standardised()
    assert np.abs(scaled.train.images[:, 0]).max() < 1e-6
    assert scaled.high[0] == pytest.approx(0.9)
