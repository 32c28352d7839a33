"""Bounds on the number of regions: known values, brute force, and what each bound must obey."""

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions import bounds

# n_0, widths, Serra, Montufar, Zaslavsky of all neurons at once
TABLE = [
    (2, (4,), 11, 11, 11),
    (1, (3,), 4, 4, 4),
    (1, (3, 3), 16, 16, 7),
    (1, (2, 2), 9, 9, 5),
    (2, (2, 2), 11, 16, 11),
    (2, (3, 3), 40, 49, 22),
    (2, (2, 2, 2), 30, 64, 22),
    (3, (4, 2), 56, 60, 42),
    (3, (3, 1, 3), 36, 64, 64),
    (2, (4, 4, 2), 484, 484, 56),
    (2, (12, 4), 869, 869, 137),
    (2, (8, 4, 4), 4_477, 4_477, 137),
    (2, (35, 11), 42_277, 42_277, 1_082),
    (2, (102, 34), 3_131_384, 3_131_384, 9_317),
    (2, (300, 100), 228_057_701, 228_057_701, 80_201),
    (2, (144, 48), 12_289_057, 12_289_057, 18_529),
    (784, (12, 4), 64_839, 65_536, 65_536),
    (784, (14, 8), 3_913_704, 4_194_304, 4_194_304),
    (784, (22,), 4_194_304, 4_194_304, 4_194_304),
]
small = st.tuples(st.integers(0, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3))


@pytest.mark.parametrize(("n_inputs", "widths", "serra", "montufar", "zaslavsky"), TABLE)
def test_known_values(n_inputs, widths, serra, montufar, zaslavsky):
    assert bounds.serra(n_inputs, widths) == serra
    assert bounds.montufar(n_inputs, widths) == montufar
    assert bounds.zaslavsky(sum(widths), n_inputs) == zaslavsky


@given(small)
def test_serra_is_the_sum_it_is_defined_by(case):
    n_inputs, widths = case
    total = 0
    for js in product(*(range(n + 1) for n in widths)):
        caps = [
            min([n_inputs, n, *(widths[m] - js[m] for m in range(i))]) for i, n in enumerate(widths)
        ]
        if all(j <= cap for j, cap in zip(js, caps, strict=True)):
            term = 1
            for n, j in zip(widths, js, strict=True):
                term *= comb(n, j)
            total += term
    assert bounds.serra(n_inputs, widths) == total


@given(small)
def test_order_of_the_bounds(case):
    n_inputs, widths = case
    assert bounds.serra(n_inputs, widths) <= bounds.montufar(n_inputs, widths) <= 2 ** sum(widths)
    if len(widths) == 1:
        assert bounds.serra(n_inputs, widths) == bounds.zaslavsky(widths[0], n_inputs)
    if n_inputs == 1 and min(widths) >= 3:
        most = 1
        for n in widths:
            most *= n + 1
        assert bounds.serra(1, widths) == most


def test_raghu_is_a_rate_and_no_bound():
    assert bounds.raghu(2, 100, 2) == 100**4
    assert bounds.raghu(1, 3, 1) < bounds.serra(1, [3])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: bounds.zaslavsky(-1, 2), "p is -1"),
        (lambda: bounds.zaslavsky(3, 2.5), "d is 2.5"),
        (lambda: bounds.serra(2, (3, 0)), "width is 0"),
        (lambda: bounds.serra("2", (3,)), "n_inputs is '2'"),
        (lambda: bounds.montufar(2, 7), "widths is 7"),
    ],
)
def test_wrong_numbers_are_named(call, named):
    with pytest.raises(MBHError, match=named):
        call()
