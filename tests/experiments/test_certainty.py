"""Variance components, planes needed and rankings, against made-up data and brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from mbh_utils import experiments
from mbh_utils.computing.intervals import half_widths
from mbh_utils.errors import MBHError
from mbh_utils.experiments.certainty import COMPONENTS, planes_for
from mbh_utils.experiments.resampling import resampled_means

AXES = ["setup", "model", "plane", "class"]


def tidy(values, axes=tuple(AXES), **facts):
    """An array as a table with a column for each axis."""
    index = pd.MultiIndex.from_product([range(1, n + 1) for n in values.shape], names=axes)
    return pd.DataFrame({"s": values.ravel()}, index=index).reset_index().assign(**facts)


def drawn(rng, shape, sizes):
    """Values with normal effects of these standard deviations."""
    values = np.full(shape, 0.5)
    for name, axes in COMPONENTS.items():
        size = [n if axis in axes else 1 for axis, n in enumerate(shape)]
        values = values + sizes.get(name, 0.0) * rng.standard_normal(size)
    return values


def test_the_components_are_those_the_data_were_made_of():
    """Over many made-up tables the estimates are right on average."""
    sizes = {name: 0.1 + 0.05 * i for i, name in enumerate(COMPONENTS)}
    rng = np.random.default_rng(0)
    tables = [tidy(drawn(rng, (4, 3, 5, 4), sizes)) for _ in range(150)]
    found = np.array([experiments.variance_components(t)["variance"].to_numpy() for t in tables])
    expected = np.array([sizes[name] ** 2 for name in COMPONENTS])
    error = found.std(axis=0) / np.sqrt(len(tables))
    assert (np.abs(found.mean(axis=0) - expected) < 4 * error).all()
    assert (error < 0.25 * expected + 0.01).all(), "so that the line above can fail"


def test_two_factors_are_the_textbook_analysis_of_variance():
    """Without models' and classes' interplay: mean squares of a two-way table."""
    rng = np.random.default_rng(1)
    cells = rng.random((4, 6))  # set-up x plane
    noise = 1e-9 * rng.standard_normal((4, 2, 6, 3))
    found = experiments.variance_components(tidy(cells[:, None, :, None] + noise))
    found = found.set_index("component")["variance"]
    rest = cells - cells.mean(axis=0) - cells.mean(axis=1, keepdims=True) + cells.mean()
    mean_square = (rest**2).sum() / (3 * 5)
    assert found["set-up × plane"] == pytest.approx(mean_square)
    of_setups = 6 * cells.mean(axis=1).var(ddof=1)
    assert found["set-up"] == pytest.approx((of_setups - mean_square) / 6)
    of_planes = 4 * cells.mean(axis=0).var(ddof=1)
    assert found["plane"] == pytest.approx((of_planes - mean_square) / 4)


def test_intervals_of_components_hold_the_truth_about_as_often_as_they_say():
    sizes = {"set-up": 0.3, "model": 0.1, "plane × class": 0.1, "class": 0.1, "rest": 0.1}
    rng = np.random.default_rng(2)
    held = []
    for _ in range(60):
        found = experiments.variance_components(tidy(drawn(rng, (6, 4, 6, 6), sizes)))
        rows = found.set_index("component").loc[["model", "plane × class", "class", "rest"]]
        truth = np.array([sizes[name] ** 2 for name in rows.index])
        held.append((rows["low"] <= truth) & (truth <= rows["high"]))
    assert (np.mean(held, axis=0) > 0.8).all()


def test_each_data_set_and_domain_is_analysed_by_itself():
    rng = np.random.default_rng(3)
    parts = []
    for dataset in ("mnist", "fashion_mnist"):
        for domain in ("square", "box"):
            values = drawn(rng, (3, 3, 4, 3), {"class": 1, "rest": 0.1})
            parts.append(tidy(values, dataset=dataset, domain=domain))
    whole = experiments.variance_components(pd.concat(parts))
    assert len(whole) == 4 * len(COMPONENTS)
    alone = experiments.variance_components(parts[2].drop(columns=["dataset", "domain"]))
    here = whole.query("dataset == 'fashion_mnist' and domain == 'square'")
    assert here["variance"].tolist() == pytest.approx(alone["variance"].tolist())
    shares = whole.groupby(["dataset", "domain"])["share"].sum()
    assert shares.tolist() == pytest.approx([1.0] * 4)


def test_planes_needed_is_the_first_number_whose_interval_is_narrow_enough():
    for spread in (0.005, 0.03, 0.2):
        n = planes_for(spread, 0.01)
        widths = [student.ppf(0.975, k - 1) * spread / np.sqrt(k) for k in (n - 1, n) if k > 1]
        assert widths[-1] <= 0.01
        assert len(widths) == 1 or widths[0] > 0.01
    assert half_widths(0.1, np.array([10]))[0] == pytest.approx(0.0715, abs=1e-4)


def test_what_networks_share_of_a_plane_cancels_out_of_a_difference():
    rng = np.random.default_rng(4)
    common = 0.1 * rng.standard_normal(40)
    own = 0.01 * rng.standard_normal((2, 3, 40))
    table = tidy(common + own, ("setup", "model", "plane"))
    found = experiments.planes_needed(table)
    networks = found[found["what"] == "network"]
    (difference,) = found[found["what"] == "difference"].to_dict("records")
    assert len(networks) == 6 and (networks["planes"] > 100).all()
    assert difference["planes"] < 10
    apart = (common + own).mean(axis=1)
    assert difference["spread"] == pytest.approx((apart[0] - apart[1]).std(ddof=1))


def test_intervals_from_ten_planes_hold_the_mean_of_all_as_often_as_they_say():
    rng = np.random.default_rng(5)
    held = []
    for _ in range(400):
        s = 0.6 + 0.05 * rng.standard_normal(10)
        table = tidy(np.stack([s, s])[:, None].repeat(2, axis=1), ("setup", "model", "plane"))
        at_ten = experiments.planes_needed(table)["at_ten"][0]
        held.append(abs(s.mean() - 0.6) <= at_ten)
    assert 0.91 < np.mean(held) < 0.985


def test_the_ranking_moves_where_set_ups_are_near():
    rng = np.random.default_rng(6)
    level = np.array([0.9, 0.5, 0.505, 0.1])
    values = level[:, None, None] + 0.02 * rng.standard_normal((4, 3, 10))
    found = experiments.ranking(tidy(values, ("setup", "model", "plane"))).set_index("setup")
    assert found.loc[1, ["rank", "low", "high"]].tolist() == [1, 1, 1]
    assert found.loc[4, ["rank", "low", "high"]].tolist() == [4, 4, 4]
    assert found.loc[[2, 3], "low"].tolist() == [2, 2]
    assert found.loc[[2, 3], "high"].tolist() == [3, 3]
    first, second = found.sort_values("rank")["above_next"].iloc[:2]
    assert first == 1 and 0.5 < second < 1
    assert np.isnan(found["above_next"][4])


def test_resamples_draw_planes_together_and_models_apart():
    """Effects of planes alone cancel out of differences; those of models do not."""
    rng = np.random.default_rng(7)
    planes = np.broadcast_to(rng.random(6), (3, 4, 6))
    drawn_means = resampled_means(planes, 200, 0)
    assert np.ptp(drawn_means, axis=1).max() < 1e-12 and drawn_means[:, 0].std() > 0
    models = np.broadcast_to(rng.random((3, 4))[:, :, None], (3, 4, 6))
    assert (np.diff(resampled_means(models, 200, 0), axis=1).std(axis=0) > 0).all()


@pytest.mark.parametrize("spoilt", ["missing", "double", "one"])
def test_an_unbalanced_table_is_refused(spoilt):
    table = tidy(np.random.default_rng(8).random((2, 3, 3, 3)))
    if spoilt == "missing":
        table = table.drop(index=4)
    elif spoilt == "double":
        table = pd.concat([table, table])
    else:
        table = table[table["model"] == 1]
    with pytest.raises(MBHError, match="row|one model"):
        experiments.variance_components(table)
