"""Ill calls of the lens on clusters: graphs, clustering, clusterability, and what it needs."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, NET, SAMPLES, X
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_OWN_NETWORK,
    NO_SIZE,
    NO_WORD,
    named,
    no_array,
    without,
)

import mbh_utils as mbh
from mbh_utils import datasets, networks
from mbh_utils.lenses import clusters

ADJACENCY = np.array([[0, 2.0, 0], [2.0, 0, 1], [0, 1, 0]])
GRAPH = clusters.weight_graph(NET)
LABELS = np.arange(len(GRAPH)) % 3

NO_GRAPH = NO_OBJECT + named(network=NET, adjacency=ADJACENCY, data=DATA)
NO_WHOLE_NUMBERS = no_array(np.zeros(3)) + named(floats=np.zeros(3), short=[0, 1], halves=[0.5] * 3)
NO_K = without(NO_SIZE, "none") + named(many=1_000)
NO_CLUSTER_OF_NODES = no_array(LABELS) + named(
    short=LABELS[:5],
    floats=LABELS * 1.0,
    column=LABELS[:, None],
    left_out=np.full(len(GRAPH), -1),
)
TOY = mbh.from_arrays(X, np.arange(30) % 3, X, np.arange(30) % 3, image_shape=(1, 4))

FACES = {
    "lenses.clusters.Graph": Face(
        clusters.Graph,
        right={"adjacency": ADJACENCY, "layer": [0, 1, 2], "unit": [0, 0, 0], "n_layers": 1},
        ill={
            "adjacency": no_array(ADJACENCY)
            + named(
                flat=np.zeros(3),
                wide=np.zeros((3, 4)),
                negative=-ADJACENCY,
                with_direction=np.triu(ADJACENCY),
                loops=np.eye(3),
                none_at_all=np.zeros((0, 0)),
            ),
            "layer": NO_WHOLE_NUMBERS,
            "unit": NO_WHOLE_NUMBERS,
            "n_layers": without(NO_SIZE, "huge_size"),
            "kind": NO_WORD,
        },
    ),
    "lenses.clusters.weight_graph": Face(
        clusters.weight_graph,
        right={"network": NET},
        ill={"network": without(NO_NETWORK, "other_inputs"), "output_layer": NO_FLAG},
        says={"network": ""},
    ),
    "lenses.clusters.activation_graph": Face(
        clusters.activation_graph,
        right={"network": NET, "samples": SAMPLES},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES + named(one=X[:1], none=X[:0]),
            "correlation": NO_WORD,
            "images": NO_SIZE + named(one=1),
            "seed": NO_COUNT,
            "output_layer": NO_FLAG,
        },
        says={"network": "", "samples": ""},
    ),
    "lenses.clusters.cluster": Face(
        clusters.cluster,
        right={"graph": GRAPH, "k": 3},
        ill={"graph": NO_GRAPH, "k": NO_K, "seed": NO_COUNT, "scope": NO_WORD},
    ),
    "lenses.clusters.ncut": Face(
        clusters.ncut,
        right={"graph": GRAPH, "labels": LABELS},
        ill={"graph": NO_GRAPH, "labels": NO_CLUSTER_OF_NODES},
    ),
    "lenses.clusters.default_k": Face(
        clusters.default_k,
        right={"n_hidden": 16},
        ill={"n_hidden": without(NO_SIZE, "huge_size")},
    ),
    "lenses.clusters.clusterability": Face(
        clusters.clusterability,
        right={"network": NET, "k": 2, "shuffles": 2},
        ill={
            "network": without(NO_NETWORK, "other_inputs"),
            "k": NO_K,
            "shuffle": NO_WORD,
            "shuffles": NO_SIZE,
            "seed": NO_COUNT,
            "output_layer": NO_FLAG,
        },
        says={"network": ""},
    ),
    "networks.glorot": Face(
        networks.glorot,
        right={"network": NET.copy(), "seed": 0},
        ill={"network": NO_OWN_NETWORK, "seed": NO_COUNT},
    ),
    "networks.modular": Face(
        networks.modular,
        right={"network": NET.copy(), "seed": 0},
        ill={
            "network": NO_OWN_NETWORK,
            "seed": NO_COUNT,
            "modules": NO_SIZE + named(one=1),
            "outside": NO_NUMBER + named(negative=-0.1, more_than_one=1.1),
        },
    ),
    "networks.planted_modules": Face(
        networks.planted_modules,
        right={"network": NET, "seed": 0},
        ill={"network": NO_OWN_NETWORK, "seed": NO_COUNT, "modules": NO_SIZE + named(one=1)},
    ),
    "datasets.halves": Face(
        datasets.halves,
        right={"data": TOY},
        ill={"data": NO_DATA + named(no_images=DATA), "seed": NO_COUNT},
        says={"data": ""},
    ),
}
