"""The figures on distances of wirings: what stands where, and what is drawn."""

import itertools

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import lens_topology

KINDS = ("random", "ticket", "SET", "RigL")


def distances(matched=lambda row: 0.8, models=3) -> pd.DataFrame:
    """Table mask_distances, of one budget, with distances that are a function of a row."""
    pairs = itertools.combinations(range(models), 2)
    axes = itertools.product(("mnist", "fashion_mnist"), KINDS, (False, True), pairs, (1, 2))
    rows = [(*first, *pair, layer) for *first, pair, layer in axes]
    columns = ["dataset", "kind", "trained", "model", "other", "layer"]
    table = pd.DataFrame(rows, columns=columns)
    table = table[~(table["kind"].eq("ticket") & table["trained"])]  # their masks are fixed
    found = [matched(row) for row in table.to_dict("records")]
    table = table.assign(matched=found, null=0.9, pixel_null=0.85, degree_null=0.8)
    table = table.assign(parameters=9_472, n_hidden=400, iteration=50_000 * table["trained"])
    # Other set-ups have random masks only.
    others = table[table["kind"] == "random"].assign(parameters=83_572, matched=0.1)
    return pd.concat([others, table], ignore_index=True)


def moving(row) -> float:
    """SET's networks end nearer to each other than they began; layers differ."""
    base = 0.5 if row["kind"] == "SET" and row["trained"] else 0.8
    return base + 0.02 * (row["layer"] - 1.5)


def test_maps_of_siblings_have_before_above_the_diagonal_and_after_below():
    figure = lens_topology.siblings(distances(moving))
    maps = [ax for ax in figure.axes if ax.get_title("left")]
    assert [ax.get_title("left") for ax in maps] == [
        "random, fixed: 0.80",
        "one-shot tickets: 0.80",
        "SET: 0.80, after training 0.50",
        "RigL: 0.80",
    ]
    values = maps[2].images[0].get_array().filled(np.nan)
    assert values[0, 2] == pytest.approx(0.8), "the mean of both layers"
    assert values[2, 0] == pytest.approx(0.5)
    assert np.isnan(np.diag(values)).all()
    fixed = maps[1].images[0].get_array().filled(np.nan)
    assert fixed[2, 0] == fixed[0, 2] == pytest.approx(0.8)


def test_kinds_stand_at_their_distance_over_each_null():
    figure = lens_topology.kinds(distances(moving))
    titles = [ax.get_title("left") for ax in figure.axes]
    assert titles[:2] == ["MNIST, layer 1", "MNIST, layer 2"]
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()][-2:] == ["SET", "RigL"]
    over = {line.get_label(): line.get_xdata()[2] for line in ax.lines if len(line.get_xdata()) > 2}
    expected = [0.49 / 0.9, 0.49 / 0.85, 0.49 / 0.8]
    assert list(over.values()) == pytest.approx(expected)
    assert "of random masks" in over


def test_every_model_counts_with_all_its_siblings():
    """The last one is never the first of a pair."""
    far = distances(lambda row: 0.9 if row["other"] == 2 else 0.7)
    ax = lens_topology.kinds(far).axes[0]
    ends = ax.collections[0].get_segments()[0][:, 0]
    assert ends == pytest.approx([0.8 / 0.9, 0.9 / 0.9])


def near(pairs_per_time: dict) -> pd.DataFrame:
    rows = []
    for iteration, distance in pairs_per_time.items():
        for a, b in itertools.combinations(range(4), 2):
            rows.append((iteration, a, b, iteration, distance + 0.01 * (b - a)))
        for model in range(4 if iteration else 0):
            rows.append((iteration, model, model, 0, 0.5))
    columns = ["iteration", "model", "other", "other_iteration", "matched"]
    return pd.DataFrame(rows, columns=columns).assign(layer=1, null=0.82, degree_null=0.7)


def test_near_starts_have_maps_and_a_line_for_each_sort_of_pair():
    table = near({0: 0.0, 10: 0.2, 20: 0.3, 30: 0.4, 40: 0.45})
    figure = lens_topology.near_starts(table)
    maps = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title("left") for ax in maps][::3] == ["iteration 0", "iteration 40"]
    assert maps[-1].images[0].get_array()[3, 0] == pytest.approx(0.48)
    (below,) = [ax for ax in figure.axes if len(ax.lines) > 3]
    lines = {line.get_label(): line for line in below.lines}
    assert lines["farthest pair (3 changes apart)"].get_ydata() == pytest.approx(
        [0.03, 0.23, 0.33, 0.43, 0.48]
    )
    assert lines["from its own start"].get_ydata() == pytest.approx([0, 0.5, 0.5, 0.5, 0.5])
    assert lines["random masks"].get_ydata() == pytest.approx([0.82] * 5)
    of_degrees = lines["random masks with the degrees of neighbours"]
    assert of_degrees.get_ydata() == pytest.approx([0.7] * 5)


def test_drift_begins_at_0_and_stands_beside_specialization():
    table = pd.DataFrame({"iteration": [100, 200, 400], "matched": [0.1, 0.3, 0.5], "null": 0.9})
    table = pd.concat([table.assign(layer=n, kind=k) for n in (1, 2) for k in ("SET", "RigL")])
    table = table.assign(parameters=500, model=0)
    s = pd.DataFrame({"iteration": [0, 400], "s": [0.3, 0.6], "coverage": 0.8, "domain": "square"})
    s = pd.concat([s.assign(kind=kind, parameters=500, model=0) for kind in ("SET", "RigL")])
    left, right = lens_topology.drift(table, s).axes
    assert left.lines[0].get_ydata() == pytest.approx([0, 0.1, 0.3, 0.5])
    assert right.lines[0].get_ydata() == pytest.approx([0.3, 0.6])
    assert left.get_ylim() == right.get_ylim() == (0, 1)
    assert {text.get_text() for text in left.texts} == {
        "random masks, layer 1",
        "random masks, layer 2",
    }
    with pytest.raises(MBHError, match="parameters is 501"):
        lens_topology.drift(table, s, parameters=501)


def test_random_masks_are_drawn_over_their_own_density():
    table = pd.DataFrame({"mask_density": [0.01, 0.5], "matched": [0.8, 0.6], "layer": 1})
    table = table.assign(identity=[0.99, 0.66], expected=[0.995, 0.667], density=1.0, model=0)
    (ax,) = lens_topology.random_masks(table).axes
    assert ax.lines[0].get_xdata().tolist() == [0.01, 0.5]
    assert [line.get_ydata()[1] for line in ax.lines[:3]] == [0.66, 0.6, 0.667]


def test_tickets_are_drawn_over_the_nulls_and_random_masks_left_out():
    table = pd.DataFrame({"density": [0.1, 0.5], "matched": [0.6, 0.5], "null": [0.9, 0.6]})
    table = table.assign(pixel_null=0.8, degree_null=0.7, layer=1, model=0, other=1)
    both = [table.assign(kind="ticket"), table.assign(kind="reinitialised", matched=5)]
    (ax,) = lens_topology.tickets(pd.concat(both)).axes
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert drawn["of random masks"] == pytest.approx([0.6 / 0.9, 0.5 / 0.6])
    assert drawn["... of equal degrees everywhere"] == pytest.approx([0.6 / 0.7, 0.5 / 0.7])


def test_a_table_without_several_kinds_is_refused():
    with pytest.raises(MBHError, match="no column"):
        lens_topology.siblings(pd.DataFrame({"kind": ["SET"]}))
    strange = distances().assign(kind="strange")
    with pytest.raises(MBHError, match="none of the kinds"):
        lens_topology.kinds(strange)
