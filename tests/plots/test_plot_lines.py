"""The function behind all curves: groups, styles, bands and bars, averages within a model."""

import numpy as np
import pandas as pd
import pytest
from drawn import SPREAD, labels

from mbh_utils import plots
from mbh_utils.errors import MBHError

#: Two numbers of parameters by two sizes, three models, two planes each, before and after training.
ROWS = [
    (parameters, n, model, plane, trained, n / 100 + model / 10 + plane + 10 * trained)
    for parameters in (100, 200)
    for n in (16, 46)
    for model in range(3)
    for plane in range(2)
    for trained in (False, True)
]
TABLE = pd.DataFrame(
    ROWS, columns=["parameters", "n_hidden", "model", "plane", "trained", "leaves"]
)


def drawn(ax) -> list:
    """The lines of data: not those that only stand in the legend, and not the ends of bars."""
    ends = {id(end) for container in ax.containers for end in container.lines[1]}
    return [line for line in ax.lines if len(line.get_xdata()) and id(line) not in ends]


def test_trained_is_solid_and_filled_untrained_dashed_and_open():
    ax = plots.curves(TABLE, "n_hidden", "leaves", hue="parameters", style="trained")
    assert labels(ax) == ["100 HNPs", "200 HNPs", "trained", "untrained", SPREAD]
    looks = [(line.get_linestyle(), line.get_mfc() == "white") for line in drawn(ax)]
    assert looks == [("-", False), ("-", False), ("--", True), ("--", True)]
    trained = TABLE[TABLE["trained"] & (TABLE["parameters"] == 100)]
    expected = trained.groupby("n_hidden")["leaves"].mean()
    np.testing.assert_allclose(drawn(ax)[0].get_ydata(), expected)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["16", "46"]


def test_planes_are_averaged_before_the_smallest_and_the_largest_model():
    ax = plots.curves(TABLE[TABLE["trained"]], "n_hidden", "leaves", hue="parameters")
    band = next(c for c in ax.collections if c.get_label().startswith("_"))
    heights = band.get_paths()[0].vertices[:, 1]
    # Over rows it would reach from model 0 on plane 0 to model 2 on plane 1: 10.16 to 11.66.
    assert (heights.min(), heights.max()) == pytest.approx((10.66, 11.16))


def test_bars_stand_beside_each_other_and_reach_from_least_to_largest():
    ax = plots.curves(TABLE, "n_hidden", "leaves", hue="parameters", style="trained", bars=True)
    assert labels(ax)[-1] == SPREAD.replace("band", "bars")
    first, second = drawn(ax)[:2]
    assert (first.get_xdata() < second.get_xdata()).all()
    assert first.get_xdata() == pytest.approx([16, 46], rel=0.05)
    (segments,) = (bars.get_segments() for bars in ax.containers[0].lines[2])
    assert segments[0][:, 1] == pytest.approx([10.66, 10.86])
    assert not [c for c in ax.collections if "Poly" in type(c).__name__], "no band as well"


def test_names_choose_the_groups_and_their_order():
    table = TABLE.assign(rule=np.where(TABLE["parameters"] == 100, "b", "a"))
    ax = plots.curves(table, "n_hidden", "leaves", hue="rule", names={"b": "the b", "a": "the a"})
    assert labels(ax)[:2] == ["the b", "the a"]
    one = plots.curves(table, "n_hidden", "leaves", hue="rule", names={"a": "only this"})
    assert labels(one) == ["only this", SPREAD] and len(drawn(one)) == 1
    with pytest.raises(MBHError, match="names has no value"):
        plots.curves(table, "n_hidden", "leaves", hue="rule", names={"c": "none"})


def test_shares_are_drawn_in_per_cent_and_axes_say_so():
    table = TABLE.assign(tree_accuracy=0.5)
    ax = plots.curves(table, "n_hidden", "tree_accuracy", hue="parameters")
    assert drawn(ax)[0].get_ydata() == pytest.approx([50, 50])
    assert ax.get_ylabel() == "accuracy of the tree [%]"


def test_five_levels_of_a_style_have_five_line_styles():
    table = pd.DataFrame({"n_hidden": [16, 46] * 5, "leaves": range(10), "kind": "a"})
    table["parameters"] = np.repeat(range(5), 2)
    ax = plots.curves(table, "n_hidden", "leaves", hue="kind", style="parameters")
    assert len({(line.get_linestyle(), str(line._dash_pattern)) for line in drawn(ax)}) == 5


# ------------------------------------------------------------------------------- over iterations


def over_training() -> pd.DataFrame:
    rows = [
        (iteration, coverage, model, coverage / 2 + model / 100 + iteration / 1e5)
        for iteration in (0, 1, 10, 100, 50_000)
        for coverage in (0.5, 0.8)
        for model in range(3)
    ]
    return pd.DataFrame(rows, columns=["iteration", "coverage", "model", "s"])


def test_iterations_on_a_logarithmic_axis_show_the_state_before_training():
    ax = plots.iteration_curves(over_training(), "s", scale="log")
    assert ax.get_xscale() == "symlog" and ax.get_xlim()[0] < 0
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["0", "1", "10", "100", "1k", "10k"]
    assert labels(ax) == ["$c_P$ = 0.5", "$c_P$ = 0.8", SPREAD]
    x, y = ax.lines[0].get_data()
    assert list(x) == [0, 1, 10, 100, 50_000] and y[0] == pytest.approx(0.26)


def test_the_first_iterations_alone():
    ax = plots.iteration_curves(over_training(), "s", last=100)
    assert ax.get_xscale() == "linear"
    assert ax.get_xlim() == pytest.approx((0, 102))
    assert list(ax.lines[0].get_xdata()) == [0, 1, 10, 100]
    later = over_training().query("iteration > 100")
    with pytest.raises(MBHError, match="no row"):
        plots.iteration_curves(later, "s", last=100)


def test_linear_ticks_are_short():
    ax = plots.iteration_curves(over_training(), "s")
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks == ["0", "10k", "20k", "30k", "40k", "50k"]
