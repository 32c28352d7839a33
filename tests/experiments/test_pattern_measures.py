"""What is measured of activation patterns."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier
from tiny_experiments import TINY

from mbh_utils import datasets, experiments
from mbh_utils.experiments import EXPERIMENTS, pattern_measures, table
from mbh_utils.networks import hidden_layers
from mbh_utils.regions.patterns import activation_patterns, layer_patterns


def leaf_depths(tree) -> np.ndarray:
    """Depths of a fitted tree's leaves."""
    inner = tree.children_left >= 0
    depths = np.zeros(tree.node_count)
    for node in np.flatnonzero(inner):
        for child in (tree.children_left[node], tree.children_right[node]):
            depths[child] = depths[node] + 1
    return depths[~inner]


@pytest.mark.parametrize(
    "scope, patterns_of", [("last", layer_patterns), ("all", activation_patterns)]
)
def test_trees_are_scikit_learn_s_on_the_patterns_of_their_scope(done, scope, patterns_of):
    rows = table("trees", TINY, store=done)
    run = experiments.run_of(TINY, 2, seed=1)
    assert len(rows) == 5 * 2 * 2 * 2 * 10
    data = datasets.load("digits8").validation
    bits = patterns_of(run.trained(done), data.images)
    tree = DecisionTreeClassifier(random_state=0).fit(bits, data.labels)
    of_network = (rows["setup"] == 2) & (rows["model"] == 1) & rows["trained"]
    mine = rows[of_network & (rows["scope"] == scope)]
    assert mine["class"].tolist() == list(range(10))
    assert (mine["depth"] == tree.get_depth()).all()
    assert (mine["leaves"] == tree.get_n_leaves()).all()
    assert mine["class_leaves"].sum() == tree.get_n_leaves()
    assert mine["tree_accuracy"].to_numpy() == pytest.approx(tree.score(bits, data.labels))
    assert mine["mean_leaf_depth"].to_numpy() == pytest.approx(leaf_depths(tree.tree_).mean())
    of_leaves = tree.tree_.value[tree.tree_.children_left < 0, 0].argmax(axis=1)
    assert mine["class_leaves"].tolist() == np.bincount(of_leaves, minlength=10).tolist()


def test_a_tree_that_may_ask_more_neurons_is_never_less_accurate(done):
    rows = table("trees", TINY, store=done).drop_duplicates(["setup", "model", "trained", "scope"])
    accuracies = rows.pivot(
        index=["setup", "model", "trained"], columns="scope", values="tree_accuracy"
    )
    assert len(accuracies) == 5 * 2 * 2
    assert (accuracies["all"] >= accuracies["last"]).all()
    assert (accuracies["all"] > accuracies["last"]).any()


def test_the_time_of_a_tree_grows_with_the_neurons_that_it_may_ask():
    case = EXPERIMENTS["trees"].cases(TINY)[0]
    seconds = {
        scope: pattern_measures.TREES.seconds(case, scope=scope) for scope in ("last", "all")
    }
    assert 0 < seconds["last"] < seconds["all"]


def test_distinct_patterns_are_counted_over_the_first_images(done):
    rows = table("patterns", TINY, store=done)
    run = experiments.run_of(TINY, 1)
    assert len(rows) == 5 * 2 * 2
    assert (rows["images"] == 360).all(), "all of digits8"
    mine = rows[(rows["setup"] == 1) & (rows["model"] == 0) & ~rows["trained"]].iloc[0]
    samples = datasets.load("digits8").validation
    bits = activation_patterns(run.initial(), samples.images)
    assert mine["activation_patterns"] == len({tuple(b) for b in bits})
    assert mine["first_layer_patterns"] == len({tuple(b[:9]) for b in bits})
    assert mine["last_layer_patterns"] == len({tuple(b[9:]) for b in bits})
    few = pattern_measures.distinct_patterns(hidden_layers(run.initial()), samples, 20)
    assert few.iloc[0].tolist() == [
        20,
        len({tuple(b) for b in bits[:20]}),
        len({tuple(b[:9]) for b in bits[:20]}),
        len({tuple(b[9:]) for b in bits[:20]}),
    ]
