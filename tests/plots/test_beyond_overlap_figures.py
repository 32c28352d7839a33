"""Figures on overlaps of classes, and on how sure specializations are."""

import numpy as np
import pandas as pd
import pytest
from drawn import measured

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import beyond_certainty, beyond_overlap

KINDS = [
    "activation patterns",
    "activation regions",
    "convex regions",
    "open connected regions",
    "closed connected regions",
    "affine pieces",
]


def two_sets(table):
    sets = [table.assign(dataset=name) for name in ("fashion_mnist", "mnist")]
    return pd.concat(sets, ignore_index=True)


def overlaps(k=3):
    rows = [(i, j) for i in range(k) for j in range(k)]
    table = pd.DataFrame(rows, columns=["class", "other"])
    table = table.assign(inside=np.where(table["class"] == table["other"], 0.8, 0.1))
    parts = []
    for setup in (7, 10):
        for model in range(2):
            one = table.assign(setup=setup, model=model, hidden="4-2", density=0.5, coverage=0.8)
            twins = (one["class"] + one["other"] == 3) & (setup == 10) & (model == 1)
            parts.append(one.assign(identical=twins | (one["class"] == one["other"])))
    return pd.concat(parts, ignore_index=True)


def test_others_stand_over_accuracy_and_s_for_each_data_set():
    table = two_sets(measured().assign(others=np.linspace(0, 0.6, 42)))
    figure = beyond_overlap.others_inside(table)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["MNIST", "", "Fashion-MNIST", ""]
    for ax in figure.axes:
        assert len([t for t in ax.texts if t.get_text().startswith("#")]) == 14
    drawn = sum(line.get_xdata().size for line in figure.axes[1].get_lines())
    assert drawn == 14


def test_the_map_has_every_share_and_frames_identical_patterns():
    figure = beyond_overlap.overlap_of_classes(overlaps(), [7, 10], ["ant", "bee", "cow"])
    seven, ten = figure.axes[:2]
    shown = [text.get_text() for text in seven.texts]
    assert shown == ["80", "10", "10", "10", "80", "10", "10", "10", "80"]
    assert len(seven.patches) == 0 and len(ten.patches) == 2
    assert [label.get_text() for label in ten.get_yticklabels()] == ["ant", "bee", "cow"]
    assert ten.get_title(loc="left") == "#10: 4-2, density 0.5"


def test_ill_maps_are_named():
    with pytest.raises(MBHError, match="names has 2 members"):
        beyond_overlap.overlap_of_classes(overlaps(), [7], ["ant", "bee"])
    with pytest.raises(MBHError, match="setups is empty"):
        beyond_overlap.overlap_of_classes(overlaps(), [], ["ant", "bee", "cow"])
    with pytest.raises(MBHError, match="coverage"):
        beyond_overlap.overlap_of_classes(overlaps(), [7], ["ant", "bee", "cow"], coverage=0.5)


def test_components_are_drawn_as_standard_deviations():
    rows = {"component": ["a", "b"], "variance": [0.04, -0.01], "low": [0.01, -0.02], "high": 0.09}
    both = [pd.DataFrame(rows).assign(domain=name) for name in ("square", "box")]
    figure = beyond_certainty.variance_components(two_sets(pd.concat(both)))
    assert len(figure.axes) == 2
    dots = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "None"]
    assert sorted(float(dot.get_xdata()[0]) for dot in dots) == pytest.approx([0, 0, 0.2, 0.2])


def test_the_width_at_ten_planes_is_where_the_lines_cross():
    rows = {"what": ["network"] * 3 + ["difference"] * 3, "spread": [0.1] * 3 + [0.02] * 3}
    figure = beyond_certainty.planes_needed(two_sets(pd.DataFrame(rows).assign(domain="box")))
    ax = figure.axes[0]
    lines = {line.get_label(): line for line in ax.get_lines()}
    x, y = lines["one network"].get_data()
    assert np.interp(10, x, y) == pytest.approx(0.0715, rel=0.02)
    assert len(figure.axes) == 2 and ax.get_title(loc="left") == "MNIST, input box"


def test_ranks_have_intervals_and_those_of_many_planes_crosses():
    rows = {"setup": [1, 2, 3], "rank": [1, 3, 2], "low": [1, 2, 1], "high": [2, 3, 3]}
    table = two_sets(pd.DataFrame(rows).assign(domain="square"))
    figure = beyond_certainty.ranking(table, table.assign(rank=[1, 2, 3] * 2))
    ax = figure.axes[0]
    ranks = {line.get_label(): line.get_ydata().tolist() for line in ax.get_lines()}
    assert ranks["rank on many planes"] == [1, 2, 3]
    assert [1, 3, 2] in ranks.values()
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first rank is at the top"


def test_kinds_are_shares_of_the_activation_regions():
    rows = pd.DataFrame({"kind": KINDS, "count": [110, 100, 60, 55, 55, 50]})
    table = rows.assign(setup=7, hidden="4-2", density=0.5, trained=True, plane=0)
    table = pd.concat([table, table.assign(plane=1), table.assign(setup=10, trained=False)])
    figure = beyond_certainty.region_kinds(two_sets(table))
    lines = figure.axes[1].get_lines()
    assert lines[0].get_ydata().tolist() == pytest.approx([1.1, 1, 0.6, 0.55, 0.55, 0.5])
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
