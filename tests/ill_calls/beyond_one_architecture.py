"""Ill calls of the figures of one architecture with masks of every origin."""

import pandas as pd
from ill_calls.face import Face
from ill_calls.values import NO_NUMBER, NO_OBJECT, NO_TABLE, named, without

from mbh_utils.plots.figures import beyond_one_architecture as figures

TABLE = pd.DataFrame({"kind": ["random", "SET"], "dataset": "mnist", "model": 0})
TABLE = TABLE.assign(**dict.fromkeys(figures.LENSES, 0.5), accuracy=0.9, training_accuracy=1.0)
TABLE = TABLE.assign(s_square=0.5, s_box=0.4)

FACES = {
    "plots.figures.beyond_one_architecture.by_kind": Face(
        figures.by_kind,
        right={"table": TABLE},
        ill={"table": NO_TABLE, "coverage": NO_NUMBER + named(other=0.9, percent=80)},
    ),
    "plots.figures.beyond_one_architecture.lenses_by_kind": Face(
        figures.lenses_by_kind,
        right={"table": TABLE},
        ill={"table": NO_TABLE, "correlations": without(NO_TABLE, "none")},
        says={"correlations": "table|correlations"},
    ),
    "plots.figures.beyond_one_architecture.with_accuracy": Face(
        figures.with_accuracy,
        right={"table": TABLE, "measures": ["s_box"]},
        ill={
            "table": NO_TABLE,
            "measures": without(NO_OBJECT, "empty") + named(unknown=["nothing"], word="s_box"),
            "target": NO_OBJECT + named(unknown="nothing"),
        },
        says={"measures": "measures|column", "target": "target|column"},
    ),
}
