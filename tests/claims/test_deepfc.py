"""Claims on networks with three hidden layers, on made-up tables where the verdict is known."""

import numpy as np
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.ledger import judge
from mbh_utils.claims.limits import Every, Similar
from mbh_utils.claims.registry import CLAIMS


def tables(accuracy, s):
    """Tables grid and deepfc with accuracies in percent and s, functions of a row."""
    made = {}
    for name, family in (("grid", "lenet"), ("deepfc", "deepfc")):
        table = networks(family=family, datasets=["fashion_mnist"])
        table = both_domains(crossed(table, plane=range(4), coverage=[0.8]))
        made[name] = filled(table, accuracy=lambda row: accuracy(row) / 100, s=s, noise=0.0005)
    return made


def accuracy_as_in_the_thesis(row):
    deep = row["family"] == "deepfc"
    saturating = min(np.log10(row["n_hidden"]), np.log10(136) + 0.1)
    return 80 + (4 + 2 * deep) * saturating - 6 * deep - 3 * (deep and row["setup"] == 11)


def s_as_in_the_thesis(row):
    steeper = 0.24 if row["family"] == "deepfc" else 0.22
    return 0.5 + steeper * (np.log10(row["n_hidden"]) - 2)


def upside_down(row):
    return 180 - accuracy_as_in_the_thesis(row)


def test_as_in_the_thesis():
    as_told = tables(accuracy_as_in_the_thesis, s_as_in_the_thesis)
    for id in ("DFC-1", "DFC-2", "DFC-3"):
        assert verdict(id, **as_told) == "reproduced", id


def test_the_opposite():
    opposite = tables(upside_down, lambda row: 0.5 + 0.2 * (row["family"] == "deepfc"))
    for id in ("DFC-1", "DFC-2", "DFC-3"):
        assert verdict(id, **opposite) == "not reproduced", id


def test_no_fall_at_the_last_step():
    def even(row):
        return accuracy_as_in_the_thesis(row) + 3 * (row["setup"] == 11)

    outcome = judge(CLAIMS["DFC-1"], tables(even, s_as_in_the_thesis))
    assert outcome.decisive == "last step minus the largest other one"
    assert outcome.verdict != "reproduced"


def test_the_ledger_says_where_deep_networks_specialize_less():
    def less_at_16(row):
        small = row["family"] == "deepfc" and row["n_hidden"] == 16
        return s_as_in_the_thesis(row) - 0.2 * small

    outcome = judge(CLAIMS["DFC-3"], tables(accuracy_as_in_the_thesis, less_at_16))
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "DeepFC minus Lenet, 16 neurons"
    assert "In the input box" in outcome.remark


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "expected"),
    [
        (-0.01, 0.01, 0.05, "reproduced"),
        (0.01, 0.04, 0.05, "reproduced"),  # seen, but small
        (-0.02, 0.07, 0.05, "reproduced"),  # not seen
        (0.02, 0.07, 0.05, "same direction"),
        (0.06, 0.07, 0.05, "not reproduced"),
        (-0.07, -0.06, 0.05, "not reproduced"),
    ],
)
def test_similar(low, high, tolerance, expected):
    made = Evidence((low + high) / 2, np.linspace(low, high, 1_000), models=5)
    assert Similar(tolerance).verdict(made) == expected


def test_every():
    made = Evidence(0.5, np.array([0.2, 0.8]), models=2)
    assert Every(0.1, 0.9).verdict(made) == "reproduced"
    assert Every(low=0.3).verdict(made) == "not reproduced"
    assert Every(high=0.7).interval(made) == (0.2, 0.8)


def test_every_claim_on_deepfc_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "three hidden layers"]
    assert ids == ["DFC-1", "DFC-2", "DFC-3"]
