"""Ill calls of figures."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ill_calls.face import Face
from ill_calls.good import NET, PLANE, REGIONS, SIGMA, TABLE, X
from ill_calls.values import (
    NO_AXES,
    NO_COUNT,
    NO_FLAG,
    NO_NUMBER,
    NO_OBJECT,
    NO_OWN_NETWORK,
    NO_PARTITION,
    NO_PATTERN,
    NO_PLANE,
    NO_SIZE,
    NO_TABLE,
    NO_TEXT,
    NO_WORD,
    named,
    no_array,
    without,
)

import mbh_utils as mbh
from mbh_utils import plots

#: Networks at iterations of training, and masks that were taken there.
TRAINING = TABLE.assign(iteration=[0, 10, 50], mask_iteration=[0, 10, 50], rule="magnitude")
LEDGER = pd.DataFrame({"id": ["A-1"], "part": "accuracy", "verdict": "reproduced"})
NO_NAMES = without(NO_OBJECT, "a generator", "empty", "list_of_text") + named(four=list("abcd"))

FACES = {
    "plots.union": Face(
        plots.union,
        right={"partition": REGIONS, "chosen": np.ones(len(REGIONS), bool)},
        ill={"partition": NO_PARTITION, "chosen": no_array(np.arange(3)) + named(short=[True])},
    ),
    "plots.regions": Face(
        plots.regions,
        right={"partition": REGIONS},
        ill={"partition": NO_PARTITION, "ax": NO_AXES, "colour_bar": NO_FLAG},
    ),
    "plots.blanket": Face(
        plots.blanket,
        right={"partition": REGIONS, "pattern": SIGMA},
        ill={
            "partition": NO_PARTITION,
            "pattern": NO_PATTERN,
            "ax": NO_AXES,
            "title": NO_FLAG,
            "edges": NO_FLAG,
        },
    ),
    "plots.blanket_words": Face(
        plots.blanket_words,
        right={"share": 0.5, "n_constraints": 3},
        ill={"share": NO_NUMBER, "n_constraints": NO_COUNT},
    ),
    "plots.blanket_legend": Face(
        plots.blanket_legend,
        right={"figure": plt.figure()},
        ill={"figure": NO_OBJECT, "what": NO_TEXT, "spanning": NO_NAMES},
        says={"spanning": "spanning"},
    ),
    "plots.blanket_grid": Face(
        plots.blanket_grid,
        right={"partition": REGIONS, "patterns": [[SIGMA]], "rows": ["r"], "columns": ["c"]},
        ill={
            "partition": NO_PARTITION,
            "patterns": NO_OBJECT + named(flat=[SIGMA], wide=[[SIGMA, SIGMA]]),
            "rows": without(NO_OBJECT, "a generator", "nested", "list_of_none", "list_of_text")
            + named(two=["a", "b"]),
            "columns": without(NO_OBJECT, "a generator", "nested", "list_of_none", "list_of_text")
            + named(two=["a", "b"]),
            "spanning": NO_NAMES,
        },
        says={"patterns": "pattern", "rows": "", "columns": "", "spanning": "spanning|labels"},
    ),
    "plots.bent_hyperplanes": Face(
        plots.bent_hyperplanes,
        right={"partition": REGIONS},
        ill={"partition": NO_PARTITION, "ax": NO_AXES, "legend": NO_FLAG},
    ),
    "plots.spanning_points": Face(
        plots.spanning_points,
        right={"plane": PLANE},
        ill={
            "plane": NO_PLANE,
            "labels": without(NO_OBJECT, "none", "a generator") + named(two=["a", "b"]),
            "ax": NO_AXES,
            "legend": NO_FLAG,
        },
    ),
    "plots.plane_labels": Face(
        plots.plane_labels,
        right={"ax": plt.figure().add_subplot()},
        ill={"ax": NO_OBJECT, "plane": without(NO_PLANE, "none", "plane_of_two")},
    ),
    "plots.class_map": Face(
        plots.class_map,
        right={"partition": REGIONS},
        ill={
            "partition": NO_PARTITION
            + named(without_classes=mbh.partition_input_space(NET, PLANE)),
            "ax": NO_AXES,
        },
    ),
    "plots.setup_curves": Face(
        plots.setup_curves,
        right={"table": TABLE, "x": "density", "y": "s"},
        ill={
            "table": NO_TABLE,
            "x": NO_OBJECT + named(unknown="nope", words="kind"),
            "y": NO_OBJECT + named(unknown="nope", words="kind"),
            "hue": NO_OBJECT + named(unknown="nope"),
            "ax": NO_AXES,
            "levels": NO_FLAG,
            "style": without(NO_OBJECT, "none") + named(unknown="nope"),
            "linestyle": NO_OBJECT,
            "band": NO_FLAG,
            "bars": NO_FLAG,
            "legend": NO_FLAG,
        },
        says={"x": "column", "y": "column", "hue": "column", "style": "column"},
    ),
    "plots.curves": Face(
        plots.curves,
        right={"table": TABLE, "x": "density", "y": "s", "hue": "n_hidden"},
        ill={
            "table": NO_TABLE,
            "x": NO_OBJECT + named(unknown="nope", words="kind"),
            "y": NO_OBJECT + named(unknown="nope", words="kind"),
            "hue": NO_OBJECT + named(unknown="nope"),
            "style": without(NO_OBJECT, "none") + named(unknown="nope"),
            "names": without(NO_OBJECT, "none"),
            "ax": NO_AXES,
            "linestyle": NO_OBJECT,
            "band": NO_FLAG,
            "bars": NO_FLAG,
            "markers": NO_FLAG,
            "legend": NO_FLAG,
        },
        says={"x": "column", "y": "column", "hue": "column", "style": "column"},
    ),
    "plots.iteration_curves": Face(
        plots.iteration_curves,
        right={"table": TRAINING, "y": "s"},
        ill={
            "table": NO_TABLE + named(no_iterations=TABLE),
            "y": NO_OBJECT + named(unknown="nope", words="kind"),
            "hue": NO_OBJECT + named(unknown="nope"),
            "style": without(NO_OBJECT, "none") + named(unknown="nope"),
            "names": without(NO_OBJECT, "none"),
            "ax": NO_AXES,
            "scale": NO_WORD,
            "last": without(NO_COUNT, "none") + named(zero=0),
            "band": NO_FLAG,
            "legend": NO_FLAG,
        },
        says={"y": "column", "hue": "column", "style": "column"},
    ),
    "plots.mask_curves": Face(
        plots.mask_curves,
        right={"table": TRAINING},
        ill={
            "table": NO_TABLE + named(no_masks=TABLE),
            "y": NO_OBJECT + named(unknown="nope", words="kind"),
            "ax": NO_AXES,
            "legend": NO_FLAG,
        },
        says={"y": "column"},
    ),
    "plots.lottery_curves": Face(
        plots.lottery_curves,
        right={"table": TRAINING.assign(kind="iterative"), "y": "accuracy"},
        ill={
            "table": NO_TABLE + named(no_kinds=TABLE[:1]),
            "y": NO_OBJECT + named(unknown="nope", words="rule"),
            "ax": NO_AXES,
            "legend": NO_FLAG,
        },
        says={"y": "column"},
    ),
    "plots.claims_overview": Face(
        plots.claims_overview,
        right={"table": LEDGER},
        ill={
            "table": NO_TABLE + named(other_verdict=LEDGER.assign(verdict="true")),
            "ax": NO_AXES,
            "per_row": NO_SIZE,
            "legend": NO_FLAG,
        },
    ),
    "plots.coverage_curves": Face(
        plots.coverage_curves,
        right={"table": TABLE},
        ill={"table": NO_TABLE, "ax": NO_AXES, "legend": NO_FLAG},
    ),
    "plots.ticket_curves": Face(
        plots.ticket_curves,
        right={"table": TABLE},
        ill={
            "table": NO_TABLE + named(no_dense=TABLE[1:]),
            "ax": NO_AXES,
            "zoom": NO_FLAG,
            "legend": NO_FLAG,
        },
    ),
    "plots.setup_scatter": Face(
        plots.setup_scatter,
        right={"table": TABLE, "x": "s", "y": "accuracy"},
        ill={
            "table": NO_TABLE,
            "x": NO_OBJECT + named(unknown="nope", words="kind"),
            "y": NO_OBJECT + named(unknown="nope", words="kind"),
            "ax": NO_AXES,
        },
        says={"x": "column", "y": "column"},
    ),
    "plots.setup_map": Face(
        plots.setup_map,
        right={"setups": TABLE},
        ill={"setups": NO_TABLE, "ax": NO_AXES},
        says={"setups": "table"},
    ),
    "plots.network_diagram": Face(
        plots.network_diagram,
        right={"network": NET},
        ill={
            "network": NO_OWN_NETWORK,
            "states": without(NO_OBJECT, "none")
            + named(beyond={9: True}, words={"0": True}, halves={0: 0.5}),
            "ax": NO_AXES,
            "title": NO_TEXT,
        },
    ),
    "plots.image": Face(
        plots.image,
        right={"pixels": X[0], "shape": (2, 2)},
        ill={
            "pixels": without(no_array(X[0]), "deeper") + named(short=X[0, :3]),
            "shape": NO_OBJECT
            + named(other=(3, 3), halves=(2.0, 2.0), negative=(-2, -2), deeper=(2, 2, 1)),
            "ax": NO_AXES,
            "title": NO_TEXT,
            "label": NO_TEXT,
        },
        says={"pixels": "pixels", "shape": ""},
    ),
    "plots.heat_map": Face(
        plots.heat_map,
        right={"values": X},
        ill={
            "values": no_array(X) + named(empty=X[:0]),
            "ax": NO_AXES,
            "title": NO_TEXT,
            "label": NO_TEXT,
            "limits": without(NO_OBJECT, "numbers") + named(three=(0, 1, 2), words=("a", "b")),
        },
    ),
    "plots.text_table": Face(
        plots.text_table,
        right={"table": TABLE},
        ill={"table": without(NO_TABLE, "other"), "width": NO_NUMBER + named(zero=0, huge=1e9)},
    ),
}
