"""Claims on the distances of wirings, on made-up tables where the verdict is known."""

import itertools

import numpy as np
import pandas as pd
import pytest
from made_up import verdict

from mbh_utils.claims.claim import TOPOLOGY
from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

ITERATIONS = (0, 2_000, 10_000, 50_000, 100_000, 200_000)
MODELS = 10
#: Mean distance of neighbours at these times: that of the stored networks.
STORED = (0.02, 0.25, 0.339, 0.399, 0.44, 0.478)


def near_starts(neighbours=STORED, per_gap=0.01, own=0.5, null=0.82, noise=0.004):
    """Table near_starts, of three layers; the farther apart the starts, the larger the distance."""
    rng = np.random.default_rng(0)
    rows = []

    def add(iteration, model, other, other_iteration, distance):
        for layer in (1, 2, 3):
            matched = distance + noise * rng.standard_normal()
            rows.append((iteration, model, other, other_iteration, layer, matched))

    for iteration, near in zip(ITERATIONS, neighbours, strict=True):
        for a, b in itertools.combinations(range(MODELS), 2):
            add(iteration, a, b, iteration, near + per_gap * (b - a - 1))
        for model in range(MODELS):
            if iteration:
                add(iteration, model, model, 0, own)
    columns = ["iteration", "model", "other", "other_iteration", "layer", "matched"]
    return pd.DataFrame(rows, columns=columns).assign(null=null, degree_null=0.6)


def test_the_stored_networks_would_reproduce_all_of_it():
    stored = near_starts()
    for id in ("NT-1", "NT-2", "NT-3", "NT-4", "NT-5"):
        assert verdict(id, slow_starts=stored) == "reproduced", id


@pytest.mark.parametrize(
    ("id", "made"),
    [
        ("NT-1", {"neighbours": STORED[::-1]}),
        ("NT-2", {"per_gap": -0.01}),
        ("NT-3", {"own": 0.9}),
        ("NT-4", {"null": 0.4}),
        ("NT-5", {"neighbours": (0.02, 0.6, 0.7, 0.7, 0.7, 0.7)}),
    ],
)
def test_others_would_not(id, made):
    assert verdict(id, slow_starts=near_starts(**made)) == "not reproduced"


def test_a_distance_that_ends_larger_but_falls_on_the_way_is_no_monotone_drift():
    falls = near_starts((0.02, 0.25, 0.6, 0.4, 0.44, 0.478))
    outcome = judge(CLAIMS["NT-1"], {"slow_starts": falls})
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "smallest step"
    assert outcome.parts["from start to end"].value == pytest.approx(0.458, abs=0.01)


def test_a_little_nearer_than_random_masks_is_the_same_direction():
    assert verdict("NT-4", slow_starts=near_starts(null=0.56)) == "same direction"


def test_resamples_draw_networks_that_all_pairs_share():
    """One network far from all others: whether it is drawn decides, so that nothing is certain."""
    table = near_starts(per_gap=0.0, noise=0.0)
    strange = (table["model"] != table["other"]) & (table[["model", "other"]] == 9).any(axis=1)
    table.loc[strange, "matched"] += 0.3
    evidence = judge(CLAIMS["NT-2"], {"slow_starts": table}).parts["at the end"]
    assert evidence.value > 0.3
    assert np.percentile(evidence.samples, 2.5) <= 0


def test_a_short_training_says_nothing_of_the_stored_distances():
    short = near_starts().query("iteration <= 10_000")
    assert verdict("NT-5", slow_starts=short) == "not judgeable"
    assert verdict("NT-1", slow_starts=short) == "reproduced"


@pytest.mark.parametrize("id", ["NT-1", "NT-2", "NT-3", "NT-4"])
def test_what_the_usual_share_gives_is_told_beside(id):
    tables = {"slow_starts": near_starts(), "near_starts": near_starts(STORED[::-1])}
    outcome = judge(CLAIMS[id], tables)
    assert outcome.verdict == "reproduced"
    assert "With 30 % in a rewiring and own weights: " in outcome.remark
    assert "With 30 %" not in judge(CLAIMS[id], {"slow_starts": near_starts()}).remark


def test_two_networks_are_too_few():
    few = near_starts().query("model < 2 and other < 2")
    assert verdict("NT-1", slow_starts=few) == "not judgeable"


def test_what_needs_the_stored_topologies_is_not_judged():
    outcome = judge(CLAIMS["NT-6"], {})
    assert outcome.verdict == "not judgeable"
    assert "stored topologies" in outcome.remark


def siblings(matched, null=0.9):
    """Table mask_distances of SET, five models of two budgets."""
    pairs = list(itertools.combinations(range(5), 2))
    rows = [(b, a, o, n) for b in (4_736, 9_472) for a, o in pairs for n in (1, 2)]
    table = pd.DataFrame(rows, columns=["parameters", "model", "other", "layer"])
    table = table.assign(dataset="fashion_mnist", kind="SET", trained=True)
    spread = np.random.default_rng(0).normal(0, 0.005, len(table))
    return table.assign(matched=matched + spread, null=null, degree_null=null)


def accuracies(worst):
    """Table drift_specialization, of which only the accuracies matter here."""
    table = pd.DataFrame({"model": [0, 1, 2], "accuracy": [0.87, worst, 0.87], "kind": "SET"})
    return table.assign(parameters=9_472, iteration=50_000, trained=True)


@pytest.mark.parametrize(
    ("matched", "worst", "expected"),
    [
        (0.85, 0.868, "reproduced"),
        (0.3, 0.868, "not reproduced"),
        (0.6, 0.868, "same direction"),
        (0.85, 0.8, "not reproduced"),
    ],
)
def test_plenty_of_sparse_networks(matched, worst, expected):
    tables = {"mask_distances": siblings(matched), "drift_specialization": accuracies(worst)}
    assert verdict("NT-7", **tables) == expected


def test_every_claim_on_distances_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.source == TOPOLOGY]
    assert ids[:7] == [f"NT-{i}" for i in range(1, 8)]
