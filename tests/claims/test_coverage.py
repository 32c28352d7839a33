"""Claims on the minimum coverage, on made-up tables where the verdict is known."""

import numpy as np
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def grid(s, noise=0.001):
    made = crossed(networks(setups=(7, 8, 9, 10)), plane=range(3), coverage=COVERAGES)
    return filled(both_domains(made), noise, s=s)


def linear_then_fast(row):
    below = 0.9 - 0.2 * row["coverage"]
    return below - 5 * max(0, row["coverage"] - 0.9)


@pytest.mark.parametrize(
    "s, expected",
    [
        (linear_then_fast, "reproduced"),
        (lambda row: 0.9 - 0.2 * min(0.9, row["coverage"]), "not reproduced"),  # flat above
        (lambda row: linear_then_fast(row) + 0.3 * (row["coverage"] == 0.7), "not reproduced"),
    ],
)
def test_the_shape_over_coverage(s, expected):
    assert verdict("CP-1", grid=grid(s)) == expected


def approaching(left, advantage):
    """s at c_P = 1 as given; the sparsest network is ahead of the dense one by so much there."""

    def s(row):
        ahead = row["n_hidden"] / 400
        if row["coverage"] < 1:
            return 0.5 + 0.3 * ahead
        return left + advantage * ahead

    return grid(s)


def test_what_is_left_at_full_coverage():
    assert verdict("CP-2", grid=approaching(0.05, -0.01)) == "reproduced"
    assert verdict("CP-2", grid=approaching(0.05, 0.04)) == "not reproduced"
    assert verdict("CP-2", grid=approaching(0.25, -0.01)) == "not reproduced"


def test_the_failure_of_cp_2_is_explained_by_the_samples():
    tables = {"grid": approaching(0.1, 0.1), "training_patterns": approaching(0.06, -0.02)}
    remark = judge(CLAIMS["CP-2"], tables).remark
    told = remark.partition("with the training images")[2]
    assert "Digit MNIST, sparse minus dense at 1 -0.0" in told
    without = judge(CLAIMS["CP-2"], {"grid": tables["grid"]})
    assert "training images" not in without.remark, "where the table is not there"


def figure_planes(s):
    """Planes through the classes 0, 1 and 9, at the four coverages of the figures."""
    made = networks(setups=(1, 7, 10), datasets=["fashion_mnist"])
    made = crossed(made, plane=range(3), coverage=(0.9, 0.95, 0.99, 1.0), **{"class": range(10)})
    return filled(both_domains(made), 0.001, s=s)


@pytest.mark.parametrize(
    "sparse_ahead, expected",
    [
        (lambda coverage: coverage < 1, "reproduced"),
        (lambda coverage: coverage < 0.99, "not reproduced"),  # 4 of 8: no majority
        (lambda coverage: True, "not reproduced"),  # at c_P = 1 as well
    ],
)
def test_the_smaller_blanket(sparse_ahead, expected):
    def s(row):
        ahead = 0.2 if sparse_ahead(row["coverage"]) else -0.2
        return 0.5 + ahead * (row["setup"] == 7)

    assert verdict("CP-3", figure_planes=figure_planes(s)) == expected


def test_blankets_are_nested():
    def nested(s, constraints):
        made = crossed(
            networks(setups=(7, 10)), plane=range(2), coverage=COVERAGES, **{"class": [0]}
        )
        return filled(both_domains(made), s=s, n_constraints=constraints)

    def falling(row):
        return np.round(10 * (1.1 - row["coverage"]))

    assert verdict("CP-4", grid=nested(falling, falling)) == "reproduced"
    once = nested(falling, falling)
    once.loc[once.index[once["coverage"] == 1][0], "s"] += 2  # one blanket that is too small
    assert verdict("CP-4", grid=once) == "not reproduced"
    more = nested(falling, lambda row: -falling(row))
    assert verdict("CP-4", grid=more) == "not reproduced"


def test_class_seven_misses_the_plane():
    def made(of_seven, of_six_and_eight):
        def s(row):
            if row["class"] == 7 and row["setup"] == 7 and row["coverage"] < 1:
                return of_seven
            return of_six_and_eight if row["class"] in (6, 8) else 0.6

        return figure_planes(s)

    assert verdict("CP-5", figure_planes=made(1.0, 0.3)) == "reproduced"
    assert verdict("CP-5", figure_planes=made(0.6, 0.3)) == "not reproduced"
    assert verdict("CP-5", figure_planes=made(1.0, 0.9)) == "not reproduced"
