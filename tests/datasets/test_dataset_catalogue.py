"""Data sets by name: known and unknown names, the digits of scikit-learn, made-up points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.datasets import describe, load, xor_with_outliers
from mbh_utils.errors import MBHError


def test_digits8_is_a_fixed_stratified_split():
    data = load("digits8")
    assert (len(data.train), len(data.validation)) == (1437, 360)
    assert (data.n_inputs, data.image_shape, data.classes) == (64, (8, 8), tuple("0123456789"))
    every = np.bincount(data.train.labels) + np.bincount(data.validation.labels)
    assert np.abs(np.bincount(data.validation.labels) - every * 360 / 1797).max() < 1
    assert data.train.images.min() == 0 and data.train.images.max() == 1
    # results made on one machine are only comparable with another's if the split is the same there
    assert data.checksum == "cb0490c29af15044b9f307c73c28b93f8cebfe8c413a0a25ed667423a2d273b4"
    assert load("digits8") is data


def test_digits8_holds_every_digit_of_scikit_learn_once():
    from sklearn.datasets import load_digits

    digits = load_digits()
    data = load("digits8")
    images = np.vstack([data.train.images, data.validation.images]) * 16
    labels = np.r_[data.train.labels, data.validation.labels]
    ours = np.column_stack([images, labels])
    theirs = np.column_stack([digits.data, digits.target])
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


@pytest.mark.parametrize(
    ("name", "near"),
    [("fashion-mnist", "'fashion_mnist'"), ("MNIST", "'mnist'"), ("digits", "'digits8'")],
)
@pytest.mark.parametrize("function", [load, describe])
def test_unknown_name_lists_the_known_ones_and_the_nearest(function, name, near):
    with pytest.raises(MBHError, match=f"digits8, mnist, fashion_mnist.*Did you mean {near}"):
        function(name)


@pytest.mark.parametrize("name", ["imagenet", "", None, 8, [0]])
def test_unknown_name_without_a_near_one(name):
    with pytest.raises(MBHError, match="digits8, mnist, fashion_mnist") as caught:
        load(name)
    assert "Did you mean" not in str(caught.value)


def test_names_of_derived_data_sets():
    scaled = load("digits8_standardised")
    data = load("digits8")
    assert scaled.name == "digits8_standardised"
    assert scaled.checksum == data.standardised().checksum
    assert load("digits8_standardised") is scaled, "it stays in memory"
    assert load("xor_with_outliers").checksum == xor_with_outliers().checksum
    with pytest.raises(MBHError, match="unknown data set 'digits9'"):
        load("digits9_standardised")
    mean, std = data.moments()
    assert mean == pytest.approx(data.train.images.astype(float).mean(axis=0))
    deviation = data.train.images.astype(float).std(axis=0)
    assert std == pytest.approx(np.where(deviation == 0, 1, deviation)) and (deviation == 0).any()


@given(st.integers(1, 300), st.floats(0, 0.99), st.integers(0, 2**32))
def test_xor_flips_exactly_the_share_asked_for(n, outliers, seed):
    data = xor_with_outliers(n, outliers, seed)
    for part in (data.train, data.validation):
        assert len(part) == n and np.abs(part.images).max() <= 1
        right = (np.sign(part.images).prod(axis=1) < 0).astype(int)
        assert (part.labels != right).sum() == round(outliers * n)


def test_xor_of_the_figure():
    data = xor_with_outliers()
    right = data.validation.images.prod(axis=1) < 0
    assert (data.validation.labels == right).mean() == 0.95
    assert (data.low == -1).all() and (data.high == 1).all()
    assert data.n_classes == 2 and data.image_shape == ()
    assert xor_with_outliers().checksum == data.checksum != xor_with_outliers(seed=1).checksum
    assert not np.array_equal(data.train.images, data.validation.images)
    assert min(np.bincount(data.train.labels)) > 400


@pytest.mark.parametrize(
    ("name", "value"),
    [("n", 0), ("n", 2.5), ("outliers", 1), ("outliers", -0.1), ("outliers", float("nan"))],
)
def test_xor_with_numbers_off_their_limits(name, value):
    with pytest.raises(MBHError, match=f"{name} is .*; expected a"):
        xor_with_outliers(**{name: value})
