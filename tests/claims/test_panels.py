"""Tables become arrays, and the bootstrap draws as it says."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks

from mbh_utils.claims.comparisons import between_neurons, difference
from mbh_utils.claims.evidence import trend
from mbh_utils.claims.panels import RESAMPLES, Panel, panel, rows
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.statistics import pearson, r_squared, slope, spearman


@pytest.fixture(scope="module")
def table():
    made = crossed(networks(), plane=range(3), coverage=(0.8, 1.0), **{"class": (0, 1)})

    def s(row):
        of_domain = 1000 if row["domain"] == "box" else 0
        return row["setup"] + 100 * row["model"] + 10 * row["plane"] + row["class"] + of_domain

    return filled(both_domains(made), s=s).sample(frac=1, random_state=0)  # in any order


def test_a_panel_is_set_up_by_model_by_plane(table):
    found = panel(table, "s", dataset="mnist", domain="square", coverage=0.8, setup=(7, 10))
    assert found.values.shape == (2, 5, 3)
    assert found.values[found.place(10), 2, 1] == 10 + 200 + 10 + 0.5  # the mean of both classes
    assert found.means[found.place(7)] == 7 + 200 + 10 + 0.5
    assert found.column("n_hidden").tolist() == [400, 16]
    assert (found.models, found.planes) == (5, 3)
    assert found.pairs.shape == (15, 2)
    np.testing.assert_array_equal(found.pairs.mean(axis=0), found.means)
    np.testing.assert_array_equal(found.of_models.mean(axis=0), found.means)


def test_the_square_is_the_one_of_margin_one_and_a_half(table):
    wider = table[table["domain"] == "square"].assign(margin=3.0, s=-1.0)
    both = pd.concat([table, wider])
    assert len(rows(both, domain="square")) == len(table) // 2
    assert set(rows(both, domain="square", margin=3)["s"]) == {-1.0}
    assert rows(both, domain="box")["margin"].isna().all()


def test_what_is_missing_is_named(table):
    with pytest.raises(Unjudgeable, match="nothing was measured with dataset digits8"):
        panel(table, "s", dataset="digits8")
    wanted = {"dataset": "mnist", "domain": "square", "coverage": 0.8}
    with pytest.raises(Unjudgeable, match="5 models per set-up where the thesis has 6"):
        panel(table, "s", models=6, **wanted)
    with pytest.raises(Unjudgeable, match="set-up 15 was not measured"):
        panel(table, "s", **wanted).place(15)
    holes = table.query("not (setup == 7 and model == 3 and plane == 1)")
    with pytest.raises(Unjudgeable, match="not measured for all"):
        panel(holes, "s", **wanted)


def of_values(values, setups=(7, 10), dataset="mnist"):
    facts = networks(setups=setups, datasets=[dataset], models=1)
    return Panel(facts.reset_index(drop=True), values, values.shape[2])


def test_planes_are_drawn_together_and_models_for_each_set_up_alone():
    by_plane = np.broadcast_to(np.arange(10.0), (2, 5, 10))
    drawn = of_values(by_plane).resampled()
    assert drawn.shape == (RESAMPLES, 2)
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1])
    assert drawn[:, 0].std() > 0.5

    by_model = np.broadcast_to(np.arange(5.0)[:, None], (2, 5, 10))
    drawn = of_values(by_model).resampled()
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.1


def test_the_same_networks_are_drawn_in_every_panel():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 5, 10))
    once = of_values(values).resampled()
    np.testing.assert_array_equal(once, of_values(values).resampled())
    other = of_values(values, dataset="fashion_mnist").resampled()
    assert abs(np.corrcoef(once[:, 0], other[:, 0])[0, 1]) < 0.1


def test_the_interval_has_the_width_that_is_known_of_a_mean():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((2, 200, 1))  # many models on one plane: the textbook's case
    samples = of_values(values).resampled()[:, 0]
    standard_error = values[0].std() / np.sqrt(200)
    assert samples.std() == pytest.approx(standard_error, rel=0.05)
    assert samples.mean() == pytest.approx(values[0].mean(), abs=0.1 * standard_error)


def test_intervals_of_a_difference_cover_the_truth_about_as_often_as_they_say():
    """Planes and models both vary; percentile intervals of 5 x 10 are known to be a bit narrow."""
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        planes = rng.standard_normal((1, 1, 10))  # in common: it cancels
        models = 0.3 * rng.standard_normal((2, 5, 1))
        made = of_values(planes + models + 0.3 * rng.standard_normal((2, 5, 10)))
        evidence = trend(difference(made, 7, 10), made)
        low, high = np.percentile(evidence.samples, (2.5, 97.5))
        covered.append(low <= 0 <= high)
    assert 0.75 < np.mean(covered) <= 1.0


def test_between_neurons_is_a_mean_over_the_levels_that_have_both(table):
    found = panel(table, "s", dataset="mnist", domain="square", coverage=0.8)
    # set-ups 4, 7, 11 and 2 have 400 neurons at levels where 5, 8, 12 and 3 have 136
    assert between_neurons(found, 136, 400)(found.means) == pytest.approx(-1)
    assert between_neurons(found, 16, 400)(found.means) == pytest.approx(-3)


def test_statistics_work_on_many_resamples_at_once():
    rng = np.random.default_rng(2)
    x = np.arange(6.0)
    many = rng.standard_normal((7, 6))
    for function in (slope, pearson, spearman, r_squared):
        each = [function(x, one) for one in many]
        np.testing.assert_allclose(function(x, many), each)
    np.testing.assert_allclose(slope(x, many), np.polyfit(x, many.T, 1)[0])
    np.testing.assert_allclose(pearson(x, many[0]), np.corrcoef(x, many[0])[0, 1])
    assert pearson(x, np.zeros(6)) == 0, "nothing varies, nothing correlates"
