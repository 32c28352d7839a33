"""What chapter 8 reads from the tables of baselines and domains."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.experiments.resampling import panel_of, resampled_means


def networks(setups=6, models=3, planes=4, **columns):
    rows = [
        {"setup": s, "model": m, "plane": p, "n_hidden": 16 * s, "parameters": 100}
        for s in range(1, setups + 1)
        for m in range(models)
        for p in range(planes)
    ]
    table = pd.DataFrame(rows).assign(dataset="digits8", domain="square", margin=1.5, coverage=0.8)
    return table.assign(trained=True, **columns)


def test_kinds_stand_beside_each_other_and_other_squares_are_left_out():
    right = networks(s=0.6, **{"class": 1})
    wide = right.assign(margin=3.0, s=0.9)
    untrained = right.assign(trained=False, s=0.3)
    noise = networks(s=0.8, kind="uniform noise")
    early = noise.assign(trained=False, s=0.1)
    learned = networks(setups=2, s=0.4, source="validation")
    by_heart = learned.assign(source="training", s=0.2)
    found = experiments.beside_baselines(
        pd.concat([right, wide, untrained]),
        pd.concat([noise, early]),
        pd.concat([learned, by_heart]),
    )
    means = found.groupby("kind")["s"].mean().round(6).to_dict()
    assert means == {
        "classes": 0.6,
        "classes, untrained network": 0.3,
        "classes, shuffled labels learned": 0.4,
        "uniform noise": 0.8,
    }
    assert len(found) == 3 * (6 * 3) + 2 * 3, "a row per network and kind"


def test_the_gain_by_hand_and_its_interval():
    rng = np.random.default_rng(0)
    before = networks().assign(trained=False)
    before["s"] = 0.2 + 0.1 * rng.random(len(before))
    own = np.repeat([0.1, 0.3], 3 * 12)  # of six set-ups
    after = before.assign(trained=True, s=before["s"] + own)
    found = experiments.gain_by_training(pd.concat([after, before]))
    assert found["gain"].to_numpy() == pytest.approx([0.1] * 3 + [0.3] * 3)
    assert found["low"].to_numpy() == pytest.approx(found["gain"].to_numpy()), "paired: no spread"
    noisy = after.assign(s=after["s"] + 0.1 * rng.standard_normal(len(after)))
    wide = experiments.gain_by_training(pd.concat([noisy, before]))
    assert (wide["high"] - wide["low"] > 0.02).all()
    assert ((wide["low"] <= wide["gain"]) & (wide["gain"] <= wide["high"])).all()
    with pytest.raises(MBHError, match="trained and untrained"):
        experiments.gain_by_training(after)


def test_resampled_means_have_the_spread_of_models_and_planes():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(2, 5, 10)) + rng.normal(size=(1, 1, 10))
    drawn = resampled_means(values, 20_000, seed=0)
    assert drawn.mean(axis=0) == pytest.approx(values.mean(axis=(1, 2)), abs=0.02)
    planes = values.mean(axis=1)
    models = values.mean(axis=2)
    least = planes.var(axis=1) / 10 + models.var(axis=1) / 5
    inner = values - planes[:, None] - models[:, :, None] + values.mean(axis=(1, 2))[:, None, None]
    expected = least + (inner**2).mean(axis=(1, 2)) / 50
    assert drawn.var(axis=0) == pytest.approx(expected, rel=0.05)
    assert np.corrcoef(drawn.T)[0, 1] > 0.3, "planes are drawn for all together"


def test_panels_keep_the_order_of_the_rows():
    table = networks(setups=3, models=2, planes=2)
    table = table.assign(s=table["setup"] * 100 + table["model"] * 10 + table["plane"])
    turned = table.sort_values("setup", ascending=False)
    assert panel_of(turned, "s")[:, 1, 1].tolist() == [311, 211, 111]


def test_the_classes_of_a_plane_are_three_and_those_of_the_plane_set():
    table = networks(setups=1, models=1, planes=5)
    table = table.merge(pd.DataFrame({"class": range(10)}), how="cross")
    found = experiments.with_plane_classes(table)
    classes = experiments.PlaneSet(5).classes_of("digits8")
    for plane, here in found.groupby("plane"):
        assert set(here.loc[here["spans"], "class"]) == set(classes[plane])
    again = experiments.with_plane_classes(table.sample(frac=1, random_state=0)).sort_index()
    assert again["spans"].tolist() == found["spans"].tolist()


def test_accuracy_and_specialization_by_domain():
    table = networks(setups=14, s=0.0)
    table["accuracy"] = 0.5 + table["setup"] / 40
    rising = table.assign(s=table["setup"] / 20 + 0.001 * table["model"])
    falling = table.assign(s=1 - table["setup"] / 20, domain="box", margin=np.nan)
    found = experiments.domains_and_accuracy(pd.concat([rising, falling]))
    rho = found.set_index(["domain", "group"])["rho"]
    assert rho["square", "all"] == pytest.approx(1) and rho["box", "all"] == pytest.approx(-1)
    assert found.set_index(["domain", "group"])["setups"].to_dict() == {
        ("square", "all"): 14,
        ("square", "wide"): 6,
        ("box", "all"): 14,
        ("box", "wide"): 6,
    }
    chance = networks(setups=14)
    rng = np.random.default_rng(3)
    chance["accuracy"] = rng.random(14)[chance["setup"] - 1]
    chance["s"] = rng.random(len(chance))
    (row,) = experiments.domains_and_accuracy(chance).query("group == 'all'").itertuples()
    assert row.low < row.rho < row.high and row.high - row.low > 0.2
