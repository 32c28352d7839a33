"""Claims on activation regions, on made-up tables where the verdict is known."""

import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

FASHION = "fashion_mnist"


def figure_planes(counts=None, shares=None, margins=(1.5,)):
    """Counts, and shares of class 9's blanket at c_P = 1, by set-up, on four planes."""
    counts = counts or {10: 60, 7: 40_000, 1: 40_000}
    shares = shares or {10: 1.0, 7: 0.4, 1: 0.3}
    made = networks(setups=(1, 7, 10), datasets=[FASHION])
    made = crossed(made, plane=range(4), coverage=(0.9, 1.0), **{"class": (0, 9)})
    square = [made.assign(domain="square", margin=margin) for margin in margins]
    made = pd.concat([*square, made.assign(domain="box", margin=float("nan"))], ignore_index=True)

    def wide(row):  # wider squares have more regions
        return row["margin"] / 1.5 if row["domain"] == "square" else 0.1

    return filled(
        made,
        n_regions=lambda row: counts[row["setup"]] * wide(row) * (1 + 0.1 * row["plane"]),
        s=lambda row: 1 - shares[row["setup"]] if row["coverage"] == 1 else 0.9,
    )


@pytest.mark.parametrize(
    "counts, expected",
    [
        ({10: 60, 7: 40_000}, "reproduced"),
        ({10: 200, 7: 40_000}, "not reproduced"),
        ({10: 60, 7: 4_000}, "not reproduced"),
        ({10: 60, 7: 30}, "not reproduced"),
    ],
)
def test_counts_on_one_plane(counts, expected):
    table = figure_planes(counts={**counts, 1: 40_000})
    assert verdict("REG-1", figure_planes=table) == expected


def test_other_margins_are_told():
    outcome = judge(CLAIMS["REG-1"], {"figure_planes": figure_planes(margins=(1.0, 1.5))})
    assert "margin 1: 46 and 30,667; judged with margin 1.5" in outcome.remark
    assert "In the input box" in outcome.remark


@pytest.mark.parametrize(
    "id, shares, expected",
    [
        ("REG-2", {10: 1.0, 7: 0.5, 1: 0.3}, "reproduced"),
        ("REG-2", {10: 1.0, 7: 0.8, 1: 0.3}, "same direction"),
        ("REG-2", {10: 0.4, 7: 0.5, 1: 0.3}, "not reproduced"),  # no smaller than the dense one's
        ("REG-3", {10: 1.0, 7: 0.5, 1: 0.3}, "reproduced"),
        ("REG-3", {10: 0.5, 7: 0.5, 1: 0.3}, "not reproduced"),
        ("REG-4", {10: 1.0, 7: 0.5, 1: 0.3}, "reproduced"),
        ("REG-4", {10: 1.0, 7: 0.5, 1: 0.9}, "same direction"),
        ("REG-4", {10: 0.2, 7: 0.5, 1: 0.9}, "not reproduced"),
    ],
)
def test_shares_of_one_plane(id, shares, expected):
    assert verdict(id, figure_planes=figure_planes(shares=shares)) == expected


def counted(n_regions, family="lenet", models=5, **chosen):
    made = networks(family=family, datasets=[FASHION], models=models, **chosen)
    made = both_domains(crossed(made, plane=range(3))).assign(area=2.0)
    return filled(made, n_regions=lambda row: n_regions(row) * (1 + 0.01 * row["model"]))


def test_more_neurons_make_more_regions():
    assert verdict("REG-5", grid=counted(lambda row: row["n_hidden"] ** 2)) == "reproduced"

    def fewer_at_one_level(row):
        return row["n_hidden"] ** 2 if row["parameters"] != 83_572 else 1e6 - row["n_hidden"]

    assert verdict("REG-5", grid=counted(fewer_at_one_level)) == "not reproduced"


def test_sparse_hyperplanes_bend_less():
    def bending(sparse, dense):
        made = both_domains(crossed(networks(setups=(1, 7), datasets=[FASHION]), plane=range(3)))
        angles = {7: sparse, 1: dense}
        return filled(
            made, 0.01, turning_angle=lambda row: angles[row["setup"]], straight=lambda row: 0.9
        )

    assert verdict("REG-6", bending=bending(0.6, 6.6)) == "reproduced"
    assert verdict("REG-6", bending=bending(6.6, 0.6)) == "not reproduced"
    assert "Sparse 0.6" in judge(CLAIMS["REG-6"], {"bending": bending(0.6, 6.6)}).remark


def peaks(lenet, deepfc):
    """Counts of networks of 400 neurons with a peak at these densities."""

    def count(row):
        at = lenet if row["family"] == "lenet" else deepfc
        return 1e5 * (1 - abs(row["density"] - at))

    grid = counted(count)
    deep = counted(count, family="deepfc")
    between = []
    for family, dense in (("lenet", 265_600), ("deepfc", 187_200)):
        some = counted(count, family=family, setups=[1], models=3)
        for number, density in enumerate((0.1, 0.2, 0.3, 0.4, 0.5, 0.7), start=1):
            one = some.assign(setup=number, density=density, parameters=int(density * dense))
            one["n_regions"] = [count(row) for row in one.to_dict("records")]
            between.append(one)
    return {"grid": grid, "deepfc": deep, "densities": pd.concat(between, ignore_index=True)}


@pytest.mark.parametrize(
    "lenet, deepfc, expected",
    [
        (0.2, 0.4, "reproduced"),
        (0.4, 0.2, "not reproduced"),  # Lenet's lies higher
        (0.2, 0.7, "not reproduced"),  # above 0.5
        (0.3, 0.3, "not reproduced"),  # at the same density
    ],
)
def test_where_the_count_peaks(lenet, deepfc, expected):
    assert verdict("REG-7", **peaks(lenet, deepfc)) == expected


def both_families(ratio):
    """Lenet's counts, and DeepFC's as so many times of them."""

    def count(row):
        return row["n_hidden"] ** 2

    deep = counted(lambda row: count(row) * ratio(row), family="deepfc")
    return {"grid": counted(count), "deepfc": deep}


@pytest.mark.parametrize(
    "ratio, expected",
    [
        (1.4, "reproduced"),
        (1.0, "same direction"),
        (3.0, "not reproduced"),
        (0.8, "not reproduced"),
    ],
)
def test_depth_makes_hardly_more_regions(ratio, expected):
    assert verdict("REG-8", **both_families(lambda row: ratio)) == expected


@pytest.mark.parametrize(
    "ratio, expected", [(0.5, "reproduced"), (0.8, "same direction"), (1.2, "not reproduced")]
)
def test_pruned_lenets_make_more_regions(ratio, expected):
    def only_of_the_sparsest(row):
        return ratio if row["setup"] in (7, 11) else 1.3

    assert verdict("REG-9", **both_families(only_of_the_sparsest)) == expected
