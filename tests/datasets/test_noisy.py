"""Fewer training samples and wrong labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils import datasets
from mbh_utils.experiments import PlaneSet

DIGITS = mbh.load_dataset("digits8")


def places(part, whole):
    """Where the images of a part stand in the whole; all images of the digits differ."""
    of_image = {image.tobytes(): i for i, image in enumerate(whole.images)}
    return [of_image[image.tobytes()] for image in part.images]


@given(st.integers(1, 1437), st.integers(1, 1437), st.integers(0, 3))
def test_subsets_are_nested_in_order_and_of_each_class_in_proportion(n, other, seed):
    fewer, more = sorted((n, other))
    few = datasets.training_subset(DIGITS, fewer, seed)
    many = datasets.training_subset(DIGITS, more, seed)
    inner = places(few.train, DIGITS.train)
    outer = places(many.train, DIGITS.train)
    assert len(inner) == fewer and inner == sorted(set(inner)) and set(inner) <= set(outer)
    assert (few.train.labels == DIGITS.train.labels[inner]).all()
    shares = np.bincount(DIGITS.train.labels) * fewer / 1437
    assert (abs(np.bincount(few.train.labels, minlength=10) - shares) <= 1).all()
    assert few.validation is DIGITS.validation


def test_another_seed_draws_others():
    sets = [places(datasets.training_subset(DIGITS, 100, s).train, DIGITS.train) for s in (0, 1)]
    assert sets[0] != sets[1]
    noisy = [datasets.noisy_labels(DIGITS, 0.4, s).train.labels for s in (0, 1)]
    assert (noisy[0] != noisy[1]).any()


@pytest.mark.parametrize("percent", [1, 20, 29, 40, 99])
def test_noise_is_the_share_of_labels_that_are_wrong(percent):
    noisy = datasets.noisy_labels(DIGITS, percent / 100)
    wrong = noisy.train.labels != DIGITS.train.labels
    assert wrong.sum() == round(percent * 1437 / 100)
    assert set(noisy.train.labels) <= set(range(10))
    assert np.shares_memory(noisy.train.images, DIGITS.train.images)
    assert noisy.validation is DIGITS.validation
    assert noisy.name == f"digits8_noise{percent}" and noisy.checksum != DIGITS.checksum


def test_wrong_labels_are_all_others_alike_and_nested():
    rng = np.random.default_rng(0)
    images = rng.random((20_000, 1))
    labels = rng.integers(5, size=20_000)
    data = mbh.from_arrays(images, labels, images[:9], labels[:9], classes=list("abcde"))
    some, more = (datasets.noisy_labels(data, share).train.labels for share in (0.2, 0.4))
    is_wrong = some != labels
    assert (more[is_wrong] == some[is_wrong]).all()
    steps = np.bincount((more - labels) % 5, minlength=5)[1:]
    expected = np.full(4, 2_000)
    assert ((steps - expected) ** 2 / expected).sum() < 16.3, "chi-square, 3 degrees, p = .001"


def test_shuffled_labels_keep_their_numbers_and_tell_nothing():
    shuffled = datasets.shuffled_labels(DIGITS)
    old, new = DIGITS.train.labels, shuffled.train.labels
    assert (np.bincount(new) == np.bincount(old)).all()
    assert 0.06 < (new == old).mean() < 0.14
    assert shuffled.validation is DIGITS.validation


def test_names_lead_to_them():
    name = datasets.noisy_name("digits8", 240, 0.4)
    assert name == "digits8_train240_noise40"
    found = mbh.load_dataset(name)
    by_hand = datasets.noisy_labels(datasets.training_subset(DIGITS, 240), 0.4)
    assert found.name == by_hand.name == name and found.checksum == by_hand.checksum
    assert mbh.load_dataset(name) is found, "it stays in memory"
    assert datasets.noisy_name("digits8") == "digits8"
    assert (
        mbh.load_dataset("digits8_shuffled").checksum == datasets.shuffled_labels(DIGITS).checksum
    )
    scaled = mbh.load_dataset("digits8_train240_standardised")
    assert scaled.checksum == datasets.training_subset(DIGITS, 240).standardised().checksum
    assert datasets.describe(name) == {**datasets.describe("digits8"), "name": name}
    assert (
        datasets.title("mnist_train2000_noise40")
        == "MNIST, 2,000 training images, 40% wrong labels"
    )
    assert datasets.title("mnist_shuffled") == "MNIST, shuffled labels"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digits8_train0", "unknown data set 'digits8_train0'"),
        ("digits8_train2000", "1,437 training samples"),
        ("digits8_noise0", "unknown data set 'digits8_noise0'"),
        ("digits8_noise100", "unknown data set 'digits8_noise100'"),
        ("digits9_noise40", "unknown data set 'digits9'.*Did you mean 'digits8'"),
        ("digits8_shufled", "Did you mean 'digits8_shuffled'"),
    ],
)
def test_names_that_lead_nowhere(name, words):
    with pytest.raises(mbh.MBHError, match=words):
        mbh.load_dataset(name)


def test_one_class_has_no_wrong_label():
    one = mbh.from_arrays([[0.0], [1.0]], [0, 0], [[0.5]], [0], classes=["a"])
    with pytest.raises(mbh.MBHError, match="has one class"):
        datasets.noisy_labels(one, 0.5)


def test_their_planes_are_those_of_the_whole():
    wholes = PlaneSet(3).of("digits8")
    for name in ("digits8_train240_noise40", "digits8_shuffled"):
        for plane, whole in zip(PlaneSet(3).of(name), wholes, strict=True):
            assert (plane.spanning == whole.spanning).all() and (plane.low == whole.low).all()
