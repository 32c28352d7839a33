"""Who is inside of a class's minimal blanket: its own samples, and those of the other classes.

The thesis's definition of perfect specialization (4.1) also wants a pattern that inputs without the
phenomenon do not satisfy; its measure s leaves that half out. Here it is measured on the validation
images.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mbh_utils.blankets.maximal_pattern import maximal_patterns
from mbh_utils.datasets import Samples
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.regions.patterns import activation_patterns


def insiders(layers: list[tuple], samples: Samples, coverages: Sequence[float]) -> pd.DataFrame:
    """The shares of samples that satisfy a class's maximal pattern, one row per class x c_P.

    Columns: class, coverage, own (of the class's samples, at least c_P), others (of the samples of
    all other classes), n_constraints (neurons of the pattern).
    """
    patterns = activation_patterns(layers, samples.images)
    rows = []
    for c in np.unique(samples.labels):
        is_own = samples.labels == c
        found = maximal_patterns(layers, samples.of_class(int(c)), coverages)
        for coverage, pattern in zip(coverages, found, strict=True):
            inside = pattern.satisfied_by(patterns)
            own = float(inside[is_own].mean())
            others = float(inside[~is_own].mean())
            rows.append((int(c), coverage, own, others, len(pattern)))
    return pd.DataFrame(rows, columns=["class", "coverage", "own", "others", "n_constraints"])


def _insiders(subject: Subject, *, coverages: Sequence[float]) -> pd.DataFrame:
    return insiders(subject.layers, subject.raw.validation, coverages)


INSIDERS = register(
    Measure(
        name="insiders",
        columns=("class", "coverage", "own", "others", "n_constraints"),
        compute=_insiders,
    )
)
