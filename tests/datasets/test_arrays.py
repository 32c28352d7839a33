"""Data sets made of one's own arrays, and arrays that do not fit."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from mbh_utils.datasets import from_arrays
from mbh_utils.errors import MBHError


def arrays(**changes) -> dict:
    generator = np.random.default_rng(1)
    given = {
        "train_images": generator.random((6, 2, 2)),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "validation_images": generator.random((3, 2, 2)),
        "validation_labels": np.array([0, 1, 2]),
    }
    return given | changes


def test_your_own_arrays():
    given = arrays(name="mine", classes=["red", "green", "blue"])
    data = from_arrays(**given)
    assert (data.name, data.n_inputs, data.n_classes, data.image_shape) == ("mine", 4, 3, (2, 2))
    assert np.array_equal(data.train.images, given["train_images"].reshape(6, 4).astype(np.float32))
    assert (data.low == 0).all() and (data.high == 1).all()
    assert repr(data) == (
        "Dataset('mine': 6 train and 3 validation samples of 2 x 2 in [0, 1], "
        "3 classes: red, green, blue)"
    )
    given["train_images"][:] = 0
    assert data.train.images.any(), "the arrays were copied"
    again = pickle.loads(pickle.dumps(data))
    assert again.checksum == data.checksum and again.classes == data.classes


def test_limits_follow_the_values_or_are_given():
    images = np.array([[0.0, 255.0], [-3.0, 7.0]])
    free = from_arrays(images, [0, 1], images, [0, 1])
    assert free.low.tolist() == [-3, -3] and free.high.tolist() == [255, 255]
    assert free.classes == ("0", "1")
    fixed = from_arrays(images, [0, 1], images, [0, 1], low=[-3, 0], high=256)
    assert fixed.low.tolist() == [-3, 0] and fixed.high.tolist() == [256, 256]
    # As float32 slightly more than the limit 0.1 as float64: still inside.
    tenth = np.full((1, 2), 0.1)
    assert from_arrays(tenth, [0], tenth, [0], low=0, high=0.1).high.tolist() == [0.1, 0.1]


def test_torch_tensors_are_taken():
    import torch

    labels = torch.tensor([0, 1, 0, 1])
    data = from_arrays(torch.rand(4, 3), labels, torch.rand(2, 3), labels[:2])
    assert data.n_inputs == 3
    images = torch.rand(4, 3, requires_grad=True)  # what they are needs no gradient
    data = from_arrays(images, labels, images, labels)
    assert np.array_equal(data.train.images, images.detach().numpy())


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, pd.Series, pd.Categorical, lambda x: np.array(x, dtype=object)]
)
def test_labels_may_be_the_names_of_the_classes(kind):
    images = np.linspace(0, 1, 8).reshape(4, 2)
    train = kind(["wolf", "ant", "ant", "bee"])
    data = from_arrays(images, train, images[:2], kind(["bee", "ant"]))
    assert data.classes == ("ant", "bee", "wolf")
    assert data.train.labels.tolist() == [2, 0, 0, 1] and data.validation.labels.tolist() == [1, 0]
    given = from_arrays(images, train, images, train, classes=["bee", "wolf", "cat", "ant"])
    assert given.classes == ("bee", "wolf", "cat", "ant")
    assert given.train.labels.tolist() == [1, 3, 3, 0]


@pytest.mark.parametrize(
    ("train", "validation", "classes", "message"),
    [
        (["a", "b"], [0, 1], None, "train_labels are text, validation_labels are not"),
        ([0, 1], ["a", "b"], None, "validation_labels are text, train_labels are not"),
        (["a", "b"], ["a", "c"], "ab", r"validation_labels\[1\] is 'c', .* the classes a, b"),
        (["a", 1], [0, 1], None, "train_labels must be an array of numbers"),
        (["a"], ["a", "b"], None, r"train_labels must be one label per image, shape \(2,\)"),
    ],
)
def test_names_that_do_not_fit(train, validation, classes, message):
    images = np.eye(2)
    with pytest.raises(MBHError, match=message):
        from_arrays(images, train, images, validation, classes=classes)


def test_a_sparse_matrix_is_refused_with_the_way_out():
    counts = scipy.sparse.csr_matrix(np.eye(3))
    with pytest.raises(MBHError, match=r"train_images must be .*csr_matrix.*\.toarray\(\)"):
        from_arrays(counts, [0, 1, 2], counts, [0, 1, 2])


def with_value(value: float) -> np.ndarray:
    images = np.full((3, 4), 0.5)
    images[1, 2] = value
    return images


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"validation_images": with_value(np.nan)},
            r"validation_images\[1, 2\] is nan; NaN or infinite values: 1",
        ),
        ({"validation_images": with_value(-np.inf)}, r"validation_images\[1, 2\] is -inf"),
        ({"validation_images": with_value(1e300)}, r"validation_images\[1, 2\] is inf"),
        ({"train_images": np.zeros(6)}, r"train_images must have shape \(n, d\)"),
        ({"train_images": np.zeros((0, 4)), "train_labels": []}, "n >= 1"),
        ({"train_images": [[1, 2], [3]]}, "train_images must be an array of numbers"),
        ({"train_images": [["a", "b"]]}, "train_images must be an array of numbers"),
        ({"validation_images": np.zeros((3, 5))}, r"shape \(2, 2\), a validation image \(5,\)"),
        (
            {"train_labels": [0, 1, 2]},
            r"train_labels must be one label per image, shape \(6,\), got \(3,\)",
        ),
        ({"validation_labels": np.eye(3)}, r"validation_labels must be one label per image"),
        (
            {"validation_labels": [0.0, 1.0, 2.0]},
            "validation_labels must be whole numbers, got float64",
        ),
        ({"validation_labels": [0, 1, -1]}, r"validation_labels\[2\] is -1"),
        ({"classes": ["red", "green"]}, r"train_labels\[2\] is 2, but there are 2 classes"),
        ({"classes": ["red", "green", "red"]}, "differ"),
        ({"low": 1.0, "high": 0.0}, "low must be below high; input 0 has 1.0 and 0.0"),
        ({"low": [0, 0, 2, 0], "high": 1}, "input 2 has 2.0 and 1.0"),
        ({"low": [0, 0]}, r"custom: low is a number or an array of shape \(4,\)"),
        ({"high": np.inf}, "custom: high must be finite"),
        ({"high": 0.5}, "outside of low 0 and high 0.5"),
        ({"low": 0.9}, "outside of low 0.9 and high 1"),
        ({"image_shape": (3, 2)}, r"image_shape \(3, 2\) does not hold the 4 inputs"),
    ],
)
def test_arrays_that_do_not_fit(changes, message):
    if "validation_images" in changes and changes["validation_images"].shape == (3, 4):
        changes = {**changes, "train_images": np.full((6, 4), 0.5)}
    with pytest.raises(MBHError, match=message):
        from_arrays(**arrays(**changes))
