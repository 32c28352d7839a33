"""Ill calls of what chapter 8 says of the choice of neurons."""

import pandas as pd
from ill_calls.face import Face
from ill_calls.good import NET, PLANE, SAMPLES
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_PLANES,
    NO_SHARE,
    NO_SIZE,
    NO_TABLE,
    NO_WORD,
    named,
)

import mbh_utils as mbh
from mbh_utils import claims
from mbh_utils.plots import figures


def choices(**values) -> pd.DataFrame:
    """A table of choices of two set-ups of equally many parameters, before and after training."""
    networks = pd.DataFrame({"setup": [1, 2], "hidden": ["12-4", "35-11"], "n_hidden": [16, 46]})
    facts = {"dataset": "digits8", "family": "lenet", "parameters": 832, "density": 1.0}
    one = {"model": 0, "plane": 0, "domain": "square", "coverage": 0.8, "s": 0.5, "others": 0.4}
    one |= {"s_heap": 0.5, "s_chance": 0.2, "method": "random", "scope": "last", **facts, **values}
    rows = networks.assign(**one)
    for name, each in (("trained", [True, False]), ("candidates", [4])):
        rows = rows.merge(pd.DataFrame({name: each}), how="cross")
    wide = rows[rows["n_hidden"] == 46].assign(candidates=11)
    return pd.concat([rows, wide], ignore_index=True)


CHOICE = choices()
FEW = pd.concat([choices(method="best"), choices(method="first")])
POOLS = pd.concat([choices(method="varying"), choices(scope="all")])
SLOPES = pd.DataFrame(
    {"way": ["a"], "is_equal": [True], "when": ["after"], "slope": 0.1, "low": 0.0, "high": 0.2}
)
WHERE = {"domain": NO_WORD, "coverage": NO_SHARE}

FACES = {
    "matched_specialization": Face(
        mbh.matched_specialization,
        right={"network": NET, "samples": SAMPLES, "planes": [PLANE], "candidates": 2},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES,
            "planes": NO_PLANES,
            "coverage": NO_SHARE,
            "candidates": NO_SIZE + named(more_than_there_are=4),
            "draws": NO_SIZE,
            "scope": NO_WORD,
            "seed": NO_COUNT,
            "output_layer": NO_FLAG,
        },
        says={"network": "", "samples": "", "planes": "plane"},
    ),
    "claims.choice_slopes": Face(
        claims.choice_slopes,
        right={"choice": CHOICE, "pools": POOLS, "few": FEW},
        ill={"choice": NO_TABLE, "pools": NO_TABLE, "few": NO_TABLE, **WHERE},
    ),
    "figures.beyond_choice.over_candidates": Face(
        figures.beyond_choice.over_candidates,
        right={"choice": CHOICE},
        ill={"choice": NO_TABLE, **WHERE},
        says={"choice": "table"},
    ),
    "figures.beyond_choice.ways_over_neurons": Face(
        figures.beyond_choice.ways_over_neurons,
        right={"choice": CHOICE, "few": FEW},
        ill={"choice": NO_TABLE, "few": NO_TABLE, **WHERE},
        says={"choice": "table", "few": "table"},
    ),
    "figures.beyond_choice.slopes_of_ways": Face(
        figures.beyond_choice.slopes_of_ways,
        right={"slopes": SLOPES},
        ill={"slopes": NO_TABLE},
        says={"slopes": "table"},
    ),
    "figures.beyond_choice.networks_and_heaps": Face(
        figures.beyond_choice.networks_and_heaps,
        right={"heaps": CHOICE},
        ill={"heaps": NO_TABLE, **WHERE},
        says={"heaps": "table"},
    ),
}
