"""Ill calls of experiments and their tables."""

from ill_calls.face import Face
from ill_calls.good import TABLE
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_NUMBER,
    NO_OBJECT,
    NO_SHARE,
    NO_SIZE,
    NO_TABLE,
    NO_TEXT,
    NO_WIDTHS,
    NO_WORD,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.experiments.lens_table import MEASURES_OF_LENSES
from mbh_utils.lenses import clusters

FACES = {
    "experiments.Run": Face(
        experiments.Run,
        right={
            "dataset": "digits8",
            "hidden": (6, 3),
            "parameters": 30,
            "seed": 0,
            "recipe": mbh.Recipe(2),
        },
        ill={
            "dataset": NO_TEXT,
            "hidden": without(NO_WIDTHS, "no_layer", "empty", "huge", "large"),
            "parameters": without(NO_SIZE, "huge_size"),
            "seed": NO_COUNT,
            "recipe": NO_OBJECT,
            "bias_std": NO_NUMBER,
        },
    ),
    "experiments.plan": Face(
        experiments.plan,
        right={"profile": "quick", "names": []},
        ill={
            "profile": NO_OBJECT,
            "names": without(NO_OBJECT, "empty", "list_of_text")
            + named(unknown=["nope"], word="grid"),
            "store": without(NO_OBJECT, "none"),
        },
        says={"names": "experiment"},
    ),
    "experiments.prepare": Face(
        experiments.prepare,
        right={"profile": "quick", "names": []},
        ill={
            "profile": NO_OBJECT,
            "names": without(NO_OBJECT, "empty") + named(unknown=["nope"]),
            "jobs": without(NO_SIZE, "none", "huge_size"),
            "store": without(NO_OBJECT, "none"),
            "shared": NO_FLAG,
        },
        says={"names": "experiment"},
    ),
    "experiments.table": Face(
        experiments.table,
        right={"name": "grid", "profile": "quick"},
        ill={
            "name": NO_OBJECT + named(unknown="nope", without_table="networks"),
            "profile": NO_OBJECT,
            "jobs": without(NO_SIZE, "none", "huge_size"),
            "store": without(NO_OBJECT, "none"),
        },
        says={"name": "experiment"},
    ),
    "experiments.write_tables": Face(
        experiments.write_tables,
        right={"profile": "quick", "names": ["networks"]},
        ill={
            "profile": NO_OBJECT,
            "names": without(NO_OBJECT, "empty") + named(unknown=["nope"]),
            "store": without(NO_OBJECT, "none"),
            "folder": without(NO_OBJECT, "none", "text"),
        },
        says={"names": "experiment"},
    ),
    "experiments.write_networks": Face(
        experiments.write_networks,
        right={"profile": "quick"},
        ill={
            "profile": NO_OBJECT,
            "store": without(NO_OBJECT, "none"),
            "folder": without(NO_OBJECT, "none", "text"),
        },
    ),
    "experiments.profile_named": Face(
        experiments.profile_named,
        right={"name": "quick"},
        ill={"name": NO_OBJECT},
        says={"name": "profile"},
    ),
    "experiments.run_of": Face(
        experiments.run_of,
        right={"profile": "quick", "number": 1},
        ill={
            "profile": NO_OBJECT,
            "number": NO_OBJECT[:9] + named(beyond=99, zero=0, true=True, half=1.5),
            "seed": NO_COUNT,
            "dataset": without(NO_OBJECT, "none", "text"),
        },
        says={"number": "set-up"},
    ),
    "experiments.class_plane": Face(
        experiments.class_plane,
        right={"dataset": "digits8", "classes": [0, 1, 2]},
        ill={
            "dataset": NO_OBJECT,
            "classes": NO_OBJECT
            + named(absent=[0, 1, 77], four=[0, 1, 2, 3], two=[0, 1], truths=[True, False, 2]),
            "seed": NO_COUNT,
            "margin": NO_NUMBER + named(zero=0),
            "domain": NO_WORD + named(segment="segment"),
        },
        says={"dataset": "data set", "classes": "class|label"},
    ),
    "experiments.grid_planes": Face(
        experiments.grid_planes,
        right={"profile": "quick", "dataset": "digits8"},
        ill={
            "profile": NO_OBJECT,
            "dataset": NO_OBJECT,
            "domain": NO_WORD + named(segment="segment"),
            "margin": NO_NUMBER + named(zero=0),
        },
        says={"dataset": "data"},
    ),
    "experiments.PlaneSet": Face(
        experiments.PlaneSet,
        right={"planes": 2},
        ill={
            "planes": NO_SIZE,
            "domain": NO_WORD + named(segment="segment"),
            "margin": NO_NUMBER + named(zero=0),
        },
        says={"planes": ""},
    ),
    "experiments.ticket_runs": Face(
        experiments.ticket_runs,
        right={"profile": "quick"},
        ill={"profile": NO_OBJECT},
    ),
    "experiments.per_network": Face(
        experiments.per_network,
        right={"table": TABLE},
        ill={
            "table": NO_TABLE,
            "coverage": NO_SHARE + named(absent=0.5),
            "domain": NO_TEXT + named(unknown="disc", absent="box"),
        },
        says={"table": "", "coverage": "", "domain": "domain"},
    ),
    "experiments.associations": Face(
        experiments.associations,
        right={"table": TABLE, "columns": ["s", "accuracy"], "resamples": 3},
        ill={
            "table": NO_TABLE,
            "columns": without(NO_OBJECT, "text")
            + named(unknown=["s", "nope"], one=["s"], word="s", numbers=[1, 2]),
            "partial": without(NO_TEXT, "none") + named(unknown="nope"),
            "within": without(NO_TEXT, "none") + named(unknown="nope"),
            "resamples": NO_SIZE,
            "seed": NO_COUNT,
        },
        says={"table": "", "columns": "", "partial": "", "within": ""},
    ),
    "experiments.beside_published": Face(
        experiments.beside_published,
        right={"table": clusters.published().assign(shuffle="layer", ncut=9, z=-5, accuracy=0.9)},
        ill={"table": NO_TABLE},
        says={"table": ""},
    ),
    "experiments.lens_measures": Face(
        experiments.lens_measures,
        right={"table": TABLE.assign(**dict.fromkeys(MEASURES_OF_LENSES, 1.0))},
        ill={"table": NO_TABLE},
        says={"table": ""},
    ),
    "experiments.register": Face(
        experiments.register,
        right={"measure": experiments.MEASURES["distinct_patterns_by_layer"]},
        ill={"measure": NO_OBJECT},
    ),
    "experiments.results_file": Face(
        experiments.results_file,
        right={"name": "grid", "profile": "quick"},
        ill={"name": NO_TEXT, "profile": NO_OBJECT},
    ),
    "experiments.results_checksums": Face(
        experiments.results_checksums,
        right={"names": ["grid"], "profile": "quick"},
        ill={"names": without(NO_OBJECT, "empty", "list_of_text"), "profile": NO_OBJECT},
        says={"names": "name"},
    ),
    "experiments.check_results": Face(
        experiments.check_results,
        right={"profile": "quick"},
        ill={"profile": NO_OBJECT},
    ),
    "experiments.toy": Face(
        experiments.toy,
        right={"profile": "quick"},
        ill={"profile": NO_OBJECT, "store": without(NO_OBJECT, "none")},
    ),
}
