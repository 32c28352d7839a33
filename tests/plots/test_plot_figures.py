"""Whole figures of the chapters: axes, lines, legends and limits, on made-up tables."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn import F1, PLANE, SPREAD, labels, measured, on_a_line

import mbh_utils as mbh
from mbh_utils import plots
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import activation_regions, decision_patterns, experiments, verdicts
from mbh_utils.plots.figures import mbh as chapter_04
from mbh_utils.plots.figures import specialization as chapter_03

NAMES = ["one", "two", "three"]


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def networks() -> pd.DataFrame:
    """Trained networks of two data sets, of which the second is the first in the package."""
    table = measured().assign(trained=True, n_regions=100)
    return pd.concat([table.assign(dataset=name) for name in ("fashion_mnist", "mnist")])


def evolution() -> pd.DataFrame:
    """Two set-ups over training, in both domains; the box has half of the specialization."""
    rows = [
        {
            "family": "lenet",
            "setup": setup,
            "n_hidden": n,
            "model": model,
            "iteration": iteration,
            "plane": plane,
            "coverage": coverage,
            "domain": domain,
            "accuracy": 0.8,
            "s": (0.5 if domain == "square" else 0.25) + coverage / 10 + plane / 100,
            "n_regions": 1_000 + iteration,
        }
        for (setup, n), model, iteration, plane, coverage, domain in itertools.product(
            ((7, 400), (10, 16)), range(2), (0, 100, 5_000), range(2), (0.5, 0.8), ("square", "box")
        )
    ]
    return pd.DataFrame(rows)


# ------------------------------------------------------------------------------------ experiments


@pytest.mark.parametrize("y", ["accuracy", "s"])
def test_over_setups_has_a_row_for_each_data_set_and_explains_both_columns(y):
    figure = experiments.over_setups(networks(), y)
    assert len(figure.axes) == 4
    left, right = figure.axes[2:]
    assert labels(left)[:4] == [f"{n} neurons" for n in (16, 46, 136, 400)]
    assert labels(left)[-1] == "equal HNPs" and labels(right)[0] == "4,736 HNPs"
    assert SPREAD.replace("band", "bars") in labels(left)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_data_sets_come_in_the_order_of_the_package(monkeypatch):
    monkeypatch.setattr(mbh.datasets, "title", str.upper, raising=False)
    figure = experiments.over_coverage(networks().assign(coverage=0.8))
    assert [ax.get_title("left") for ax in figure.axes] == ["MNIST", "FASHION_MNIST"]


def test_accuracy_over_specialization_numbers_every_set_up_of_both_data_sets():
    figure = experiments.accuracy_and_specialization(networks())
    for ax in figure.axes:
        assert {text.get_text() for text in ax.texts} == {f"#{i}" for i in range(1, 15)}
    assert legend_of(figure) == [
        "16 neurons",
        "46 neurons",
        "136 neurons",
        "400 neurons",
        SPREAD.replace("band", "bars"),
    ]


def test_over_coverage_shares_the_vertical_axis():
    coverages = pd.DataFrame({"coverage": [0.5, 0.9, 0.95, 0.99, 1.0]})
    figure = experiments.over_coverage(networks().merge(coverages, how="cross"))
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim() == (0, 1)
    assert left.get_ylabel() == "specialization s" and not right.get_ylabel()
    assert [tick.get_text() for tick in right.get_xticklabels()] == [".5", ".9", ".95", ".99", "1"]


def test_before_and_after_has_an_axes_for_each_shared_number_of_parameters():
    table = measured()
    both = pd.concat([table.assign(trained=False, s=table["s"] / 2), table.assign(trained=True)])
    figure = experiments.before_and_after(both)
    titles = [ax.get_title("left") for ax in figure.axes if ax.get_visible()]
    assert titles == ["4,736 HNPs", "9,472 HNPs", "27,871 HNPs", "83,572 HNPs"]
    trained, untrained = figure.axes[0].lines[:2]
    assert (trained.get_linestyle(), untrained.get_linestyle()) == ("-", "--")
    np.testing.assert_allclose(untrained.get_ydata(), trained.get_ydata() / 2)
    assert legend_of(figure) == ["trained", "untrained", SPREAD]
    with pytest.raises(MBHError, match="set-ups of different N share"):
        experiments.before_and_after(both[both["setup"] == 1])


@pytest.mark.parametrize("domain, s", [("square", 0.5), ("box", 0.25)])
def test_over_training_draws_one_domain_of_one_set_up(domain, s):
    one = evolution().query("setup == 7")
    figure = experiments.over_training(one, coverages=[0.5, 0.8], domain=domain)
    top_left, top_right, bottom_left, bottom_right = figure.axes
    assert legend_of(figure) == ["$c_P$ = 0.5", "$c_P$ = 0.8", SPREAD]
    assert top_right.lines[0].get_ydata() == pytest.approx(np.full(3, s + 0.05 + 0.005))
    assert list(bottom_left.lines[0].get_ydata()) == [1_000, 1_100, 6_000]
    assert [ax.get_xscale() for ax in (top_left, bottom_right)] == ["linear", "symlog"]
    assert bottom_left.get_ylabel() == "activation regions per plane"
    with pytest.raises(MBHError, match="several set-ups"):
        experiments.over_training(evolution())
    with pytest.raises(MBHError, match=r"coverage is 0.7; it has 0.5, 0.8"):
        experiments.over_training(one, coverages=[0.7])


def test_setups_over_training_shows_the_whole_and_the_beginning():
    figure = experiments.setups_over_training(evolution())
    assert legend_of(figure) == ["#7: 400 neurons", "#10: 16 neurons", SPREAD]
    assert [ax.get_ylabel() for ax in figure.axes[::2]] == [
        "validation accuracy [%]",
        "specialization s",
        "activation regions per plane",
    ]
    whole, beginning = figure.axes[4:]
    assert list(whole.lines[0].get_xdata()) == [0, 100, 5_000]
    assert list(beginning.lines[0].get_xdata()) == [0, 100]
    assert whole.get_yscale() == "log"


def test_accuracy_over_training_tells_set_ups_by_colour_and_line_style():
    rows = measured()[["setup", "n_hidden", "parameters", "model"]]
    history = rows.merge(pd.DataFrame({"iteration": [0, 10, 1_000]}), how="cross")
    figure = experiments.accuracy_over_training(history.assign(accuracy=0.5))
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata())]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
    assert len(lines) == len(looks) == 14
    assert {"400 neurons", "265,600 HNPs"} <= set(legend_of(figure))


def test_over_density_has_limits_that_hold_every_column():
    table = measured().assign(n_regions=100)
    figure = experiments.over_density({"LeNet": table, "DeepFC": table.assign(n_regions=900)})
    assert [ax.get_title("left") for ax in figure.axes[:2]] == ["LeNet", "DeepFC"]
    bottom_left, bottom_right = figure.axes[2:]
    low, high = bottom_left.get_ylim()
    assert low == 0 and high > 900 and bottom_right.get_ylim() == (low, high)
    apart = {"raw": table, "standardised": table.assign(n_regions=900)}
    figure = experiments.over_density(apart, ["n_regions"], share_y=False)
    assert figure.axes[0].get_ylim()[1] < 200
    with pytest.raises(MBHError, match="one table"):
        experiments.over_density({})


def test_over_neurons_is_one_row_with_a_line_for_each_number_of_parameters():
    figure = experiments.over_neurons(networks(), "s")
    assert len(figure.axes) == 2
    assert legend_of(figure)[0] == "4,736 HNPs"
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim() == (0, 1)
    assert SPREAD.replace("band", "bars") in legend_of(figure)


def test_over_margins_leaves_out_the_box_and_other_coverages():
    grid = itertools.product((7, 10), (1.0, 1.5, 3.0), (0.8, 0.95), ("square", "box"))
    rows = [
        {"setup": setup, "n_hidden": 400 if setup == 7 else 16, "margin": margin, "domain": domain}
        | {"coverage": coverage, "s": 0.2 * margin if domain == "square" else 0.99, "model": 0}
        for setup, margin, coverage, domain in grid
    ]
    figure = experiments.over_margins(pd.DataFrame(rows))
    (ax,) = figure.axes
    assert legend_of(figure) == ["#7: 400 neurons", "#10: 16 neurons"]
    assert [list(line.get_ydata()) for line in ax.lines] == [pytest.approx([0.2, 0.3, 0.6])] * 2
    with pytest.raises(MBHError, match="coverage is 0.5"):
        experiments.over_margins(pd.DataFrame(rows), coverage=0.5)


def test_raw_and_standardised_share_the_limits_of_each_row():
    table = networks().query("dataset == 'mnist'")
    higher = table.assign(accuracy=table["accuracy"] / 2, s=table["s"] / 2)
    figure = experiments.raw_and_standardised({"raw": table, "standardised": higher})
    rows = [figure.axes[i : i + 2] for i in (0, 2, 4)]
    assert all(left.get_ylim() == right.get_ylim() for left, right in rows)
    assert [ax.get_title("left") for ax in rows[0]] == ["raw", "standardised"]
    assert {text.get_text() for text in rows[0][1].texts} == {f"#{i}" for i in range(1, 15)}
    with pytest.raises(MBHError, match="one table"):
        experiments.raw_and_standardised({})
    with pytest.raises(MBHError, match="no column 'setup'"):
        experiments.raw_and_standardised({"raw": table.drop(columns="setup")})


def test_over_samples_has_a_line_for_each_set_up_at_one_coverage():
    rows = [
        (name, setup, n, model, samples, coverage, coverage / samples)
        for name in ("mnist", "fashion_mnist")
        for setup, n in ((7, 400), (10, 16))
        for model in range(2)
        for samples in (100, 300, 6_000)
        for coverage in (0.8, 1.0)
    ]
    names = ["dataset", "setup", "n_hidden", "model", "samples", "coverage", "s"]
    figure = experiments.over_samples(pd.DataFrame(rows, columns=names))
    assert legend_of(figure) == ["#7: 400 neurons", "#10: 16 neurons", SPREAD]
    left, right = figure.axes
    assert left.lines[0].get_ydata() == pytest.approx([1 / 100, 1 / 300, 1 / 6_000])
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["100", "300", "6,000"]
    assert left.get_xscale() == "log"


# ------------------------------------------------------------------------------ decision patterns


def trees() -> pd.DataFrame:
    table = measured()
    parts = [
        table.assign(scope=scope, trained=trained, depth=5, leaves=leaves, mean_leaf_depth=4.5)
        for (scope, leaves), trained in itertools.product(
            (("last", 100), ("all", 900)), (False, True)
        )
    ]
    classes = pd.DataFrame({"class": range(3), "class_leaves": [10, 20, 30]})
    return pd.concat(parts).merge(classes, how="cross")


def test_trees_have_a_column_for_each_scope_with_the_same_limits():
    figure = decision_patterns.trees(trees())
    titles = [ax.get_title("left") for ax in figure.axes[:2]]
    assert titles == ["patterns of the last layer", "patterns of all hidden layers"]
    leaves = figure.axes[2:4]
    assert leaves[0].get_ylabel() == "leaves of the tree"
    assert leaves[0].get_ylim() == leaves[1].get_ylim() and leaves[0].get_ylim()[1] > 900
    assert {"trained", "untrained", "4,736 HNPs"} <= set(legend_of(figure))
    one = decision_patterns.trees(trees(), ["depth"], scopes=["all"])
    assert [ax.get_title("left") for ax in one.axes] == titles[1:]
    with pytest.raises(MBHError, match="none of the scopes"):
        decision_patterns.trees(trees(), scopes=["first"])


def test_leaves_per_class_have_one_scale():
    figure = decision_patterns.leaves_per_class(trees(), {0: "Bag", 2: "2"})
    first, second = figure.axes
    assert [first.get_title("left"), second.get_title("left")] == ["0: Bag", "class 2"]
    assert first.get_ylim() == second.get_ylim() and first.get_ylim()[1] > 30
    assert first.lines[0].get_ydata() == pytest.approx(np.full(4, 10))
    with pytest.raises(MBHError, match="class is 7"):
        decision_patterns.leaves_per_class(trees(), {7: "none"})


def test_distinct_patterns_mark_the_most_there_can_be():
    table = pd.concat([measured().assign(trained=trained) for trained in (False, True)])
    table = table.assign(images=1_000, activation_patterns=900, last_layer_patterns=50)
    figure = decision_patterns.distinct_patterns(table)
    assert "number of images: 1,000" in legend_of(figure)
    assert figure.axes[0].get_ylim()[0] == 0 and figure.axes[1].get_ylim()[1] > 1_000


# -------------------------------------------------------------------------------- regions, blankets


@pytest.fixture(scope="module")
def spanned():
    """The regions of F1 on a plane that three points span."""
    return mbh.partition_input_space(F1, mbh.Plane.through([[0, 0], [4, 0], [0, 4]]))


def test_figure_1_1_explains_colours_and_markers(spanned):
    pattern = mbh.DecisionPattern([0], [True])
    figure = chapter_04.regions_and_blankets({"small": spanned}, {"small": pattern}, NAMES)
    assert legend_of(figure) == ["minimal blanket", "outside", *NAMES]
    left, right, bar = figure.axes
    assert bar.get_ylabel() == "active hidden neurons"
    assert left.get_title("left") == f"small:\n{len(spanned)} regions"
    assert right.get_title("left").endswith("1 constraint")
    for ax in (left, right):
        assert [line.get_marker() for line in ax.lines] == ["o", "s", "^"]
    with pytest.raises(MBHError, match="none for"):
        chapter_04.regions_and_blankets({"small": spanned}, {}, NAMES)


def test_blankets_over_coverage_have_a_column_for_each_title(spanned):
    found = {0.9: mbh.DecisionPattern([0], [True]), 1.0: mbh.DecisionPattern([], [])}
    figure = chapter_04.blankets_over_coverage(spanned, {"a": found, "b": found}, NAMES)
    assert len(figure.axes) == 4 and legend_of(figure)[2:] == NAMES
    assert figure.axes[2].get_title("left") == "100.0%, 0 constraints"
    by_network = {"a": spanned, "b": spanned}
    assert chapter_04.blankets_over_coverage(by_network, {"a": found, "b": found}, NAMES)
    with pytest.raises(MBHError, match="the same for each title"):
        chapter_04.blankets_over_coverage(spanned, {"a": found, "b": {0.9: found[0.9]}}, NAMES)
    line = mbh.Line.through([[0.0, 0.0], [1.0, 0.0]])
    on_line = mbh.partition_input_space([(np.eye(2), np.zeros(2))], line)
    with pytest.raises(MBHError, match="a plane made of points"):
        chapter_04.blankets_over_coverage(on_line, {"a": found}, NAMES)


def test_all_classes_stand_in_rows(spanned):
    found = {0.9: mbh.DecisionPattern([0], [True]), 1.0: mbh.DecisionPattern([], [])}
    figure = chapter_04.all_classes(spanned, {"Bag": found, "Boot": found}, NAMES)
    assert [ax.get_ylabel() for ax in figure.axes[::2]] == ["Bag", "Boot"]
    assert [ax.get_xlabel() for ax in figure.axes[2:]] == ["$c_P$ = 0.9", "$c_P$ = 1"]
    assert all(len(ax.lines) == 3 for ax in figure.axes) and legend_of(figure)[2:] == NAMES


def test_the_input_box_is_outlined_on_a_map_of_inputs_beyond_their_limits():
    square = mbh.Plane.through(np.eye(3))
    box = mbh.Plane.through(np.eye(3), domain="box")
    figure = chapter_04.input_box(square, box, NAMES)
    assert legend_of(figure) == ["input box", "triangle of the samples", *NAMES]
    ax, bar = figure.axes
    outline, triangle = ax.patches
    assert np.allclose(outline.get_xy()[:-1], box.corners)
    assert np.allclose(triangle.get_xy()[:-1], square.spanning)
    share = np.asarray(ax.collections[0].get_array())
    middle = share[share.shape[0] // 2, share.shape[1] // 2]
    assert middle == 0 and share.max() == 100, "in the corners no input is within its limits"
    with pytest.raises(MBHError, match="two domains of one plane"):
        chapter_04.input_box(
            square, mbh.Plane.through(2 * np.eye(3), domain="box", low=0, high=2), NAMES
        )


def test_figure_6_5_names_images_with_their_markers_and_networks_with_their_blankets():
    plane = mbh.Plane.through(np.eye(4)[:3])
    partition = mbh.partition_input_space([(np.eye(4)[:2], np.zeros(2))], plane)
    found = {"a": mbh.DecisionPattern([0], [True]), "b": mbh.DecisionPattern([], [])}
    figure = chapter_04.blankets_of_networks(dict.fromkeys("ab", partition), found, NAMES, (2, 2))
    *images, left, right = figure.axes
    assert [ax.get_xlabel() for ax in images] == [
        "one (circle)",
        "two (square)",
        "three (triangle)",
    ]
    assert images[0].images[0].get_array().ravel().tolist() == [1, 0, 0, 0]
    assert left.get_title("left").startswith("a\n") and "1 constraint" in left.get_title("left")
    assert right.get_title("left") == "b\n100.0%, 0 constraints"
    assert [line.get_marker() for line in right.lines] == ["o", "s", "^"]
    free = mbh.partition_input_space([(np.eye(2), np.zeros(2))], mbh.Plane.rectangle())
    with pytest.raises(MBHError, match="through three images"):
        chapter_04.blankets_of_networks({"a": free}, found, NAMES, (1, 2))


def test_turning_angles_are_means_over_planes_in_both_domains_untrained_and_trained():
    networks = networks_of_bending()
    figure = chapter_04.turning_angles(networks)
    titles = [ax.get_title("left") for ax in figure.axes]
    assert titles == [
        f"{t}, {d}" for d in ("square", "input box") for t in ("untrained", "trained")
    ]
    tops = [np.max([max(line.get_ydata(), default=0) for line in ax.lines]) for ax in figure.axes]
    assert np.allclose(tops, [4, 8, 6, 10]), "NaN, a plane without crossing, is passed over"
    with pytest.raises(MBHError, match="trained"):
        chapter_04.turning_angles(networks[networks["trained"]])


def networks_of_bending() -> pd.DataFrame:
    """One network on three planes, the last without crossing: means are 4, 8, 6 and 10 degrees."""
    rows = [
        {"domain": domain, "trained": trained, "plane": plane, "turning_angle": angle}
        for (domain, more) in (("square", 0), ("box", 2))
        for trained in (False, True)
        for plane, angle in enumerate([3 + 4 * trained + more, 5 + 4 * trained + more, np.nan])
    ]
    table = pd.DataFrame(rows)
    return table.assign(setup=1, n_hidden=46, parameters=27_871, density=1.0, model=0)


def test_figure_3_3_has_a_key_of_both_colourings():
    pair = [(np.eye(2), np.zeros(2))]
    partition = mbh.partition_input_space(pair, mbh.Plane.rectangle((-1, -1), (1, 1)))
    figure = activation_regions.joined_regions(partition, mbh.DecisionPattern([1], [False]))
    left, right = figure.axes
    assert labels(left) == ["0 active neurons", "1 active neuron", "2 active neurons"]
    assert labels(right) == ["inside", "outside"]
    assert right.get_title("left") == "where neuron 2 is inactive"
    assert sorted(text.get_text() for text in left.texts)[0] == "neuron 1: 0\nneuron 2: 0"


def test_figure_4_3_marks_samples_inside_and_outside_and_says_what_colours_mean():
    pair = [(np.eye(2), np.zeros(2))]
    partition = mbh.partition_input_space(pair, mbh.Plane.rectangle((-1, -1), (1, 1)))
    samples = np.array([[0.5, 0.5], [-0.5, 0.5], [-0.2, 0.1], [0.3, 0.2]])
    patterns = {
        "half": mbh.DecisionPattern([0], [True]),
        "minimal": mbh.DecisionPattern([1], [True]),
    }
    states = mbh.activation_patterns(pair, samples)
    figure = chapter_03.blankets_of_samples(partition, samples, patterns, states)
    assert legend_of(figure) == [
        "0 active neurons",
        "1 active neuron",
        "2 active neurons",
        "blanket",
        "outside",
        "sample inside",
        "sample left outside",
    ]
    half = figure.axes[1]
    assert half.get_title("left") == "(b) half\ncoverage 0.5, share 0.500"
    inside, outside = half.lines
    assert (inside.get_xdata() > 0).all() and (outside.get_xdata() < 0).all()
    alone = {"minimal": patterns["minimal"]}
    figure = chapter_03.blankets_of_samples(partition, samples, alone, states)
    assert "sample left outside" not in legend_of(figure)


def test_a_legend_of_blankets_fits_its_figure(partition):
    assert partition.plane is PLANE
    names = ["T-shirt/top", "Trouser", "Ankle boot"]
    for width, columns in ((4, 3), (9, 5)):
        figure = plots.blanket_grid(on_a_line(), [[mbh.DecisionPattern([], [])]], ["r"], ["c"])
        figure.set_size_inches(width, 3)
        plots.blanket_legend(figure, spanning=names)
        assert figure.legends[-1]._ncols == columns
    with pytest.raises(MBHError, match="up to 3"):
        plots.blanket_legend(figure, spanning=list("abcd"))


def test_verdicts_are_a_figure_of_their_own():
    ledger = pd.DataFrame({"id": ["A-1"], "part": "a", "verdict": "not judgeable"})
    assert labels(verdicts.overview(ledger).axes[0]) == ["? not judgeable (1)"]
