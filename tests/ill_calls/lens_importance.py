"""Ill calls of the lens on clusters: lesions, importance, coherence, and pooled tests."""

import numpy as np
import pandas as pd
from ill_calls.face import Face
from ill_calls.good import NET, SAMPLES, X
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_SAMPLES,
    NO_SHARE,
    NO_SIZE,
    NO_WHOLE,
    NO_WORD,
    named,
    no_array,
    without,
)

import mbh_utils as mbh
from mbh_utils.lenses import clusters

#: A cluster for each of the nine hidden neurons of ``NET``, (6, 3).
LABELS = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1])
P = np.array([0.025, 0.5, 0.975])
TABLE = pd.DataFrame({"model": [0, 0, 1], "draws": 19, "p_range": P, "effect_range": 1.0})
NETWORKS = clusters.network_tests(TABLE, ["model"])

NO_CLUSTERS = no_array(LABELS) + named(
    short=LABELS[:5],
    floats=LABELS * 1.0,
    below=LABELS - 2,
    column=LABELS[:, None],
    one_cluster=LABELS * 0,
    one_neuron_each=np.arange(9),
    left_out=np.full(9, -1),
)
NO_CLASSES = NO_SAMPLES + named(
    class_missing=SAMPLES.where(SAMPLES.labels != 2),
    class_without_output=mbh.Samples(X, SAMPLES.labels + 1),
    narrow=mbh.Samples(X[:, :3], SAMPLES.labels),
    nan=mbh.Samples(X * np.nan, SAMPLES.labels),
)
LIST_OF_LAYERS = named(list_of_layers=mbh.hidden_layers(NET))
TESTED = {
    "network": NO_NETWORK + LIST_OF_LAYERS,
    "labels": NO_CLUSTERS,
    "samples": NO_CLASSES,
    "seed": NO_COUNT,
    "dead_ends": NO_FLAG,
}
RIGHT = {"network": NET, "labels": LABELS, "samples": SAMPLES, "draws": 2}
SAYS = {"network": "", "labels": "label", "samples": "sample", "seed": "seed"}
NO_P_VALUES = without(no_array(P), "nan", "nan_frame") + named(
    zero=P * 0, above=P + 1, table=np.ones((2, 2)), none_of_three=-P
)
NO_COLUMNS = NO_OBJECT + named(unknown=["seed"], one_word="model")
NO_TABLE = NO_OBJECT + named(array=X, other=pd.DataFrame({"a": [1]}), no_column=TABLE[[]])

FACES = {
    "lenses.clusters.sub_clusters": Face(
        clusters.sub_clusters,
        right={"network": NET, "labels": LABELS},
        ill={
            "network": NO_NETWORK + LIST_OF_LAYERS,
            "labels": without(NO_CLUSTERS, "one_cluster", "one_neuron_each", "left_out"),
            "dead_ends": NO_FLAG,
        },
        says=SAYS,
    ),
    "lenses.clusters.lesions": Face(
        clusters.lesions,
        right=RIGHT,
        ill={**TESTED, "draws": NO_COUNT + named(many=10**30)},
        says=SAYS,
    ),
    "lenses.clusters.importance": Face(
        clusters.importance,
        right=RIGHT,
        ill={**TESTED, "draws": NO_SIZE, "ties": NO_WORD},
        says=SAYS,
    ),
    "lenses.clusters.coherence": Face(
        clusters.coherence,
        right={**RIGHT, "steps": 2},
        ill={
            **TESTED,
            "draws": NO_SIZE,
            "start": without(no_array(X[0]), "none") + named(short=X[0, :2], images=X),
            "limits": without(NO_OBJECT, "numbers")
            + named(equal=(1, 1), falling=(1, 0), wide=(0, np.inf)),
            "steps": NO_COUNT + named(many=10**30),
        },
        says=SAYS,
    ),
    "lenses.clusters.p_value": Face(
        clusters.p_value,
        right={"true": 0.5, "null": P},
        ill={
            "true": without(no_array(P), "nan", "infinite", "scalar", "huge", "nan_frame")
            + named(several=P),
            "null": without(no_array(P), "nan", "infinite", "huge", "nan_frame") + named(empty=[]),
            "tail": NO_WORD,
            "ties": NO_WORD,
        },
        says={"null": "null"},
    ),
    "lenses.clusters.relative_effect": Face(
        clusters.relative_effect,
        right={"true": P, "null": P},
        ill={
            "true": without(no_array(P), "nan", "infinite", "scalar", "huge", "nan_frame", "deeper")
            + named(short=P[:2]),
            "null": without(no_array(P), "nan", "infinite", "scalar", "huge", "nan_frame", "deeper")
            + named(short=P[:2]),
        },
        says={"true": "true", "null": "null"},
    ),
    "lenses.clusters.fisher": Face(
        clusters.fisher,
        right={"p_values": P},
        ill={"p_values": NO_P_VALUES, "draws": without(NO_SIZE, "none")},
    ),
    "lenses.clusters.rank_chi2": Face(
        clusters.rank_chi2,
        right={"p_values": P, "draws": 19},
        ill={"p_values": NO_P_VALUES, "draws": NO_SIZE, "ties": NO_WORD},
    ),
    "lenses.clusters.bates": Face(
        clusters.bates,
        right={"mean": 0.5, "n": 5},
        ill={"mean": NO_NUMBER + named(above=1.5, below=-1), "n": NO_WHOLE + named(zero=0)},
    ),
    "lenses.clusters.discoveries": Face(
        clusters.discoveries,
        right={"p_values": P},
        ill={"p_values": NO_P_VALUES, "rate": NO_SHARE},
    ),
    "lenses.clusters.network_tests": Face(
        clusters.network_tests,
        right={"table": TABLE, "by": ["model"]},
        ill={
            "table": NO_TABLE,
            "by": NO_COLUMNS,
            "tests": without(NO_OBJECT, "none") + named(unknown=["nope"]),
        },
        says={"table": "table", "by": "by", "tests": "test"},
    ),
    "lenses.clusters.pooled_tests": Face(
        clusters.pooled_tests,
        right={"networks": NETWORKS.assign(setup=1), "by": ["setup"]},
        ill={"networks": NO_TABLE, "by": NO_COLUMNS, "rate": NO_SHARE},
        says={"networks": "table"},
    ),
}
