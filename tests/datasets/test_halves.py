"""Two images side by side."""

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils import datasets


def test_each_half_is_a_squeezed_image_and_labels_add_up():
    data = mbh.load_dataset("digits8")
    pairs = mbh.load_dataset("digits8_halves")
    for part, whole in ((pairs.train, data.train), (pairs.validation, data.validation)):
        narrow = whole.images.reshape(-1, 8, 4, 2).mean(axis=3)
        narrow *= whole.images.max() / narrow.max()
        known = {}
        for image, label in zip(narrow, whole.labels, strict=True):
            known.setdefault(image.tobytes(), set()).add(int(label))
        images = part.images.reshape(-1, 8, 8)
        for image, label in zip(images[:50], part.labels[:50], strict=True):
            left = known[np.ascontiguousarray(image[:, :4]).tobytes()]
            right = known[np.ascontiguousarray(image[:, 4:]).tobytes()]
            assert label in {(a + b) % 10 for a in left for b in right}


def test_name_title_and_limits():
    pairs = mbh.load_dataset("digits8_halves")
    assert pairs.name == "digits8_halves"
    assert pairs is mbh.load_dataset("digits8_halves")
    assert datasets.title("mnist_halves") == "MNIST, two side by side"
    assert datasets.describe("digits8_halves")["found"]
    assert pairs.train.images.min() >= 0 and pairs.train.images.max() == 1
    assert pairs.n_classes == 10 and pairs.image_shape == (8, 8)


def test_seeds_draw_pairs():
    data = mbh.load_dataset("digits8")
    first, other = datasets.halves(data, seed=1), datasets.halves(data, seed=2)
    assert (datasets.halves(data, seed=1).train.images == first.train.images).all()
    assert (other.train.images != first.train.images).any()


def test_points_have_no_halves():
    with pytest.raises(mbh.MBHError, match="side by side need images"):
        datasets.halves(mbh.load_dataset("xor_with_outliers"))
    odd = mbh.from_arrays(
        np.random.rand(4, 6), [0, 1, 0, 1], np.random.rand(4, 6), [0, 1, 0, 1], image_shape=(2, 3)
    )
    with pytest.raises(mbh.MBHError, match="even width"):
        datasets.halves(odd)
