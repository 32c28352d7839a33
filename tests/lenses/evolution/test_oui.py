"""The indicator of over- and underfitting."""

import itertools

import numpy as np
import pytest
from bit_strategies import patterns
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution
from mbh_utils.lenses.evolution import indicator


def brute(bits, widths, pairs) -> float:
    """The mean over these pairs of images and all layers, one by one."""
    values = []
    for i, j in pairs:
        start = 0
        for width in widths:
            layer = slice(start, start + width)
            start += width
            distance = sum(bits[i, layer] != bits[j, layer])
            values.append(min(distance, width / 2) / (width / 2))
    return float(np.mean(values)) if values else float("nan")


@given(patterns(least_images=2), st.integers(0, 2**32 - 1))
def test_it_is_that_of_brute_force(bits, seed):
    rng = np.random.default_rng(seed)
    cut = int(rng.integers(1, bits.shape[1] + 1))
    widths = [width for width in (cut, bits.shape[1] - cut) if width]
    pairs = list(itertools.combinations(range(len(bits)), 2))
    assert evolution.oui(bits, widths) == pytest.approx(brute(bits, widths, pairs), abs=1e-6)
    labels = rng.integers(3, size=len(bits))
    found = evolution.oui_by_class(bits, widths, labels)
    within = [
        brute(bits, widths, [(i, j) for i, j in pairs if labels[i] == labels[j] == c])
        for c in set(labels.tolist())
    ]
    between = [
        brute(bits, widths, [(i, j) for i, j in pairs if {labels[i], labels[j]} == {c, d}])
        for c, d in itertools.combinations(sorted(set(labels.tolist())), 2)
    ]
    assert found.all == pytest.approx(evolution.oui(bits, widths), abs=1e-6)
    expected = [mean_of_known(within), mean_of_known(between)]
    assert [found.within, found.between] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def mean_of_known(values) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def test_many_images_are_taken_in_blocks(monkeypatch):
    bits = np.random.default_rng(0).random((100, 9)) < 0.3
    whole = evolution.oui(bits, [4, 5])
    monkeypatch.setattr(indicator, "_ROWS", 7)
    assert evolution.oui(bits, [4, 5]) == pytest.approx(whole, abs=1e-9)


def test_random_pairs_come_near_all_of_them_and_are_the_same_each_time():
    bits = np.random.default_rng(0).random((300, 40)) < 0.2
    exact = evolution.oui(bits, [30, 10])
    some = evolution.oui(bits, [30, 10], pairs=20_000)
    assert some == pytest.approx(exact, abs=0.005) and some != exact
    assert some == evolution.oui(bits, [30, 10], pairs=20_000)
    assert some != evolution.oui(bits, [30, 10], pairs=20_000, seed=1)
    two = evolution.oui(bits[:2], [30, 10], pairs=50)
    assert two == pytest.approx(evolution.oui(bits[:2], [30, 10])), "never a pair of one image"


def test_its_ends():
    assert evolution.oui(np.ones((5, 3)), [3]) == 0
    assert evolution.oui([[1, 0], [0, 1]], [2]) == 1
    assert evolution.oui([[1], [0]], [1]) == 1, "one neuron, which differs"
    found = evolution.oui_by_class([[1], [0]], [1], [0, 1])
    assert np.isnan(found.within) and found.between == 1
    assert np.isnan(evolution.oui_by_class([[1], [0]], [1], [4, 4]).between)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"widths": [2, 2]}, "widths sum to 4, but the patterns are of 3 neurons"),
        ({"widths": [3, 0]}, "a width in widths is 0"),
        ({"widths": 3}, "expected a list of the numbers of neurons"),
        ({"bits": [[1, 0, 1]]}, "bits has one image"),
        ({"pairs": 0}, "pairs is 0"),
        ({"pairs": 4, "seed": -1}, "seed is -1"),
    ],
)
def test_ill_calls_are_named(given, said):
    right = {"bits": [[1, 0, 1], [0, 0, 1]], "widths": [2, 1]}
    with pytest.raises(MBHError, match=said):
        evolution.oui(**{**right, **given})


def test_labels_of_another_length_are_named():
    with pytest.raises(MBHError, match="labels have shape"):
        evolution.oui_by_class([[1], [0]], [1], [0, 1, 2])
