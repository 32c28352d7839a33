"""Figures of baselines and domains show what their tables hold."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import beyond_baselines, beyond_domains


def kinds():
    rows = [
        {"dataset": name, "domain": domain, "n_hidden": n, "setup": setup, "kind": kind, "s": s}
        for name in ("mnist", "fashion_mnist")
        for domain in ("square", "box")
        for n, setup in ((16, 10), (400, 7), (400, 1))
        for kind, s in (("classes", 0.8 + 0.1 * (setup == 1)), ("random images", 0.2))
    ]
    return pd.DataFrame(rows)


def test_a_line_for_each_kind_and_a_band_over_set_ups():
    figure = beyond_baselines.baselines(kinds())
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["MNIST, square", "MNIST, input box"] + [
        "Fashion-MNIST, square",
        "Fashion-MNIST, input box",
    ]
    ax = figure.axes[0]
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert lines["classes"] == pytest.approx([0.8, 0.85])
    assert lines["random images"] == pytest.approx([0.2, 0.2])
    (band, _) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(0.8) and heights.max() == pytest.approx(0.9)
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["16", "400"]
    with pytest.raises(MBHError, match="kind"):
        beyond_baselines.baselines(kinds().drop(columns="kind"))


def test_gains_with_their_intervals():
    table = pd.DataFrame({"n_hidden": [46, 16, 46], "parameters": [9_472, 9_472, 27_871]})
    table = table.assign(gain=[0.2, 0.1, 0.3], low=[0.1, 0.1, 0.2], high=[0.25, 0.2, 0.4])
    figure = beyond_baselines.gain_over_neurons(table.assign(domain="square"))
    (ax,) = figure.axes
    dense, sparse = ax.containers
    assert sparse.lines[0].get_ydata().tolist() == [0.1, 0.2], "sorted by N"
    low, high = sparse.lines[2][0].get_segments()[1][:, 1]
    assert (low, high) == pytest.approx((0.1, 0.25))
    assert dense.get_label() == "27,871 HNPs"


def domains():
    places = [("square", 3.0), ("box", np.nan), ("square", 0.75), ("triangle", np.nan)]
    rows = [
        {"setup": setup, "domain": domain, "margin": margin, "s": 0.1 * i + 0.01 * setup}
        for i, (domain, margin) in enumerate(places)
        for setup in (1, 5, 14)
    ]
    told = {"coverage": 0.8, "hidden": "300-100", "density": 1.0}
    trained = pd.DataFrame(rows).assign(**told, trained=True)
    return pd.concat([trained, trained.assign(trained=False, s=0.99)])


def test_domains_stand_from_the_smallest_to_the_largest():
    figure = beyond_domains.domains_of_planes(domains())
    (ax,) = figure.axes
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["triangle", "input box", "square 0.75", "square 3"]
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert lines["#1: 300-100, dense"] == pytest.approx([0.31, 0.11, 0.21, 0.01])
    assert lines["the other set-ups"] == pytest.approx([0.35, 0.15, 0.25, 0.05])
    with pytest.raises(MBHError, match="coverage"):
        beyond_domains.domains_of_planes(domains(), 0.5)


def test_correlations_by_domain():
    rows = {"domain": ["square", "box"] * 2, "margin": [1.5, None] * 2, "group": ["all"] * 2}
    rows["group"] += ["wide"] * 2
    table = pd.DataFrame(rows).assign(rho=[0.7, 0.9, 0.1, 0.8])
    table = table.assign(low=table["rho"] - 0.1, high=table["rho"] + 0.1)
    figure = beyond_domains.domains_and_accuracy(table)
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["input box", "square 1.5"]
    dots = [line for line in ax.lines if line.get_label() == "all set-ups"]
    found = sorted((float(d.get_ydata()[0]), float(d.get_xdata()[0])) for d in dots)
    assert found == [(-0.13, 0.9), (0.87, 0.7)]
