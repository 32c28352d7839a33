"""What is measured of activation patterns: decision trees on them, and how many are distinct.

Thesis, appendices D (Figs D.1 to D.3) and E (Figs E.1 and E.2).
"""

import numpy as np
import pandas as pd

from mbh_utils.blankets.mining import mine_patterns
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.runs import Case
from mbh_utils.regions.patterns import preactivations, unique_patterns

# ----------------------------------------------------------------------------------- decision trees


def decision_trees(layers: list[tuple], samples, scope: str = "last") -> pd.DataFrame:
    """The decision tree on patterns (Figs D.1 to D.3), one row per class.

    scope: whose neurons it asks: of the "last" hidden layer, as the thesis says, or of "all".

    Columns: scope, class, class_leaves (leaves of that class); and of the whole tree, equal in all
    rows: depth, leaves, mean_leaf_depth, tree_accuracy (on the samples it was made from).
    """
    mined = mine_patterns(layers, samples, scope=scope)
    depths = np.array([len(leaf.pattern) for leaf in mined])
    labels = np.array([leaf.label for leaf in mined])
    classes = np.unique(samples.labels)
    class_leaves = [int((labels == c).sum()) for c in classes]
    table = pd.DataFrame({"scope": scope, "class": classes, "class_leaves": class_leaves})
    return table.assign(
        depth=int(depths.max()),
        leaves=len(mined),
        mean_leaf_depth=float(depths.mean()),
        tree_accuracy=sum(leaf.n_right for leaf in mined) / len(samples),
    )


def _decision_trees(subject: Subject, *, scope: str) -> pd.DataFrame:
    return decision_trees(subject.layers, subject.raw.validation, scope)


def _tree_seconds(case: Case, scope: str) -> float:
    asked = case.run.hidden[-1] if scope == "last" else sum(case.run.hidden)
    return estimates.pattern_seconds(case) + len(case.run.raw.validation) * asked * 1e-6


TREES = register(
    Measure(
        name="decision_trees",
        columns=(
            "scope",
            "class",
            "class_leaves",
            "depth",
            "leaves",
            "mean_leaf_depth",
            "tree_accuracy",
        ),
        compute=_decision_trees,
        seconds=_tree_seconds,
    )
)


# -------------------------------------------------------------------------------- distinct patterns


def distinct_patterns(layers: list[tuple], samples, images: int) -> pd.DataFrame:
    """Distinct patterns of the first so many images (Figs E.1 and E.2), in one row.

    Columns: images, activation_patterns (of all hidden layers), first_layer_patterns,
    last_layer_patterns.
    """
    by_layer = [z > 0 for z in preactivations(layers, samples.images[:images])]
    counted = {
        "activation_patterns": np.concatenate(by_layer, axis=1),
        "first_layer_patterns": by_layer[0],
        "last_layer_patterns": by_layer[-1],
    }
    counts = {name: len(unique_patterns(bits)[0]) for name, bits in counted.items()}
    return pd.DataFrame([{"images": len(by_layer[0]), **counts}])


def _distinct_patterns(subject: Subject, *, images: int) -> pd.DataFrame:
    return distinct_patterns(subject.layers, subject.raw.validation, images)


DISTINCT_PATTERNS = register(
    Measure(
        name="distinct_patterns_by_layer",
        columns=("images", "activation_patterns", "first_layer_patterns", "last_layer_patterns"),
        compute=_distinct_patterns,
        seconds=estimates.pattern_seconds,
    )
)
