"""Claims on optimised masks of one architecture, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, verdict

from mbh_utils.experiments.one_architecture_measures import FIXED, KINDS

#: In the order of KINDS: dense, random, Erdős-Rényi, ticket, iterative, SET, RigL.
AS_CLAIMED = {
    "s": (0.6, 0.70, 0.71, 0.80, 0.84, 0.81, 0.82),
    "accuracy": (0.9, 0.80, 0.81, 0.85, 0.89, 0.86, 0.87),
    "others": (0.1, 0.30, 0.31, 0.20, 0.20, 0.21, 0.22),
}
OTHERWISE = {
    "s": (0.9, 0.82, 0.81, 0.72, 0.70, 0.74, 0.73),
    "accuracy": (0.9, 0.87, 0.86, 0.90, 0.82, 0.81, 0.83),
    "others": (0.1, 0.10, 0.11, 0.20, 0.20, 0.21, 0.22),
}


def networks(values: dict, iterations: int) -> pd.DataFrame:
    """A row per kind, data set and model; models differ a little."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"kind": KINDS, **values}).assign(iteration=iterations, family="lenet")
    rows = rows.assign(setup=7, n_hidden=400, parameters=9_472, density=0.03)
    rows = crossed(rows, dataset=("mnist", "fashion_mnist"), model=range(5))
    noise = rng.normal(0, 0.001, (len(rows), len(values)))
    return rows.assign(**(rows[list(values)] + noise), trained=iterations > 0)


def tables(values: dict, iterations: int = 50_000) -> dict[str, pd.DataFrame]:
    trained = networks(values, iterations)
    untrained = trained[trained["kind"].isin(["dense", *FIXED])]
    both = pd.concat([trained, untrained.assign(trained=False, iteration=0)])
    of_planes = crossed(both_domains(both), plane=range(3), coverage=(0.8, 0.95))
    return {"one_architecture": trained, "one_architecture_s": of_planes}


@pytest.mark.parametrize("id", [f"OS-{i}" for i in range(1, 8)])
def test_a_claim_holds_where_it_was_made_to_and_not_otherwise(id):
    assert verdict(id, **tables(AS_CLAIMED)) == "reproduced"
    # With both turned round, kinds of high s are accurate again.
    otherwise = AS_CLAIMED | {"s": OTHERWISE["s"]} if id == "OS-7" else OTHERWISE
    assert verdict(id, **tables(otherwise)) == "not reproduced"
    assert verdict(id, **tables(AS_CLAIMED, iterations=3_000)) == "not judgeable"


def test_a_kind_that_is_missing_is_told():
    of_some = {name: table[table["kind"] != "RigL"] for name, table in tables(AS_CLAIMED).items()}
    assert verdict("OS-1", **of_some) == "not judgeable"
    assert verdict("OS-6", **of_some) == "reproduced"


def test_an_untrained_ticket_is_not_judged_by_the_trained_one():
    changed = tables(AS_CLAIMED)
    table = changed["one_architecture_s"]
    still = ~table["trained"]
    lower = table["s"] - 0.3 * (still & table["kind"].isin(["ticket", "iterative"]))
    changed["one_architecture_s"] = table.assign(s=lower)
    assert verdict("OS-4", **changed) == "not reproduced"
    assert verdict("OS-1", **changed) == "reproduced"
