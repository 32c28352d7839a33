"""Claims on the choice of neurons, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims import CHOICE_TABLES, choice_slopes
from mbh_utils.claims.choice_ways import WAYS, beyond_chance
from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS
from mbh_utils.errors import MBHError

LAST = {400: 100, 136: 34, 46: 11, 16: 4}


def made(s, *, method="random", scope="last", sizes=None, coverage=(0.8,), others=None, chance=0.2):
    """A table of choices; more candidates than a network has are left out."""
    table = crossed(
        networks(trained=(False, True), models=3),
        plane=range(2),
        domain=["square", "box"],
        coverage=coverage,
        candidates=sizes or [4, 11, 34, 100],
    )
    available = table["n_hidden"].map({n: n for n in LAST} if scope == "all" else LAST)
    table = table[table["candidates"] <= available]
    table = table.assign(method=method, scope=scope, s_chance=chance)
    return filled(table, 0.002, s=s, others=others or (lambda row: 1 - s(row)))


def by_choice(row):
    """s grows with the number of candidates only."""
    return 0.2 + 0.3 * np.log10(row["candidates"])


def by_neurons(row):
    """s grows with N, however many candidates there are, but only by training."""
    return 0.3 + 0.2 * row["trained"] * np.log10(row["n_hidden"] / 16)


def tables_of(s):
    """All three tables, in which the same holds whatever the way."""
    pools = [made(s, method="varying"), made(s, scope="all", sizes=[4, 16, 46, 136, 400])]
    few = [made(s, method=method) for method in ("best", "first")]
    return {"choice": made(s), "choice_pools": pd.concat(pools), "choice_few": pd.concat(few)}


CHOICE, NEURONS = tables_of(by_choice), tables_of(by_neurons)


@pytest.mark.parametrize("id", ["CN-2", "CN-4", "CN-5"])
def test_mere_choice_holds_and_growth_with_neurons_does_not(id):
    needed = CLAIMS[id].tables
    assert verdict(id, **{name: CHOICE[name] for name in needed}) == "reproduced"
    assert verdict(id, **{name: NEURONS[name] for name in needed}) == "not reproduced"


def test_one_curve_before_training():
    assert verdict("CN-1", choice=CHOICE["choice"]) == "reproduced"

    def by_parameters(row):
        return by_choice(row) + 0.9 * np.log10(row["parameters"] / 4_736)

    assert verdict("CN-1", choice=made(by_parameters)) == "not reproduced"


def test_the_order_that_turns():
    def turning(row):
        return 0.2 + 0.3 * np.log10(row["candidates"]) - 0.1 * np.log10(row["n_hidden"])

    assert verdict("CN-3", choice=made(turning)) == "reproduced"
    assert verdict("CN-3", choice=NEURONS["choice"]) == "not reproduced"


def test_a_network_and_its_heap():
    rows = networks(setups=range(1, 7), trained=(False, True))
    rows = crossed(rows, plane=range(4), domain=["square", "box"], coverage=[0.8])
    equal = filled(rows, 0.01, s=lambda row: 0.7, s_heap=lambda row: 0.69)
    assert verdict("CN-6", heaps=equal) == "reproduced"
    assert verdict("CN-6", heaps=equal.assign(s=0.9)) == "not reproduced"


def test_models_of_one_set_up():
    rng = np.random.default_rng(0)
    rows = networks()
    rows["accuracy"] = rng.random(len(rows)) + rows["setup"]
    rows["apart"] = rng.random(len(rows)) + rows["setup"]
    grid = crossed(rows, plane=range(3), domain=["square", "box"], coverage=[0.8])
    assert verdict("CN-7", grid=grid.assign(s=grid["apart"])) == "reproduced"
    assert verdict("CN-7", grid=grid.assign(s=grid["accuracy"])) == "not reproduced"


def test_the_order_at_full_coverage():
    def lower(row):
        return 0.3 - 0.001 * row["n_hidden"] / 4

    assert verdict("CN-8", choice=made(lower, coverage=[1.0])) == "reproduced"
    assert verdict("CN-8", choice=made(by_choice, coverage=[1.0])) == "not reproduced"


def test_the_denser_network():
    def denser(row):
        return by_choice(row) + 0.1 * row["trained"] * np.log10(row["parameters"] / 9_472)

    assert verdict("CN-9", choice=made(denser)) == "reproduced"

    def sparser(row):
        return by_choice(row) - 0.1 * row["trained"] * np.log10(row["parameters"] / 9_472)

    assert verdict("CN-9", choice=made(sparser)) == "not reproduced"


def test_remarks_tell_the_levels():
    verdict_of = judge(CLAIMS["CN-2"], {"choice": CHOICE["choice"]})
    assert "at 9,472" in verdict_of.remark
    assert "With all neurons: +0.3" in verdict_of.remark


# ------------------------------------------------------------------------------- slopes of all ways


def test_slopes_tell_choice_from_neurons():
    found = choice_slopes(*(CHOICE[name] for name in CHOICE_TABLES))
    assert len(found) == len(WAYS) * 2 * 3
    means = found.query("when == 'after' and dataset == 'mnist'").set_index("way")["slope"]
    # Three levels of the LeNets span widths of 4, 11, 34, 100 neurons; one only 34 and 100.
    assert means["s: all neurons"] == pytest.approx(0.3, abs=0.01)
    for way in ("s: 4 random candidates", "s: best 4 neurons of all"):
        assert means[way] == pytest.approx(0, abs=0.005)
    grown = choice_slopes(*(NEURONS[name] for name in CHOICE_TABLES))
    of_s = grown[grown["way"] == "s: 4 random candidates"].groupby("when")["slope"].mean()
    assert of_s.to_dict() == pytest.approx({"before": 0, "after": 0.2, "gain": 0.2}, abs=0.005)
    assert (grown["low"] <= grown["slope"]).all() and (grown["slope"] <= grown["high"]).all()


def test_beyond_chance_by_hand():
    s = np.array([0.2, 0.6, 1.0])
    assert beyond_chance(s, np.array([0.2, 0.2, 0.2])).tolist() == pytest.approx([0, 0.5, 1])


def test_what_was_not_measured_is_told():
    tables = [CHOICE[name] for name in CHOICE_TABLES]
    with pytest.raises(MBHError, match="coverage 0.3"):
        choice_slopes(*tables, coverage=0.3)
    with pytest.raises(MBHError, match="few has no column"):
        choice_slopes(*tables[:2], tables[2].drop(columns="method"))
