"""Few samples of a data set."""

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils import datasets


def test_samples_are_the_data_s_own_in_their_order():
    data = mbh.load_dataset("digits8")
    few = mbh.load_dataset("digits8_small")
    assert (len(few.train), len(few.validation)) == (300, 360)
    rows = [image.tobytes() + bytes([label]) for image, label in zip(*vars(data.train).values())]  # noqa: B905
    found = [rows.index(i.tobytes() + bytes([lab])) for i, lab in zip(*vars(few.train).values())]  # noqa: B905
    assert found == sorted(set(found)) and len(found) == 300
    assert (few.validation.images == data.validation.images).all()


@pytest.mark.parametrize("n", [1, 9, 40, 150, 1000])
def test_each_class_has_its_share(n):
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 400, p=[0.6, 0.3, 0.1])
    labels[:3] = [0, 1, 2]
    data = mbh.from_arrays(rng.random((400, 2)), labels, rng.random((400, 2)), labels)
    few = datasets.small(data, train=n, validation=5)
    shares = np.bincount(labels) * min(n, 400) / 400
    assert len(few.train) == min(n, 400) and len(few.validation) == 5
    assert (abs(np.bincount(few.train.labels, minlength=3) - shares) <= 1).all()


def test_seeds_names_and_limits():
    data = mbh.load_dataset("digits8")
    first, other = (datasets.small(data, 100, 100, seed=seed) for seed in (1, 2))
    assert (datasets.small(data, 100, 100, seed=1).train.images == first.train.images).all()
    assert (other.train.images != first.train.images).any()
    assert mbh.load_dataset("digits8_small") is mbh.load_dataset("digits8_small")
    assert first.name == "digits8_small" and (first.low == data.low).all()
    assert datasets.title("fashion_mnist_small") == "Fashion-MNIST, few images"
    assert datasets.describe("digits8_small")["found"]
    with pytest.raises(mbh.MBHError, match="train is 0"):
        datasets.small(data, 0)
