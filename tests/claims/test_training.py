"""Claims on training, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

SEEN = (0, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 50_000)
COVERAGES = (0.5, 0.8, 0.95, 0.99, 1.0)
NEURONS = {1: 192, 7: 192, 8: 89, 9: 41, 10: 19}


def evolution(s, regions=lambda row: 100.0):
    """Table evolution with these s and region counts, functions of a row."""
    setups = [
        {"setup": setup, "n_hidden": n, "parameters": 120_000 if setup == 1 else 11_065}
        for setup, n in NEURONS.items()
    ]
    table = pd.DataFrame(setups).assign(dataset="fashion_mnist", family="evolving", density=1.0)
    axes = {"model": range(3), "plane": range(5), "iteration": SEEN, "coverage": COVERAGES}
    table = both_domains(crossed(table, **axes))
    return filled(table, s=s, n_regions=regions, accuracy=lambda row: 0.87)


def as_in_the_thesis(row):
    """Less at large c_P; linear growth to 100 iterations, then none; large c_P fall at last."""
    grown = 0.2 * min(row["iteration"], 100) / 100
    fallen = 0.3 * (row["coverage"] > 0.9) * (row["iteration"] > 1_000)
    neurons = 0.1 * np.log10(row["n_hidden"])
    return 0.8 - 0.5 * row["coverage"] ** 8 + grown - fallen + neurons


def regions_as_in_the_thesis(row):
    early = -20 * min(row["iteration"], 100) / 100
    late = 30 * max(row["iteration"] - 1_000, 0) / 49_000
    return 100 + early + late


def upside_down(row):
    return 1.5 - as_in_the_thesis(row)


@pytest.mark.parametrize("id", ["TR-1", "TR-2", "TR-3", "TR-4", "TR-6"])
def test_claims_on_the_course_of_training(id):
    as_told = evolution(as_in_the_thesis, regions_as_in_the_thesis)
    opposite = evolution(upside_down, lambda row: 200 - regions_as_in_the_thesis(row))
    assert verdict(id, evolution=as_told) == "reproduced"
    assert verdict(id, evolution=opposite) == "not reproduced"


def test_logarithmic_growth_is_not_linear():
    def logarithmic(row):
        return 0.5 - 0.2 * row["coverage"] + 0.1 * np.log1p(min(row["iteration"], 100))

    outcome = judge(CLAIMS["TR-2"], {"evolution": evolution(logarithmic)})
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "R2 of a straight line over 0 to 100 (worst c_P)"
    assert "logarithm of the iteration instead (R2 1.00 to 1.00)" in outcome.remark


def test_curves_must_be_apart_at_every_iteration():
    def cross_once(row):
        small = row["n_hidden"] < 50 and row["iteration"] == 50
        return as_in_the_thesis(row) + 0.12 * small

    outcome = judge(CLAIMS["TR-6"], {"evolution": evolution(cross_once)})
    assert outcome.verdict == "same direction"
    assert f"positive at {len(SEEN) - 1} of {len(SEEN)}" in outcome.remark
    assert "at iteration 50" in outcome.remark


def test_correlation_that_stays_negative():
    def keeps_falling(row):  # while regions grow
        return as_in_the_thesis(row) - row["iteration"] / 200_000

    made = evolution(keeps_falling, regions_as_in_the_thesis)
    outcome = judge(CLAIMS["TR-4"], {"evolution": made})
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "minus the correlation from 1,000 on"


def grid(s):
    table = networks(datasets=["fashion_mnist"], trained=(False, True))
    table = both_domains(crossed(table, plane=range(4), coverage=[0.8]))
    return filled(table, s=s)


def test_specialization_grows_by_training():
    def grows(row):
        return 0.1 * np.log10(row["n_hidden"]) + 0.2 * row["trained"]

    def shrinks(row):
        return 0.1 * np.log10(row["n_hidden"]) - 0.2 * row["trained"]

    def turns(row):
        return 0.1 * np.log10(row["n_hidden"]) * (1 - 2 * row["trained"]) + row["trained"]

    assert verdict("TR-5", grid=grid(grows)) == "reproduced"
    assert verdict("TR-5", grid=grid(shrinks)) == "not reproduced"
    outcome = judge(CLAIMS["TR-5"], {"grid": grid(turns)})
    assert (outcome.verdict, outcome.decisive) == ("not reproduced", "after")


def test_a_short_run_cannot_say_what_comes_after_1_000_iterations():
    short = evolution(as_in_the_thesis).query("iteration <= 500")
    assert verdict("TR-3", evolution=short) == "not judgeable"


def test_every_claim_on_training_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "training"]
    assert ids == [f"TR-{i}" for i in range(1, 7)]
